package k8snode

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/internal/gather"
)

// looks gathers the instances of nodes that are to be reconciled into few calls
// of the Binder, and keeps what came of it until the node was told.
type looks struct {
	binder Binder
	opts   Options
	wake   chan struct{} // somebody waits
	hurry  chan struct{} // somebody who does not wait for a pause

	mu      sync.Mutex
	pace    *gather.Pace        // of the calls
	urgent  bool                // the next call is not to wait for the pace
	entries map[string]*entry   // by instance
	ofNode  map[string][]string // instances by node, the newest last
	waiting []string            // for the next call
	calls   int
	requeue func(node string) // of the controller's queue; nil before it starts
}

// entry is what this process knows of an instance. A restart loses it, and asks
// again.
type entry struct {
	node    string
	outcome *binder.Outcome // the newest; nil: none, or the node was told
	at      time.Time       // of the newest that is known
	due     time.Time       // when to ask again, if the node still needs it
	since   time.Time       // when it was first asked
	fails   int             // in a row
	told    map[string]bool // events that were sent about waiting
	gone    bool            // its Node is
	why     hiding          // it is to be hidden, as its Node was last seen
	claim   string          // whose its Node is, as that was last seen; empty: nobody's
	seen    bool            // bound, by this process: reason is known
	reason  string          // why it is hidden, as Outcome.Reason is; empty: it is not

	order      verb            // to be carried out, or answered; empty: none
	answer     *binder.Outcome // to it; nil: none yet
	orderAt    time.Time       // when it was first given
	orderDue   time.Time       // when it may be given again
	orderFails int             // in a row

	asked bool // for the next call
	call  int  // the call that is to answer; 0: none
	again bool // ask once more after it
}

// hidden reports whether schedule servers do not see the worker, as far as this
// process knows.
func (e entry) hidden() bool { return e.seen && e.reason != "" }

// ours reports whether a controller shows the worker again.
func (e entry) ours() bool {
	return e.seen && (e.reason == binder.DrainedBy(HiddenBy) || e.reason == binder.ReasonStartHidden)
}

func newLooks(b Binder, opts Options) *looks {
	return &looks{
		binder: b, opts: opts, wake: make(chan struct{}, 1), hurry: make(chan struct{}, 1), pace: gather.New(opts.AssociateBurst, opts.AssociateEvery),
		entries: map[string]*entry{}, ofNode: map[string][]string{},
	}
}

// Start makes the calls until the context ends.
func (l *looks) Start(ctx context.Context) error {
	var calls sync.WaitGroup
	defer calls.Wait()
	for ctx.Err() == nil {
		l.gather(ctx)
		l.pause(ctx)
		if n, ids := l.depart(); len(ids) > 0 {
			calls.Go(func() { l.call(ctx, n, ids) })
		}
	}
	return nil
}

// gather waits for instances, and then for more of them.
func (l *looks) gather(ctx context.Context) {
	select {
	case <-ctx.Done():
		return
	case <-l.wake:
	}
	last := time.After(10 * l.opts.Window)
	for {
		select {
		case <-l.wake:
			continue
		case <-ctx.Done():
		case <-time.After(l.opts.Window):
		case <-last:
		}
		return
	}
}

// pause lets those that come now wait for the next call, as long as EC2 is at work
// on those of the calls before: which may turn out to be less work than it seemed.
// Who is to be hidden, or has ended, does not wait.
func (l *looks) pause(ctx context.Context) {
	for wait := l.due(); wait > 0 && ctx.Err() == nil; wait = l.due() {
		select {
		case <-ctx.Done():
		case <-l.hurry:
		case <-time.After(min(wait, 5*l.opts.Window)):
		}
	}
}

// due is how long the next call has to wait.
func (l *looks) due() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.urgent {
		return 0
	}
	return time.Until(l.pace.Due(10 * l.opts.Window))
}

// spare notes that an instance of a call needed no association.
func (l *looks) spare() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pace.Spare(1)
}

// depart takes those that wait, for a call with a number.
func (l *looks) depart() (call int, ids []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ids, l.waiting, l.urgent = l.waiting, nil, false
	if len(ids) > 0 {
		l.pace.Began(time.Now(), len(ids))
	}
	l.calls++
	for _, id := range ids {
		if e := l.entries[id]; e != nil {
			e.asked, e.call = false, l.calls
		}
	}
	return l.calls, ids
}

func (l *looks) call(ctx context.Context, call int, ids []string) {
	limited, cancel := context.WithTimeout(ctx, l.opts.CallTime)
	defer cancel()
	land := func(o binder.Outcome) {
		if ctx.Err() == nil { // else the process ends
			l.land(call, o)
		}
	}
	first := func(o binder.Outcome) {
		land(o)
		if o.Status != binder.Bound {
			l.spare()
		}
	}
	outcomes, _ := l.binder.Reconcile(l.claimed(l.drained(binder.WithOutcomes(limited, first))), ids...) // each failed outcome has its error
	for _, o := range outcomes {
		land(o) // unless it was told before
	}
}

// land takes an outcome of a call, unless the instance has one already, or was
// asked about again.
func (l *looks) land(call int, o binder.Outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entries[o.InstanceID]
	if e == nil || e.call != call {
		return
	}
	e.call = 0
	l.keep(e, o)
	again := e.again && o.Status != binder.Unbound // which is all that is asked for then
	e.again = false
	if again {
		l.enlist(o.InstanceID, e)
	}
}

// found takes an outcome that was not asked for: that of a sweep, which began
// then. What has been learned since is newer, and what is being asked will be.
func (l *looks) found(o binder.Outcome, began time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.entries[o.InstanceID]; e != nil && e.call == 0 && !e.at.After(began) {
		l.keep(e, o)
	}
}

// made takes the outcome of an instance that a sweep has bound, or unbound, just
// now, which nobody knows better.
func (l *looks) made(o binder.Outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.entries[o.InstanceID]; e != nil && (!e.again || o.Status == binder.Unbound) {
		e.call, e.again = 0, false
		l.keep(e, o)
	}
}

// keep notes an outcome, and lets the node be told.
func (l *looks) keep(e *entry, o binder.Outcome) {
	e.outcome, e.at = &o, time.Now()
	e.due = time.Now().Add(l.comeBack(e, o))
	if bound(o) {
		e.fails, e.seen, e.reason = 0, true, o.Reason
	}
	if o.Err != nil {
		l.log(e.node, o)
	}
	l.again(e)
}

// again lets the node of the instance be reconciled.
func (l *looks) again(e *entry) {
	if l.requeue != nil {
		l.requeue(e.node)
	}
}

// comeBack is when to ask again about a node that is not bound. Where only a
// person can help, a sweep's pace is enough.
func (l *looks) comeBack(e *entry, o binder.Outcome) time.Duration {
	switch {
	case o.Status.Waiting():
		return max(o.RetryAfter, shortRetry)
	case terminal(o):
		return l.opts.SweepEvery
	case o.Err != nil:
		e.fails = min(e.fails+1, 10)
		return backoff(e.fails)
	}
	return min(15*time.Second, l.opts.SweepEvery) // EC2 may not show it yet
}

// backoff is how long to wait after this many failures in a row.
func backoff(fails int) time.Duration { return min(time.Second<<fails, time.Minute) }

// log logs what failed, as an error if trying again cannot help.
func (l *looks) log(node string, o binder.Outcome) {
	level := slog.LevelWarn
	if terminal(o) {
		level = slog.LevelError
	}
	l.opts.Logger.Log(context.Background(), level, "binding failed", "node", node, "instance", o.InstanceID, "error", o.Err)
}

// ask lets the next call include the instance.
func (l *looks) ask(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entries[id]
	switch {
	case e == nil || e.asked:
	case e.call != 0:
		e.again = e.again || e.gone // what is on its way answers anybody else
	default:
		l.enlist(id, e)
	}
}

// askNow is ask for who has ended, or is to be hidden.
func (l *looks) askNow(id string) {
	l.mu.Lock()
	l.urgent = true
	l.mu.Unlock()
	select {
	case l.hurry <- struct{}{}:
	default:
	}
	l.ask(id)
}

func (l *looks) enlist(id string, e *entry) {
	if e.since.IsZero() {
		e.since = time.Now()
	}
	e.outcome, e.asked = nil, true
	l.waiting = append(l.waiting, id)
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// attach says which node has the instance.
func (l *looks) attach(node, id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entries[id]
	if e == nil {
		e = &entry{}
		l.entries[id] = e
	}
	e.node, e.gone = node, false
	if !slices.Contains(l.ofNode[node], id) {
		l.ofNode[node] = append(l.ofNode[node], id)
	}
}

// forget drops what is known of the instance of a node that is gone.
func (l *looks) forget(node, id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.entries[id]; e != nil && e.gone {
		delete(l.entries, id)
	}
	l.ofNode[node] = slices.DeleteFunc(l.ofNode[node], func(other string) bool { return other == id })
	if len(l.ofNode[node]) == 0 {
		delete(l.ofNode, node)
	}
}

// left returns the instances that the node had before it had this one.
func (l *looks) left(node, id string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(l.ofNode[node]), func(other string) bool { return other == id })
}

// drained lets what is bound under the context begin hidden where its node is to be.
func (l *looks) drained(ctx context.Context) context.Context {
	return binder.WithDrained(ctx, func(id string) string {
		if l.of(id).why == shown {
			return ""
		}
		return HiddenBy
	})
}

// bury notes that the instance's Node is gone, and reports whether that is new.
// That its binding was taken back stays known.
func (l *looks) bury(node, id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entries[id]
	if e == nil || e.gone || e.node != node {
		return false
	}
	e.why = leaving
	if e.gone = true; e.outcome != nil && e.outcome.Status != binder.Unbound {
		e.outcome = nil
	}
	return true
}

// of returns a copy of what is known of the instance.
func (l *looks) of(id string) entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.entries[id]; e != nil {
		return *e
	}
	return entry{}
}

// done drops the outcome, if it is still this one: the node was told.
func (l *looks) done(id string, o *binder.Outcome) {
	l.change(id, func(e *entry) {
		if e.outcome == o {
			e.outcome, e.told, e.since = nil, nil, time.Time{}
		}
	})
}

// tellOnce reports whether nobody was told this about the instance, since it was
// last bound.
func (l *looks) tellOnce(id, what string) bool {
	first := false
	l.change(id, func(e *entry) {
		if e.told == nil {
			e.told = map[string]bool{}
		}
		first = !e.told[what]
		e.told[what] = true
	})
	return first
}

func (l *looks) change(id string, edit func(*entry)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.entries[id]; e != nil {
		edit(e)
	}
}
