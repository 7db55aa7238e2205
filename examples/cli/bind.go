package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/spf13/cobra"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/examples/cli/internal/report"
	"github.com/eipbinder/eipbinder/examples/internal/deployment"
)

func bindCommand(c cloud) *cobra.Command {
	return outcomeCommand(c, &cobra.Command{
		Use:   "bind INSTANCE",
		Short: "Bind an address and a name to one worker",
		Long: `Bind an address and a name to one running worker, and wait until DNS is in
sync. A worker that is bound already stays as it is; one that is not running
is left alone.`,
		Args: usageArgs(cobra.MatchAll(cobra.ExactArgs(1), instanceIDs)),
	}, func(ctx context.Context, b deployment.Binder, ids []string) ([]binder.Outcome, error) {
		return one(b.Bind(ctx, ids[0]))
	})
}

func unbindCommand(c cloud) *cobra.Command {
	var force bool
	cmd := outcomeCommand(c, &cobra.Command{
		Use:   "unbind INSTANCE",
		Short: "Take one worker's address and name back",
		Long: `Take one worker's address and name back. The next reconcile binds a running,
eligible worker again, unless its tags do not select it any more, or the
deployment is paused by then.`,
		Args: usageArgs(cobra.MatchAll(cobra.ExactArgs(1), instanceIDs)),
	}, func(ctx context.Context, b deployment.Binder, ids []string) ([]binder.Outcome, error) {
		outcomes, err := one(b.Unbind(ctx, ids[0], func(o *binder.UnbindOptions) { o.Force = force }))
		if errors.Is(err, binder.ErrServing) {
			err = fmt.Errorf("%w; --force does it nevertheless", err)
		}
		return outcomes, err
	})
	cmd.Flags().BoolVar(&force, "force", false, "also unbind a worker that is running and eligible, or that a schedule server has acquired")
	return cmd
}

func reconcileCommand(c cloud) *cobra.Command {
	return outcomeCommand(c, &cobra.Command{
		Use:   "reconcile INSTANCE...",
		Short: "Bring workers to what should be: bound, or unbound if they are gone",
		Args:  usageArgs(cobra.MatchAll(cobra.MinimumNArgs(1), instanceIDs)),
	}, func(ctx context.Context, b deployment.Binder, ids []string) ([]binder.Outcome, error) {
		return b.Reconcile(ctx, ids...)
	})
}

func one(o binder.Outcome, err error) ([]binder.Outcome, error) { return []binder.Outcome{o}, err }

// outcomeCommand completes a command that works on instances and shows what
// became of them.
func outcomeCommand(c cloud, cmd *cobra.Command, work func(context.Context, deployment.Binder, []string) ([]binder.Outcome, error)) *cobra.Command {
	addSettings(cmd, binderSettings())
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, ids []string) error {
		b, err := c.openBinder(cmd)
		if err != nil {
			return err
		}
		outcomes, err := work(cmd.Context(), b, ids)
		if err := report.Outcomes(cmd.OutOrStdout(), outcomes, *asJSON); err != nil {
			return err
		}
		if err == nil {
			err = waiting(outcomes)
		}
		return err
	}
	return cmd
}

func jsonFlag(cmd *cobra.Command) *bool {
	return cmd.Flags().Bool("json", false, "print JSON, one object on each line")
}

// waiting is errWaiting if any of the outcomes is a waiting one.
func waiting(outcomes []binder.Outcome) error {
	for _, o := range outcomes {
		if o.Status.Waiting() {
			return errWaiting
		}
	}
	return nil
}

// instanceIDs refuses arguments that no instance can have as its ID. EC2 would
// just not know them, which looks like an instance that is too new.
func instanceIDs(_ *cobra.Command, args []string) error {
	valid := regexp.MustCompile(`^i-([0-9a-f]{8}|[0-9a-f]{17})$`)
	for _, id := range args {
		if !valid.MatchString(id) {
			return fmt.Errorf("%q is not an instance ID, such as i-0123456789abcdef0", id)
		}
	}
	return nil
}
