#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes README's picture of the table anew, of a real run on a real terminal:
#
#     scripts/picture.sh build/certificate-expiry-monitor
#
# It needs python3-pytest, nginx, gnutls-bin, openssl and tmux. A test compares,
# so that the picture is never that of another version.
set -eu
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ $# = 1 ] || fail "which program? Say scripts/picture.sh PROGRAM"
[ -x "$1" ] || fail "$1 is not a program"

new=$(mktemp)
trap 'rm -f "$new"' EXIT
PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$sources/tests/e2e/picture.py" \
	"$1" >"$new"
# Not mv, which would bring the temporary file's mode.
cat "$new" >"$sources/doc/table.svg"
