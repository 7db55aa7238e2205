package route53zone_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/document"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

var ignoreSerde = cmpopts.IgnoreTypes(document.NoSerde{})

func failure(code string) error {
	return fmt.Errorf("operation error: %w", &smithy.GenericAPIError{Code: code, Message: "prose"})
}

var sentinels = []error{
	dnspolicy.ErrNotFound, dnspolicy.ErrConflict, dnspolicy.ErrTooLarge, dnspolicy.ErrInvalidName,
	dnspolicy.ErrThrottled, dnspolicy.ErrDenied, dnspolicy.ErrInvalid,
}

func checkKind(t *testing.T, err, want error) {
	t.Helper()
	if err == nil {
		t.Error("no error")
	}
	for _, sentinel := range sentinels {
		if got := errors.Is(err, sentinel); got != (sentinel == want) {
			t.Errorf("%v is %q: %v", err, sentinel, got)
		}
	}
}

// calls are the calls that fail with whatever the client fails with.
func calls(t *testing.T) map[string]func(context.Context, *recorder) error {
	key := dnspolicy.RRKey{Name: "m.example.com.", Type: "A"}
	return map[string]func(context.Context, *recorder) error{
		"Lookup": func(ctx context.Context, r *recorder) error {
			_, err := newZone(t, r).Lookup(ctx, key)
			return err
		},
		"Apply": func(ctx context.Context, r *recorder) error {
			_, err := newZone(t, r).Apply(ctx, creations(1, "192.0.2.1"))
			return err
		},
		"List": func(ctx context.Context, r *recorder) (last error) {
			for _, err := range newZone(t, r).List(ctx) {
				last = err
			}
			return last
		},
		"Check": func(ctx context.Context, r *recorder) error { return newZone(t, r).Check(ctx, "example.com.") },
	}
}

func TestErrorCodes(t *testing.T) {
	for code, want := range map[string]error{
		"Throttling":              dnspolicy.ErrThrottled,
		"ThrottlingException":     dnspolicy.ErrThrottled,
		"PriorRequestNotComplete": dnspolicy.ErrThrottled,
		"AccessDenied":            dnspolicy.ErrDenied,
		"InvalidClientTokenId":    dnspolicy.ErrDenied,
		"SignatureDoesNotMatch":   dnspolicy.ErrDenied,
		"NoSuchHostedZone":        dnspolicy.ErrInvalid, // never "no such record set"
		"NoSuchHealthCheck":       dnspolicy.ErrInvalid,
		"InvalidInput":            dnspolicy.ErrInvalid,
		"ValidationError":         dnspolicy.ErrInvalid,
		"InternalError":           nil,
		"InternalFailure":         nil,
		"ServiceUnavailable":      nil,
		"RequestExpired":          nil,
		"SomethingNewIn2031":      nil,
	} {
		for name, call := range calls(t) {
			t.Run(code+"/"+name, func(t *testing.T) {
				err := call(t.Context(), record(t, failure(code)))
				checkKind(t, err, want)
				var api smithy.APIError
				if !errors.As(err, &api) || api.ErrorCode() != code {
					t.Errorf("the cause is lost: %v", err)
				}
			})
		}
	}
}

func TestContextErrorsPassAsTheyAre(t *testing.T) {
	all := calls(t)
	all["Wait"] = func(ctx context.Context, r *recorder) error { return newZone(t, r).Wait(ctx, "C1") }
	for name, call := range all {
		t.Run(name, func(t *testing.T) {
			broken := errors.New("connection reset")
			if err := call(t.Context(), record(t, broken)); !errors.Is(err, broken) {
				t.Errorf("the cause is lost: %v", err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			for _, cause := range []error{broken, fmt.Errorf("operation error: %w", context.Canceled)} {
				if err := call(ctx, record(t, cause)); err != context.Canceled {
					t.Errorf("ended by the context with %q: %v, want context.Canceled as it is", cause, err)
				}
			}
		})
	}
}
