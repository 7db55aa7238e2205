package binder_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/binder/memfleet"
	"github.com/eipbinder/eipbinder/dnspolicy/memzone"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/eippool/mempool"
	"github.com/eipbinder/eipbinder/internal/dynamosim"
	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/dynamostore"
)

var (
	simSeeds     = flag.Int("binder.seeds", 12, "long simulation: how many seeds to run")
	simFirstSeed = flag.Uint64("binder.first-seed", 1, "long simulation: the first seed")
	simDays      = flag.Float64("binder.days", 1.0/48, "long simulation: virtual days per seed")
	simWorkers   = flag.Int("binder.workers", 300, "long simulation: workers at most")
	simAddresses = flag.Int("binder.addresses", 200, "long simulation: addresses of the pool")
)

// simulation is a fleet with everything that happens to one, and with several
// binders that look after it. Whatever a binder does to the cloud or the store
// is judged at the moment at which it takes effect.
//
// Chance is a function of the seed, the virtual time and what is done, so that
// a seed repeats itself as far as goroutines of one instant do not race.
type simulation struct {
	t      *testing.T
	seed   uint64
	naming naming
	random *rand.Rand // of the one goroutine that plays the world
	fleet  *memfleet.Fleet
	pool   *mempool.Pool
	zone   *memzone.Zone
	tables *dynamosim.DB
	store  *dynamostore.Store // on the tables

	background sync.WaitGroup // deliveries, sweeps and calls under way

	mu        sync.Mutex // held while something takes effect and is judged
	calm      bool       // no more faults
	over      bool       // nothing new happens
	broken    bool       // an invariant does not hold: the trace is printed
	processes [4]*process
	born      int // processes so far
	workers   map[string]*worker
	launched  int
	addresses map[string]eippool.Address // that the account has, by ID
	bought    int
	byIP      map[string]string    // IDs of all addresses that there ever were
	changed   map[string]time.Time // when the world last changed something, by ID or name
	damaged   map[string]bool      // what hand edits touched and is not known to be healthy again
	taken     map[string]bool      // addresses that somebody's hand took from whoever had them
	written   map[rowID]bool       // rows that somebody's hand wrote
	forced    map[string]bool      // instances whose unbinding was forced
	asked     map[string]bool      // instances that somebody wanted shown
	flags     map[string]flagged   // by address
	seen      []rowID              // rows that schedule servers know, the latest
	late      map[string]bool      // names that a late call published after their end
	past      map[string]formerly  // by address
	owners    map[string]string    // which process an owner of leases is in
	troubles  map[string]*trouble  // what is not as it should be
	cleanAt   time.Time            // when the last clean sweep began
	glimpses  []*glimpse           // of EC2, in the order of time
	pausedAt  time.Time            // zero unless the binders are paused
	denied    map[string]time.Time // until when calls of a service are forbidden
	hindered  map[string]time.Time // when a write about it failed last, by ID or name
	hampered  time.Time            // until when a pause or a denial keeps the binders from repairing
	trace     trace
	tally     map[string]int
}

// flagged is what a schedule server left in a record.
type flagged struct {
	instanceID string
	allocated  bool
}

// formerly says who had an address, and when that ended.
type formerly struct {
	instanceID string
	freedAt    time.Time
	sets       []store.RRSet // that went with it
}

func TestLongSimulation(t *testing.T) {
	span := time.Duration(*simDays * float64(24*time.Hour))
	for n := range *simSeeds {
		seed := *simFirstSeed + uint64(n)
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			synctest.Test(t, func(t *testing.T) { newSimulation(t, seed).run(span) })
			t.Logf("seed %d: %s of virtual time in %s", seed, span, time.Since(began).Round(10*time.Millisecond))
		})
	}
}

func newSimulation(t *testing.T, seed uint64) *simulation {
	tags := map[string]string{"pool": "media"}
	pool := mempool.New(func(o *mempool.Options) { o.Tags = tags })
	zone, err := memzone.New("example.com.", func(o *memzone.Options) { o.SyncDelay = 30 * time.Second })
	if err != nil {
		t.Fatal(err)
	}
	s := &simulation{
		t: t, seed: seed, random: rand.New(rand.NewPCG(seed, seed)),
		pool: pool, zone: zone,
		fleet:   memfleet.New(func(o *memfleet.Options) { o.Network, o.Tags = pool, map[string]string{"role": "media"} }),
		workers: map[string]*worker{}, addresses: map[string]eippool.Address{}, byIP: map[string]string{},
		changed: map[string]time.Time{}, damaged: map[string]bool{}, taken: map[string]bool{}, written: map[rowID]bool{}, forced: map[string]bool{}, asked: map[string]bool{},
		flags: map[string]flagged{}, late: map[string]bool{}, past: map[string]formerly{}, owners: map[string]string{}, troubles: map[string]*trouble{},
		denied: map[string]time.Time{}, hindered: map[string]time.Time{}, tally: map[string]int{},
	}
	s.naming = s.namingOf(seed)
	newTables(s)
	for range *simAddresses {
		s.buy()
	}
	return s
}

// buy adds an address to the pool.
func (s *simulation) buy() {
	s.bought++
	a := s.pool.Add(eippool.Address{
		AllocationID: fmt.Sprintf("eipalloc-%04d", s.bought),
		IP:           netip.AddrFrom4([4]byte{198, 18, byte(s.bought >> 8), byte(s.bought)}),
		Tags:         map[string]string{"pool": "media"},
	})
	s.addresses[a.AllocationID], s.byIP[a.IP.String()] = a, a.AllocationID
}

// run lets the world happen for that long, with a sweep each minute, then lets
// it come to rest and checks that nothing is lost.
func (s *simulation) run(span time.Duration) {
	end := time.Now().Add(span)
	nextSweep := time.Now().Add(time.Minute)
	for time.Now().Before(end) && !s.failed() {
		time.Sleep(time.Duration(s.random.Int64N(int64(20 * time.Second))))
		s.happen()
		if time.Now().After(nextSweep) {
			nextSweep = nextSweep.Add(time.Minute)
			for range 1 + s.random.IntN(10)/9 { // now and then two at once
				s.background.Go(func() { s.sweep(false) })
			}
		}
	}
	s.settle()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.t.Logf("seed %d: %v", s.seed, s.tally)
}

// settle ends faults and changes, and sweeps three times: then everything must
// be as it should be, or reported.
func (s *simulation) settle() {
	s.mu.Lock()
	s.calm, s.over = true, true
	s.mu.Unlock()
	s.resume()
	s.background.Wait()
	time.Sleep(10 * time.Minute)
	var last binder.Report
	var began time.Time
	for range 3 {
		if s.failed() {
			return
		}
		began = time.Now()
		last = s.sweep(true)
		time.Sleep(12 * time.Minute) // longer than ConfirmAfter, LateCalls and StopGrace
	}
	s.checkEnd(began, last)
}

func (s *simulation) failed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.broken
}

// sweep lets a fresh process sweep, forced if the operator finds that many
// releases right. A sweep without a fault is followed by an audit.
func (s *simulation) sweep(force bool) binder.Report {
	s.mu.Lock()
	p := s.newProcess()
	s.mu.Unlock()
	began := time.Now()
	ctx, cancel := context.WithTimeout(p.ctx, 4*time.Minute)
	defer cancel()
	report, err := p.binder.Sweep(ctx, func(o *binder.SweepOptions) { o.Force = force }) // the audit judges it
	if errors.Is(err, binder.ErrBlastRadius) {
		s.approve()
	}
	s.becomeReady(report.Outcomes)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tally["sweeps"]++
	if p.faults == 0 && !report.DryRun {
		s.tally["clean sweeps"]++
		s.audit(began, report)
	}
	return report
}

// newProcess starts a binder in a process of its own.
func (s *simulation) newProcess() *process {
	s.born++
	p := &process{s: s, name: fmt.Sprintf("binder-%d", s.born), touched: map[string]time.Time{}}
	p.ctx, p.kill = context.WithCancel(context.Background())
	var err error
	p.binder, err = binder.New(binder.Backends{
		Fleet: simFleet{p}, Pool: simPool{p}, Zone: simZone{p}, Store: simStore{p}, Policy: s.naming.policy,
	}, s.naming.options)
	if err != nil {
		s.t.Error(err)
	}
	return p
}
