package ec2pool_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/smithy-go"

	"github.com/eipbinder/eipbinder/eippool"
)

func failure(code string) error {
	return fmt.Errorf("operation error: %w", &smithy.GenericAPIError{Code: code, Message: "prose"})
}

var sentinels = []error{
	eippool.ErrNotFound, eippool.ErrInUse, eippool.ErrOccupied, eippool.ErrTargetNotReady, eippool.ErrTargetGone,
	eippool.ErrLocked, eippool.ErrLimit, eippool.ErrThrottled, eippool.ErrDenied, eippool.ErrInvalid,
}

func TestErrorCodes(t *testing.T) {
	for code, want := range map[string]error{
		"RequestLimitExceeded": eippool.ErrThrottled,
		"Throttling":           eippool.ErrThrottled,

		"InternalError":       nil,
		"InternalFailure":     nil,
		"ServiceUnavailable":  nil,
		"Unavailable":         nil,
		"RequestExpired":      nil,
		"SomethingNewIn2031":  nil,
		"InvalidSomethingNew": nil,

		"UnauthorizedOperation": eippool.ErrDenied,
		"AuthFailure":           eippool.ErrDenied,
		"OperationNotPermitted": eippool.ErrDenied,
		"OptInRequired":         eippool.ErrDenied,

		"Resource.AlreadyAssociated": eippool.ErrInUse,
		"InvalidIPAddress.InUse":     eippool.ErrInUse,
		"DependencyViolation":        eippool.ErrInUse,

		"InvalidAllocationID.NotFound": eippool.ErrNotFound,
		"InvalidAddressID.NotFound":    eippool.ErrNotFound,
		"InvalidAddress.NotFound":      eippool.ErrNotFound,

		"IncorrectInstanceState":             eippool.ErrTargetNotReady,
		"InvalidInstanceID":                  eippool.ErrTargetNotReady,
		"InvalidInstanceID.NotFound":         eippool.ErrTargetNotReady,
		"InvalidNetworkInterfaceID.NotFound": eippool.ErrTargetNotReady,

		"Gateway.NotAttached":         eippool.ErrInvalid,
		"InvalidParameterValue":       eippool.ErrInvalid,
		"InvalidParameterCombination": eippool.ErrInvalid,
		"MissingParameter":            eippool.ErrInvalid,
		"FilterLimitExceeded":         eippool.ErrInvalid,

		"AddressLimitExceeded":        eippool.ErrLimit,
		"InsufficientAddressCapacity": eippool.ErrLimit,
		"InvalidAddress.Locked":       eippool.ErrLocked,
	} {
		t.Run(code, func(t *testing.T) {
			_, err := newPool(t, record(t, found(), failure(code))).Associate(t.Context(), "eipalloc-1", target)
			checkKind(t, err, want)
			var api smithy.APIError
			if !errors.As(err, &api) || api.ErrorCode() != code {
				t.Errorf("the cause is lost: %v", err)
			}
		})
	}
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

func TestEveryCallWrapsItsError(t *testing.T) {
	for name, call := range map[string]func(context.Context, *recorder) error{
		"List": func(ctx context.Context, r *recorder) error {
			_, err := newPool(t, r).List(ctx)
			return err
		},
		"Lookup": func(ctx context.Context, r *recorder) error {
			_, err := newPool(t, r).Lookup(ctx, "eipalloc-1")
			return err
		},
		"Associate": func(ctx context.Context, r *recorder) error {
			_, err := newPool(t, r).Associate(ctx, "eipalloc-1", target)
			return err
		},
		"Disassociate": func(ctx context.Context, r *recorder) error { return newPool(t, r).Disassociate(ctx, "eipassoc-1") },
		"Allocate": func(ctx context.Context, r *recorder) error {
			_, err := newPool(t, r).Allocate(ctx)
			return err
		},
		"Release": func(ctx context.Context, r *recorder) error { return newPool(t, r).Release(ctx, "eipalloc-1") },
		"SetReverseName": func(ctx context.Context, r *recorder) error {
			return newPool(t, r).SetReverseName(ctx, "eipalloc-1", "a.")
		},
		"ClearReverseName": func(ctx context.Context, r *recorder) error { return newPool(t, r).ClearReverseName(ctx, "eipalloc-1") },
	} {
		t.Run(name, func(t *testing.T) {
			checkKind(t, call(t.Context(), record(t, failure("UnauthorizedOperation"))), eippool.ErrDenied)

			broken := errors.New("connection reset")
			if err := call(t.Context(), record(t, broken)); !errors.Is(err, broken) {
				t.Errorf("the cause is lost: %v", err)
			}

			canceled, cancel := context.WithCancel(t.Context())
			cancel()
			for _, cause := range []error{broken, fmt.Errorf("operation error: %w", context.Canceled)} {
				if err := call(canceled, record(t, cause)); err != context.Canceled {
					t.Errorf("ended by the context with %q: %v, want context.Canceled as it is", cause, err)
				}
			}
			// A definite answer is worth more than the context's end.
			checkKind(t, call(canceled, record(t, failure("UnauthorizedOperation"))), eippool.ErrDenied)

			late, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
			defer cancel()
			if err := call(late, record(t, broken)); err != context.DeadlineExceeded {
				t.Errorf("ended by the deadline: %v", err)
			}
		})
	}
}
