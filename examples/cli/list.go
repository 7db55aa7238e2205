package main

import (
	"github.com/spf13/cobra"

	"github.com/eipbinder/eipbinder/examples/cli/internal/report"
	"github.com/eipbinder/eipbinder/examples/internal/deployment"
	"github.com/eipbinder/eipbinder/store"
)

func listCommand(c cloud) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the records of all addresses that were ever bound",
		Args:  usageArgs(cobra.NoArgs),
	}
	addSettings(cmd, deployment.StoreSettings())
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		records, err := c.openRecords(cmd)
		if err != nil {
			return err
		}
		var all []store.Record
		for r, err := range records.List(cmd.Context(), store.Filter{}) {
			if err != nil {
				return err
			}
			all = append(all, r)
		}
		return report.Records(cmd.OutOrStdout(), all, *asJSON)
	}
	return cmd
}
