// SPDX-License-Identifier: Apache-2.0

// Reads a dashboard by the types that Grafana publishes of its own: a field that
// it does not know, one that is missing, a word or a type that it does not take
// is a complaint, down to the options of each panel.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// The kinds of panels there may be. Options of others would not be looked at.
func panels() map[string]variants.PanelcfgConfig {
	return map[string]variants.PanelcfgConfig{
		"stat":       stat.VariantConfig(),
		"table":      table.VariantConfig(),
		"timeseries": timeseries.VariantConfig(),
	}
}

// none says whether there is no error in it: a list of none is no nil.
func none(err error) bool {
	var list cog.BuildErrors
	return err == nil || errors.As(err, &list) && len(list) == 0
}

func check(path string) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var read dashboard.Dashboard
	if err := read.UnmarshalJSONStrict(raw); !none(err) {
		return err
	}
	if err := read.Validate(); !none(err) {
		return err
	}
	for _, each := range read.Panels {
		if each.Panel == nil {
			continue // a row
		}
		if _, known := panels()[each.Panel.Type]; !known {
			return fmt.Errorf("a panel is of type %q", each.Panel.Type)
		}
	}
	return nil
}

func main() {
	runtime := cog.NewRuntime()
	for _, panel := range panels() {
		runtime.RegisterPanelcfgVariant(panel)
	}
	runtime.RegisterDataqueryVariant(prometheus.VariantConfig())
	status := 0
	for _, path := range os.Args[1:] {
		if err := check(path); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", path, err)
			status = 1
		}
	}
	os.Exit(status)
}
