package awssim_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go"

	"github.com/eipbinder/eipbinder/internal/awssim"
)

// runSeeded runs each rule with several seeds; the failing one is in the
// test's name.
func runSeeded(t *testing.T, rules []rule) {
	for seed := range uint64(3) {
		seeded := make([]rule, 0, len(rules))
		for _, r := range rules {
			opts := r.opts
			r.opts = func(o *awssim.Options) {
				o.Seed = seed
				if opts != nil {
					opts(o)
				}
			}
			seeded = append(seeded, r)
		}
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) { runRules(t, seeded) })
	}
}

// as returns the client of another caller.
func (w *world) as(accessKey string, optFns ...func(*ec2.Options)) *ec2.Client {
	return ec2.New(ec2.Options{
		Region:           w.sim.Region(),
		Credentials:      credentials.NewStaticCredentialsProvider(accessKey, "SECRET", ""),
		HTTPClient:       w.sim.HTTPClient(),
		RetryMaxAttempts: 1,
	}, optFns...)
}

// codeOf returns the error's AWS code, "broken" for any other, "" for none.
func codeOf(err error) string {
	var api smithy.APIError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &api):
		return api.ErrorCode()
	}
	return "broken"
}

// between fails unless low <= got <= high.
func between[T int | float64](t *testing.T, what string, got, low, high T) {
	t.Helper()
	if got < low || got > high {
		t.Errorf("%s: got %v, want %v to %v", what, got, low, high)
	}
}
