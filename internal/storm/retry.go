package storm

import (
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// botoRetryer is what boto3 does unless it is told otherwise ("legacy mode"):
// five attempts, a random part of 1, 2, 4 and 8 s between them, no quota.
func botoRetryer(g *rand.Rand) aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = 5
		o.RateLimiter = ratelimit.None
		o.Backoff = &backoff{random: g, longest: time.Second}
	})
}

// goRetryer is the default of the AWS SDK for Go: three attempts, a random
// part of 2 and 4 s between them, and a quota.
func goRetryer(g *rand.Rand) aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) { o.Backoff = &backoff{random: g, longest: 2 * time.Second} })
}

// backoff is exponential with full jitter, by a seed.
type backoff struct {
	longest time.Duration // the first one

	mu     sync.Mutex
	random *rand.Rand
}

// BackoffDelay implements [retry.BackoffDelayer].
func (b *backoff) BackoffDelay(attempt int, _ error) (time.Duration, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	longest := math.Min(math.Pow(2, float64(attempt-1))*float64(b.longest), float64(retry.DefaultMaxBackoff))
	return time.Duration(b.random.Float64() * longest), nil
}
