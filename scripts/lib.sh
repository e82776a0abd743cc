# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What demo.sh, incident.sh and check.sh have in common. Sourced by them, under
# "set -eu".

scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
sources=${scripts%/*}

# Debian keeps servers in sbin, which a user's PATH often leaves out.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# What ./bootstrap && ./configure && make needs.
# shellcheck disable=SC2034 # used by those who source this file
build_packages=(build-essential autoconf automake pkg-config libgnutls28-dev
	libcurl4-gnutls-dev libjson-c-dev libfyaml-dev libsmartcols-dev
	uthash-dev)

# fail MESSAGE: the one clear line before the end.
fail() {
	echo "${0##*/}: $*" >&2
	exit 1
}

# step WHAT COMMAND...: one line with its time. What the command prints is
# shown only if it fails; until then it is in the directory $work.
step() {
	local what=$1 start=$SECONDS
	shift
	printf '%-42s' "$what ..."
	# shellcheck disable=SC2154 # whoever calls it has that directory
	if ! "$@" >"$work/log" 2>&1 </dev/null; then
		echo "failed"
		tail -n 30 "$work/log" >&2
		fail "this step failed: $what"
	fi
	printf '%3d s\n' $((SECONDS - start))
}

# missing_packages PACKAGE...: those that are not installed.
missing_packages() {
	local package
	for package; do
		case $(dpkg-query --show --showformat '${db:Status-Abbrev}' \
			"$package" 2>/dev/null) in
		ii*) ;;
		*) echo "$package" ;;
		esac
	done
}

# install_packages PACKAGE...: nothing is asked of the network, nor of root, if
# all are there.
install_packages() {
	local missing as_root=()
	command -v apt-get >/dev/null || {
		echo "apt-get is needed: this script is for Debian 12 or newer"
		return 1
	}
	mapfile -t missing < <(missing_packages "$@")
	[ "${#missing[@]}" -gt 0 ] || return 0
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null || {
			echo "root or sudo is needed to install ${missing[*]}"
			return 1
		}
		as_root=(sudo --)
	fi
	"${as_root[@]}" "$scripts/install-packages.sh" "${missing[@]}"
}

# copy_sources DIRECTORY: without what a build has left among them, so that a
# configured checkout does not matter to us, nor what we do to the checkout.
copy_sources() {
	local git=(git -C "$sources" -c "safe.directory=$sources")
	mkdir -p "$1"
	if [ -e "$sources/.git" ] && command -v git >/dev/null; then
		# A deleted file is listed until its deletion is staged.
		"${git[@]}" ls-files -z --cached --others --exclude-standard \
			--deduplicate |
			tar -C "$sources" --null --files-from=- \
				--ignore-failed-read --create |
			tar -C "$1" --extract --no-same-owner
	else
		tar -C "$sources" --exclude=./.git --exclude='./build*' --create . |
			tar -C "$1" --extract --no-same-owner
		[ ! -e "$1/config.status" ] || make -C "$1" distclean
	fi
}

# build_program DIRECTORY: from a copy of the sources; the program is then in its
# directory build.
build_program() {
	copy_sources "$1/source" &&
		"$1/source/bootstrap" &&
		mkdir "$1/build" &&
		cd "$1/build" &&
		# A prefix of its own: no configuration file of this machine counts.
		"$1/source/configure" --prefix="$1/prefix" &&
		make -j"$(nproc)"
}
