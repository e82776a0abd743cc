#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Whether mandoc finds nothing wrong with the manual pages.
set -eu

command -v mandoc >/dev/null || {
	echo "mandoc is not installed"
	exit 77
}
status=0
for page in doc/certificate-expiry-monitor.1 doc/certificate-expiry-monitor.5; do
	# Which other pages are installed is this machine's affair.
	mandoc -T lint -W style "$page" 2>&1 |
		grep -v -e 'referenced manual not found' \
			-e 'outdated mandoc.db' >&2 && status=1
done
exit "$status"
