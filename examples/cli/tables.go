package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func tablesCommand(c cloud) *cobra.Command {
	tables := &cobra.Command{
		Use:   "tables",
		Short: "Manage the DynamoDB tables",
		Args:  usageArgs(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	create := &cobra.Command{
		Use:   "create",
		Short: "Create the two tables, unless they exist, and wait until they are active",
		Args:  usageArgs(cobra.NoArgs),
	}
	addSettings(create, tableSettings())
	create.RunE = func(cmd *cobra.Command, _ []string) error {
		config, err := c.tableConfig(cmd)
		if err != nil {
			return err
		}
		if err := c.createTables(cmd.Context(), config); err != nil {
			return misconfigured(err)
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "ok: tables %s and %s are there\n", config.RecordTable, config.BindingTable)
		return err
	}
	tables.AddCommand(create)
	return tables
}
