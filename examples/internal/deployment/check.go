package deployment

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store"
)

// checkTime bounds Check: Lambda allows ten seconds for a start.
const checkTime = 5 * time.Second

// Checker is what Check calls.
type Checker interface {
	Check(ctx context.Context) error
}

// Check stops a wrong deployment before it does anything. It returns what
// somebody has to change, such as an unknown zone or a missing table, with the
// variables to look at. What may be over with the next call (throttling, a slow
// network) is only logged, since workers can be served in spite of it.
func Check(ctx context.Context, b Checker, logger *slog.Logger) error {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	var errs []error
	for _, err := range parts(b.Check(ctx)) {
		if variables := settings(err); variables != "" {
			errs = append(errs, fmt.Errorf("%s: %w", variables, err))
		} else {
			logger.WarnContext(ctx, "the deployment could not be checked", "error", err)
		}
	}
	return errors.Join(errs...)
}

// parts returns the errors that were joined.
func parts(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	if err == nil {
		return nil
	}
	return []error{err}
}

// settings names the variables that are behind an error for good; empty for
// one that may pass.
func settings(err error) string {
	for _, s := range []struct {
		variables string
		kinds     []error
	}{
		{"poolTags (" + EnvPoolTags + ")", []error{binder.ErrConfig, eippool.ErrDenied, eippool.ErrInvalid}},
		{"hostedZoneID, suffix (" + EnvHostedZoneID + ", " + EnvSuffix + ")", []error{dnspolicy.ErrNotFound, dnspolicy.ErrDenied, dnspolicy.ErrInvalid}},
		{"recordTable, bindingTable (" + EnvRecordTable + ", " + EnvBindingTable + ")", []error{store.ErrNotFound, store.ErrDenied, store.ErrInvalid}},
	} {
		if slices.ContainsFunc(s.kinds, func(kind error) bool { return errors.Is(err, kind) }) {
			return s.variables
		}
	}
	return ""
}
