#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs what the tests need, builds, and runs all tests: what CI does. For
# Debian 12 or newer, as root or with sudo. It goes on after a failure; the last
# line counts the tests of all suites. What it makes is in build-check/.
#
# Under CI=true a skipped test is a failure: there everything can be had.
set -uo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

work=$sources/build-check
source=$work/source
logs=$work/logs
program=certificate-expiry-monitor
packages=("${build_packages[@]}" libcmocka-dev xz-utils git ca-certificates
	nginx haproxy caddy etcd-server prometheus prometheus-node-exporter
	prometheus-alertmanager prometheus-blackbox-exporter
	postfix dovecot-imapd dovecot-pop3d slapd postgresql mariadb-server
	tinyproxy dante-server curl jq gnutls-bin openssl iproute2 locales
	python3 python3-pytest python3-yaml pyflakes3 systemd
	systemd-container valgrind shellcheck debhelper lintian debootstrap
	tmux strace mandoc bash-completion fish zsh)
# Its versions differ in taste, and Debian 12 has the one that is ours.
formatter=clang-format-14
if grep -qs '^VERSION_ID="12"' /etc/os-release; then
	packages+=("$formatter")
fi

# For one suite: what hangs must not take all of CI's time. The longest takes
# eight minutes.
limit=20m
# Of a log, where only what is printed is kept.
log_lines=80

passed=0 failed=0 skipped=0
failures=()

# --- Counting what others count ---------------------------------------------

# Each prints "PASSED FAILED SKIPPED" of a step that ended with a status.

# Something that only prepares tests counts if it fails.
count_none() {
	case $1 in
	0 | 77) echo 0 0 0 ;;
	*) echo 0 1 0 ;;
	esac
}

count_one() {
	case $1 in
	0) echo 1 0 0 ;;
	77) echo 0 0 1 ;;
	*) echo 0 1 0 ;;
	esac
}

# Lines "ok" and "not ok", and what was left out after them.
count_ok() {
	awk -v skipped=$(($1 == 77)) '/^ok/ { ok++ } /^not ok/ { not_ok++ }
		END { print ok + 0, not_ok + 0, skipped }' "$2"
}

# The last line of pytest: "== 1 failed, 20 passed, 2 skipped in 3.4s ==".
count_pytest() {
	awk '/ in [0-9.]+s/ && /(passed|failed|skipped|error)/ { last = $0 }
		END {
			words = split(last, word, " ")
			for (i = 2; i <= words; i++) {
				sub(/,$/, "", word[i])
				sub(/s$/, "", word[i])
				count[word[i]] += word[i - 1]
			}
			bad = count["failed"] + count["error"] + count["xpassed"]
			print count["passed"] + count["xfailed"], bad,
				count["skipped"] + 0
		}' "$2"
}

# automake's programs: of one that ran cmocka its single tests, of any other
# itself. A program that crashed has no sums, or not all of them.
count_automake() {
	local trs result counts p=0 f=0 s=0
	while read -r trs; do
		result=$(sed -n 's/^:test-result: \([A-Z]*\).*/\1/p' "$trs")
		read -r -a counts < <(awk '
			/^\[  PASSED  \] [0-9]+ test/ { passed += $4 }
			/^\[  FAILED  \] .*[0-9]+ test\(s\)/ {
				sub(/ test\(s\).*/, ""); failed += $NF
			}
			/^\[  SKIPPED \] .*[0-9]+ test\(s\)/ {
				sub(/ test\(s\).*/, ""); skipped += $NF
			}
			END { print passed + 0, failed + 0, skipped + 0 }
		' "${trs%.trs}.log")
		case $result in
		PASS) [ "${counts[0]}" -gt 0 ] || counts=(1 0 0) ;;
		SKIP) counts=(0 0 1) ;;
		*) [ "${counts[1]}" -gt 0 ] || counts[1]=1 ;;
		esac
		p=$((p + counts[0]))
		f=$((f + counts[1]))
		s=$((s + counts[2]))
	done < <(find "$3" -name '*.trs' 2>/dev/null)
	echo "$p $f $s"
}

# Why tests were skipped: "SKIPPED [3] test_probe.py:7: no nginx", by reason.
reasons_of_pytest() {
	awk '/^SKIPPED \[[0-9]+\] [^ ]+: / {
			count = substr($2, 2) + 0
			sub(/^SKIPPED [^ ]+ [^ ]+: /, "")
			skipped[$0] += count
		}
		END {
			for (reason in skipped)
				print "  " skipped[reason] " skipped: " reason
		}' "$1"
}

# run NAME TITLE KIND COMMAND...: one step, one line. KIND says how its tests
# are counted; "automake:DIRECTORY" says where.
run() {
	local name=$1 title=$2 kind=$3 start=$SECONDS status p f s result
	local log=$logs/$name.log
	shift 3
	printf '%-50s' "$title ..."
	(
		set -e
		"$@"
	) >>"$log" 2>&1 </dev/null
	status=$?
	read -r p f s < <("count_${kind%%:*}" "$status" "$log" "${kind#*:}")
	# What ends badly without saying which test failed, or runs no test at
	# all, has not passed.
	if [ "$status" -ne 0 ] && [ "$status" -ne 77 ] && [ "$f" -eq 0 ]; then
		f=1
	elif [ "$kind" != none ] && [ $((p + f + s)) -eq 0 ]; then
		f=1
	fi
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	if [ "$kind" = none ]; then
		result="done"
		[ "$status" -eq 0 ] || result="not done"
	else
		result="$p passed, $f failed, $s skipped"
	fi
	if [ "$f" -gt 0 ]; then
		[ "$kind" != none ] || result=failed
		failures+=("$title|$log")
	fi
	printf '%-34s %4d s\n' "$result" $((SECONDS - start))
	[ "$status" -ne 77 ] || tail -n 1 "$log" | sed 's/^/  /'
	reasons_of_pytest "$log"
	[ "$f" -eq 0 ]
}

# --- The steps ------------------------------------------------------------------

check_shell_scripts() {
	local scripts
	cd "$source"
	mapfile -t scripts < <(find . -type f -exec awk '
		FNR == 1 && /^#!.*[\/ ](ba|da)?sh$|^# shellcheck shell=/ {
			print FILENAME
		}' {} +)
	shellcheck --external-sources "${scripts[@]}"
}

check_python() {
	cd "$source"
	find . -name '*.py' -exec pyflakes3 {} +
}

check_format() {
	cd "$source"
	command -v "$formatter" || {
		echo "$formatter is not here: the format is not checked"
		return 77
	}
	[ -e .clang-format ]
	find src tests -name '*.[ch]' -exec "$formatter" --dry-run --Werror {} +
}

# build DIRECTORY OPTION...: out of tree.
build() {
	local directory=$1
	shift
	mkdir "$directory"
	cd "$directory"
	"$source/configure" "$@"
	make -j"$(nproc)"
}

# limited COMMAND...: by time under CI. For a user it would take the command out
# of the reach of Ctrl-C.
limited() {
	if [ "${CI:-}" = true ]; then
		timeout --verbose --kill-after=30s "$limit" "$@"
	else
		"$@"
	fi
}

# VERBOSE: the log of a test that failed becomes part of ours.
check() {
	limited make -C "$1" -j"$(nproc)" --keep-going check VERBOSE=1
}

end_to_end() {
	cd "$source/tests/e2e"
	# Debian's Python, which has Debian's pytest.
	export CEM_PROGRAM=$1/$program
	limited /usr/bin/python3 -m pytest --tb=short
}

# Without the program: what is asked of promtool.
alerting_rules() {
	cd "$source/tests/rules"
	limited /usr/bin/python3 -m pytest --tb=short
}

# needs FILE COMMAND...: fails at once if what should have made it failed.
needs() {
	[ -e "$1" ] || {
		echo "$1 is missing: an earlier step failed"
		return 1
	}
	shift
	"$@"
}

steps() {
	local plain=$work/plain sanitized=$work/sanitized

	run packages "What is missing is installed" none \
		install_packages "${packages[@]}" || return
	run sources "Sources are copied" none copy_sources "$source" || return
	run shellcheck "Shell scripts" one check_shell_scripts
	run python "Python sources" one check_python
	run format "Format of the C sources" one check_format
	run bootstrap "./bootstrap" none "$source/bootstrap"

	run build "Build, warnings are errors" none \
		build "$plain" --enable-werror
	run unit "Unit and contract tests" "automake:$plain" \
		needs "$plain/$program" check "$plain"
	run install "make install" ok \
		needs "$plain/$program" \
		"$source/tests/install/test_install.sh" "$plain"
	run distcheck "make distcheck" one \
		needs "$plain/$program" \
		limited make -C "$plain" -j"$(nproc)" distcheck
	run package "Debian package" ok \
		needs "$plain/$program" \
		limited "$source/tests/package/test_package.sh" "$plain"
	run booted "A booted Debian" ok \
		needs "$plain/package.deb" \
		limited "$source/tests/package/test_booted.sh" \
		"$plain/package.deb"

	run rules "Alerting rules" pytest alerting_rules

	run build-sanitized "Build with sanitizers" none \
		build "$sanitized" --enable-werror --enable-sanitizers
	run unit-sanitized "Unit and contract tests, sanitizers" \
		"automake:$sanitized" \
		needs "$sanitized/$program" check "$sanitized"

	run kube-apiserver "A real API server (5 minutes the first time)" none \
		"$source/tests/kube-apiserver/build.sh"
	run traefik "A real Traefik (7 minutes the first time)" none \
		"$source/tests/traefik/build.sh"
	run crds "Kinds that are not built in" none \
		"$source/tests/kube-apiserver/crds.sh"
	run dashboard "Grafana's types (a minute the first time)" none \
		"$source/tests/dashboard/build.sh"
	run e2e "End to end" pytest \
		needs "$plain/$program" end_to_end "$plain"
	run e2e-sanitized "End to end, sanitizers" pytest \
		needs "$sanitized/$program" end_to_end "$sanitized"
}

report() {
	local failure
	for failure in ${failures[@]+"${failures[@]}"}; do
		echo
		echo "FAILED: ${failure%%|*}"
		echo "  ${failure#*|}"
		[ "${CI:-}" != true ] ||
			tail -n "$log_lines" "${failure#*|}" | sed 's/^/  | /'
	done
	if [ "${CI:-}" = true ] && [ "$skipped" -gt 0 ]; then
		printf '\nUnder CI=true a skipped test is a failure.\n'
	fi
	printf '\n%d passed, %d failed, %d skipped\n' \
		"$passed" "$failed" "$skipped"
}

# The lock is this file's: it leaves nothing behind.
exec 8<"${BASH_SOURCE[0]}"
flock --nonblock 8 || fail "another check is at work in this checkout"

# What a failed distcheck leaves is read-only.
[ ! -e "$work" ] || chmod -R u+w "$work"
rm -rf "$work"
mkdir -p "$logs" || exit

# A size that cannot be had is an error like any other, and tested as such.
ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:allocator_may_return_null=1
ASAN_OPTIONS+=:detect_stack_use_after_return=1
export ASAN_OPTIONS
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1

trap 'exit 130' INT
trap 'exit 143' TERM
steps
report
[ "$failed" -eq 0 ] && { [ "${CI:-}" != true ] || [ "$skipped" -eq 0 ]; }
