package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/examples/cli/internal/report"
)

func sweepCommand(c cloud) *cobra.Command {
	var options binder.SweepOptions
	cmd := &cobra.Command{
		Use:   "sweep",
		Short: "Bring all workers, addresses and names to what should be, or say what that takes",
		Long: `Look at all workers, addresses, names and records, and do what there is to do:
what lost events would have done, what dead processes left, and repairs. What
no record explains is shown as FOUND, the worst first, and is not touched.

Everything is read first; a read that fails ends the sweep before it changes
anything. So do a pause, and the cap on how many bindings and names it takes
back at once; both show what there would have been to do.

Findings alone do not fail a sweep. A worker on which it fails does, also if
that is because cloud and record contradict each other.`,
		Args: usageArgs(cobra.NoArgs),
	}
	addSettings(cmd, binderSettings())
	cmd.Flags().BoolVar(&options.DryRun, "dry-run", false, "say what would be done first for each worker, and change nothing")
	cmd.Flags().BoolVar(&options.Force, "force", false, "take back more bindings and names at once than the cap allows")
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		b, err := c.openBinder(cmd)
		if err != nil {
			return err
		}
		swept, err := b.Sweep(cmd.Context(), func(o *binder.SweepOptions) { *o = options })
		if planned := err == nil || swept.DryRun || swept.Outcomes != nil; planned {
			if err := showSweep(cmd.OutOrStdout(), swept, *asJSON); err != nil {
				return err
			}
		}
		if err == nil {
			err = waiting(swept.Outcomes)
		}
		return sweepAdvice(err)
	}
	return cmd
}

func showSweep(w io.Writer, swept binder.Report, asJSON bool) error {
	if asJSON {
		return report.Lines(w, []binder.Report{swept})
	}
	return swept.WriteText(w)
}

// sweepAdvice names the commands that help a sweep which was stopped.
func sweepAdvice(err error) error {
	switch {
	case errors.Is(err, binder.ErrPaused):
		return fmt.Errorf("%w; eipbinder resume ends the pause", err)
	case errors.Is(err, binder.ErrBlastRadius):
		return fmt.Errorf("%w (--dry-run, --force)", err)
	}
	return err
}
