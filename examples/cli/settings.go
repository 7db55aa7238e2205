package main

import (
	"github.com/spf13/cobra"

	"github.com/eipbinder/eipbinder/examples/internal/deployment"
)

// setting is one setting of a deployment: a flag that overrides a variable.
type setting struct{ flag, variable, usage string }

func tableSettings() []setting {
	return []setting{
		{"config", deployment.EnvConfig, "configuration file with profiles; with it, no other setting may be given"},
		{"record-table", deployment.EnvRecordTable, `table that schedule servers read (default "record_table")`},
		{"binding-table", deployment.EnvBindingTable, `the binder's own table (default "binding_table")`},
	}
}

func binderSettings() []setting {
	return append(tableSettings(),
		setting{"suffix", deployment.EnvSuffix, "domain of the workers' names, such as media.example.com"},
		setting{"zone-id", deployment.EnvHostedZoneID, "public hosted zone that holds the suffix"},
		setting{"pool-tags", deployment.EnvPoolTags, "tags of the addresses to use, such as Pool=media,App=streaming"},
		setting{"instance-tags", deployment.EnvInstanceTags, "tags of the workers, such as karpenter.sh/nodepool=media"},
		setting{"policy", deployment.EnvPolicy, "names: one of " + deployment.PolicyHelp + ", or several with || between them, which are tried in turn (default \"dotted-ip\")"},
		setting{"records", deployment.EnvRecords, "more record sets: " + deployment.RecordsHelp + ", or several with || between them"},
		setting{"covered-by-wildcard", deployment.EnvCoveredByWildcard, "true: only names that a wildcard certificate for the suffix covers (default false)"},
		setting{"reverse-names", deployment.EnvReverseNames, "true: set the addresses' reverse names, too (default false)"},
		setting{"ttl", deployment.EnvTTL, "TTL of the names (default 60s)"},
		setting{"cool-down", deployment.EnvCoolDown, "how long a freed address is not reused (default 2m)"},
		setting{"stop-grace", deployment.EnvStopGrace, "how long a stopped worker keeps its binding (default 10m)"},
		setting{"lease", deployment.EnvLease, "how long one process may act on a record before another takes over (default 1m)"},
		setting{"late-calls", deployment.EnvLateCalls, "how long after that lease began its calls may still take effect (default: the lease and 5m)"},
		setting{"confirm-after", deployment.EnvConfirmAfter, "how far apart two observations must be that prove an absence (default 5m)"},
		setting{"keep-names", deployment.EnvKeepNames, "true: leave the names of freed addresses published (default false)"},
		setting{"record-tags", deployment.EnvRecordTags, "keys of instance tags that schedule servers see"},
		setting{"binder-id", deployment.EnvBinderID, `name of the deployment in its records (default "eipbinder")`},
	)
}

func addSettings(cmd *cobra.Command, settings []setting) {
	for _, s := range settings {
		cmd.Flags().String(s.flag, "", s.usage+" ["+s.variable+"]")
	}
}

// overridden returns getenv with the flags that were given in front of it.
func overridden(cmd *cobra.Command, getenv func(string) string) func(string) string {
	given := map[string]string{}
	for _, s := range binderSettings() {
		if flag := cmd.Flags().Lookup(s.flag); flag != nil && flag.Changed {
			given[s.variable] = flag.Value.String()
		}
	}
	return func(variable string) string {
		if value, ok := given[variable]; ok {
			return value
		}
		return getenv(variable)
	}
}
