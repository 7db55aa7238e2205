package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/eipbinder/eipbinder/examples/internal/deployment"
)

func tablesCommand(c cloud) *cobra.Command {
	tables := &cobra.Command{
		Use:   "tables",
		Short: "Manage the tables of the records",
		Args:  usageArgs(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	create := &cobra.Command{
		Use:   "create",
		Short: "Create the tables, unless they exist; in SQL databases, bring them to the newest schema",
		Args:  usageArgs(cobra.NoArgs),
	}
	addSettings(create, deployment.StoreSettings())
	create.RunE = func(cmd *cobra.Command, _ []string) error {
		config, err := c.storeConfig(cmd)
		if err != nil {
			return err
		}
		where, err := c.records.Create(cmd.Context(), config)
		if err != nil {
			return misconfigured(err)
		}
		_, err = fmt.Fprintln(cmd.OutOrStdout(), "ok: the tables are there: "+where)
		return err
	}
	tables.AddCommand(create)
	return tables
}
