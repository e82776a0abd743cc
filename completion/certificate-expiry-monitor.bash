# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Completes the command line of certificate-expiry-monitor in bash: options,
# the words of closed choices, files, and by a kubectl that is there contexts
# and namespaces. Both --option=VALUE and --option VALUE.

# Asks kubectl, for whom the command line names: shortly, and silently if it
# cannot tell. The words before the cursor are the caller's.
_certificate_expiry_monitor_kubectl() {
	local access=() i
	command -v kubectl >/dev/null || return
	for ((i = 1; i < ${#words[@]} - 1; i++)); do
		case ${words[i]} in
		--kubeconfig=* | --context=*) access+=("${words[i]}") ;;
		--kubeconfig | --context)
			access+=("${words[i]}=${words[i + 1]}")
			;;
		esac
	done
	timeout 3 kubectl --request-timeout=2s "${access[@]}" "$@" \
		</dev/null 2>/dev/null
}

_certificate_expiry_monitor() {
	local options='--namespaces= --labels= --domains= --ingress-namespaces=
		--ingress-class= --ignored-domains= --port= --unready --host-ip
		--proxy-protocol= --node= --pods-file= --starttls= --handshake=
		--key-types= --ca-file= --timeout= --config= --kubeconfig=
		--context= --concurrency= --deadline= --output= --state-file=
		--metrics= --max-series= --report= --warn= --crit= --check
		--log-level= --list-targets --check-config --version --help'
	local line=${COMP_LINE:0:COMP_POINT} piece=${COMP_WORDS[COMP_CWORD]}
	local words word option before='' value choices='' choice

	# Words as the program will see them; readline breaks them at = and :.
	read -ra words <<<"$line"
	[[ $line != *[[:space:]] ]] || words+=('')
	word=${words[-1]}
	if [[ $word == --*=* ]]; then
		option=${word%%=*} before=${word%%=*}= value=${word#*=}
	else
		option=${words[-2]} value=$word
	fi

	COMPREPLY=()
	case $option in
	--metrics) choices='standard full summary mux' ;;
	--report) choices='table json none' ;;
	--log-level) choices='debug info warning error' ;;
	--handshake) choices='full certificate' ;;
	--starttls) choices='smtp imap pop3 ldap postgres mysql' ;;
	--proxy-protocol) choices='v1 v2' ;;
	--key-types) choices='rsa ecdsa' ;;
	--context)
		choices=$(_certificate_expiry_monitor_kubectl \
			config get-contexts -o name)
		;;
	--namespaces | --ingress-namespaces)
		choices=$(_certificate_expiry_monitor_kubectl \
			get namespaces -o name)
		choices=${choices//namespace\//}
		;;
	--pods-file | --ca-file | --config | --kubeconfig | --output | \
		--state-file)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -P "$before" -f -- "$value")
		;;
	*)
		# Nothing is known of the value of another option.
		[[ -z $before && " $options " != *[[:space:]]"$option= "* ]] ||
			return
		choices=$options
		;;
	esac
	case $option in
	--key-types | --namespaces | --ingress-namespaces)
		# A list: its last item.
		before+=${value%"${value##*,}"} value=${value##*,}
		;;
	esac
	# Not by compgen -W, which would run what a name has in $().
	read -rd '' -a choices <<<"$choices"
	for choice in "${choices[@]}"; do
		[[ $choice == "$value"* ]] || continue
		printf -v choice %q "$choice"
		COMPREPLY+=("$before$choice")
	done
	[[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *= ]] ||
		compopt -o nospace
	# What readline has of the word already.
	[[ $piece != [=:] ]] || piece=
	COMPREPLY=("${COMPREPLY[@]#"${word%"$piece"}"}")
}

complete -F _certificate_expiry_monitor certificate-expiry-monitor
