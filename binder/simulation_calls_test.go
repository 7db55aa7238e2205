package binder_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"iter"
	"strings"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store"
)

// process runs a binder until it dies.
type process struct {
	s      *simulation
	name   string
	binder *binder.Binder
	ctx    context.Context
	kill   func()
	dead   bool // guarded by s.mu, as is the next
	faults int  // that its calls met

	touched map[string]time.Time // when it last tried to write about something, by ID or name
}

// simCall is an external call of a process.
type simCall struct {
	name      string
	ids       []string // what it is about
	throttled error    // how its backend says so
	writes    bool
	effect    func(late bool) error // under s.mu
}

// fate is what becomes of a call.
type fate int

const (
	succeeds fate = iota
	isThrottled
	fails
	losesReply
	landsLate
	crashesBefore
	crashesAfter
	crashesAndLandsLate
)

// weatherLasts is how soon it changes.
const weatherLasts = 7 * time.Minute

var (
	errNetwork   = errors.New("connection reset by peer")
	errNoForward = fmt.Errorf("%w: no A record", eippool.ErrInvalid)
)

// roll is a number that depends on the seed, the time and the call alone.
func (s *simulation) roll(salt string, at time.Time, ids ...string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write(binary.LittleEndian.AppendUint64(nil, s.seed))
	_, _ = h.Write(binary.LittleEndian.AppendUint64(nil, uint64(at.UnixNano())))
	_, _ = h.Write([]byte(salt))
	for _, id := range ids {
		_, _ = h.Write([]byte(id))
	}
	x := h.Sum64() // FNV mixes its last bytes badly
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// fate decides by the weather, which changes now and then, from fair to stormy. The caller holds s.mu.
func (s *simulation) fate(c simCall, chance uint64) fate {
	if s.calm {
		return succeeds
	}
	weather := []float64{0, 0, 0, 0.01, 0.02, 0.15}
	rate := weather[s.roll("weather", time.Now().Truncate(weatherLasts))%uint64(len(weather))]
	dice := float64(chance%1_000_000) / 1_000_000
	if dice >= rate {
		return succeeds
	}
	fates := []fate{isThrottled, isThrottled, fails, fails, crashesBefore}
	if c.writes {
		fates = []fate{isThrottled, fails, losesReply, losesReply, landsLate, landsLate, landsLate, crashesBefore, crashesAfter, crashesAndLandsLate}
	}
	return fates[int(dice/rate*float64(len(fates)))]
}

// do makes an external call: it takes its time, and takes effect or not,
// whatever its caller is told.
func (p *process) do(ctx context.Context, c simCall) error {
	s := p.s
	if err := ctx.Err(); err != nil {
		return err
	}
	chance := s.roll(c.name, time.Now(), append(c.ids, p.name)...)
	s.mu.Lock()
	if p.dead {
		s.mu.Unlock()
		return errCrash
	}
	s.judgePause(p, c)
	denied := s.denies(c)
	f := s.fate(c, chance)
	if f != succeeds || denied != nil {
		p.faults++
		s.tally[fmt.Sprintf("fault %d", f)]++
	}
	p.touch(c, f != succeeds)
	if denied != nil {
		s.tally["denied calls"]++
	}
	s.mu.Unlock()
	latency := 3*time.Millisecond + time.Duration(chance>>20%uint64(150*time.Millisecond))
	if denied != nil {
		return p.refuse(ctx, c, latency, denied)
	}
	return p.finish(ctx, c, f, latency, time.Duration(chance>>24%uint64(5*time.Minute)))
}

// touch notes what the process writes about, and whether it is hindered. The
// caller holds s.mu.
func (p *process) touch(c simCall, hindered bool) {
	if !c.writes {
		return
	}
	for _, id := range c.ids {
		id = strings.TrimPrefix(id, textLabel)
		p.touched[id] = time.Now()
		if hindered && id != "" {
			p.s.hindered[id] = time.Now()
		}
	}
}

// finish lets the call happen as its fate wants it.
func (p *process) finish(ctx context.Context, c simCall, f fate, latency, late time.Duration) error {
	switch f {
	case isThrottled:
		return p.refuse(ctx, c, latency, fmt.Errorf("%w: rate exceeded", c.throttled))
	case fails:
		return p.refuse(ctx, c, latency, errNetwork)
	case crashesBefore:
		p.crash(c, "before the call")
		return errCrash
	case landsLate:
		p.landLater(c, late)
		return p.refuse(ctx, c, latency, errNetwork)
	case crashesAndLandsLate:
		p.landLater(c, late)
		p.crash(c, "with the call under way")
		return errCrash
	}
	if elapse(ctx, latency) != nil {
		if c.writes {
			p.landLater(c, late)
		}
		return ctx.Err()
	}
	err := p.land(c, false)
	switch {
	case f == losesReply && c.name == "pool.Associate" && late%2 == 0:
		return fmt.Errorf("%w: seen again by the client's own retry", eippool.ErrInUse)
	case f == losesReply:
		return errNetwork
	case f == crashesAfter:
		p.crash(c, "after the call")
		return errCrash
	}
	return err
}

func elapse(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *process) refuse(ctx context.Context, c simCall, latency time.Duration, err error) error {
	if ended := elapse(ctx, latency); ended != nil {
		return ended
	}
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	p.s.note(p.name, c.name, "refused: "+err.Error(), c.ids...)
	return err
}

// landLater lets the call take effect after its caller has given up.
func (p *process) landLater(c simCall, late time.Duration) {
	p.s.background.Go(func() {
		time.Sleep(late)
		_ = p.land(c, true) // nobody is left to hear of an error
	})
}

func (p *process) land(c simCall, late bool) error {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	err := c.effect(late)
	if c.writes {
		actor := p.name
		if late {
			actor += " late"
			p.s.tally["late calls"]++
		}
		p.s.note(actor, c.name, outcomeOf(err), c.ids...)
	}
	return err
}

// crash ends the process: none of its calls gets anywhere any more.
func (p *process) crash(c simCall, when string) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	p.dead = true
	for id, at := range p.touched {
		if id != "" && time.Since(at) < time.Minute { // the lease: it was working on that
			p.s.hindered[id] = time.Now()
		}
	}
	p.s.tally["crashes"]++
	p.s.note(p.name, c.name, "CRASH "+when, c.ids...)
	p.kill()
}

func simList[T any](ctx context.Context, p *process, name string, throttled error, list iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if err := p.do(ctx, simCall{name: name, throttled: throttled, effect: func(bool) error { return nil }}); err != nil {
			var none T
			yield(none, err)
			return
		}
		list(yield)
	}
}

type simFleet struct{ p *process }

func (f simFleet) Describe(ctx context.Context, ids ...string) (found []binder.Instance, err error) {
	err = f.p.do(ctx, simCall{"fleet.Describe", ids, binder.ErrThrottled, false, func(bool) (err error) {
		if g := f.p.s.lagging(f.p, "fleet.Describe", ids...); g != nil {
			found = g.describe(ids)
			return nil
		}
		found, err = f.p.s.fleet.Describe(sent(ctx), ids...)
		return err
	}})
	return found, err
}

func (f simFleet) List(ctx context.Context) iter.Seq2[binder.Instance, error] {
	return simList(ctx, f.p, "fleet.List", binder.ErrThrottled, func(yield func(binder.Instance, error) bool) {
		f.p.s.mu.Lock()
		g := f.p.s.lagging(f.p, "fleet.List")
		f.p.s.mu.Unlock()
		if g == nil {
			f.p.s.fleet.List(ctx)(yield)
			return
		}
		for _, i := range g.eligible() {
			if !yield(i, nil) {
				return
			}
		}
	})
}

type simZone struct{ p *process }

func (z simZone) Lookup(ctx context.Context, key dnspolicy.RRKey) (set dnspolicy.RRSet, err error) {
	err = z.p.do(ctx, simCall{"zone.Lookup", []string{key.Name}, dnspolicy.ErrThrottled, false, func(bool) (err error) {
		set, err = z.p.s.zone.Lookup(sent(ctx), key)
		return err
	}})
	return set, err
}

func (z simZone) Apply(ctx context.Context, changes []dnspolicy.Change) (sent dnspolicy.Propagation, err error) {
	ids := make([]string, 0, len(changes))
	for _, c := range changes {
		ids = append(ids, c.Key().Name)
	}
	err = z.p.do(ctx, simCall{"zone.Apply " + verbOf(changes), ids, dnspolicy.ErrThrottled, true, func(late bool) error {
		p, err := z.p.s.apply(changes, late)
		if !late { // else nobody reads it
			sent = p
		}
		return err
	}})
	return sent, err
}

func verbOf(changes []dnspolicy.Change) string {
	if len(changes) == 0 {
		return "nothing"
	}
	switch c := changes[0]; {
	case c.Before == nil:
		return "create"
	case c.After == nil:
		return "delete"
	}
	return "again"
}

func (z simZone) Wait(ctx context.Context, p dnspolicy.Propagation) error {
	if err := z.p.do(ctx, simCall{"zone.Wait", nil, dnspolicy.ErrThrottled, false, func(bool) error { return nil }}); err != nil {
		return err
	}
	return z.p.s.zone.Wait(ctx, p)
}

func (z simZone) List(ctx context.Context) iter.Seq2[dnspolicy.RRSet, error] {
	return simList(ctx, z.p, "zone.List", dnspolicy.ErrThrottled, z.p.s.zone.List(ctx))
}

type simStore struct{ p *process }

func (o simStore) Get(ctx context.Context, keys ...store.Key) (found []store.Record, err error) {
	var ids []string
	if len(keys) > 0 {
		ids = []string{keys[0].ID}
	}
	err = o.p.do(ctx, simCall{"store.Get", ids, store.ErrThrottled, false, func(bool) (err error) {
		found, err = o.p.s.store.Get(sent(ctx), keys...)
		return err
	}})
	return found, err
}

func (o simStore) Put(ctx context.Context, r store.Record) (stored store.Record, err error) {
	err = o.p.do(ctx, simCall{"store.Put " + string(r.Phase), []string{r.AllocationID, r.InstanceID}, store.ErrThrottled, true, func(late bool) error {
		written, err := o.p.s.put(o.p.name, r, late)
		if !late {
			stored = written
		}
		return err
	}})
	return stored, err
}

func (o simStore) Delete(ctx context.Context, r store.Record) error {
	return o.p.do(ctx, simCall{"store.Delete", []string{r.AllocationID}, store.ErrThrottled, true, func(bool) error {
		return o.p.s.store.Delete(sent(ctx), r)
	}})
}

func (o simStore) Audit(ctx context.Context, repair bool) (found []store.Discrepancy, err error) {
	name := map[bool]string{true: "store.Audit and repair", false: "store.Audit"}[repair]
	err = o.p.do(ctx, simCall{name, nil, store.ErrThrottled, repair, func(late bool) error {
		seen, err := o.p.s.audits(ctx, repair)
		if !late {
			found = seen
		}
		return err
	}})
	return found, err
}

func (o simStore) List(ctx context.Context, f store.Filter) iter.Seq2[store.Record, error] {
	return simList(ctx, o.p, "store.List", store.ErrThrottled, o.p.s.store.List(ctx, f))
}

func (o simStore) Pause(ctx context.Context, reason string) error {
	return o.p.s.store.Pause(ctx, reason)
}
func (o simStore) Resume(ctx context.Context) error { return o.p.s.store.Resume(ctx) }

func (o simStore) Paused(ctx context.Context) (paused bool, reason string, err error) {
	err = o.p.do(ctx, simCall{"store.Paused", nil, store.ErrThrottled, false, func(bool) (err error) {
		paused, reason, err = o.p.s.store.Paused(sent(ctx))
		return err
	}})
	return paused, reason, err
}
