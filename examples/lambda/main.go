// Command lambda is an AWS Lambda function that binds Elastic IP addresses and
// DNS names to workers and takes them back. It takes EventBridge's notifications and
// schedules, directly or through an SQS queue, Spot Instances' warnings, requests of
// an HTTP API, and operators' commands: see package lambdaevent. It is configured by
// the environment variables of package deployment, here for one class of workers:
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
// With a queue, EIPBINDER_QUEUE_URL is its URL, so that what has to wait comes back
// in time. With an HTTP API whose callers AWS authenticates (authorizer AWS_IAM),
// there are, with commas between several,
//
//	EIPBINDER_API_ACCOUNTS=123456789012
//	EIPBINDER_API_ROLES=media-worker
//	EIPBINDER_API_OPERATORS=platform-team
//
// which are the accounts, and the names of the workers' and of the operators' roles.
//
// A wrong configuration ends the function at its start, with an error that
// names the variable, or the field. Unless EIPBINDER_CHECK is false, zones,
// tables and pools are looked at then, too; that takes a few calls, once for each
// new process.
//
// The log is JSON, on standard error, and so is what AWS's SDK has to say. After each invocation metrics go to standard
// output, in CloudWatch's Embedded Metric Format: see package emf.
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
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/eipbinder/eipbinder/adapters/httpapi"
	"github.com/eipbinder/eipbinder/adapters/lambdaevent"
	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/examples/internal/deployment"
	"github.com/eipbinder/eipbinder/examples/internal/queue"
	"github.com/eipbinder/eipbinder/examples/internal/telemetry"
)

func main() {
	logger := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	slog.SetDefault(logger) // for what aws-lambda-go says
	ctx := context.Background()
	handler, err := start(ctx, logger, telemetry.Providers{}) // the SDK measures nothing
	if err != nil {
		logger.Error("cannot start", "error", errors.Join(err, reportInitError(ctx, err)))
		os.Exit(1)
	}
	lambda.Start(handler)
}

// start makes the function of the environment's settings. The meters and tracers
// are for all clients of AWS's.
func start(ctx context.Context, logger *slog.Logger, t telemetry.Providers) (lambda.Handler, error) {
	c, configErr := deployment.FromEnv(os.Getenv)
	own, err := settingsFrom(os.Getenv)
	if err := errors.Join(configErr, err); err != nil {
		return nil, err
	}
	aws, err := config.LoadDefaultConfig(ctx, config.WithLogger(forSDK(logger)), config.WithServiceOptions(t.ServiceOptions))
	if err != nil {
		return nil, err
	}
	m, err := newMetrics(os.Stdout, c.Profiles)
	if err != nil {
		return nil, err
	}
	records, err := deployment.DynamoStore(c, aws)
	if err != nil {
		return nil, err
	}
	b, err := deployment.Build(c, aws, records, func(o *binder.Options) { o.Logger = logger }, m.observe)
	if err != nil {
		return nil, err
	}
	if c.Check {
		if err := deployment.Check(ctx, b, logger); err != nil {
			return nil, err
		}
	}
	counting := &gauged{Binder: b, records: records, metrics: m, logger: logger}
	if err := counting.addPools(c.Profiles, aws); err != nil {
		return nil, err
	}
	triggers, err := triggersFrom(own, aws, httpapi.Backends{Binder: b, Records: records}, logger)
	if err != nil {
		return nil, err
	}
	handler := lambdaevent.New(counting, triggers, func(o *lambdaevent.Options) {
		o.Region, o.Store, o.Observer, o.Logger = aws.Region, records, m, logger
	})
	return function{handler, m, logger}, nil
}

// triggersFrom returns the option of those that need settings: a queue, and an
// HTTP API.
func triggersFrom(own settings, aws aws.Config, backends httpapi.Backends, logger *slog.Logger) (func(*lambdaevent.Options), error) {
	if own.queueURL == "" {
		return func(*lambdaevent.Options) {}, nil
	}
	q, err := queue.New(sqs.NewFromConfig(aws), own.queueURL)
	if err != nil {
		return nil, err
	}
	backends.Queue = q
	handler, err := newHTTP(own, backends, logger)
	if err != nil {
		return nil, err
	}
	return func(o *lambdaevent.Options) { o.Visibility, o.HTTP = q, handler }, nil
}
