package ec2pool_test

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
	r.t.Helper()
	r.requests = append(r.requests, request)
	if len(r.answers) == 0 {
		r.t.Fatalf("unexpected request %T", request)
	}
	next := r.answers[0]
	r.answers = r.answers[1:]
	if err, ok := next.(error); ok {
		return nil, err
	}
	return next.(*Output), nil
}

func (r *recorder) DescribeAddresses(_ context.Context, in *ec2.DescribeAddressesInput, _ ...func(*ec2.Options)) (*ec2.DescribeAddressesOutput, error) {
	return answer[ec2.DescribeAddressesOutput](r, in)
}

func (r *recorder) AssociateAddress(_ context.Context, in *ec2.AssociateAddressInput, _ ...func(*ec2.Options)) (*ec2.AssociateAddressOutput, error) {
	return answer[ec2.AssociateAddressOutput](r, in)
}

func (r *recorder) DisassociateAddress(_ context.Context, in *ec2.DisassociateAddressInput, _ ...func(*ec2.Options)) (*ec2.DisassociateAddressOutput, error) {
	return answer[ec2.DisassociateAddressOutput](r, in)
}

func (r *recorder) AllocateAddress(_ context.Context, in *ec2.AllocateAddressInput, _ ...func(*ec2.Options)) (*ec2.AllocateAddressOutput, error) {
	return answer[ec2.AllocateAddressOutput](r, in)
}

func (r *recorder) ReleaseAddress(_ context.Context, in *ec2.ReleaseAddressInput, _ ...func(*ec2.Options)) (*ec2.ReleaseAddressOutput, error) {
	return answer[ec2.ReleaseAddressOutput](r, in)
}

func (r *recorder) ModifyAddressAttribute(_ context.Context, in *ec2.ModifyAddressAttributeInput, _ ...func(*ec2.Options)) (*ec2.ModifyAddressAttributeOutput, error) {
	return answer[ec2.ModifyAddressAttributeOutput](r, in)
}

func (r *recorder) ResetAddressAttribute(_ context.Context, in *ec2.ResetAddressAttributeInput, _ ...func(*ec2.Options)) (*ec2.ResetAddressAttributeOutput, error) {
	return answer[ec2.ResetAddressAttributeOutput](r, in)
}
