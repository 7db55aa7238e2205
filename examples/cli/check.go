package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/examples/cli/internal/records"
	"github.com/eipbinder/eipbinder/examples/cli/internal/report"
	"github.com/eipbinder/eipbinder/store"
)

func checkCommand(c cloud) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check the configuration, and that tables, zones and pools are as it says; change nothing",
		Args:  usageArgs(cobra.NoArgs),
	}
	addSettings(cmd, binderSettings())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		config, err := c.config(cmd)
		if err != nil {
			return err
		}
		b, where, err := c.binder(cmd.Context(), config)
		if err != nil {
			return err
		}
		if err := b.Check(cmd.Context()); err != nil {
			return misconfigured(err)
		}
		if err := report.Profiles(cmd.OutOrStdout(), config.Profiles); err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "records: %s\nok: the tables have their schema, the zones hold the suffixes, no pool is empty\n", where)
		return err
	}
	return cmd
}

// misconfigured marks what Check finds if it is the configuration that is to
// be changed, and not a permission or the network.
func misconfigured(err error) error {
	for _, kind := range []error{records.ErrNoTables, binder.ErrConfig, dnspolicy.ErrNotFound, dnspolicy.ErrInvalid, store.ErrNotFound, store.ErrInvalid} {
		if errors.Is(err, kind) {
			return usage(err)
		}
	}
	return err
}
