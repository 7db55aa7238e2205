package main

import (
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/examples/cli/internal/report"
)

func adoptCommand(c cloud) *cobra.Command {
	var options binder.AdoptOptions
	cmd := &cobra.Command{
		Use:   "adopt",
		Short: "Take over what another system has bound before, such as the prototype",
		Long: `Write records for the pool's addresses that have none: for those that running
workers hold, and for those that nobody holds but names point at, so that
sweeps explain what is there and take it back when it is time. Rows of the
record table keep their flag "allocated". No association and no DNS record is
changed; the sweep after it publishes names that are missing, and removes names
and rows of workers that are gone.

Stop the other system first, and wait six minutes: calls that it has made may
still take effect. What is taken and what is left is shown, with the reason; what
has a record already is not. It may be repeated.`,
		Args: usageArgs(cobra.NoArgs),
	}
	addSettings(cmd, binderSettings())
	cmd.Flags().BoolVar(&options.DryRun, "dry-run", false, "say what would be taken, and change nothing")
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		b, err := c.openBinder(cmd)
		if err != nil {
			return err
		}
		all, err := b.Adopt(cmd.Context(), func(o *binder.AdoptOptions) { *o = options })
		if err == nil || len(all.Taken)+len(all.Left) > 0 {
			if err := showAdoption(cmd.OutOrStdout(), all, *asJSON); err != nil {
				return err
			}
		}
		return sweepAdvice(err)
	}
	return cmd
}

func showAdoption(w io.Writer, all binder.Adoption, asJSON bool) error {
	if asJSON {
		return report.Lines(w, []binder.Adoption{all})
	}
	verb := "TAKEN"
	if all.DryRun {
		verb = "WOULD TAKE"
	}
	var rows [][]string
	for _, part := range []struct {
		verb string
		all  []binder.Adopted
	}{{verb, all.Taken}, {"LEFT", all.Left}} {
		for _, a := range part.all {
			flag := ""
			if a.Allocated {
				flag = "allocated"
			}
			rows = append(rows, []string{part.verb, a.IP.String(), a.InstanceID, strings.TrimSuffix(a.Name, "."), flag, a.Reason})
		}
	}
	return report.Table(w, []string{"", "ADDRESS", "INSTANCE", "NAME", "FLAG", "WHY"}, rows)
}
