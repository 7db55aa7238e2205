package ec2fleet_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go/document"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// recorder is a client that keeps every request and gives the scripted
// answers, in order: an output, or an error.
type recorder struct {
	t        *testing.T
	requests []*ec2.DescribeInstancesInput
	answers  []any
}

func record(t *testing.T, answers ...any) *recorder {
	return &recorder{t: t, answers: answers}
}

// sent fails the test unless exactly these requests were sent.
func (r *recorder) sent(requests ...*ec2.DescribeInstancesInput) {
	r.t.Helper()
	if diff := cmp.Diff(requests, r.requests, cmpopts.IgnoreTypes(document.NoSerde{}), cmpopts.EquateEmpty()); diff != "" {
		r.t.Errorf("requests: -want +got\n%s", diff)
	}
}

func (r *recorder) DescribeInstances(_ context.Context, in *ec2.DescribeInstancesInput, _ ...func(*ec2.Options)) (*ec2.DescribeInstancesOutput, error) {
	r.t.Helper()
	r.requests = append(r.requests, in)
	if len(r.answers) == 0 {
		r.t.Fatalf("unexpected request %+v", in)
	}
	next := r.answers[0]
	r.answers = r.answers[1:]
	if err, ok := next.(error); ok {
		return nil, err
	}
	return next.(*ec2.DescribeInstancesOutput), nil
}
