// Package memzone is a [dnspolicy.Zone] in memory, for tests and
// demonstrations. It does what Amazon Route 53 does: changes are made all or
// none, reach the authoritative servers some time later, and are limited in
// number. A CNAME excludes other record sets of its name, and one without set
// identifier excludes those of its name and type that have one: the conflict's
// Actual is then the one that is there.
//
//	zone, err := memzone.New("example.com.", func(o *memzone.Options) { o.SyncDelay = 30 * time.Second })
//	if err != nil {
//		return err
//	}
//	propagation, err := zone.Apply(ctx, []dnspolicy.Change{dnspolicy.Create(set)})
//	if err != nil {
//		return err
//	}
//	err = zone.Wait(ctx, propagation) // half a minute later
//	answer, ok := zone.Resolve(set.RRKey) // what a client gets now
//
// Set, Remove and Resolve are the world's side: edits by hand, and resolvers.
// Time is package time's, so that it is virtual in a testing/synctest bubble.
//
// A Zone is safe for concurrent use. A call whose context has ended returns
// the context's error and changes nothing.
package memzone

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// Options tune a Zone.
type Options struct {
	// MaxValues is how many record values one Apply may name, those of Before
	// and of After together. Zero means the default, 1,000, which is the limit
	// of Route 53's ChangeResourceRecordSets.
	MaxValues int
	// SyncDelay is the time from a change to its arrival on all authoritative
	// servers. Zero, the default, means at once.
	SyncDelay time.Duration
}

// Zone is a hosted zone and its authoritative servers. Use New.
type Zone struct {
	name    string
	options Options

	mu           sync.Mutex
	sets         sets                                // the zone's database
	served       sets                                // what the servers answer
	underway     []edit                              // from the one to the other, by time of arrival
	propagations map[dnspolicy.Propagation]time.Time // when each arrives
}

// edit is a change on its way to the authoritative servers.
type edit struct {
	arrives time.Time
	key     dnspolicy.RRKey
	after   *dnspolicy.RRSet
}

var (
	_ dnspolicy.Zone    = (*Zone)(nil)
	_ dnspolicy.Checker = (*Zone)(nil)
)

// New returns an empty zone of this name: absolute, as the names in it.
func New(name string, optFns ...func(*Options)) (*Zone, error) {
	name, err := dnspolicy.CheckName(name)
	if err != nil {
		return nil, fmt.Errorf("zone: %w", err)
	}
	options := Options{MaxValues: 1000}
	for _, fn := range optFns {
		fn(&options)
	}
	if options.MaxValues == 0 {
		options.MaxValues = 1000
	}
	if options.MaxValues < 0 || options.SyncDelay < 0 {
		return nil, fmt.Errorf("%w: negative option: %+v", dnspolicy.ErrInvalid, options)
	}
	return &Zone{
		name:         name,
		options:      options,
		sets:         sets{},
		served:       sets{},
		propagations: map[dnspolicy.Propagation]time.Time{},
	}, nil
}

// Check returns nil if the suffix lies in the zone.
func (z *Zone) Check(ctx context.Context, suffix string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !dnspolicy.Contains(z.name, suffix) {
		return fmt.Errorf("%w: suffix %q is not in the zone %q", dnspolicy.ErrInvalid, suffix, z.name)
	}
	return nil
}

// Lookup returns the record set of this key.
func (z *Zone) Lookup(ctx context.Context, key dnspolicy.RRKey) (dnspolicy.RRSet, error) {
	if err := ctx.Err(); err != nil {
		return dnspolicy.RRSet{}, err
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	set, ok := z.sets.get(key)
	if !ok {
		return dnspolicy.RRSet{}, fmt.Errorf("%w: %s %s", dnspolicy.ErrNotFound, key.Name, key.Type)
	}
	return set.Clone(), nil
}

// List yields the record sets as they are when it begins, ordered by key.
func (z *Zone) List(ctx context.Context) iter.Seq2[dnspolicy.RRSet, error] {
	return func(yield func(dnspolicy.RRSet, error) bool) {
		for _, set := range z.snapshot() {
			if err := ctx.Err(); err != nil {
				yield(dnspolicy.RRSet{}, err)
				return
			}
			if !yield(set, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(dnspolicy.RRSet{}, err)
		}
	}
}

func (z *Zone) snapshot() []dnspolicy.RRSet {
	z.mu.Lock()
	defer z.mu.Unlock()
	var all []dnspolicy.RRSet
	for set := range z.sets.all() {
		all = append(all, set.Clone())
	}
	slices.SortFunc(all, func(a, b dnspolicy.RRSet) int { return compareKeys(a.RRKey, b.RRKey) })
	return all
}

func compareKeys(a, b dnspolicy.RRKey) int {
	return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Type, b.Type), strings.Compare(a.SetIdentifier, b.SetIdentifier))
}
