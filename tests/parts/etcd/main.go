// Command etcd is etcd's own server: its module keeps main.go in a module of its own that nobody can require.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() {
	etcdmain.Main(os.Args)
}
