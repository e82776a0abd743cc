#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Usage: test_package.sh BUILD_DIRECTORY
#
# Makes the release tarball, and of that the Debian package, each twice: in
# different places and surroundings, to be the same. Then what the package does
# to a Debian with nothing else in it: installed, upgraded, removed, purged.
# Prints "ok" or "not ok" for each thing. Exit status 77 (a skipped test) says
# that it could not do all of it.
set -euo pipefail

build=$(realpath "$1")
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
sources=${here%/*/*}
name=certificate-expiry-monitor
failures=0
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
DEB_BUILD_OPTIONS="nocheck parallel=$(nproc)"
export DEB_BUILD_OPTIONS

for command in dh lintian localedef debootstrap; do
	command -v "$command" >/dev/null || {
		echo "no $command, no package"
		exit 77
	}
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# ok WHAT COMMAND...
ok() {
	local what=$1
	shift
	if "$@"; then
		echo "ok - $what"
	else
		echo "not ok - $what"
		failures=$((failures + 1))
	fi
}

# --- The same, wherever it is made -------------------------------------------

changelog=$sources/debian/changelog
version=$(dpkg-parsechangelog --file "$changelog" --show-field Version)
epoch=$(dpkg-parsechangelog --file "$changelog" --show-field Timestamp)
tarball=$name-$version.tar.xz
tree=$work/another/and/longer/place/$name-$version

# What precedes a command to run it in another time zone, language and umask, and
# for root on another host.
elsewhere=(env TZ=Pacific/Kiritimati "LOCPATH=$work/locale" LC_ALL=de_DE.UTF-8)
[ "$(id -u)" != 0 ] || elsewhere+=(unshare --uts)
# shellcheck disable=SC2016 # the other shell expands it
elsewhere+=(sh -c 'umask 077; hostname elsewhere; exec "$@"' sh)

# dist BUILD_DIRECTORY FILE [PRECEDING...]
dist() {
	"${@:3}" make -s -C "$1" dist "SOURCE_DATE_EPOCH=$epoch" &&
		mv "$1/$tarball" "$2"
}

# In the tree itself, and configured as the other one was.
build_in_place() {
	local options
	eval "options=($("$build/config.status" --config))"
	(cd "$tree" && "${elsewhere[@]}" ./configure "${options[@]}") &&
		"${elsewhere[@]}" make -s -C "$tree" -j"$(nproc)"
}

# package DIRECTORY [PRECEDING...]: which has the unpacked tarball in it.
package() {
	(cd "$1/$name-$version" && "${@:2}" dpkg-buildpackage --no-sign)
}

packages_are_the_same() {
	local deb
	for deb in "$work"/one/*.deb; do
		cmp "$deb" "$work/elsewhere/two/${deb##*/}" || return
	done
}

lintian_is_content() {
	local options=(--allow-root --pedantic --fail-on "error,warning")
	lintian "${options[@]}" "$work"/one/*.changes
}

# Compressed or not, and the units where this Debian has them.
as_installed() {
	sed -e 's,/$,,' -e 's,\.gz$,,' -e 's,^/lib/systemd/,/usr&,' | sort
}

# What the makefile says, so that nothing it learns to install is left out.
is_complete() {
	make -s -C "$tree" install "DESTDIR=$work/installed" \
		prefix=/usr sysconfdir=/etc || return
	find "$work/installed" ! -type d -printf '/%P\n' |
		as_installed >"$work/wanted"
	dpkg-deb --fsys-tarfile "$deb" | tar --list | sed 's,^\.,,' |
		as_installed >"$work/packaged"
	comm -23 "$work/wanted" "$work/packaged" >"$work/left-out"
	cat "$work/left-out"
	[ -s "$work/wanted" ] && [ ! -s "$work/left-out" ]
}

mkdir -p "$work/one" "$work/elsewhere/two" "$work/locale" "${tree%/*}"
localedef -i de_DE -f UTF-8 "$work/locale/de_DE.UTF-8"

ok "make dist" dist "$build" "$work/$tarball"
for place in "$work/one" "$work/elsewhere/two" "${tree%/*}"; do
	tar -C "$place" -xf "$work/$tarball"
done
ok "the program is built elsewhere" build_in_place
ok "the program is the same" cmp "$build/$name" "$tree/$name"
ok "make dist elsewhere" \
	dist "$tree" "$work/elsewhere/$tarball" "${elsewhere[@]}"
ok "the tarball is the same" cmp "$work/$tarball" "$work/elsewhere/$tarball"
ok "the package is built" package "$work/one"
ok "the package is built elsewhere" \
	package "$work/elsewhere/two" "${elsewhere[@]}"
ok "the packages are the same" packages_are_the_same
deb=$(echo "$work/one/${name}_$version"_*.deb)
cp "$deb" "$build/package.deb" # for test_booted.sh
ok "lintian is content" lintian_is_content
ok "all that make install installs is in the package" is_complete

# --- In a clean root ---------------------------------------------------------

if [ "$(id -u)" != 0 ]; then
	[ "$failures" -eq 0 ] || exit 1
	echo "not root: the package is not installed"
	exit 77
fi

root=$work/root
config=$root/etc/$name.yaml
textfiles=$root/var/lib/prometheus/node-exporter
textfile=$textfiles/certificate_expiry_monitor.prom
lock=$textfiles/.certificate_expiry_monitor.lock
state=$root/var/lib/$name
told=$root/var/log/systemctl

# Without a network but loopback. What it mounts or starts ends with it.
in_root() {
	# shellcheck disable=SC2016 # the other shell expands it
	unshare --mount --net --pid --fork --kill-child sh -c '
		ip link set lo up && mount -t proc proc "$0/proc" &&
			exec chroot "$0" "$@"' "$root" "$@"
}

apt() {
	: >"$told"
	in_root apt-get --quiet --yes --no-install-recommends \
		--option Dpkg::Use-Pty=0 "$@"
}

# Where everything comes from a local file: its dependencies are there.
make_root() {
	local dependencies suite
	mapfile -t dependencies < <(dpkg-deb --field "$deb" Depends |
		tr , '\n' | sed 's/^ *\([^ ]*\).*/\1/')
	suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
	mkdir "$root"
	tar -C "$root" -xzf "$("$here/clean-root.sh" "$suite" \
		"${dependencies[@]}" ca-certificates | tail -n 1)"
	# For the packages' scripts a systemd runs, that notes what it is told.
	mkdir -p "$root/run/systemd/system"
	printf '#!/bin/sh\necho "$*" >>/var/log/systemctl\n' \
		>"$root/usr/bin/systemctl"
	chmod 755 "$root/usr/bin/systemctl"
	cp "$deb" "$root/var/cache/package.deb"
	make_newer "$root/var/cache/newer.deb"
	files >"$work/before"
}

# The same package, of a later version.
make_newer() {
	dpkg-deb --raw-extract "$deb" "$work/newer"
	sed -i "s/^Version: .*/&+1/" "$work/newer/DEBIAN/control"
	dpkg-deb --build --root-owner-group "$work/newer" "$1"
}

# All of them, but for what dpkg and apt keep, and logs.
files() {
	(cd "$root" && find . -xdev \( -path ./var/lib/dpkg -o \
		-path ./var/lib/apt -o -path ./var/cache -o \
		-path ./var/log \) -prune -o -printf '%p %M %u:%g %l\n' | sort)
}

# told_only REGEX: besides what systemd is to read anew, it is told nothing but
# that, or nothing at all without it.
told_only() {
	grep -v daemon-reload "$told" >"$work/told" || true
	cat "$work/told"
	if [ $# = 0 ]; then
		[ ! -s "$work/told" ]
	else
		[ "$(wc -l <"$work/told")" = 1 ] && grep -qxE "$1" "$work/told"
	fi
}

# timer_is WORD: the real systemctl says so.
timer_is() {
	[ "$(systemctl --root="$root" is-enabled "$name.timer")" = "$1" ]
}

# What cron would give to sh, without its waiting, as if systemd did not run.
cron_runs() {
	local command
	command=$(sed -n 's/^\* \* \* \* \* root //p' "$root/etc/cron.d/$name" |
		sed -e 's,/run/systemd/system,/nonexistent,' -e 's,sleep [^;]*,true,')
	in_root sh -c "$command" >"$work/mail" 2>&1 || true
	[ ! -e "$textfile" ] && [ ! -s "$work/mail" ]
}

says_what_to_do() {
	! in_root "$name" 2>"$work/said" || return
	grep "nothing to probe.*name jobs in /etc/$name.yaml" "$work/said"
}

# The lines that the file says to take the # away from.
configure() {
	sed -i '/^#kubernetes:/,$ s/^#//' "$config" &&
		grep -q '^jobs:' "$config" &&
		in_root "$name" --check-config
}

run_once() {
	[ "$(stat -c %a "$state")" = 700 ] || return
	cat >"$root/var/cache/pods.json" <<-EOF
		{"kind": "PodList", "apiVersion": "v1", "items": [{
			"metadata": {"name": "edge-1", "namespace": "edge"},
			"status": {"phase": "Running", "podIP": "127.0.0.1",
				"podIPs": [{"ip": "127.0.0.1"}],
				"conditions": [{"type": "Ready", "status": "True"}]}
		}]}
	EOF
	in_root "$name" --pods-file=/var/cache/pods.json \
		--domains=shop.example.com --port=1
	grep 'pod="edge-1".*status="notfound".* 1$' "$textfile" &&
		[ -s "$state/state.json" ]
}

keep() {
	cp -r --preserve "$config" "$textfile" "$state" "$work/kept"
}

# is_kept FILE...
is_kept() {
	local file
	for file; do
		diff -r "$work/kept/${file##*/}" "$file" || return
	done
}

# While a run is at work that ends only after the program is gone, and then
# replaces the file once more.
remove_during_a_run() {
	local run status=0
	mkfifo "$work/running"
	# shellcheck disable=SC2016 # the other shell expands it
	timeout 60 flock "$lock" sh -c 'echo; while [ -e "$0" ]; do sleep 0.1; done
		echo late >"$1"' "$root/usr/bin/$name" "$textfile" >"$work/running" &
	run=$!
	read -r _ <"$work/running" || return
	apt remove "$name" || status=1
	wait "$run" || status=1
	return "$status"
}

leaves_no_textfile() {
	[ -z "$(ls -A "$textfiles" 2>/dev/null)" ] || {
		ls -lA "$textfiles"
		return 1
	}
}

leaves_nothing() {
	files >"$work/after"
	diff "$work/before" "$work/after"
}

# What is the exporter's, and what others put there, stays.
goes_beside_the_exporter() {
	apt install prometheus-node-exporter /var/cache/package.deb &&
		touch "$textfiles/other.prom" "$textfile" &&
		apt purge "$name" &&
		[ "$(ls -A "$textfiles")" = other.prom ]
}

ok "a clean root" make_root
ok "the package is installed" apt install /var/cache/package.deb
ok "nothing is started" told_only
ok "nothing is enabled" timer_is disabled
ok "the program is that version" \
	grep -qx "$name $version" <(in_root "$name" --version)
ok "cron is silent until there is a job" cron_runs
ok "the program says what to do first" says_what_to_do
ok "the configuration to begin with is good" configure
ok "it probes, and remembers" run_once
ok "the timer is enabled" systemctl --root="$root" enable "$name.timer"
mkdir "$work/kept"
ok "what is there before an upgrade" keep
ok "the package is upgraded" apt install /var/cache/newer.deb
ok "an upgrade restarts the timer if it runs, and nothing else" \
	told_only ".*try-restart $name\.timer"
ok "the timer stays enabled" timer_is enabled
ok "an upgrade keeps configuration, metrics and state" \
	is_kept "$config" "$textfile" "$state"
ok "the package is removed while a run is at work" remove_during_a_run
ok "timer and service are stopped" \
	told_only ".*stop $name\.timer $name\.service"
ok "nothing stale goes on alarming" leaves_no_textfile
ok "configuration and state stay" is_kept "$config" "$state"
ok "the package is purged" apt purge "$name"
ok "nothing is left" leaves_nothing
ok "it goes, and node_exporter beside it stays" goes_beside_the_exporter

[ "$failures" -eq 0 ]
