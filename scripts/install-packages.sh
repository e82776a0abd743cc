#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Usage: install-packages.sh PACKAGE...
#
# Installs Debian packages, as root, and sees to it that no service they bring
# is started or stays enabled. Services of packages that were there before are
# not touched: neither restarted, if the installation brings them a newer
# library, nor disabled.
set -euo pipefail

# Asked by everything that starts or restarts a service while packages are
# installed (deb-systemd-invoke, invoke-rc.d); see policy-rc.d(8).
policy=/usr/sbin/policy-rc.d
saved_policy=$policy.saved-by-certificate-expiry-monitor
mark="made by certificate-expiry-monitor's scripts for the time of an installation"

deny_starts() {
	restore_policy # of a run that was killed
	[ ! -e "$policy" ] || mv "$policy" "$saved_policy"
	printf '#!/bin/sh\n# %s\nexit 101\n' "$mark" >"$policy"
	chmod 755 "$policy"
}

restore_policy() {
	if grep -qsF "$mark" "$policy"; then
		rm "$policy"
	fi
	[ ! -e "$saved_policy" ] || mv "$saved_policy" "$policy"
}

# Whatever is unpacked, for a half-configured service may be enabled already.
installed_packages() {
	dpkg-query --show --showformat '${db:Status-Abbrev} ${Package}\n' |
		awk '$1 !~ /^.[nc]/ { print $2 }' | sort -u
}

# The services of packages that were not there before. A unit was enabled by
# deb-systemd-helper, in the way of Debian's maintainer scripts, so the same
# disables it: it works without systemctl too, and remembers the decision for
# the next upgrade, as after "systemctl disable".
disable_new_services() {
	local package path
	for package in $(comm -13 <(echo "$packages_before") <(installed_packages)); do
		case $package in
		systemd* | udev | dbus*) continue ;; # of the system, not of ours
		esac
		while read -r path; do
			case $path in
			/etc/init.d/?*)
				update-rc.d "${path##*/}" disable || true
				;;
			*/systemd/system/*.service | */systemd/system/*.socket | \
				*/systemd/system/*.timer | */systemd/system/*.path)
				DPKG_MAINTSCRIPT_PACKAGE=$package \
					deb-systemd-helper disable "${path##*/}" ||
					true
				;;
			esac
		done < <(dpkg-query --listfiles "$package")
	done
}

clean_up() {
	local status=$?
	trap '' HUP INT TERM
	disable_new_services || status=1
	restore_policy
	exit "$status"
}

# One at a time, or the second would save the first one's policy as the
# machine's own. The lock is the directory's: it leaves no file behind.
exec 9<"${policy%/*}"
flock 9

packages_before=$(installed_packages)
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 129' HUP
trap 'exit 143' TERM
deny_starts

# No questions, no restarts of what runs, and no removal of what somebody
# installed on purpose.
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 LC_ALL=C
apt=(apt-get --quiet --yes --option DPkg::Lock::Timeout=300)
# An index that cannot be had need not be one that is needed.
"${apt[@]}" update </dev/null 9>&- || true
"${apt[@]}" install --no-install-recommends --no-remove "$@" </dev/null 9>&-
