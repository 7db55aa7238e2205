package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/spf13/cobra"

	"github.com/eipbinder/eipbinder/examples/internal/deployment"
	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/dynamostore"
)

// cloud opens what the commands work on.
type cloud struct {
	getenv       func(string) string
	binder       func(context.Context, deployment.Config) (deployment.Binder, error)
	records      func(context.Context, deployment.Config) (store.Store, error)
	createTables func(context.Context, deployment.Config) error
}

// onAWS is the cloud of the environment's AWS account, or of other endpoints.
func onAWS(getenv func(string) string) cloud {
	return cloud{
		getenv: getenv,
		binder: func(ctx context.Context, c deployment.Config) (deployment.Binder, error) {
			cfg, err := loadAWS(ctx)
			if err != nil {
				return nil, err
			}
			b, _, err := deployment.Build(c, cfg)
			return b, usage(err)
		},
		records: func(ctx context.Context, c deployment.Config) (store.Store, error) {
			cfg, err := loadAWS(ctx)
			if err != nil {
				return nil, err
			}
			records, err := dynamostore.New(dynamodb.NewFromConfig(cfg), tables(c))
			return records, usage(err)
		},
		createTables: func(ctx context.Context, c deployment.Config) error {
			cfg, err := loadAWS(ctx)
			if err != nil {
				return err
			}
			return dynamostore.CreateTables(ctx, dynamodb.NewFromConfig(cfg), tables(c))
		},
	}
}

func tables(c deployment.Config) func(*dynamostore.Options) {
	return func(o *dynamostore.Options) { o.RecordTable, o.BindingTable = c.RecordTable, c.BindingTable }
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
	return c.binder(cmd.Context(), config)
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

// tableConfig returns a configuration of which only the tables' names are
// known: commands on tables have no other settings.
func (c cloud) tableConfig(cmd *cobra.Command) (deployment.Config, error) {
	config, err := deployment.TablesFromEnv(overridden(cmd, c.getenv))
	return config, usage(err)
}

// openRecords returns the store in the tables.
func (c cloud) openRecords(cmd *cobra.Command) (store.Store, error) {
	config, err := c.tableConfig(cmd)
	if err != nil {
		return nil, err
	}
	return c.records(cmd.Context(), config)
}
