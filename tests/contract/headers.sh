#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Each header compiles alone: it includes what it needs. A header under src/
# and one of the unit tests alike.
set -u
srcdir=${srcdir:-.}
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
status=0
count=0

for header in $(cd "$srcdir" && find src -name '*.h' | sort); do
	count=$((count + 1))
	printf '#include "%s"\n' "${header#src/}" > "$work/alone.c"
	# shellcheck disable=SC2086 # flags are words
	if ! ${CC:-cc} ${CPPFLAGS:--I. -I$srcdir/src} ${CFLAGS:-} \
		-include config.h -fsyntax-only "$work/alone.c"; then
		echo "$header does not compile alone"
		status=1
	fi
done
if [ "$count" -lt 20 ]; then
	echo "only $count headers found: is $srcdir the source tree?"
	status=1
fi
exit $status
