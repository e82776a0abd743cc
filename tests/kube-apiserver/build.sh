#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Builds the real kube-apiserver and kubectl for the end-to-end tests, once,
# and prints the directory that holds them as the last line on standard output.
# ../go-build.sh has the rest of the contract.
set -eu

cd "$(dirname "$0")"
# shellcheck source=tests/go-build.sh
. ../go-build.sh

version=$(sed -n 's/^.*k8s\.io\/kubernetes v\([0-9][0-9.]*\)$/\1/p' go.mod)

build_in() {
	for command in kube-apiserver kubectl; do
		# Without the stamp both call themselves v0.0.0-master.
		go_build "$1/$command" "./cmd/$command" \
			-X "k8s.io/component-base/version.gitVersion=v$version" \
			-X "k8s.io/client-go/pkg/version.gitVersion=v$version"
	done
}

build_once kube "$version" go.mod go.sum \
	cmd/kube-apiserver/main.go cmd/kubectl/main.go
