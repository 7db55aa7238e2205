package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/examples/cli/internal/report"
)

func prewarmCommand(c cloud) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "prewarm",
		Short: "Publish the names of all free addresses, so that new workers wait for no DNS",
		Long: `Publish the names of all addresses of the pool that nobody holds, and wait until
they are in sync. A worker that is launched then waits for no DNS change. Names
that are published already stay as they are.

It takes --keep-names and a policy that names addresses. A sweep does the same.`,
		Args: usageArgs(cobra.NoArgs),
	}
	addSettings(cmd, binderSettings())
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		b, err := c.openBinder(cmd)
		if err != nil {
			return err
		}
		published, err := b.Prewarm(cmd.Context())
		if err == nil || published > 0 {
			if err := (prewarmed{published}).show(cmd.OutOrStdout(), *asJSON); err != nil {
				return err
			}
		}
		if errors.Is(err, binder.ErrConfig) {
			err = fmt.Errorf("%w (--keep-names)", err)
		}
		return sweepAdvice(err)
	}
	return cmd
}

// prewarmed is what Prewarm did.
type prewarmed struct {
	Published int `json:"published"`
}

func (p prewarmed) show(w io.Writer, asJSON bool) error {
	if asJSON {
		return report.Lines(w, []prewarmed{p})
	}
	_, err := fmt.Fprintf(w, "names published: %d\n", p.Published)
	return err
}
