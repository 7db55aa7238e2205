package httpapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/eipbinder/eipbinder/binder"
)

// Reconciler is what a LocalQueue calls; *binder.Binder has it, and *binder.Mux.
type Reconciler interface {
	Reconcile(ctx context.Context, ids ...string) ([]binder.Outcome, error)
}

var (
	_ Reconciler = (*binder.Binder)(nil)
	_ Reconciler = (*binder.Mux)(nil)
	_ Queue      = (*LocalQueue)(nil)
)

// LocalQueueOptions configure a LocalQueue. Zero means the default.
type LocalQueueOptions struct {
	// Gather is how long an instance waits for others to share its Reconcile, and
	// for its answer to be on the way. Default 500 ms.
	Gather time.Duration
	// Capacity is how many instances may wait, those that come back later included.
	// Default 10,000.
	Capacity int
	// Batch is how many instances one Reconcile gets at most. Default 100.
	Batch int
	// Parallel is how many Reconciles may run at once: one that waits for DNS must
	// not hold up the next. Default 8.
	Parallel int
	// MaxAge is for how long an instance is tried. Then it is left to the sweep.
	// Default 15 min.
	MaxAge time.Duration
	// DrainTime is for how long Run goes on once its context has ended. Default 20 s.
	DrainTime time.Duration
	// Logger gets what is given up. Default: silence.
	Logger *slog.Logger
}

// LocalQueue is a Queue in the process. It is lost with the process, which costs no
// more than time: the sweep finds every worker without a binding.
type LocalQueue struct {
	reconciler Reconciler
	opts       LocalQueueOptions
	wake       chan struct{}

	mu     sync.Mutex
	jobs   map[string]*job // by instance
	ran    bool
	closed bool
}

// job is one instance that waits, or is being reconciled.
type job struct {
	id         string
	since, due time.Time
	tries      int
	running    bool
	again      bool // asked for while it was running
}

// NewLocalQueue returns a queue, or a binder.ErrConfig. Nothing happens before Run.
func NewLocalQueue(r Reconciler, optFns ...func(*LocalQueueOptions)) (*LocalQueue, error) {
	var o LocalQueueOptions
	for _, fn := range optFns {
		fn(&o)
	}
	if r == nil {
		return nil, fmt.Errorf("%w: the Reconciler of a LocalQueue is nil", binder.ErrConfig)
	}
	if min(o.Gather, o.MaxAge, o.DrainTime) < 0 || min(o.Capacity, o.Batch, o.Parallel) < 0 {
		return nil, fmt.Errorf("%w: LocalQueueOptions must not be negative", binder.ErrConfig)
	}
	o.Gather, o.MaxAge = cmp.Or(o.Gather, 500*time.Millisecond), cmp.Or(o.MaxAge, 15*time.Minute)
	o.DrainTime, o.Capacity = cmp.Or(o.DrainTime, 20*time.Second), cmp.Or(o.Capacity, 10_000)
	o.Batch, o.Parallel = cmp.Or(o.Batch, 100), cmp.Or(o.Parallel, 8)
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	return &LocalQueue{reconciler: r, opts: o, wake: make(chan struct{}, 1), jobs: map[string]*job{}}, nil
}

// Enqueue takes the instance. One that is being reconciled just now is reconciled
// again afterwards.
func (q *LocalQueue) Enqueue(ctx context.Context, instanceID string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return ErrQueueClosed
	}
	if waiting, ok := q.jobs[instanceID]; ok {
		waiting.again = waiting.running
		return nil
	}
	if len(q.jobs) >= q.opts.Capacity {
		return ErrQueueFull
	}
	now := time.Now()
	q.jobs[instanceID] = &job{id: instanceID, since: now, due: now.Add(q.opts.Gather)}
	q.signal()
	return nil
}

// Run reconciles what is in the queue until the context ends, and comes back to
// what has to wait. Then it takes no more, reconciles once what was not tried
// yet, waits for what is under way, and returns: nil, or ErrQueueLeft if instances
// still waited. It can be called once.
func (q *LocalQueue) Run(ctx context.Context) error {
	if !q.begin() {
		return errors.New("the queue was run before")
	}
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var group sync.WaitGroup
	slots := make(chan struct{}, q.opts.Parallel)
	start := func(batch []string) {
		group.Go(func() {
			defer func() { <-slots }()
			q.reconcile(work, batch)
		})
	}
	for q.await(ctx) {
		select {
		case slots <- struct{}{}:
			start(q.take(func(j *job) bool { return !j.due.After(time.Now()) }))
		case <-ctx.Done():
		}
	}
	q.close()
	defer time.AfterFunc(q.opts.DrainTime, stop).Stop()
	untried := func(j *job) bool { return j.tries == 0 }
	for batch := q.take(untried); len(batch) > 0 && work.Err() == nil; batch = q.take(untried) {
		slots <- struct{}{}
		start(batch)
	}
	group.Wait()
	return q.left()
}

func (q *LocalQueue) begin() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	first := !q.ran
	q.ran = true
	return first
}

func (q *LocalQueue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
}

func (q *LocalQueue) left() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.jobs) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %d", ErrQueueLeft, len(q.jobs))
}

// await waits until a job is due. False: the context ended.
func (q *LocalQueue) await(ctx context.Context) bool {
	for ctx.Err() == nil {
		var due <-chan time.Time
		if next, ok := q.nextDue(); ok {
			wait := time.Until(next)
			if wait <= 0 {
				return true
			}
			due = time.After(wait)
		}
		select {
		case <-due:
		case <-q.wake:
		case <-ctx.Done():
		}
	}
	return false
}

func (q *LocalQueue) nextDue() (next time.Time, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, j := range q.jobs {
		if !j.running && (!ok || j.due.Before(next)) {
			next, ok = j.due, true
		}
	}
	return next, ok
}

// take returns a batch of the jobs that are wanted, the oldest first, and marks
// them as running.
func (q *LocalQueue) take(wanted func(*job) bool) []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	var batch []*job
	for _, j := range q.jobs {
		if !j.running && wanted(j) {
			batch = append(batch, j)
		}
	}
	slices.SortFunc(batch, func(a, b *job) int { return cmp.Or(a.due.Compare(b.due), cmp.Compare(a.id, b.id)) })
	batch = batch[:min(len(batch), q.opts.Batch)]
	ids := make([]string, len(batch))
	for i, j := range batch {
		j.running, ids[i] = true, j.id
	}
	return ids
}

func (q *LocalQueue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *LocalQueue) reconcile(ctx context.Context, ids []string) {
	outcomes, err := q.reconciler.Reconcile(ctx, ids...)
	known := make(map[string]binder.Outcome, len(outcomes))
	for _, o := range outcomes {
		known[o.InstanceID] = o
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, id := range ids {
		o, ok := known[id]
		if !ok {
			o = binder.Outcome{InstanceID: id, Status: binder.Failed, Err: err}
		}
		q.settle(q.jobs[id], o)
	}
	q.signal()
}

// settle says when the job is due again, or ends it.
func (q *LocalQueue) settle(j *job, o binder.Outcome) {
	now := time.Now()
	j.running = false
	j.tries++
	if j.again {
		*j = job{id: j.id, since: now, due: now}
		return
	}
	delay, back := comeBack(o, j.tries)
	j.due = now.Add(delay)
	if back && j.due.Sub(j.since) <= q.opts.MaxAge {
		return
	}
	delete(q.jobs, j.id)
	if back || o.Status == binder.Failed {
		q.opts.Logger.Error("given up", "instance", j.id, "status", string(o.Status), "reason", o.Reason, "tries", j.tries, "error", o.Err)
	}
}

// Delays of what is tried again without saying when.
const (
	minDelay  = time.Second
	maxDelay  = time.Minute
	goneTries = 3 // EC2 may not show a new instance yet
)

// comeBack reports whether the outcome is worth another try, and when.
func comeBack(o binder.Outcome, tries int) (time.Duration, bool) {
	var failed *binder.Error
	backoff := min(minDelay<<min(tries-1, 10), maxDelay)
	switch {
	case o.Status.Waiting():
		return max(o.RetryAfter, minDelay), true
	case o.Status == binder.Gone:
		return backoff, tries < goneTries
	case o.Status == binder.Failed:
		return backoff, !(errors.As(o.Err, &failed) && failed.Terminal)
	}
	return 0, false
}
