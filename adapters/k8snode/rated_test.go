package k8snode

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/client-go/util/flowcontrol"

	"github.com/eipbinder/eipbinder/eippool"
)

// RatedPool paces a pool by a bucket of tokens that fills as time goes by.
type RatedPool struct {
	eippool.Pool
	Used, Back atomic.Int64
	tokens     flowcontrol.RateLimiter
}

// NewRatedPool has a bucket of so many tokens, and one more each time.
func NewRatedPool(pool eippool.Pool, burst int, each time.Duration) *RatedPool {
	return &RatedPool{Pool: pool, tokens: flowcontrol.NewTokenBucketRateLimiter(float32(time.Second)/float32(each), burst)}
}

// turnKey is that of a turn in a context: a function that says that it is used.
type turnKey struct{}

// Pace waits for a token.
func (p *RatedPool) Pace(ctx context.Context) (context.Context, func(), error) {
	if err := p.tokens.Wait(ctx); err != nil {
		return nil, nil, err
	}
	var once sync.Once
	use := func() { once.Do(func() { p.Used.Add(1) }) }
	return context.WithValue(ctx, turnKey{}, use), func() { once.Do(func() { p.Back.Add(1) }) }, nil
}

// Associate uses the turn of the context.
func (p *RatedPool) Associate(ctx context.Context, id string, target eippool.Target) (string, error) {
	use, ok := ctx.Value(turnKey{}).(func())
	if !ok {
		return "", errors.New("nobody's turn")
	}
	use()
	return p.Pool.Associate(ctx, id, target)
}
