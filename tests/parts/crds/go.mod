module matrix-secrets.test/parts/crds

go 1.25.0

require (
	github.com/fluxcd/kustomize-controller v1.9.5
	github.com/fluxcd/source-controller v1.9.6
	sigs.k8s.io/kwok v0.7.0
)
