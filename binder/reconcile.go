package binder

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store"
)

// Reconcile brings the instances to what should be, and returns one Outcome
// for each, in the order of the IDs; an ID that is given twice counts once.
// The error joins those of the failed ones, each a *Error; waiting outcomes
// are no errors. One instance's failure does not touch another's.
//
// A running, eligible instance is bound. One that is shutting down or
// terminated is unbound, one that is stopped is hidden, and unbound after
// StopGrace. One that is running and not eligible costs one Describe and is
// left alone, whether or not it is bound. One that the fleet does not know is
// unbound once its absence is confirmed.
//
// Work on the instances begins in the order of the IDs, on Options.Concurrency
// of them at once. If the context ends, work stops where it is, and what was not
// begun is NotReady and untouched; calling again continues. It ends with its slowest
// instance; [WithOutcomes] tells of the others before.
func (b *Binder) Reconcile(ctx context.Context, ids ...string) ([]Outcome, error) {
	return b.reconcile(ctx, unique(ids), order{}, true)
}

// Bind is Reconcile for one instance, but it never unbinds: an instance that
// is not running is an Outcome (NotReady, Gone, Ineligible) and is left alone.
func (b *Binder) Bind(ctx context.Context, id string) (Outcome, error) {
	return only(b.reconcile(ctx, []string{id}, order{verb: orderBind}, true))
}

// UnbindOptions are how an Unbind goes about it.
type UnbindOptions struct {
	// Force takes the binding back from a running, eligible worker, and from one
	// that a schedule server has acquired. Default false.
	Force bool
}

// Unbind takes an instance's binding back, whatever the instance's state: its
// name, its address, its record. An instance without a binding gives Gone.
// That of a running, eligible worker is ErrServing unless forced; and the next
// Reconcile binds such a worker again, unless it was made ineligible before, or
// the deployment is paused.
func (b *Binder) Unbind(ctx context.Context, id string, optFns ...func(*UnbindOptions)) (Outcome, error) {
	return only(b.reconcile(ctx, []string{id}, unbindOrder(optFns), true))
}

func unbindOrder(optFns []func(*UnbindOptions)) order {
	if resolved(optFns).Force {
		return order{verb: orderUnbindForce}
	}
	return order{verb: orderUnbind}
}

// resolved is what the functions make of options whose zero values are the
// defaults.
func resolved[T any](optFns []func(*T)) T {
	var opts T
	for _, fn := range optFns {
		fn(&opts)
	}
	return opts
}

// DrainOptions tune Drain and Undrain.
type DrainOptions struct {
	// By names the program that hides the worker, such as "kubernetes". Default,
	// empty: an operator. A worker is hidden by one of them at a time: by the
	// first, or by an operator who comes later. A program shows what it has hidden
	// itself, and what Options.StartHidden hides; an operator shows all.
	By string
}

// Drain hides a bound worker from schedule servers at once and until Undrain,
// and leaves its address, its name and its allocated flag alone: sessions can
// end. The outcome is AlreadyBound; its reason, ReasonDraining or DrainedBy, says
// who hides the worker, which need not be who asked. Draining a drained worker
// changes nothing else. One that is being bound will be bound hidden.
// An instance without a binding gives Gone. Draining never leads to a release:
// the instance's end does.
func (b *Binder) Drain(ctx context.Context, id string, optFns ...func(*DrainOptions)) (Outcome, error) {
	return only(b.reconcile(ctx, []string{id}, order{orderDrain, resolved(optFns).By}, true))
}

// Undrain shows a drained worker to schedule servers again, with the flag
// allocated as they left it, and one that Options.StartHidden hides for the first
// time: also while it is being bound. One that is not drained is AlreadyBound. One whose
// instance is stopped stays hidden until it runs again, and one that somebody
// else hides is AlreadyBound with that reason: see DrainOptions.By.
func (b *Binder) Undrain(ctx context.Context, id string, optFns ...func(*DrainOptions)) (Outcome, error) {
	return only(b.reconcile(ctx, []string{id}, order{orderUndrain, resolved(optFns).By}, true))
}

func only(outcomes []Outcome, err error) (Outcome, error) { return outcomes[0], err }

func unique(ids []string) []string {
	seen := make(map[string]bool, len(ids))
	var out []string
	for _, id := range ids {
		if !seen[id] {
			out = append(out, id)
		}
		seen[id] = true
	}
	return out
}

// reconcile observes all instances at once and then works on each by itself, all as
// one batch of the pool's. If it helps, a run may reconcile another instance that
// stands in its way, as a batch of its own.
func (b *Binder) reconcile(ctx context.Context, ids []string, order order, helps bool) ([]Outcome, error) {
	ctx = eippool.WithBatch(ctx)
	views, err := b.look(ctx, ids, order)
	return b.workOn(ctx, ids, views, err, helps)
}

// workOn works on each of the instances that were observed, or says why they
// could not be.
func (b *Binder) workOn(ctx context.Context, ids []string, views []view, err error, helps bool) ([]Outcome, error) {
	outcomes := make([]Outcome, len(ids))
	if err != nil {
		for i, id := range ids {
			outcomes[i] = b.failed(ctx, view{id: id}, "observe", err)
			tellOutcome(ctx, outcomes[i])
		}
		return outcomes, joined(outcomes)
	}
	b.newBatch(helps).runAll(ctx, views, outcomes)
	return outcomes, joined(outcomes)
}

func (b *Binder) newBatch(helps bool) *batch {
	return &batch{b: b, picker: picker{b: b, lock: make(chan struct{}, 1)}, slots: make(chan struct{}, b.opts.Concurrency), helps: helps}
}

// runAll works on each of the views by itself. They begin in their order, since
// each has a slot before the next one asks for one: under a pace or a deadline
// the first ones are served first. What has no slot when the context ends is
// left as it is.
func (work *batch) runAll(ctx context.Context, views []view, outcomes []Outcome) {
	var group sync.WaitGroup
	for i := range views {
		if !work.enter(ctx) {
			outcomes[i] = views[i].outcome(NotReady)
			outcomes[i].RetryAfter, outcomes[i].Reason = time.Second, "the call ended before its turn"
			tellOutcome(ctx, outcomes[i])
			continue
		}
		group.Go(func() {
			defer work.leave()
			outcomes[i] = (&run{batch: work, v: views[i]}).do(ctx)
			tellOutcome(ctx, outcomes[i])
		})
	}
	group.Wait()
}

func joined(outcomes []Outcome) error {
	var errs []error
	for _, o := range outcomes {
		errs = append(errs, o.Err)
	}
	return errors.Join(errs...)
}

// look observes the instances: what the fleet shows, then their records, then
// the records' addresses. Whatever changes after a record was read makes the
// next write of that record fail, so that no decision outlives its facts.
func (b *Binder) look(ctx context.Context, ids []string, order order) ([]view, error) {
	began := time.Now()
	instances, err := b.describe(ctx, ids)
	if err != nil {
		return nil, err
	}
	return b.lookOn(ctx, began, instances, ids, order)
}

// lookOn goes on from what the fleet showed in a look that began then.
func (b *Binder) lookOn(ctx context.Context, began time.Time, instances map[string]Instance, ids []string, order order) ([]view, error) {
	views := make([]view, len(ids))
	var keys []store.Key
	for i, id := range ids {
		views[i] = view{id: id, seen: began, order: order, refused: refused(ctx, id)}
		if found, ok := instances[id]; ok {
			views[i].instance = &found
		}
		if !views[i].leftAlone() {
			keys = append(keys, store.ByInstance(id))
		}
	}
	if len(keys) == 0 {
		return views, nil
	}
	reason, err := b.paused(ctx)
	if err != nil {
		return nil, err
	}
	for i := range views {
		if reason != "" {
			views[i].paused = ErrPaused.Error() + ": " + reason
		}
	}
	return views, b.lookUp(ctx, views, keys)
}

// lookUp fills in the records that hold these keys, and their addresses.
func (b *Binder) lookUp(ctx context.Context, views []view, keys []store.Key) error {
	records, err := b.store.Get(ctx, keys...)
	if err != nil {
		return fmt.Errorf("get the records: %w", err)
	}
	var allocationIDs []string
	for _, r := range records {
		allocationIDs = append(allocationIDs, r.AllocationID)
	}
	var addresses []eippool.Address
	if len(allocationIDs) > 0 {
		if addresses, err = b.pool.Lookup(ctx, allocationIDs...); err != nil {
			return fmt.Errorf("look the addresses up: %w", err)
		}
	}
	held := make([]*store.Record, len(records))
	for i := range records {
		held[i] = &records[i]
	}
	fillIn(views, held, byAllocation(addresses))
	return b.explainAll(ctx, views)
}

// fillIn gives each view its instance's record, and that record's address.
func fillIn(views []view, records []*store.Record, addresses map[string]*eippool.Address) {
	held := make(map[string]*store.Record, len(records)) // by instance
	for _, r := range records {
		held[r.InstanceID] = r
	}
	for i := range views {
		if r := held[views[i].id]; r != nil {
			views[i].record, views[i].address = r, addresses[r.AllocationID]
		}
	}
}

// explainAll looks for the records that explain why instances without a
// binding hold an address. That is rare, and costs nothing otherwise.
func (b *Binder) explainAll(ctx context.Context, views []view) error {
	var addresses []eippool.Address
	for i := range views {
		v := &views[i]
		if v.record != nil || v.instance == nil || !v.instance.ElasticIP.IsValid() {
			continue
		}
		if addresses == nil {
			var err error
			if addresses, err = b.pool.List(ctx); err != nil {
				return fmt.Errorf("list the pool: %w", err)
			}
		}
		if err := b.explain(ctx, v, addresses); err != nil {
			return err
		}
	}
	return nil
}

// explain finds out whether the address that an instance without a binding
// holds is one that it had before: then an association call landed after its
// binding was taken back, and the address is its own to be bound again.
func (b *Binder) explain(ctx context.Context, v *view, addresses []eippool.Address) error {
	i := slices.IndexFunc(addresses, func(a eippool.Address) bool { return a.IP == v.instance.ElasticIP })
	if i < 0 {
		return nil
	}
	if addresses[i].NetworkInterfaceID != v.instance.NetworkInterfaceID {
		v.unclear = true // the instance was described before somebody took the address away
		return nil
	}
	records, err := b.store.Get(ctx, store.ByAddress(addresses[i].AllocationID))
	if err != nil {
		return fmt.Errorf("get the record of %s: %w", addresses[i].IP, err)
	}
	if len(records) == 1 {
		b.explainBy(records[0], addresses[i], v)
	}
	return nil
}

// explainBy does so by the record of the address.
func (b *Binder) explainBy(r store.Record, a eippool.Address, v *view) {
	switch {
	case r.InstanceID == v.id:
		v.unclear = true // another worker has just reserved it
	case r.Phase != store.Free || r.BinderID != b.opts.BinderID || r.LastInstanceID != v.id:
	case time.Now().Before(r.FencedUntil):
		v.unclear = true // EC2 may still show an association that has ended
	default:
		v.own = &candidate{address: &a, record: &r}
	}
}

// occupied is what to do about an instance that holds an address which is not
// known to be its own.
func (v view) occupied() decision {
	if v.unclear {
		return wait(NotReady, notReadyRetry, "it is not clear yet which address it holds")
	}
	return fail(errOccupied(v.instance))
}

// leftAlone reports whether the instance is none of ours to bind, and is in no
// state that could ask for an unbinding either.
func (v view) leftAlone() bool {
	return !v.order.ofBound() && v.instance != nil && !v.instance.Eligible &&
		(v.instance.State == Running || v.instance.State == Pending)
}

func (b *Binder) describe(ctx context.Context, ids []string) (map[string]Instance, error) {
	found, err := b.fleet.Describe(ctx, ids...)
	if err != nil {
		return nil, fmt.Errorf("describe the instances: %w", err)
	}
	return byID(found), nil
}

func byID(found []Instance) map[string]Instance {
	instances := make(map[string]Instance, len(found))
	for _, i := range found {
		instances[i.ID] = i
	}
	return instances
}
