package main

import (
	"github.com/spf13/cobra"

	"github.com/eipbinder/eipbinder/examples/cli/internal/demo"
)

func demoCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show ten workers and eight addresses on a simulated AWS, in about 14 seconds",
		Long: `Launch ten workers in a burst on a simulated AWS with a pool of eight addresses,
terminate three of them, and show how bindings are made and taken back. At the
end the simulated account is compared with what must be; if it is not so, the
exit code is 1. No AWS account, network or configuration is needed.`,
		Args: usageArgs(cobra.NoArgs),
	}
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return demo.Run(cmd.Context(), cmd.OutOrStdout(), *asJSON)
	}
	return cmd
}
