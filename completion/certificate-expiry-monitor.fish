# SPDX-License-Identifier: Apache-2.0
#
# Completes the command line of certificate-expiry-monitor in fish: options,
# the words of closed choices, files, and by a kubectl that is there contexts
# and namespaces.

# Asks kubectl, for whom the command line names: shortly, and silently if it
# cannot tell.
function __certificate_expiry_monitor_kubectl
    command -q kubectl; or return
    set -l words (commandline -opc)
    set -l access
    for i in (seq 2 (count $words))
        switch $words[$i]
            case '--kubeconfig=*' '--context=*'
                set -a access $words[$i]
            case --kubeconfig --context
                set -a access $words[$i]=$words[(math $i + 1)]
        end
    end
    timeout 3 kubectl --request-timeout=2s $access $argv </dev/null 2>/dev/null
end

function __certificate_expiry_monitor_namespaces
    set -l names (__certificate_expiry_monitor_kubectl get namespaces -o name |
        string replace namespace/ '')
    # A list: after the items that are there.
    test -z "$names"; or __fish_append , $names
end

set -l complete complete -c certificate-expiry-monitor

$complete -f
$complete -l namespaces -x -a '(__certificate_expiry_monitor_namespaces)' -d 'Namespaces to search'
$complete -l labels -x -d 'Label selector'
$complete -l domains -x -d 'Domains to probe on each pod'
$complete -l ingress-namespaces -x -a '(__certificate_expiry_monitor_namespaces)' -d 'Take domains from Ingress objects there'
$complete -l ingress-class -x -d 'Only from Ingress objects of this class'
$complete -l ignored-domains -x -d 'Domains to leave out'
$complete -l port -x -d 'Number, or name of a container port'
$complete -l unready -d 'Probe pods that are not Ready as well'
$complete -l host-ip -d 'Connect to the address of the node'
$complete -l proxy-protocol -x -a 'v1 v2' -d 'Send a PROXY header first'
$complete -l node -x -d 'Only pods bound to this node'
$complete -l pods-file -r -F -d 'Read the pods from a file'
$complete -l starttls -x -a 'smtp imap pop3 ldap postgres mysql' -d 'Ask for TLS in this protocol first'
$complete -l handshake -x -a 'full certificate' -d 'How far the handshake goes'
$complete -l key-types -x -a '(__fish_append , rsa ecdsa)' -d 'Probe once for each type of key'
$complete -l ca-file -r -F -d 'What chains are verified against'
$complete -l timeout -x -d 'For each connection'
$complete -l config -r -F -d 'Configuration file'
$complete -l kubeconfig -r -F -d 'API access'
$complete -l context -x -a '(__certificate_expiry_monitor_kubectl config get-contexts -o name)' -d 'Context of the kubeconfig'
$complete -l concurrency -x -d 'Connections in flight'
$complete -l deadline -x -d 'For the whole run'
$complete -l output -r -F -d 'Textfile to replace'
$complete -l state-file -r -F -d 'What is remembered from run to run'
$complete -l metrics -x -a 'standard full summary mux' -d 'Which metrics are written'
$complete -l max-series -x -d 'Above it the summary is written'
$complete -l report -x -a 'table json none' -d 'What is shown at the end'
$complete -l warn -x -d 'Yellow below this time to expiry'
$complete -l crit -x -d 'Red below this time to expiry'
$complete -l check -d 'Exit 3 if a pair is bad'
$complete -l log-level -x -a 'debug info warning error' -d 'Which messages are shown'
$complete -l list-targets -d 'Show what would be probed'
$complete -l check-config -d 'Show whether the configuration is good'
$complete -l version -d 'Show the version'
$complete -l help -d 'Show the options'
