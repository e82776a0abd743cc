#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Usage: incident.sh [--per-node] [--keep]
#
# Replays the incident that certificate-expiry-monitor was made for, on one
# machine: real Traefik behind a load balancer, a real API server, Prometheus,
# Alertmanager, node_exporter and blackbox_exporter, from the first warning to
# the all-clear in a minute. --per-node runs the program on each node instead of
# once for all; --keep leaves everything running until Enter is pressed, to look
# around in.
#
# For Debian 12 or newer, as root or with sudo, and with Go 1.21 or newer, which
# builds the API server and Traefik the first time (twelve minutes). Installs what
# is missing, and leaves nothing else behind but these two, in
# ~/.cache/certificate-expiry-monitor.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

for argument; do
	case $argument in
	--per-node | --keep) ;;
	*)
		sed -n 's/^# \(Usage: .*\)/\1/p' "${BASH_SOURCE[0]}" >&2
		exit 2
		;;
	esac
done

work=$(mktemp -d --tmpdir certificate-expiry-monitor-incident.XXXXXX)
trap 'rm -rf "$work"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

step "Installing what is missing" install_packages "${build_packages[@]}" \
	haproxy etcd-server gnutls-bin openssl prometheus \
	prometheus-alertmanager prometheus-blackbox-exporter \
	prometheus-node-exporter python3 python3-pytest
step "Building" build_program "$work"
step "An API server (5 minutes once)" "$sources/tests/kube-apiserver/build.sh"
step "Traefik (7 minutes once)" "$sources/tests/traefik/build.sh"

# Python leaves no compiled files in the checkout, and the directory is gone
# whatever becomes of it.
CEM_PROGRAM=$work/build/certificate-expiry-monitor TMPDIR=$work \
	PYTHONDONTWRITEBYTECODE=1 \
	/usr/bin/python3 "$sources/tests/e2e/incident.py" "$@"
