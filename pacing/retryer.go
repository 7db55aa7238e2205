package pacing

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
)

// Retryer returns the retryer with this Pacer before it: each attempt waits for
// its token, and each throttle slows the others down. See "Retries" in the
// package comment for what becomes of a failed attempt. Base is the client's
// own retryer; nil means the SDK's standard one. It must not be the SDK's adaptive one,
// which would pace once more.
//
// A call whose token would come only after its context's deadline fails at once
// with a *[LateError].
func (p *Pacer) Retryer(base aws.Retryer) aws.Retryer {
	if base == nil {
		base = retry.NewStandard()
	}
	return &retryer{Retryer: base, pacer: p}
}

type retryer struct {
	aws.Retryer
	pacer *Pacer
}

var _ aws.RetryerV2 = (*retryer)(nil)

// MaxAttempts implements [aws.Retryer]. Zero, no limit, stays zero.
func (r *retryer) MaxAttempts() int {
	own := r.Retryer.MaxAttempts()
	if own == 0 {
		return 0
	}
	return max(own, r.pacer.maxAttempts)
}

// GetAttemptToken implements [aws.RetryerV2]: it waits for the attempt's token.
func (r *retryer) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	action := middleware.GetOperationName(ctx)
	b := r.pacer.bucket(action)
	t, _ := ctx.Value(turnKey{r.pacer, action}).(*turn)
	if t == nil || !t.use() {
		again := t != nil && t.state.Load() == turnUsed
		if err := b.take(ctx, again); err != nil {
			return nil, err
		}
	}
	release, err := r.baseToken(ctx)
	if err != nil {
		b.giveBack()
		return nil, err
	}
	b.count(1, 0)
	return func(err error) error {
		if tooFast(err) {
			b.count(0, 1)
			b.slow()
		}
		return release(err)
	}, nil
}

func (r *retryer) baseToken(ctx context.Context) (func(error) error, error) {
	if v2, ok := r.Retryer.(aws.RetryerV2); ok {
		return v2.GetAttemptToken(ctx)
	}
	return r.GetInitialToken(), nil
}

// GetRetryToken implements [aws.Retryer]: throttles are free of charge.
func (r *retryer) GetRetryToken(ctx context.Context, opErr error) (func(error) error, error) {
	if !throttled(opErr) {
		return r.Retryer.GetRetryToken(ctx, opErr)
	}
	if tooFast(opErr) {
		// Once more, at the same instant, which does no more: where the SDK's new
		// retries do not report later attempts in any other way.
		r.pacer.bucket(middleware.GetOperationName(ctx)).slow()
	}
	return func(error) error { return nil }, nil
}

// RetryDelay implements [aws.Retryer]. After a throttle it is the same each
// time, since it is the token that the call then waits for. It ends calls that have
// had all the attempts of their own retryer and failed for another reason.
func (r *retryer) RetryDelay(attempt int, opErr error) (time.Duration, error) {
	if throttled(opErr) {
		return r.Retryer.RetryDelay(1, opErr)
	}
	if own := r.Retryer.MaxAttempts(); own > 0 && attempt >= own {
		return 0, &retry.MaxAttemptsError{Attempt: attempt, Err: opErr}
	}
	return r.Retryer.RetryDelay(attempt, opErr)
}

// throttled reports whether the SDK takes the error for a throttle.
func throttled(err error) bool {
	return err != nil && retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err).Bool()
}

// tooFast reports whether fewer calls would have avoided the error. One at a
// time would have avoided PriorRequestNotComplete, which is no matter of rates.
func tooFast(err error) bool {
	var api smithy.APIError
	return throttled(err) && !(errors.As(err, &api) && api.ErrorCode() == "PriorRequestNotComplete")
}
