package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/eippool/ec2pool"
	"github.com/eipbinder/eipbinder/examples/internal/deployment"
	"github.com/eipbinder/eipbinder/store"
)

// stock counts the pools' addresses after each sweep: one call to EC2 for each
// profile, and one reading of the records.
type stock struct {
	pools     map[string]eippool.Pool // by profile
	records   store.Store
	logger    *slog.Logger
	addresses *prometheus.GaugeVec
}

func newStock(c deployment.Config, aws aws.Config, records store.Store, logger *slog.Logger) (*stock, error) {
	s := &stock{pools: map[string]eippool.Pool{}, records: records, logger: logger, addresses: prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "eipbinder_pool_addresses", Help: "Addresses of a profile's pool after the last sweep, by state: free, used or cooling.",
	}, []string{"profile", "state"})}
	compute := ec2.NewFromConfig(aws)
	for _, p := range c.Profiles {
		pool, err := ec2pool.New(compute, func(o *ec2pool.Options) { o.Tags = p.PoolTags })
		if err != nil {
			return nil, err
		}
		s.pools[p.Name] = pool
	}
	return s, nil
}

// take counts. What cannot be counted keeps its last number.
func (s *stock) take(ctx context.Context) {
	known := map[string]store.Record{}
	for r, err := range s.records.List(ctx, store.Filter{}) {
		if err != nil {
			s.logger.WarnContext(ctx, "the pools could not be counted", "error", err)
			return
		}
		known[r.AllocationID] = r
	}
	for profile, pool := range s.pools {
		addresses, err := pool.List(ctx)
		if err != nil {
			s.logger.WarnContext(ctx, "the pool could not be counted", "profile", profile, "error", err)
			continue
		}
		count := map[string]int{"free": 0, "used": 0, "cooling": 0}
		for _, a := range addresses {
			count[stateOf(a, known)]++
		}
		for state, n := range count {
			s.addresses.WithLabelValues(profile, state).Set(float64(n))
		}
	}
}

func stateOf(a eippool.Address, known map[string]store.Record) string {
	r, ok := known[a.AllocationID]
	switch {
	case a.Associated() || ok && r.Phase != store.Free:
		return "used"
	case ok && time.Now().Before(r.ReusableAt):
		return "cooling"
	}
	return "free"
}
