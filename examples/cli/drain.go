package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/examples/internal/deployment"
)

func drainCommand(c cloud) *cobra.Command {
	return outcomeCommand(c, &cobra.Command{
		Use:   "drain INSTANCE",
		Short: "Hide one worker from schedule servers; its address and name stay",
		Long: `Hide one bound worker from schedule servers at once, and until undrain. Its
address, its name and its allocated flag stay as they are, so sessions can end.
Draining alone never unbinds a worker: its end does.`,
		Args: usageArgs(cobra.MatchAll(cobra.ExactArgs(1), instanceIDs)),
	}, func(ctx context.Context, b deployment.Binder, ids []string) ([]binder.Outcome, error) {
		return one(b.Drain(ctx, ids[0]))
	})
}

func undrainCommand(c cloud) *cobra.Command {
	return outcomeCommand(c, &cobra.Command{
		Use:   "undrain INSTANCE",
		Short: "Show one drained worker to schedule servers again",
		Long: `Show one drained worker to schedule servers again, with its allocated flag as
they left it. One that is stopped stays hidden until it runs again.`,
		Args: usageArgs(cobra.MatchAll(cobra.ExactArgs(1), instanceIDs)),
	}, func(ctx context.Context, b deployment.Binder, ids []string) ([]binder.Outcome, error) {
		return one(b.Undrain(ctx, ids[0]))
	})
}
