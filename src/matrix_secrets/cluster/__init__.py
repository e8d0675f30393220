"""The Kubernetes cluster; the only package that imports kubernetes, and only where a command needs the cluster."""
