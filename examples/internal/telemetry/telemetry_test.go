package telemetry_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go/metrics"
	"github.com/aws/smithy-go/tracing"

	"github.com/eipbinder/eipbinder/examples/internal/telemetry"
)

// Those that stand for a library's.
type (
	meters  struct{ metrics.NopMeterProvider }
	tracers struct{ tracing.NopTracerProvider }
)

func ExampleProviders() {
	providers := telemetry.Providers{Meters: meters{}, Tracers: tracers{}}
	config := aws.Config{Region: "eu-central-1", ServiceOptions: []func(string, any){providers.ServiceOptions}}
	options := ec2.NewFromConfig(config).Options()
	fmt.Printf("%T %T\n", options.MeterProvider, options.TracerProvider)
	// Output: telemetry_test.meters telemetry_test.tracers
}

// TestNilLeavesWhatIsThere, so that one may be given without the other.
func TestNilLeavesWhatIsThere(t *testing.T) {
	for _, test := range []struct {
		given telemetry.Providers
		want  string
	}{
		{telemetry.Providers{}, "metrics.NopMeterProvider *tracing.NopTracerProvider"},
		{telemetry.Providers{Meters: meters{}}, "telemetry_test.meters *tracing.NopTracerProvider"},
		{telemetry.Providers{Tracers: tracers{}}, "metrics.NopMeterProvider telemetry_test.tracers"},
	} {
		o := sqs.Options{MeterProvider: metrics.NopMeterProvider{}, TracerProvider: &tracing.NopTracerProvider{}}
		test.given.ServiceOptions(sqs.ServiceID, &o)
		if got := fmt.Sprintf("%T %T", o.MeterProvider, o.TracerProvider); got != test.want {
			t.Errorf("%+v makes %s, want %s", test.given, got, test.want)
		}
	}
}
