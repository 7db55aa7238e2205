package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/eipbinder/eipbinder/adapters/lambdaevent"
	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/eippool/ec2pool"
	"github.com/eipbinder/eipbinder/examples/internal/deployment"
	"github.com/eipbinder/eipbinder/store"
)

// countTime is for counting. It is a half of what the handler keeps of the time.
const countTime = 3 * time.Second

// gauged is a Binder that counts the pools' addresses after each sweep: one
// DescribeAddresses for each profile, and the records.
type gauged struct {
	lambdaevent.Binder

	pools   map[string]eippool.Pool // by BinderID
	records lambdaevent.Lister
	metrics metrics
	logger  *slog.Logger
}

// addPools adds the profiles' pools.
func (g *gauged) addPools(profiles []deployment.Profile, aws aws.Config) error {
	client := ec2.NewFromConfig(aws)
	g.pools = map[string]eippool.Pool{}
	for _, p := range profiles {
		pool, err := ec2pool.New(client, func(o *ec2pool.Options) { o.Tags = p.PoolTags })
		if err != nil {
			return err
		}
		g.pools[p.BinderID] = pool
	}
	return nil
}

// Sweep sweeps, and counts. That the latter fails does not matter to the former.
func (g *gauged) Sweep(ctx context.Context, optFns ...func(*binder.SweepOptions)) (binder.Report, error) {
	report, err := g.Binder.Sweep(ctx, optFns...)
	counting, cancel := context.WithTimeout(context.WithoutCancel(ctx), countTime) // also after a sweep that was cut off
	defer cancel()
	if countErr := g.count(counting); countErr != nil {
		g.logger.WarnContext(ctx, "the pools' addresses could not be counted", "error", countErr)
	}
	return report, err
}

func (g *gauged) count(ctx context.Context) error {
	records := map[string]store.Record{}
	for r, err := range g.records.List(ctx, store.Filter{}) {
		if err != nil {
			return fmt.Errorf("list the records: %w", err)
		}
		records[r.AllocationID] = r
	}
	now := time.Now()
	for binderID, pool := range g.pools {
		addresses, err := pool.List(ctx)
		if err != nil {
			return fmt.Errorf("list the pool of %s: %w", binderID, err)
		}
		g.metrics[binderID].Pool(count(addresses, records, now))
	}
	return nil
}

// count tells the addresses apart: those that a worker may get, those that
// somebody has, and those that nobody may have yet.
func count(addresses []eippool.Address, records map[string]store.Record, now time.Time) (free, used, cooling int) {
	for _, a := range addresses {
		r, known := records[a.AllocationID]
		switch {
		case a.Associated() || known && r.Phase != store.Free:
			used++
		case known && (now.Before(r.ReusableAt) || now.Before(r.FencedUntil)):
			cooling++
		default:
			free++
		}
	}
	return free, used, cooling
}
