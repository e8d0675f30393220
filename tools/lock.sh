#!/bin/sh
# Writes the lock files: every version and every hash, and no address. Called by `make lock`.
set -eu
options="--quiet --generate-hashes --strip-extras --allow-unsafe --annotation-style=line --no-header --no-emit-options
 --no-emit-index-url --no-emit-trusted-host --no-emit-find-links ${UPGRADE:+--upgrade}"

lock() {
    output=$1
    shift
    # shellcheck disable=SC2086  # options are words
    "$COMPILER" $options --output-file="$output" "$@"
}

lock requirements-dev.lock --extra dev pyproject.toml
lock requirements.lock --build-deps-for editable --constraint requirements-dev.lock pyproject.toml
top=$PWD
for folder in tests/parts/*/ tools/fuzzing/; do
    test -f "$folder/requirements.in" || continue
    cd "$folder"
    COMPILER=$top/.venv-lock/bin/pip-compile lock requirements.lock requirements.in
    cd "$top"
done

if grep -nE '[a-z]+://|^ *--(index|extra|find|trusted)|@ file' requirements*.lock tests/parts/*/requirements.lock tools/fuzzing/requirements.lock; then
    echo "error: a lock file names an address" >&2
    exit 1
fi
