#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Builds the check of dashboards by Grafana's own types, once, and prints its
# path as the last line on standard output. It is kept outside of the checkout,
# under a name made of what it is built from. Exit status 77 (a skipped test)
# says that there is no Go to build it with.
set -eu

cd "$(dirname "$0")"
version=$(sed -n 's/^.*grafana-foundation-sdk\/go v\([0-9.]*\)$/\1/p' go.mod)
hash=$(cat go.mod go.sum main.go | sha256sum | cut -c1-16)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/certificate-expiry-monitor
program=$cache/dashboard-$version-$hash

if [ ! -x "$program" ]; then
	found=$(cd / && GOTOOLCHAIN=local go env GOVERSION 2>/dev/null) || {
		echo "$0: no go in PATH: Go 1.21 or newer builds the check" >&2
		exit 77
	}
	minor=$(expr "$found" : '.*go1\.\([0-9]*\)' || true)
	if [ "${minor:-0}" -lt 21 ]; then
		echo "$0: $found is too old: Go 1.21 or newer builds the check" >&2
		exit 77
	fi
	mkdir -p "$cache"
	temporary=$(mktemp "$cache/.dashboard.XXXXXX")
	trap 'rm -f "$temporary"' EXIT
	trap 'exit 1' HUP INT TERM
	GOTOOLCHAIN=local CGO_ENABLED=0 go build -mod=readonly -trimpath \
		-buildvcs=false -o "$temporary" . >&2
	chmod 755 "$temporary"
	mv "$temporary" "$program"
fi
echo "$program"
