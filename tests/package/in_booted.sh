#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs in the system that test_booted.sh boots: what systemd makes of the units,
# what the program may do as that service, and what the journal then has.
set -uo pipefail
export LC_ALL=C

name=certificate-expiry-monitor
textfiles=/var/lib/prometheus/node-exporter
textfile=$textfiles/certificate_expiry_monitor.prom
config=/etc/$name.yaml
state=/var/lib/$name/state.json
dropins=/etc/systemd/system
said=/var/said

# ok WHAT COMMAND...
ok() {
	local what=$1
	shift
	if "$@"; then
		echo "ok - $what"
	else
		echo "not ok - $what"
		journalctl --no-pager --lines=20 --output=short
	fi
}

# await COMMAND...: until it succeeds, for a minute at most.
await() {
	local end=$((SECONDS + 60))
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.1
	done
}

not() {
	! "$@"
}

start() {
	systemctl start "$name.service" 2>/dev/null
}

# property NAME: of the service.
property() {
	systemctl show --property="$1" --value "$name.service"
}

# configure LINE...: one job, of a server outside of Kubernetes.
configure() {
	cat >"$config" <<-EOF
		$(printf '%s\n' "$@")
		jobs:
		  - name: edge
		    endpoints: [{address: 127.0.0.1, port: $port}]
		    domains: [shop.example.com]
		    verify: false
		    timeout: 3s
		EOF
}

# drop_in UNIT LINE...
drop_in() {
	mkdir -p "$dropins/$1.d"
	printf '%s\n' "${@:2}" >"$dropins/$1.d/test.conf"
	systemctl daemon-reload
}

# sample NAME: its value in the file.
sample() {
	sed -n "s/^certificate_expiry_monitor_$1 //p" "$textfile"
}

# note_said OUTPUT: keeps what the program has logged since the last call.
note_said() {
	journalctl --sync
	journalctl --quiet --output="$1" --identifier="$name" \
		--cursor-file=/var/cursor >"$said" || true
}

exporter_has() {
	local line found=1
	exec 5<>/dev/tcp/127.0.0.1/9100 || return
	printf 'GET /metrics HTTP/1.0\r\n\r\n' >&5
	while read -r line; do
		case $line in
		"$1"*) found=0 ;;
		esac
	done <&5
	exec 5>&-
	return "$found"
}

has_mode() {
	[ "$(stat -c '%U %a' "$2")" = "root $1" ] || {
		stat "$2"
		return 1
	}
}

is_off() {
	[ "$(systemctl is-enabled "$name.timer")" = disabled ] &&
		[ "$(systemctl is-active "$name.timer")" = inactive ] &&
		[ "$(systemctl is-active "$name.service")" = inactive ]
}

# fails_with STATUS TEXT: and the program says that.
fails_with() {
	not start || return
	note_said short
	cat "$said"
	[ "$(property ExecMainStatus)" = "$1" ] && grep -q "$2" "$said"
}

change_is_in_the_journal() {
	note_said json
	grep '"REASON":"connect_refused"' "$said" |
		grep '"PRIORITY":"5"' | grep -q '"DOMAIN":"shop.example.com"'
}

says_nothing_new() {
	start && note_said short && not [ -s "$said" ]
}

is_locked_out() {
	flock "$textfiles/.certificate_expiry_monitor.lock" \
		systemctl start "$name.service" &&
		note_said short && grep -q "another run is at work" "$said"
}

missing_directory_is_told() {
	local status=0
	mv "$textfiles" "$textfiles.away"
	fails_with 1 "$textfiles" && [ "$(wc -l <"$said")" = 1 ] || status=1
	mv "$textfiles.away" "$textfiles"
	return "$status"
}

# make_kubeconfig PATH: it is somebody else's, that the service may not read by
# itself, and is looked for there.
make_kubeconfig() {
	cat >/etc/kubeconfig <<-EOF
		apiVersion: v1
		kind: Config
		current-context: c
		contexts: [{name: c, context: {cluster: c, user: u}}]
		clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
		users: [{name: u, user: {token: secret}}]
		EOF
	chown nobody /etc/kubeconfig
	chmod 400 /etc/kubeconfig
	cat >"$config" <<-EOF
		kubernetes: {kubeconfig: "$1"}
		deadline: 2s
		jobs: [{name: edge, domains: [shop.example.com]}]
		EOF
}

is_denied() {
	make_kubeconfig /etc/kubeconfig
	fails_with 1 "kubeconfig.*Permission denied"
}

# It comes as far as to ask the API server, that is not there.
is_handed_over() {
	# shellcheck disable=SC2016 # the program expands it
	make_kubeconfig '${CREDENTIALS_DIRECTORY}/kubeconfig'
	drop_in "$name.service" '[Service]' \
		LoadCredential=kubeconfig:/etc/kubeconfig
	fails_with 1 "https://127.0.0.1:1" && not grep "denied" "$said"
}

# Who takes connections, and never says a word.
make_silent_server() {
	port=4433
	printf '%s\n' '[Socket]' "ListenStream=127.0.0.1:$port" \
		>"$dropins/silent.socket"
	printf '%s\n' '[Service]' 'ExecStart=sleep infinity' \
		>"$dropins/silent.service"
	systemctl daemon-reload
	systemctl start silent.socket
}

has_run() {
	[ "$(sample runs_total)" -ge "$1" ]
}

# Each run takes three seconds, and one is due every second.
timer_goes_on() {
	local before
	before=$(sample runs_total)
	drop_in "$name.timer" '[Timer]' 'OnCalendar=' 'OnCalendar=*:*:*' \
		RandomizedDelaySec=0
	note_said short
	systemctl start "$name.timer" && await has_run $((before + 3))
}

no_run_met_another() {
	note_said short
	not grep "another run" "$said"
}

is_at_work() {
	[ "$(systemctl is-active "$name.service")" = activating ]
}

# In the middle of a run.
stops_soon() {
	local begin
	await is_at_work || return
	systemctl stop "$name.timer"
	begin=$SECONDS
	systemctl stop "$name.service"
	[ $((SECONDS - begin)) -le 5 ] && [ -s "$textfile" ] &&
		[ -z "$(find "$textfiles" -name '.*.tmp')" ]
}

# What the documentation has a reader type, as it stands there: "PAGE:LINE",
# a tab, the command. Status 3 is of a unit that is not at work just now.
follow_documentation() {
	local where command status
	while IFS=$'\t' read -r where command; do
		status=0
		bash -c "$command" </dev/null || status=$?
		[ "$status" != 3 ] || [[ $command != *"systemctl status"* ]] ||
			status=0
		ok "$where: $command" [ "$status" = 0 ]
	done </commands
}

port=1
ok "systemd knows the units" systemctl --quiet cat "$name.service" "$name.timer" \
	>/dev/null
ok "nothing is enabled or started by the installation" is_off
ok "without a job the service fails, and says what to do" \
	fails_with 2 "nothing to probe"
configure
ok "a run succeeds" start
ok "everybody may read the metrics" has_mode 644 "$textfile"
ok "only root may read the state" has_mode 600 "$state"
ok "only root may enter its directory" has_mode 700 "${state%/*}"
ok "node_exporter takes the file" await exporter_has \
	'certificate_expiry_monitor_certificate{'
ok "node_exporter finds nothing wrong" exporter_has \
	'node_textfile_scrape_error 0'
ok "the journal has the change, with fields" change_is_in_the_journal
ok "what is as before is not said again" says_nothing_new
ok "a run that finds another one is no failure" is_locked_out
ok "a missing directory is one line" missing_directory_is_told
ok "what the service may not read" is_denied
ok "is handed over by LoadCredential" is_handed_over
rm -rf "$dropins/$name.service.d"
make_silent_server
configure "deadline: 20s"
ok "a slow run succeeds" start
ok "the timer starts one run after another" timer_goes_on
ok "runs do not pile up" no_run_met_another
ok "a run is stopped at once, and leaves whole files" stops_soon
follow_documentation
echo "all was looked at"
