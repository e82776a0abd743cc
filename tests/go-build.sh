# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
#
# Building from Go modules what the end-to-end tests need: what each build.sh
# beside a go.mod here has in common. Sourced by them, under "set -eu", in the
# directory of the module.
#
# What is built is kept outside of the checkout, under a name made of the
# version and of everything the build depends on, so a fresh clone and a second
# run reuse it, and a change to the module builds anew.

cache=${XDG_CACHE_HOME:-$HOME/.cache}/certificate-expiry-monitor

# build_once NAME VERSION FILE...: calls the script's own build_in DIRECTORY, if
# that has not been done for these files, and prints the directory as the last
# line on standard output. Exit status 77 (a skipped test) says that there is no
# Go to build with; what goes wrong in the build itself is a failure.
build_once() {
	name=$1 version=$2
	shift 2
	directory=$cache/$name-$version-$(cat "$@" | sha256sum | cut -c1-16)
	if [ ! -d "$directory" ]; then
		need_go
		mkdir -p "$cache"
		# Two builds at once would share two cores and gain nothing.
		exec 9>"$cache/go-build.lock"
		flock 9
		[ -d "$directory" ] || build_anew
	fi
	echo "$directory"
}

need_go() {
	if ! command -v go >/dev/null; then
		echo "$0: no go in PATH: Go 1.21 or newer builds $name" >&2
		exit 77
	fi
	# Outside of the module and with its own toolchain, or go would try to
	# switch to (and fetch) the version that go.mod wants before it says its
	# own.
	found=$(cd / && GOTOOLCHAIN=local go env GOVERSION)
	minor=$(expr "$found" : '.*go1\.\([0-9]*\)' || true)
	if [ "${minor:-0}" -lt 21 ]; then
		echo "$0: ${found:-this go} is too old: Go 1.21 or newer builds $name" >&2
		exit 77
	fi
}

build_anew() {
	temporary=$(mktemp -d "$cache/.$name-build.XXXXXX")
	trap 'rm -rf "$temporary"' EXIT
	trap 'exit 1' HUP INT TERM
	echo "$0: building $name $version: minutes the first time" >&2
	build_in "$temporary" >&2
	chmod 755 "$temporary"
	mv "$temporary" "$directory"
}

# go_build PROGRAM PACKAGE LDFLAG...
go_build() {
	program=$1 package=$2
	shift 2
	# Without 9>&- what go leaves running behind it would keep the lock.
	GOTOOLCHAIN=auto CGO_ENABLED=0 go build -mod=readonly -trimpath \
		-buildvcs=false -ldflags "-s -w $*" -o "$program" "$package" 9>&-
}
