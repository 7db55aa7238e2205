package binder

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/eipbinder/eipbinder/store"
)

// batch is what the runs of one call share.
type batch struct {
	b      *Binder
	picker picker
	slots  chan struct{} // as many as may work at once
	helps  bool          // a run may reconcile the holder of a name that it wants
}

// run works on one instance: it decides, takes the step, and decides again
// from what the step changed, until there is nothing more to do now.
type run struct {
	*batch
	v      view
	helped bool
	start  time.Time
	turn   turn // the pool's, for one call
}

// maxSteps bounds a run that loses every race. The longest undisturbed one,
// giving one binding up and making another, takes fewer than twenty.
const maxSteps = 64

// afterCare bounds the writes that a run makes after its context has ended.
const afterCare = 5 * time.Second

// enter takes a slot, unless the context ends before there is one.
func (work *batch) enter(ctx context.Context) bool {
	if ctx.Err() != nil {
		return false
	}
	select {
	case work.slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (work *batch) leave() { <-work.slots }

// do works on the instance. The caller has taken a slot for it.
func (r *run) do(ctx context.Context) Outcome {
	defer r.endTurn()
	r.v.owner, r.start = rand.Text(), time.Now()
	for range maxSteps {
		r.adopt()
		d := r.b.decide(r.v)
		if d.step == stepEnd {
			return r.finish(ctx, d)
		}
		ended, err := r.take(ctx, d)
		if ended.step == "" && err != nil {
			ended, err = r.recover(ctx, err)
		}
		switch {
		case err != nil:
			return r.finish(ctx, fail(r.wrap(d.step, err)))
		case ended.step == stepEnd:
			return r.finish(ctx, ended)
		}
	}
	return r.finish(ctx, wait(Busy, time.Second, "changes all the time"))
}

// adopt takes over what the cloud shows and the record does not say yet.
func (r *run) adopt() {
	r.v.now = time.Now()
	if !r.mayWrite() {
		return
	}
	if r.v.record.Owner != "" && r.v.record.Owner != r.v.owner {
		r.noteLost(r.v.record.LeaseUntil) // whoever had the lease died with it
	}
	rec, a := r.v.record, r.v.address
	if a == nil || rec.Phase == store.Releasing || !a.Associated() {
		return
	}
	if a.NetworkInterfaceID == rec.NetworkInterfaceID && a.AssociationID != rec.AssociationID {
		rec.AssociationID = a.AssociationID
		r.v.unsaved = true
	}
}

// mayWrite reports whether the record is there, ours, and nobody else's to work
// on now.
func (r *run) mayWrite() bool {
	rec := r.v.record
	return rec != nil && rec.BinderID == r.b.opts.BinderID && r.v.paused == "" &&
		(rec.Owner == r.v.owner || !rec.Leased(r.v.now))
}

// recover looks again after a lost race for the run's own record, and says
// how to wait for a schedule server. Other errors it gives back.
func (r *run) recover(ctx context.Context, err error) (decision, error) {
	switch {
	case errors.Is(err, ErrNameTaken):
		return decision{}, err
	case errors.Is(err, store.ErrAllocated):
		return wait(NotReady, allocatedRetry, store.ErrAllocated.Error()), nil
	case errors.Is(err, store.ErrConflict):
		return decision{}, r.lookAgain(ctx)
	}
	return decision{}, err
}

func (r *run) lookAgain(ctx context.Context) error {
	views, err := r.b.look(ctx, []string{r.v.id}, r.v.order)
	if err != nil {
		return err
	}
	seen := views[0]
	if r.unbinding() && (seen.record == nil || seen.record.Phase != store.Releasing) {
		seen.record, seen.address, r.v.unbound = nil, nil, true // somebody finished it; what came after is not ours to end
	}
	r.v.instance, r.v.record, r.v.address, r.v.own, r.v.unsaved = seen.instance, seen.record, seen.address, seen.own, false
	r.v.seen, r.v.unclear, r.v.missing, r.v.usurped = seen.seen, seen.unclear, false, nil
	return nil
}

// unbinding reports whether the run is in the middle of what an order to
// unbind wants.
func (r *run) unbinding() bool {
	ordered := r.v.order.verb == orderUnbind || r.v.order.verb == orderUnbindForce
	return ordered && r.v.record != nil && r.v.record.Phase == store.Releasing
}

// take carries one step out. A decision to end, and not the zero one, ends the
// run.
func (r *run) take(ctx context.Context, d decision) (decision, error) {
	switch d.step {
	case stepReserve:
		return r.paced(ctx, stepAssociate, r.reserve)
	case stepClaim:
		return r.paced(ctx, d.next, r.claim)
	case stepAwait:
		return r.await(ctx)
	case stepCommit:
		return decision{}, r.commit(ctx)
	case stepFree:
		return decision{}, r.free(ctx)
	case stepRelease:
		return decision{}, r.release(ctx, d)
	}
	if d.step == stepDisassociate && r.lacksTurn(d.step) {
		return decision{}, r.letLeaseGo(ctx) // the next claim waits for it
	}
	if cloud := r.cloudStep(d.step); cloud != nil {
		return r.underLease(ctx, cloud)
	}
	return decision{}, r.mark(ctx, d)
}

// withoutSlot lets others work while this run waits.
func (r *run) withoutSlot(wait func()) {
	r.leave()
	defer func() { r.slots <- struct{}{} }()
	wait()
}

// cloudStep returns the steps that only the owner of the lease may take.
func (r *run) cloudStep(s step) func(context.Context) (decision, error) {
	switch s {
	case stepAssociate:
		return r.inTurn(r.associate)
	case stepPublish:
		return r.publish
	case stepReverse:
		return r.reverse
	case stepUnreverse:
		return r.unreverse
	case stepUnpublish:
		return r.unpublish
	case stepDisassociate:
		return r.inTurn(r.disassociate)
	}
	return nil
}

// underLease runs a step with a context that ends before the lease does.
func (r *run) underLease(ctx context.Context, step func(context.Context) (decision, error)) (decision, error) {
	ctx, cancel := context.WithDeadline(ctx, r.v.record.LeaseUntil.Add(-r.b.opts.Lease/8))
	defer cancel()
	return step(ctx)
}

// put writes the record and takes the stored one over.
func (r *run) put(ctx context.Context, rec store.Record) error {
	rec.WriteID = rand.Text()
	stored, err := r.b.store.Put(ctx, rec)
	if err != nil {
		return err
	}
	r.v.record, r.v.unsaved = &stored, false
	return nil
}

// lease makes the run the owner of a record that is about to be written.
func (r *run) lease(rec *store.Record) {
	rec.Owner, rec.LeaseUntil = r.v.owner, r.v.now.Add(r.b.opts.Lease)
}

// letLeaseGo gives the lease back, and changes nothing else.
func (r *run) letLeaseGo(ctx context.Context) error {
	rec := r.v.record.Clone()
	letGo(&rec)
	return r.put(ctx, rec)
}

func letGo(rec *store.Record) { rec.Owner, rec.LeaseUntil = "", time.Time{} }

// finish lets the lease go, stores what is not stored yet, and makes the
// outcome.
func (r *run) finish(ctx context.Context, d decision) Outcome {
	if rec := r.v.record; rec != nil && (r.v.unsaved || rec.Owner == r.v.owner) {
		after, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterCare)
		defer cancel()
		kept := rec.Clone()
		letGo(&kept)
		if err := r.put(after, kept); err != nil {
			err = r.wrap(stepSave, err)
			if d.status == Failed {
				d.err = errors.Join(d.err, err)
			} else { // whoever comes next waits for the lease to end
				r.b.observe(ctx, r.v.event(EventFailed, err))
			}
		}
	}
	if r.v.failure != nil {
		d = fail(errors.Join(r.v.failure, d.err))
	}
	if d.status == Failed {
		return r.b.failed(ctx, r.v, "decide", d.err)
	}
	outcome := r.v.outcome(d.status)
	outcome.RetryAfter, outcome.Reason = d.retry, d.reason
	if d.status == Exhausted {
		r.b.observe(ctx, Event{Kind: EventExhausted, InstanceID: r.v.id, Reason: d.reason})
	}
	return outcome
}

// outcome is the outcome with the binding as far as it exists.
func (v view) outcome(s Status) Outcome {
	o := Outcome{InstanceID: v.id, Status: s}
	if v.record != nil {
		o.AllocationID, o.IP, o.Name = v.record.AllocationID, v.record.IP, v.record.Name
	}
	return o
}

// wrap says at which step the error occurred, and what is left behind.
func (r *run) wrap(s step, err error) error { return r.v.wrap(string(s), err) }

func (v view) wrap(step string, err error) *Error {
	e := &Error{Step: step, InstanceID: v.id, Terminal: terminal(err), Err: err}
	if v.record != nil {
		e.AllocationID, e.AssociationID, e.Name = v.record.AllocationID, v.record.AssociationID, v.record.Name
	}
	return e
}

// failed makes the outcome of an error, and tells the observer.
func (b *Binder) failed(ctx context.Context, v view, step string, err error) Outcome {
	var known *Error
	if !errors.As(err, &known) {
		err = v.wrap(step, err)
	}
	outcome := v.outcome(Failed)
	outcome.Err = err
	kind := EventFailed
	switch {
	case throttled(err):
		kind = EventThrottled
	case errors.Is(err, ErrDrift):
		kind = EventDriftFound
	}
	b.observe(ctx, v.event(kind, err))
	return outcome
}

func (v view) event(kind EventKind, err error) Event {
	e := Event{Kind: kind, InstanceID: v.id, Err: err}
	if v.record != nil {
		e.AllocationID, e.IP, e.Name = v.record.AllocationID, v.record.IP, v.record.Name
	}
	return e
}

// tell reports a step that was taken, to the observer and the log.
func (r *run) tell(ctx context.Context, kind EventKind, since time.Time, reason string) {
	e := r.v.event(kind, nil)
	e.Took, e.Reason = time.Since(since), reason
	r.b.observe(ctx, e)
}

func (b *Binder) rules() rules {
	o := b.opts
	return rules{binderID: o.BinderID, keepNames: o.KeepNames, lease: o.Lease, confirmAfter: o.ConfirmAfter, lateCalls: o.LateCalls, stopGrace: o.StopGrace}
}
