// Package telemetry gives meters and tracers to the clients of AWS's SDK: to each
// that the programs of this project make, and none else. By them the SDK measures
// each call and each attempt, and tells its spans. They are adapters of a library's,
// such as the SDK's own for OpenTelemetry:
//
//	providers := telemetry.Providers{
//		Meters:  smithyotelmetrics.Adapt(otel.GetMeterProvider()),
//		Tracers: smithyoteltracing.Adapt(otel.GetTracerProvider()),
//	}
//	aws, err := config.LoadDefaultConfig(ctx, config.WithServiceOptions(providers.ServiceOptions))
//	if err != nil {
//		return err
//	}
//	b, err := deployment.Build(c, aws, records)
//
// Providers are values, and may be used by several goroutines if what is in them may.
package telemetry

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go/metrics"
	"github.com/aws/smithy-go/tracing"
)

// Providers are where the SDK's meters and tracers come from.
type Providers struct {
	// Meters measure calls and attempts. Nil leaves what a client has: by default none.
	Meters metrics.MeterProvider
	// Tracers tell their spans. Nil leaves what a client has: by default none.
	Tracers tracing.TracerProvider
}

// ServiceOptions changes the options of a client that is being made. It is for
// config.WithServiceOptions, or aws.Config.ServiceOptions.
func (p Providers) ServiceOptions(_ string, options any) {
	switch o := options.(type) {
	case *ec2.Options:
		p.give(&o.MeterProvider, &o.TracerProvider)
	case *dynamodb.Options:
		p.give(&o.MeterProvider, &o.TracerProvider)
	case *route53.Options:
		p.give(&o.MeterProvider, &o.TracerProvider)
	case *sqs.Options:
		p.give(&o.MeterProvider, &o.TracerProvider)
	}
}

func (p Providers) give(meters *metrics.MeterProvider, tracers *tracing.TracerProvider) {
	if p.Meters != nil {
		*meters = p.Meters
	}
	if p.Tracers != nil {
		*tracers = p.Tracers
	}
}
