package route53zone_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/smithy-go/document"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// recorder is a client that keeps every request and gives the scripted
// answers, in order: an output, or an error.
type recorder struct {
	t        *testing.T
	mu       sync.Mutex
	requests []any
	answers  []any
}

func record(t *testing.T, answers ...any) *recorder {
	return &recorder{t: t, answers: answers}
}

// sent fails the test unless exactly these requests were sent.
func (r *recorder) sent(requests ...any) {
	r.t.Helper()
	if diff := cmp.Diff(requests, r.requests, cmpopts.IgnoreTypes(document.NoSerde{}), cmpopts.EquateEmpty()); diff != "" {
		r.t.Errorf("requests: -want +got\n%s", diff)
	}
}

func answer[Output any](r *recorder, request any) (*Output, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = append(r.requests, request)
	var next any
	if len(r.answers) > 0 {
		next, r.answers = r.answers[0], r.answers[1:]
	}
	switch next := next.(type) {
	case error:
		return nil, next
	case *Output:
		return next, nil
	}
	r.t.Errorf("request %T, but the next answer is %T", request, next)
	return nil, errors.New("unexpected request")
}

func (r *recorder) ChangeResourceRecordSets(_ context.Context, in *route53.ChangeResourceRecordSetsInput, _ ...func(*route53.Options)) (*route53.ChangeResourceRecordSetsOutput, error) {
	return answer[route53.ChangeResourceRecordSetsOutput](r, in)
}

func (r *recorder) ListResourceRecordSets(_ context.Context, in *route53.ListResourceRecordSetsInput, _ ...func(*route53.Options)) (*route53.ListResourceRecordSetsOutput, error) {
	return answer[route53.ListResourceRecordSetsOutput](r, in)
}

func (r *recorder) GetChange(_ context.Context, in *route53.GetChangeInput, _ ...func(*route53.Options)) (*route53.GetChangeOutput, error) {
	return answer[route53.GetChangeOutput](r, in)
}

func (r *recorder) GetHostedZone(_ context.Context, in *route53.GetHostedZoneInput, _ ...func(*route53.Options)) (*route53.GetHostedZoneOutput, error) {
	return answer[route53.GetHostedZoneOutput](r, in)
}
