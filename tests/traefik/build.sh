#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Builds the real Traefik for the end-to-end tests, once, and prints the
# directory that holds it as the last line on standard output. ../go-build.sh
# has the rest of the contract.
set -eu

cd "$(dirname "$0")"
# shellcheck source=tests/go-build.sh
. ../go-build.sh

module=github.com/traefik/traefik/v3
version=$(sed -n "s|^require $module v\([0-9][0-9.]*\)\$|\1|p" go.mod)

build_in() {
	go_build "$1/traefik" "$module/cmd/traefik" \
		-X "$module/pkg/version.Version=$version"
}

build_once traefik "$version" go.mod go.sum
