#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Fetches the definitions of kinds that crds.txt names, once, and prints the
# directory that holds them as the last line on standard output. As with
# build.sh they are kept outside of the checkout under a name made of what they
# were made from, and exit status 77 says that there is no Go to fetch with.
set -eu

cd "$(dirname "$0")"
list=$PWD/crds.txt
cache=${XDG_CACHE_HOME:-$HOME/.cache}/certificate-expiry-monitor
directory=$cache/crds-$(sha256sum <"$list" | cut -c1-16)

finish() {
	echo "$directory"
	exit 0
}

# field NAME: of the JSON that go prints, a field to a line.
field() {
	sed -n 's/^[[:space:]]*"'"$1"'": "\(.*\)",*$/\1/p' "$temporary/module"
}

# enter_module PATH VERSION CHECKSUM
enter_module() {
	# Outside of our own module: these are files to read, no dependencies.
	(cd / && GOTOOLCHAIN=local go mod download -json "$1@$2") \
		>"$temporary/module" || {
		echo "$0: $1@$2: $(field Error)" >&2
		exit 1
	}
	if [ "$(field Sum)" != "$3" ]; then
		echo "$0: $1@$2 is $(field Sum), not $3" >&2
		exit 1
	fi
	cd "$(field Dir)"
}

[ ! -d "$directory" ] || finish

if ! command -v go >/dev/null; then
	echo "$0: no go in PATH: it fetches the definitions" >&2
	exit 77
fi

mkdir -p "$cache"
temporary=$(mktemp -d "$cache/.crds.XXXXXX")
trap 'rm -rf "$temporary"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$temporary/crds"

while read -r word path version checksum; do
	case $word in
	'' | '#'*) ;;
	module) enter_module "$path" "$version" "$checksum" ;;
	*) cp "$word" "$temporary/crds" ;;
	esac
done <"$list"
chmod -R u+w "$temporary/crds"
# Two at once make the same, and the first is as good as the second.
mv -T "$temporary/crds" "$directory" 2>/dev/null || [ -d "$directory" ]
finish
