// Command lambda is an AWS Lambda function that binds Elastic IP addresses and
// DNS names to workers and takes them back, upon EventBridge's "EC2 Instance
// State-change Notification". It is configured by the environment variables of
// package deployment, here for one class of workers:
//
//	EIPBINDER_SUFFIX=media.example.com
//	EIPBINDER_HOSTED_ZONE_ID=Z0123456789ABCDEFGHIJ
//	EIPBINDER_POOL_TAGS=Pool=byol,App=streaming
//	EIPBINDER_INSTANCE_TAGS=karpenter.sh/nodepool|karpenter.sh/provisioner-name=media
//
// For several classes EIPBINDER_CONFIG has a configuration with profiles: the path
// of a file in the deployment package, or the text itself. See
// examples/eipbinder.yaml.
//
// A wrong configuration ends the function at its start, with an error that
// names the variable, or the field. Unless EIPBINDER_CHECK is false, zones,
// tables and pools are looked at then, too; that takes a few calls, once for each
// new process.
//
// A new name takes up to a minute to reach all DNS servers, so give the function
// a timeout of two minutes: one that ends earlier is invoked again and goes on.
// examples/lambda/build.sh makes the deployment packages.
package main

import (
	"context"
	"errors"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/eipbinder/eipbinder/adapters/lambdaevent"
	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/examples/internal/deployment"
)

func main() {
	logger := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	slog.SetDefault(logger) // for what aws-lambda-go says
	ctx := context.Background()
	handler, err := start(ctx, logger)
	if err != nil {
		logger.Error("cannot start", "error", errors.Join(err, reportInitError(ctx, err)))
		os.Exit(1)
	}
	lambda.Start(handler)
}

func start(ctx context.Context, logger *slog.Logger) (*lambdaevent.Handler, error) {
	c, err := deployment.FromEnv(os.Getenv)
	if err != nil {
		return nil, err
	}
	aws, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, err
	}
	records, err := deployment.DynamoStore(c, aws)
	if err != nil {
		return nil, err
	}
	b, err := deployment.Build(c, aws, records, func(o *binder.Options) { o.Logger = logger })
	if err != nil {
		return nil, err
	}
	if c.Check {
		if err := deployment.Check(ctx, b, logger); err != nil {
			return nil, err
		}
	}
	return lambdaevent.New(b, func(o *lambdaevent.Options) {
		o.Region, o.Logger = aws.Region, logger
	}), nil
}
