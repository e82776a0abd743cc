#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Builds the real kube-apiserver and kubectl for the end-to-end tests, once,
# and prints the directory that holds them as the last line on standard output.
#
# They are kept outside of the checkout, under a name made of the version and
# of everything the build depends on, so a fresh clone and a second run reuse
# them, and a change to the module builds anew. Exit status 77 (a skipped test)
# says that there is no Go to build them with; what goes wrong in the build
# itself is a failure.
set -eu

cd "$(dirname "$0")"
commands="kube-apiserver kubectl"

version=$(sed -n 's/^.*k8s\.io\/kubernetes v\([0-9][0-9.]*\)$/\1/p' go.mod)
hash=$(for command in $commands; do cat "cmd/$command/main.go"; done |
	cat go.mod go.sum - | sha256sum | cut -c1-16)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/certificate-expiry-monitor
directory=$cache/kube-$version-$hash

finish() {
	echo "$directory"
	exit 0
}

[ ! -d "$directory" ] || finish

if ! command -v go >/dev/null; then
	echo "$0: no go in PATH: Go 1.21 or newer builds the API server" >&2
	exit 77
fi
# Outside of the module and with its own toolchain, or go would try to switch
# to (and fetch) the version that go.mod wants before it says its own.
found=$(cd / && GOTOOLCHAIN=local go env GOVERSION)
minor=$(expr "$found" : '.*go1\.\([0-9]*\)' || true)
if [ "${minor:-0}" -lt 21 ]; then
	echo "$0: ${found:-this go} is too old: Go 1.21 or newer builds the API server" >&2
	exit 77
fi

mkdir -p "$cache"
# Two builds at once would share two cores and gain nothing.
exec 9>"$cache/kube-build.lock"
flock 9
[ ! -d "$directory" ] || finish

temporary=$(mktemp -d "$cache/.kube-build.XXXXXX")
trap 'rm -rf "$temporary"' EXIT
trap 'exit 1' HUP INT TERM

echo "$0: building Kubernetes $version: minutes the first time" >&2
stamp=v$version
for command in $commands; do
	# Without the stamp both call themselves v0.0.0-master; without 9>&- what
	# go leaves running behind it would keep the lock.
	GOTOOLCHAIN=auto CGO_ENABLED=0 go build -mod=readonly -trimpath \
		-buildvcs=false -ldflags "-s -w \
			-X k8s.io/component-base/version.gitVersion=$stamp \
			-X k8s.io/client-go/pkg/version.gitVersion=$stamp" \
		-o "$temporary/$command" "./cmd/$command" >&2 9>&-
done
chmod 755 "$temporary"
mv "$temporary" "$directory"
finish
