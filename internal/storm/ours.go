package storm

import (
	"fmt"
	"time"

	"golang.org/x/time/rate"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/binder/ec2fleet"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/dnspolicy/route53zone"
	"github.com/eipbinder/eipbinder/ec2tag"
	"github.com/eipbinder/eipbinder/eippool/ec2pool"
)

// Naming is how this module's contenders name workers.
type Naming string

const (
	// lookAge is how old a look at all addresses may be. Binders agree about
	// workers in their store; a look is for what others associate, and EC2's own
	// answers may be older than that.
	lookAge = 15 * time.Second
	// dnsLinger is how long changes of names wait for each other. EC2 associates 25
	// addresses meanwhile, and it is little beside the time to INSYNC.
	dnsLinger = 5 * time.Second
	// dnsLingerFew is the same where there are several processes: each has fewer
	// changes to collect.
	dnsLingerFew = 2 * time.Second
	// dnsPoll is the time between two looks: a quarter of the time in which a change
	// gets in sync, and what a worker waits too long at most.
	dnsPoll = 10 * time.Second
	// dnsFirstLook is the shortest time in which a change is in sync.
	dnsFirstLook = 20 * time.Second
)

// The ways.
const (
	// ByInstance publishes a name for each worker when it has its address.
	ByInstance Naming = "instance names"
	// Prewarmed publishes a name for each address, before any worker exists.
	Prewarmed Naming = "prewarmed names"
)

func (n Naming) policy() dnspolicy.Policy {
	if n == Prewarmed {
		return dnspolicy.PerAddress(dnspolicy.DashedIP())
	}
	return dnspolicy.InstanceID()
}

// contender is one of this module's.
func (n Naming) contender(how string) Contender {
	c := Contender{Name: how + ", " + string(n), PerAddress: n == Prewarmed}
	if n == Prewarmed {
		c.Prepare = prewarm
	}
	return c
}

// handsBack makes a Binder one of a function that is invoked for events or
// batches. It hardly waits for DNS: it would be paid for waiting, and what it
// hands back comes again.
func handsBack(o *binder.Options) { o.DNSWait = 2 * time.Second }

// newBinder returns a Binder with clients of its own, as a process of this name
// has it. The account's quotas are split among so many processes.
func (w *World) newBinder(process string, n Naming, processes int, optFns ...func(*binder.Options)) (*binder.Binder, error) {
	pacer, err := w.pacer(processes)
	if err != nil {
		return nil, err
	}
	calls := w.clients(process, pacer.Retryer(goRetryer(chance(w.Seed, "backoff", process))))
	selector, err := ec2tag.Parse("Pool=byol,App=streaming")
	if err != nil {
		return nil, err
	}
	workers, err := ec2tag.Parse("karpenter.sh/nodepool=media")
	if err != nil {
		return nil, err
	}
	pool, err := ec2pool.New(calls.ec2, func(o *ec2pool.Options) { o.Tags, o.Turns, o.LookAge = selector, pacer, lookAge })
	if err != nil {
		return nil, err
	}
	fleet, err := ec2fleet.New(calls.ec2, func(o *ec2fleet.Options) { o.Tags = workers })
	if err != nil {
		return nil, err
	}
	zone, err := route53zone.New(calls.route53, w.ZoneID, func(o *route53zone.Options) {
		o.Linger, o.FirstLook, o.PollInterval = dnsLinger, dnsFirstLook, dnsPoll
		if processes > 1 {
			o.Linger = dnsLingerFew
		}
		o.ChangeTokens = rate.NewLimiter(rate.Limit(100/float64(processes)), 1500/processes)
	})
	if err != nil {
		return nil, err
	}
	backends := binder.Backends{Fleet: fleet, Pool: pool, Policy: n.policy(), Zone: zone, Store: w.Records}
	b, err := binder.New(backends, append([]func(*binder.Options){func(o *binder.Options) {
		o.Suffix, o.KeepNames = suffix, n == Prewarmed
	}}, optFns...)...)
	if err != nil {
		return nil, fmt.Errorf("process %s: %w", process, err)
	}
	return b, nil
}
