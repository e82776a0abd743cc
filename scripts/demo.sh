#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Shows what certificate-expiry-monitor is for, on one machine and with no
# cluster: a pool of three real TLS servers behind a TCP load balancer, one of
# which has stopped renewing its certificate. For Debian 12 or newer, as root or
# with sudo; installs what is missing, and leaves nothing else behind.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

domain=shop.example.com
balancer=127.77.0.10
addresses=(127.77.0.11 127.77.0.12 127.77.0.13)
pods=(edge-1 edge-2 edge-3)
# Certificates of 90 days. Two servers renewed theirs a month before the end,
# as one does; the third one's ran out three days ago.
begins=('-33 days' '-33 days' '-93 days')
ends=('+57 days +1 hour' '+57 days +1 hour' '-3 days')
now=$(date -u '+%F %T UTC')
checks=9

# --- Steps, and what is left of them ------------------------------------------

work=$(mktemp -d --tmpdir certificate-expiry-monitor-demo.XXXXXX)
servers=()

clean_up() {
	local status=$?
	trap '' HUP INT TERM
	stop_servers
	rm -rf "$work"
	exit "$status"
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# shown COMMAND...: the command as one would type it, and what it prints.
shown() {
	local word line="\$"
	for word; do
		if [ $((${#line} + ${#word})) -gt 76 ]; then
			echo "$line \\"
			line="   "
		fi
		line+=" $word"
	done
	echo "$line"
	"$@"
}

heading() {
	printf '\n%s\n\n' "$*"
}

# --- A pool of servers ----------------------------------------------------------

# make_key_and_request NAME SUBJECT
make_key_and_request() {
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$work/$1.key" -subj "$2" -out "$work/$1.csr"
}

# sign NAME EXTENSIONS BEGIN END OPTION...: by the throw-away authority; "ca" is
# the openssl command that takes any dates.
sign() {
	local name=$1 extensions=$2 begin=$3 end=$4
	shift 4
	openssl ca -batch -config "$work/ca.conf" -extensions "$extensions" \
		-notext -in "$work/$name.csr" -out "$work/$name.crt" \
		-startdate "$(date -u -d "$now $begin" +%Y%m%d%H%M%SZ)" \
		-enddate "$(date -u -d "$now $end" +%Y%m%d%H%M%SZ)" "$@"
}

make_certificates() {
	local i
	cat >"$work/ca.conf" <<-EOF
		[ca]
		default_ca = throw_away
		[throw_away]
		database = $work/ca.index
		new_certs_dir = $work
		certificate = $work/ca.crt
		private_key = $work/ca.key
		rand_serial = yes
		unique_subject = no
		default_md = sha256
		policy = any
		[any]
		commonName = supplied
		[authority]
		basicConstraints = critical, CA:TRUE
		keyUsage = critical, keyCertSign
		subjectKeyIdentifier = hash
		[server]
		subjectAltName = DNS:$domain
		extendedKeyUsage = serverAuth
		authorityKeyIdentifier = keyid
	EOF
	: >"$work/ca.index"
	make_key_and_request ca "/CN=Throw-away CA" || return
	sign ca authority '-1 year' '+1 year' -selfsign || return
	for i in "${!pods[@]}"; do
		make_key_and_request "${pods[i]}" "/CN=$domain" &&
			sign "${pods[i]}" server "${begins[i]}" "${ends[i]}" ||
			return
	done
}

# nginx_conf POD ADDRESS PORT
nginx_conf() {
	cat <<-EOF
		daemon off;
		master_process off;
		pid $work/$1.pid;
		error_log $work/$1.log;
		events { worker_connections 64; }
		http {
			access_log off;
			client_body_temp_path $work;
			proxy_temp_path $work;
			fastcgi_temp_path $work;
			uwsgi_temp_path $work;
			scgi_temp_path $work;
			server {
				listen $2:$3 ssl;
				ssl_certificate $work/$1.crt;
				ssl_certificate_key $work/$1.key;
				return 204;
			}
		}
	EOF
}

# haproxy_conf PORT: takes no notice of what goes through it, as TCP load
# balancers do.
haproxy_conf() {
	local i
	cat <<-EOF
		global
			maxconn 64
		defaults
			mode tcp
			timeout connect 5s
			timeout client 5s
			timeout server 5s
		listen $domain
			bind $balancer:$1
			balance roundrobin
	EOF
	for i in "${!pods[@]}"; do
		echo "	server ${pods[i]} ${addresses[i]}:$1"
	done
}

# As the API would list them, or "kubectl get pods -o json".
pod_list() {
	local i separator=
	echo '{"apiVersion": "v1", "kind": "PodList", "items": ['
	for i in "${!pods[@]}"; do
		cat <<-EOF
			$separator{"metadata": {"name": "${pods[i]}", "namespace": "edge"},
			 "status": {"phase": "Running", "podIP": "${addresses[i]}",
			            "conditions": [{"type": "Ready", "status": "True"}]}}
		EOF
		separator=,
	done
	echo ']}'
}

# is_busy PORT: somebody listens there, on whatever address.
is_busy() {
	[ -n "$(ss --no-header --listening --tcp --numeric "sport = :$1")" ]
}

# serve ADDRESS COMMAND...: starts a server that also ends if this script is
# killed, and waits until it is there. Fails if it ends, or if somebody else has
# the address.
serve() {
	local address=$1 tries listening
	shift
	setpriv --pdeathsig KILL -- "$@" &
	servers+=($!)
	for ((tries = 0; tries < 200; tries++)); do
		listening=$(ss --no-header --listening --tcp --numeric --processes \
			"src $address:$port")
		case $listening in
		*"pid=$!,"*) return 0 ;;
		?*) return 1 ;;
		esac
		kill -0 $! || return
		sleep 0.05
	done
	return 1
}

serve_pool() {
	local i
	for i in "${!pods[@]}"; do
		nginx_conf "${pods[i]}" "${addresses[i]}" "$port" \
			>"$work/${pods[i]}.conf"
		serve "${addresses[i]}" nginx -e "$work/${pods[i]}.log" \
			-p "$work" -c "$work/${pods[i]}.conf" || return
	done
	haproxy_conf "$port" >"$work/haproxy.conf"
	serve "$balancer" haproxy -db -f "$work/haproxy.conf"
}

# On the first port that nobody has. Two demonstrations that start at once want
# the same one: who gets the first address, has it.
start_servers() {
	for ((port = 8443; port < 8543; port++)); do
		! is_busy "$port" || continue
		! serve_pool || return 0
		stop_servers
	done
	return 1
}

# By force: nginx sleeps through a gentle signal that comes while it starts.
stop_servers() {
	[ "${#servers[@]}" -gt 0 ] || return 0
	kill -KILL "${servers[@]}" 2>/dev/null || true
	wait "${servers[@]}" 2>/dev/null || true
	servers=()
}

# --- What one sees ----------------------------------------------------------------

check_through_balancer() {
	local i fine=0
	echo "\$ openssl s_client -connect $balancer:$port -servername $domain |"
	echo "    openssl x509 -noout -checkend 0"
	for ((i = 0; i < checks; i++)); do
		if openssl s_client -connect "$balancer:$port" \
			-servername "$domain" </dev/null 2>/dev/null |
			openssl x509 -noout -checkend 0 >/dev/null; then
			printf '  fine'
			fine=$((fine + 1))
		else
			printf '  EXPIRED'
		fi
	done
	printf '\n%d of %d are fine, and one that fails is fine when tried again.\n' \
		"$fine" "$checks"
	[ "$fine" -eq $((checks * 2 / 3)) ] ||
		fail "the load balancer did not spread the checks over the pool"
}

# textfile_in_part FILE: what there is of the server that did not renew, and of
# its pool; "..." stands for other lines.
textfile_in_part() {
	awk -v pod="pod=\"${pods[2]}\"" '
		function show() { print (cut ? "...\n" : "") $0; cut = 0 }
		index($0, pod) && /monitor_certificate{.*"} 1$/ { show(); next }
		index($0, pod) && /_(not_after|until|lag)_/ { show(); next }
		/monitor_distinct_certs{/ { show(); next }
		{ cut = 1 }
		END { if (cut) print "..." }' "$1"
}

step "Installing what is missing" install_packages "${build_packages[@]}" \
	nginx haproxy openssl iproute2 prometheus
step "Building" build_program "$work"
step "Making certificates" make_certificates
step "Starting three servers, a load balancer" start_servers

heading "Is the certificate of $domain still valid? $checks checks:"
check_through_balancer

heading "The same question, put to every pod:"
pod_list >"$work/pods.json"
mkdir "$work/textfiles" "$work/state"
textfile=textfiles/certificate_expiry_monitor.prom
cd "$work"
PATH=$work/build:$PATH
# What it remembers from run to run would otherwise be this machine's.
export STATE_DIRECTORY=$work/state
shown certificate-expiry-monitor --pods-file=pods.json --domains="$domain" \
	--port="$port" --ca-file=ca.crt --output="$textfile" --report=table \
	--log-level=warning

heading "What node_exporter then has for Prometheus ($(grep -vc '^#' "$textfile") series, in part):"
textfile_in_part "$textfile"

heading "What Prometheus' own tool finds wrong with it:"
echo "\$ promtool check metrics <$textfile"
promtool check metrics <"$textfile" ||
	fail "promtool finds fault with $textfile"
echo "Nothing."
