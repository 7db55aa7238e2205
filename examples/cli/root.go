package main

import (
	"github.com/spf13/cobra"
)

// newRoot returns the command tree. Nothing is opened before a command that
// needs it runs.
func newRoot(c cloud) *cobra.Command {
	root := &cobra.Command{
		Use:   "eipbinder",
		Short: "Bind Elastic IP addresses and DNS names to workers",
		Long: `eipbinder gives EC2 workers an Elastic IP address of a tagged pool and a DNS
name, and takes both back. The demo needs no AWS account; the other commands
work on the account of the usual AWS_* variables, and on other endpoints by
AWS_ENDPOINT_URL_EC2, AWS_ENDPOINT_URL_ROUTE_53 and AWS_ENDPOINT_URL_DYNAMODB.
They are configured like the Lambda function, by the file with profiles that
EIPBINDER_CONFIG names, or by other EIPBINDER_* variables; a command's help shows
these, in brackets, beside the flags that override them.

Records are kept in DynamoDB if a table is named, or as EIPBINDER_STORE says.
Otherwise they are in a SQLite file of yours, one for each Region; have one for
each account, too, if you use several. "eipbinder check" shows which it is.

` + exitHelp,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          usageArgs(cobra.NoArgs), // an unknown command is an argument too many
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageArgs(func(*cobra.Command, []string) error { return err })(cmd, nil)
	})
	root.AddCommand(
		demoCommand(), bindCommand(c), unbindCommand(c), reconcileCommand(c), drainCommand(c), undrainCommand(c),
		sweepCommand(c), prewarmCommand(c), adoptCommand(c), pauseCommand(c), resumeCommand(c),
		listCommand(c), checkCommand(c), tablesCommand(c), awssimCommand(),
	)
	return root
}
