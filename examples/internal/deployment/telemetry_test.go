package deployment_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/smithy-go/metrics"
	"github.com/aws/smithy-go/tracing"

	"github.com/eipbinder/eipbinder/examples/internal/deployment"
)

// The SDK's meters and tracers reach all clients, as README.md says.
func TestMetersAndTracersReachTheClients(t *testing.T) {
	env := map[string]string{
		deployment.EnvSuffix: "media.example.com", deployment.EnvHostedZoneID: "Z0123456789ABCDEFGHIJ",
		deployment.EnvPoolTags: "Pool=byol", deployment.EnvInstanceTags: "karpenter.sh/nodepool=media",
	}
	c, err := deployment.FromEnv(func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	meters, tracers := &metrics.NopMeterProvider{}, &tracing.NopTracerProvider{}
	reached := map[string]bool{}
	config := aws.Config{Region: "eu-central-1"}
	config.ServiceOptions = append(config.ServiceOptions, func(_ string, options any) {
		switch o := options.(type) {
		case *ec2.Options:
			o.MeterProvider, o.TracerProvider = meters, tracers
			reached["ec2"] = true
		case *dynamodb.Options:
			o.MeterProvider, o.TracerProvider = meters, tracers
			reached["dynamodb"] = true
		case *route53.Options:
			o.MeterProvider, o.TracerProvider = meters, tracers
			reached["route53"] = true
		}
	})
	records, err := deployment.DynamoStore(c, config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := deployment.Build(c, config, records); err != nil {
		t.Fatal(err)
	}
	for _, client := range []string{"ec2", "dynamodb", "route53"} {
		if !reached[client] {
			t.Errorf("no client of %s was given them", client)
		}
	}
}
