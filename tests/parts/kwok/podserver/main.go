// Command podserver stands in front of kwok's kubelet server and answers exec and port-forward itself.
//
// kwok runs a command as it is, on the machine, and hides its exit code. Here a command runs through the script that
// leads into its container, FOLDER/NAMESPACE/POD/CONTAINER/enter, and its exit code reaches the client. A forwarded
// port leads to what FOLDER/NAMESPACE/POD/ports/PORT says, such as "tcp 127.64.0.10:8008" or "unix /path"; kwok would
// keep a connection open whose other end is gone. Everything else, such as logs, goes on to kwok.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
	wire "k8s.io/apimachinery/pkg/util/remotecommand"
	client "k8s.io/client-go/tools/remotecommand"
	"k8s.io/kubelet/pkg/cri/streaming/portforward"
	"k8s.io/kubelet/pkg/cri/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"
)

const (
	idle     = 10 * time.Minute
	creation = 30 * time.Second
)

type pods struct{ folder string }

// ExecInContainer runs a command to its end. A terminal is not made: output is merged, as with one.
func (p pods) ExecInContainer(
	ctx context.Context, pod string, _ types.UID, container string, command []string,
	in io.Reader, out, errOut io.WriteCloser, _ bool, _ <-chan client.TerminalSize, _ time.Duration,
) error {
	enter := filepath.Join(p.folder, pod, container, "enter")
	if _, err := os.Stat(enter); err != nil {
		return fmt.Errorf("container not found (%q)", container)
	}
	run := exec.CommandContext(ctx, enter, command...)
	run.Env = []string{"PATH=/usr/bin:/bin", "TERM=xterm"} // the script brings the container's own
	run.Stdout, run.WaitDelay = out, 2*time.Second
	if errOut != nil {
		run.Stderr = errOut
	} else {
		run.Stderr = out
	}
	if in != nil {
		stdin, err := run.StdinPipe()
		if err != nil {
			return err
		}
		go func() { // not run.Stdin: a command may end before its input does
			_, _ = io.Copy(stdin, in)
			_ = stdin.Close()
		}()
	}
	err := run.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code := exit.ExitCode()
		if code < 0 {
			code = 137
		}
		return utilexec.CodeExitError{Err: err, Code: code}
	}
	return err
}

func (p pods) exec(w http.ResponseWriter, r *http.Request) {
	options, err := remotecommand.NewOptions(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	pod := filepath.Join(r.PathValue("namespace"), r.PathValue("pod"))
	command := r.URL.Query()["command"]
	remotecommand.ServeExec(
		w, r, p, pod, "", r.PathValue("container"), command, options, idle, creation, wire.SupportedStreamingProtocols,
	)
}

// PortForward connects one stream to a port of a pod.
func (p pods) PortForward(ctx context.Context, pod string, _ types.UID, port int32, stream io.ReadWriteCloser) error {
	defer stream.Close()
	target, err := os.ReadFile(filepath.Join(p.folder, pod, "ports", strconv.Itoa(int(port))))
	if err != nil {
		return fmt.Errorf("nothing listens on port %d", port)
	}
	network, address, _ := strings.Cut(strings.TrimSpace(string(target)), " ")
	there, err := (&net.Dialer{Timeout: creation}).DialContext(ctx, network, address)
	if err != nil {
		return err
	}
	defer there.Close()
	done := make(chan struct{}, 2)
	go func() { _, _ = io.Copy(there, stream); done <- struct{}{} }()
	go func() { _, _ = io.Copy(stream, there); done <- struct{}{} }()
	<-done
	return nil
}

func (p pods) forward(w http.ResponseWriter, r *http.Request) {
	options, err := portforward.NewV4Options(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	pod := filepath.Join(r.PathValue("namespace"), r.PathValue("pod"))
	portforward.ServePortForward(w, r, p, pod, "", options, idle, creation, portforward.SupportedProtocols)
}

func main() {
	address := flag.String("address", "", "where to listen")
	kwok := flag.String("kwok", "", "where kwok listens")
	certificate := flag.String("tls-cert-file", "", "certificate")
	key := flag.String("tls-private-key-file", "", "its key")
	folder := flag.String("pods", "", "folder of NAMESPACE/POD/{CONTAINER/enter,ports/PORT}")
	flag.Parse()

	next := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "https", Host: *kwok})
	next.FlushInterval = -1
	next.Transport = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} // our own, on loopback
	mux := http.NewServeMux()
	mux.Handle("/", next)
	mux.HandleFunc("/exec/{namespace}/{pod}/{container}", pods{*folder}.exec)
	mux.HandleFunc("/portForward/{namespace}/{pod}", pods{*folder}.forward)
	server := &http.Server{
		Addr:         *address,
		Handler:      mux,
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){}, // SPDY upgrades need HTTP/1.1
	}
	log.Fatal(server.ListenAndServeTLS(*certificate, *key))
}
