package main

import (
	"bytes"
	"context"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	sdkmetrics "github.com/aws/smithy-go/metrics"
	"github.com/aws/smithy-go/tracing"
	"github.com/google/go-cmp/cmp"

	"github.com/eipbinder/eipbinder/examples/internal/telemetry"
)

// counting is a provider of meters and tracers that count what the SDK's clients
// have to tell, by "call of" or "span of" a service.
type counting struct {
	mu     sync.Mutex
	counts map[string]int
}

func (c *counting) note(kind, scope string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[kind+scope[strings.LastIndex(scope, "/")+1:]]++
}

type countingMeters struct{ *counting }

func (m countingMeters) Meter(scope string, _ ...sdkmetrics.MeterOption) sdkmetrics.Meter {
	return countingMeter{counting: m.counting, scope: scope}
}

type countingMeter struct {
	sdkmetrics.NopMeter
	*counting

	scope string
}

func (m countingMeter) Float64Histogram(name string, _ ...sdkmetrics.InstrumentOption) (sdkmetrics.Float64Histogram, error) {
	if name == "client.call.duration" {
		return m, nil
	}
	return m.NopMeter.Float64Histogram(name)
}

func (m countingMeter) Record(context.Context, float64, ...sdkmetrics.RecordMetricOption) {
	m.note("call of ", m.scope)
}

type countingTracers struct{ *counting }

func (t countingTracers) Tracer(scope string, _ ...tracing.TracerOption) tracing.Tracer {
	return countingTracer{t.counting, scope}
}

type countingTracer struct {
	*counting

	scope string
}

func (t countingTracer) StartSpan(ctx context.Context, name string, opts ...tracing.SpanOption) (context.Context, tracing.Span) {
	t.note("span of ", t.scope)
	return tracing.NopTracerProvider{}.Tracer(t.scope).StartSpan(ctx, name, opts...)
}

// TestEveryCallIsSeen: the function as it starts, between services that are out of
// order: its check calls EC2, Route 53 and DynamoDB, and a worker's request SQS, which
// breaks off its answer, so that the SDK has something to log. All that goes where
// start was told.
func TestEveryCallIsSeen(t *testing.T) {
	var mu sync.Mutex
	asked := 0
	aws := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked++
		if r.Header.Get("X-Amz-Target") == "AmazonSQS.SendMessage" {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("{}"))
			return
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer aws.Close()
	for name, value := range map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
		"AWS_ENDPOINT_URL": aws.URL, "AWS_MAX_ATTEMPTS": "1", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"EIPBINDER_SUFFIX": "media.example.com", "EIPBINDER_HOSTED_ZONE_ID": "Z0123456789ABCDEFGHIJ",
		"EIPBINDER_POOL_TAGS": "Pool=byol", "EIPBINDER_INSTANCE_TAGS": "karpenter.sh/nodepool=media",
		envQueueURL: aws.URL + "/123456789012/eipbinder", envAPIAccounts: "123456789012", envAPIRoles: "media-worker",
	} {
		t.Setenv(name, value)
	}
	counted := &counting{counts: map[string]int{}}
	var log bytes.Buffer
	handler, err := start(t.Context(), slog.New(slog.NewJSONHandler(&log, nil)), telemetry.Providers{Meters: countingMeters{counted}, Tracers: countingTracers{counted}})
	if err != nil {
		t.Fatal(err)
	}
	payload, err := os.ReadFile("../../adapters/lambdaevent/testdata/http-api-iam.json")
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := handler.Invoke(t.Context(), payload); err != nil || !strings.Contains(string(answer), `"statusCode":503`) {
		t.Errorf("a queue that is out of order: %s, %v", answer, err)
	}
	if said := `"from":"aws-sdk-go"`; !strings.Contains(log.String(), said) {
		t.Errorf("the log does not have the SDK's warning, with %s:\n%s", said, log.String())
	}
	want := []string{
		"call of dynamodb", "call of ec2", "call of route53", "call of sqs",
		"span of dynamodb", "span of ec2", "span of route53", "span of sqs",
	}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(counted.counts))); diff != "" {
		t.Errorf("what meters and tracers were told (-want +got):\n%s", diff)
	}
	calls := 0
	for kind, n := range counted.counts {
		if strings.HasPrefix(kind, "call of ") {
			calls += n
		}
	}
	if calls != asked {
		t.Errorf("%d calls were measured, of %d", calls, asked)
	}
}
