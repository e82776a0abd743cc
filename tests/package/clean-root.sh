#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Usage: clean-root.sh SUITE PACKAGE...
#
# Makes a Debian with its smallest set of packages and those named, and with
# what prometheus-node-exporter needs beside it to be installed without a
# network. Prints the tarball that holds it as the last line on standard output.
#
# As with tests/kube-apiserver/build.sh it is made once and kept outside of the
# checkout, under a name made of what is in it. It comes from where apt gets
# Debian from. Needs root and debootstrap.
set -eu

suite=$1
shift
architecture=$(dpkg --print-architecture)
hash=$( (cat "$0" && echo "$*") | sha256sum | cut -c1-16)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/certificate-expiry-monitor
tarball=$cache/root-$suite-$architecture-$hash.tar.gz

finish() {
	echo "$tarball"
	exit 0
}

# Empty before apt has read the index, which says what comes from Debian.
mirror() {
	# shellcheck disable=SC2016 # apt expands it
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
		'Origin: Debian' "Codename: $suite" 'Component: main' |
		head -n 1
}

[ ! -e "$tarball" ] || finish

mkdir -p "$cache"
exec 9>"$cache/root.lock"
flock 9
[ ! -e "$tarball" ] || finish

[ -n "$(mirror)" ] || apt-get --quiet update >&2 9>&-
found=$(mirror)
if [ -z "$found" ]; then
	echo "$0: apt gets no $suite of Debian from anywhere" >&2
	exit 1
fi
# As apt goes, so do we.
eval "$(apt-config shell http_proxy Acquire::http::Proxy)"
[ -z "${http_proxy:-}" ] || export http_proxy

temporary=$(mktemp -d "$cache/.root.XXXXXX")
trap 'rm -rf "$temporary"' EXIT
trap 'exit 1' HUP INT TERM

root=$temporary/root
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
debootstrap --variant=minbase --include="$(echo "$*" | tr ' ' ,)" \
	"$suite" "$root" "$found" >&2 9>&-
chroot "$root" apt-get clean
chroot "$root" apt-get --yes --quiet --no-install-recommends --download-only \
	install prometheus-node-exporter >&2 9>&-
tar -C "$root" --create --gzip --file "$temporary/tarball" .
mv "$temporary/tarball" "$tarball"
finish
