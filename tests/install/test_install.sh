#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Usage: test_install.sh BUILD_DIRECTORY
#
# Whether "make install" puts everything in its place, ready for use, and "make
# uninstall" takes it away again. Prints "ok" or "not ok" for each thing.
set -euo pipefail

build=$1
name=certificate-expiry-monitor
failures=0
# The highest rating ("exposure") that systemd may give the service, times ten.
threshold=15

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

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

# The value of a variable of the makefile, with what it refers to.
place() {
	# shellcheck disable=SC2016 # make expands it
	make -s --no-print-directory -C "$build" \
		--eval='print-place: ; @echo $('"$1"')' print-place
}

has_mode() {
	[ "$(stat -c '%F %a' "$2")" = "regular file $1" ]
}

# Placeholders; a unit's own @names (@system-service) have no second @.
is_complete() {
	! grep -n '@[a-z]*@' "$1"
}

says() {
	grep -qxF -e "$2" "$1" || {
		echo "$1 does not say $2"
		return 1
	}
}

# The last field of the only entry, which is what sh gets to see.
cron_command() {
	sed -n 's/^\* \* \* \* \* root //p' "$cron"
}

rules_are_taken() {
	promtool check config "$data/prometheus/prometheus.yaml" &&
		amtool check-config "$data/prometheus/alertmanager.yaml"
}

cron_command_is_one() {
	[ "$(cron_command | wc -l)" = 1 ] && cron_command | sh -n
}

# cron_starts COMMAND: whether the crontab's command, told of a program and a
# configuration that are there or not, starts the program. Where systemd runs it
# never does, so that condition is taken away.
cron_starts() {
	local command
	command=$(cron_command | sed -e 's,/run/systemd/system,/nonexistent,' \
		-e 's,sleep [^;]*,true,' -e "s,$bindir/$name,$root/fake,g" \
		-e "s,$sysconfdir/$name.yaml,$root/fake.yaml,g")
	[ "$(sh -c "$command")" = started ]
}

cron_waits_for_program_and_configuration() {
	printf '#!/bin/sh\necho started\n' >"$root/fake"
	! cron_starts || return 1
	chmod 755 "$root/fake"
	! cron_starts || return 1
	printf '# none yet\n#jobs:\n' >"$root/fake.yaml"
	! cron_starts || return 1
	printf 'jobs:\n' >"$root/fake.yaml"
	cron_starts
}

units_are_taken() {
	local directory=$root/units
	mkdir "$directory"
	cp "$timer" "$directory"
	# A program that is there, as systemd looks for it.
	sed "s,^ExecStart=,&$root/installed," "$service" >"$directory/$name.service"
	systemd-analyze verify --man=no "$directory/$name.service" \
		"$directory/$name.timer" 2>&1 | tee "$root/verdict"
	! grep -q "$name" "$root/verdict"
}

service_is_confined() {
	systemd-analyze security --offline=true --threshold="$threshold" \
		--no-pager "$service" >"$root/verdict" 2>&1 || {
		cat "$root/verdict"
		return 1
	}
}

# man_shows SECTION NAME: by mandoc's man, which needs no index.
man_shows() {
	mman -M "$root/installed$mandir" -s "$1" "$2" >"$root/page" 2>&1
	grep -q "^CERTIFICATE-EXPIRY-MONITOR($1)" "$root/page" || {
		cat "$root/page"
		return 1
	}
}

bash_completes() {
	(
		# shellcheck disable=SC1090 # what was installed
		. "$bash_completion"
		complete -p "$name"
	)
}

is_uninstalled() {
	make -s -C "$build" uninstall DESTDIR="$root/installed"
	find "$root/installed" ! -type d >"$root/left"
	cat "$root/left"
	[ ! -s "$root/left" ]
}

bindir=$(place bindir)
sysconfdir=$(place sysconfdir)
textfiledir=$(place textfiledir)
units=$(place systemdsystemunitdir)
program=$root/installed$bindir/$name
service=$root/installed$units/$name.service
timer=$root/installed$units/$name.timer
cron=$root/installed$(place crondir)/$name
mandir=$(place mandir)
data=$root/installed$(place pkgdatadir)
bash_completion=$root/installed$(place bashcompletiondir)/$name
zsh_completion=$root/installed$(place zshcompletiondir)/_$name
fish_completion=$root/installed$(place fishcompletiondir)/$name.fish

ok "make install" make -s -C "$build" install DESTDIR="$root/installed"
ok "make install over an old one" \
	make -s -C "$build" install DESTDIR="$root/installed"
ok "the program is there" has_mode 755 "$program"
ok "the program runs" "$program" --version
for file in "$service" "$timer" "$cron"; do
	ok "${file##*/} is there" has_mode 644 "$file"
	ok "${file##*/} is complete" is_complete "$file"
done
for section in 1 5; do
	page=$root/installed$mandir/man$section/$name.$section
	ok "${page##*/} is there" has_mode 644 "$page"
	ok "${page##*/} is complete" is_complete "$page"
done
for file in "$bash_completion" "$zsh_completion" "$fish_completion"; do
	ok "${file#"$root/installed"} is there" has_mode 644 "$file"
done
ok "bash takes the completion" bash_completes
ok "man 1 $name" man_shows 1 "$name"
ok "man 5 $name" man_shows 5 "$name"
ok "man 5 $name.yaml" man_shows 5 "$name.yaml"
ok "the dashboard is there" \
	has_mode 644 "$data/grafana/certificate-expiry-monitor.json"
ok "Prometheus and Alertmanager take rules and examples" rules_are_taken
ok "the service starts the program" says "$service" "ExecStart=$bindir/$name"
ok "the service may write the textfile directory" \
	says "$service" "ReadWritePaths=-$textfiledir"
ok "the service waits for a configuration" \
	says "$service" "ConditionPathExists=$sysconfdir/$name.yaml"
ok "systemd takes the units" units_are_taken
ok "systemd finds the service well confined" service_is_confined
ok "the crontab has one command" cron_command_is_one
ok "cron waits for program and configuration" \
	cron_waits_for_program_and_configuration
ok "make uninstall leaves nothing" is_uninstalled

[ "$failures" -eq 0 ]
