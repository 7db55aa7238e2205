package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/eipbinder/eipbinder/examples/cli/internal/report"
	"github.com/eipbinder/eipbinder/examples/internal/deployment"
	"github.com/eipbinder/eipbinder/store"
)

func pauseCommand(c cloud) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "pause --reason TEXT",
		Short: "Stop every action of every binder on these records, until resume",
		Long: `Stop every action of every binder on these records, until resume. What is bound
stays bound, and what a call is in the middle of, it finishes. Meanwhile the
commands that would change a worker say that they wait, and why; sweep
--dry-run goes on. Pausing again replaces the reason.

Only the store's settings are needed: this works however wrong the rest of the
configuration is.`,
		Args: usageArgs(cobra.NoArgs),
	}
	addSettings(cmd, deployment.StoreSettings())
	reason := cmd.Flags().String("reason", "", "why; everybody who has to wait is told (required)")
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if strings.TrimSpace(*reason) == "" {
			return usage(fmt.Errorf("--reason is missing or empty: say why, for those who have to wait; see %s --help", cmd.CommandPath()))
		}
		p, err := c.pauser(cmd)
		if err != nil {
			return err
		}
		if err := p.Pause(cmd.Context(), *reason); err != nil {
			return err
		}
		return pauseState{Paused: true, Reason: *reason}.show(cmd.OutOrStdout(), *asJSON)
	}
	return cmd
}

func resumeCommand(c cloud) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "resume",
		Short: "End a pause, if there is one",
		Args:  usageArgs(cobra.NoArgs),
	}
	addSettings(cmd, deployment.StoreSettings())
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		p, err := c.pauser(cmd)
		if err != nil {
			return err
		}
		if err := p.Resume(cmd.Context()); err != nil {
			return err
		}
		return pauseState{}.show(cmd.OutOrStdout(), *asJSON)
	}
	return cmd
}

// pauser returns the pause switch in the store.
func (c cloud) pauser(cmd *cobra.Command) (store.Pauser, error) {
	records, err := c.openRecords(cmd)
	if err != nil {
		return nil, err
	}
	p, ok := records.(store.Pauser)
	if !ok {
		return nil, usage(fmt.Errorf("the store %T has no pause switch: use one that implements store.Pauser", records))
	}
	return p, nil
}

// pauseState is what the switch was set to.
type pauseState struct {
	Paused bool   `json:"paused"`
	Reason string `json:"reason,omitempty"`
}

func (s pauseState) show(w io.Writer, asJSON bool) error {
	if asJSON {
		return report.Lines(w, []pauseState{s})
	}
	text := "ok: not paused"
	if s.Paused {
		text = "ok: paused: " + s.Reason
	}
	_, err := fmt.Fprintln(w, text)
	return err
}
