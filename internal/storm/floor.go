package storm

import (
	"slices"
	"time"

	"github.com/eipbinder/eipbinder/internal/awssim"
)

// Floor returns when the workers could be usable at the earliest, in order: see
// the package's comment. The times say when they are running.
func Floor(running []time.Duration) []time.Duration {
	bucket := awssim.EC2Buckets()["AssociateAddress"]
	interval := time.Duration(float64(time.Second) / bucket.Refill)
	shortest := ec2Latency().Min + storeLatency().Min
	var fullAt time.Duration // when the bucket is full again
	usable := make([]time.Duration, 0, len(running))
	for _, at := range slices.Sorted(slices.Values(running)) {
		at = max(at, fullAt+interval-time.Duration(bucket.Burst)*interval)
		fullAt = max(fullAt, at) + interval
		usable = append(usable, at+shortest)
	}
	return usable
}

func ec2Latency() awssim.Range {
	var o awssim.Options
	awssim.AWSLatency(&o)
	return o.EC2Latency
}

// storeLatency is how long DynamoDB takes.
func storeLatency() awssim.Range {
	return awssim.Range{Min: 3 * time.Millisecond, Max: 10 * time.Millisecond}
}
