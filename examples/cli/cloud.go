package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/spf13/cobra"

	"github.com/eipbinder/eipbinder/examples/cli/internal/records"
	"github.com/eipbinder/eipbinder/examples/internal/deployment"
	"github.com/eipbinder/eipbinder/store"
)

// cloud opens what the commands work on.
type cloud struct {
	getenv  func(string) string
	aws     func(context.Context) (aws.Config, error)
	records interface {
		Open(context.Context, deployment.Config) (records.Opened, error)
		Create(context.Context, deployment.Config) (where string, err error)
	}
	// opened is what to close at the end of a run.
	opened *[]records.Opened
}

// onAWS is the cloud of the environment's AWS account, or of other endpoints.
func onAWS(getenv func(string) string) cloud {
	return cloud{getenv: getenv, aws: loadAWS, records: records.Source{Getenv: getenv, AWS: loadAWS}}
}

func loadAWS(ctx context.Context) (aws.Config, error) {
	cfg, err := awsconfig.LoadDefaultConfig(ctx)
	if err != nil {
		return aws.Config{}, usage(err)
	}
	if cfg.Region == "" {
		return aws.Config{}, usage(errors.New("AWS_REGION is not set: set it, or the region of your AWS profile"))
	}
	return cfg, nil
}

// openBinder returns the Binder that flags and environment describe.
func (c cloud) openBinder(cmd *cobra.Command) (deployment.Binder, error) {
	config, err := c.config(cmd)
	if err != nil {
		return nil, err
	}
	b, _, err := c.binder(cmd.Context(), config)
	return b, err
}

// binder returns the configuration's Binder, and where its records are.
func (c cloud) binder(ctx context.Context, config deployment.Config) (b deployment.Binder, where string, err error) {
	opened, err := c.open(ctx, config)
	if err != nil {
		return nil, "", err
	}
	cfg, err := c.aws(ctx)
	if err != nil {
		return nil, "", err
	}
	b, err = deployment.Build(config, cfg, opened.Store)
	return b, opened.Where, usage(err)
}

// config returns the configuration that flags and environment describe.
func (c cloud) config(cmd *cobra.Command) (deployment.Config, error) {
	getenv := overridden(cmd, c.getenv)
	config, err := deployment.FromEnv(getenv)
	if err != nil && getenv(deployment.EnvConfig) == "" {
		err = fmt.Errorf("%w\nflags can be given instead: see %s --help", err, cmd.CommandPath())
	}
	return config, usage(err)
}

// storeConfig returns a configuration of which only the store is known: commands
// on the records have no other settings.
func (c cloud) storeConfig(cmd *cobra.Command) (deployment.Config, error) {
	config, err := deployment.StoreFromEnv(overridden(cmd, c.getenv))
	return config, usage(err)
}

// openRecords returns the store alone.
func (c cloud) openRecords(cmd *cobra.Command) (store.Store, error) {
	config, err := c.storeConfig(cmd)
	if err != nil {
		return nil, err
	}
	opened, err := c.open(cmd.Context(), config)
	return opened.Store, err
}

func (c cloud) open(ctx context.Context, config deployment.Config) (records.Opened, error) {
	opened, err := c.records.Open(ctx, config)
	if err != nil {
		return records.Opened{}, misconfigured(err)
	}
	*c.opened = append(*c.opened, opened)
	return opened, nil
}

// close closes what was opened.
func (c cloud) close() error {
	var errs []error
	for _, o := range *c.opened {
		errs = append(errs, o.Close())
	}
	return errors.Join(errs...)
}
