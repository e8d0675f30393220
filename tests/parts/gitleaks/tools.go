//go:build tools

// Package tools names the programs this module builds, so that go.sum pins all they are made of.
package tools

import _ "github.com/zricethezav/gitleaks/v8"
