#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Builds the check of dashboards by Grafana's own types, once, and prints the
# directory that holds it as the last line on standard output. ../go-build.sh has
# the rest of the contract.
set -eu

cd "$(dirname "$0")"
# shellcheck source=tests/go-build.sh
. ../go-build.sh

version=$(sed -n 's/^.*grafana-foundation-sdk\/go v\([0-9.]*\)$/\1/p' go.mod)

build_in() {
	go_build "$1/dashboard" .
}

build_once grafana-types "$version" go.mod go.sum main.go
