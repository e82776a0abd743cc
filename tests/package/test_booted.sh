#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Usage: test_booted.sh PACKAGE.deb
#
# Installs the package beside node_exporter in a Debian of its own, boots that
# with a real systemd, and has in_booted.sh look at what the units do there, and
# follow those commands of the documentation that only such a system has. Prints
# "ok" or "not ok" for each thing. Exit status 77: it cannot be done here.
set -euo pipefail

deb=$(realpath "$1")
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
export DEBIAN_FRONTEND=noninteractive LC_ALL=C

[ "$(id -u)" = 0 ] || {
	echo "needs root, to boot a system in a namespace"
	exit 77
}
for command in systemd-nspawn debootstrap; do
	command -v "$command" >/dev/null || {
		echo "no $command, no system to boot"
		exit 77
	}
done

work=$(mktemp -d)
root=$work/root
trap 'rm -rf "$work"' EXIT

mapfile -t dependencies < <(dpkg-deb --field "$deb" Depends |
	tr , '\n' | sed 's/^ *\([^ ]*\).*/\1/')
suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
mkdir "$root"
tar -C "$root" -xzf "$("$here/clean-root.sh" "$suite" "${dependencies[@]}" \
	ca-certificates systemd systemd-sysv | tail -n 1)"
cp "$deb" "$root/package.deb"
# Nothing is started by what is installed: systemd does not run yet.
chroot "$root" sh -ec '
	apt-get --quiet --yes --no-install-recommends install \
		prometheus-node-exporter
	apt-get --quiet --yes --no-install-recommends install /package.deb
' >"$work/installed" 2>&1 || {
	cat "$work/installed"
	exit 1
}

# One service does it all, and then the system ends.
cp "$here/in_booted.sh" "$root/in_booted.sh"
(cd "$here/../e2e" && PYTHONDONTWRITEBYTECODE=1 \
	python3 -m support.documentation) >"$root/commands"
[ -s "$root/commands" ]
units=$root/etc/systemd/system
cat >"$units/in-booted.service" <<-EOF
	[Unit]
	Wants=prometheus-node-exporter.service
	After=prometheus-node-exporter.service

	[Service]
	Type=oneshot
	ExecStart=/in_booted.sh
	StandardOutput=file:/results
	StandardError=file:/results
	ExecStopPost=systemctl --no-block poweroff
	EOF
mkdir -p "$units/multi-user.target.wants"
ln -s ../in-booted.service "$units/multi-user.target.wants/in-booted.service"
: >"$root/results"

# It has a network with nothing but loopback, and is not made known to the
# system outside.
timeout --kill-after=10s 300s systemd-nspawn --quiet --directory="$root" \
	--private-network --register=no --keep-unit --boot \
	</dev/null >"$work/console" 2>&1 || true
cat "$root/results"
if ! grep -qx "all was looked at" "$root/results"; then
	tail -n 40 "$work/console"
	exit 1
fi
! grep -q "^not ok" "$root/results"
