#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Makes prometheus/certificate-expiry-monitor.prometheusrule.yaml, for
# prometheus-operator, of the plain rule file beside it. To be run after each
# change of that; a test compares the two.
set -eu

cd "$(dirname "$0")/../prometheus"
name=certificate-expiry-monitor
{
	cat <<-END
		# SPDX-License-Identifier: Apache-2.0
		#
		# Made by scripts/prometheusrule.sh of $name.rules.yaml.
		apiVersion: monitoring.coreos.com/v1
		kind: PrometheusRule
		metadata:
		  name: $name
		  labels:
		    app.kubernetes.io/name: $name
		spec:
	END
	sed -n '/^groups:/,$ { /./ s/^/  /; p; }' $name.rules.yaml
} >$name.prometheusrule.yaml.new
mv $name.prometheusrule.yaml.new $name.prometheusrule.yaml
