#!/bin/sh
# Encrypt everything in plain/ with an earlier sops: write.sh SOPS, once for each release. README.md: where those are from.
set -eu
sops=$(realpath "$1")
cd "$(dirname "$0")"
version=$("$sops" --version 2>/dev/null | sed -n '1s/^sops \([0-9.]*\).*/\1/p')
mkdir -p "$version"
cd plain
for file in *.yaml; do
    "$sops" --encrypt --config ../rules.yaml "$file" >"../$version/$file"
done
