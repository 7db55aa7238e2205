package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/eipbinder/eipbinder/examples/internal/deployment"
)

// binderSettings are the settings of a deployment that commands have as flags.
func binderSettings() []deployment.Setting {
	return slices.DeleteFunc(deployment.Settings(), func(s deployment.Setting) bool {
		return s.Variable == "" || s.Variable == deployment.EnvCheck // a file's, a Lambda function's
	})
}

// flagName is the setting's flag, which overrides its variable.
func flagName(s deployment.Setting) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(s.Variable, "EIPBINDER_")), "_", "-")
}

func addSettings(cmd *cobra.Command, settings []deployment.Setting) {
	for _, s := range settings {
		text := s.Meaning
		if s.Default != "" {
			text += " (default " + s.Default + ")"
		}
		cmd.Flags().String(flagName(s), "", text+" ["+s.Variable+"]")
	}
}

// overridden returns getenv with the flags that were given in front of it.
func overridden(cmd *cobra.Command, getenv func(string) string) func(string) string {
	given := map[string]string{}
	for _, s := range binderSettings() {
		if flag := cmd.Flags().Lookup(flagName(s)); flag != nil && flag.Changed {
			given[s.Variable] = flag.Value.String()
		}
	}
	return func(variable string) string {
		if value, ok := given[variable]; ok {
			return value
		}
		return getenv(variable)
	}
}
