package e2e_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"
)

// storm is 50 launches at once: events in any order, some of them twice, two
// instances without any; instances that are no workers; a poisonous event; and a
// function that hangs in the midst of a batch until Lambda kills it.
func (d *deployed) storm(t *testing.T) {
	t.Helper()
	d.pooled, d.lost = 54, 2
	for range d.pooled {
		d.inventory.tag(pooled, d.allocate(t, pooled))
	}
	d.allocate(t, other)
	d.launching = time.Now().Truncate(time.Second) // EC2 says no more of it
	workers := d.launchAll(t, 50, karpenters)
	d.launched = time.Now()
	foreign := d.launchAll(t, 5, other)
	d.bound = workers
	var storm []json.RawMessage
	for i, m := range slices.Concat(workers[d.lost:], foreign) {
		storm = append(storm, event(m.instanceID, "running"))
		if i%5 == 0 {
			storm = append(storm, event(m.instanceID, "pending"))
		}
		if i%10 == 0 {
			storm = append(storm, event(m.instanceID, "running"))
		}
	}
	storm = append(storm, event("i-poison", "running"))
	random := rand.New(rand.NewPCG(1, 2)) // any order, the same in each run
	random.Shuffle(len(storm), func(i, j int) { storm[i], storm[j] = storm[j], storm[i] })
	d.put(t, storm[:d.source.batch]...)
	var rest sync.WaitGroup
	rest.Go(func() { d.put(t, storm[d.source.batch:]...) }) // moto takes a quarter of a second for each
	kill := d.hang(t)
	rest.Wait() // moto may lose what is sent while it deletes
	d.untold = len(d.items(t, "record_table"))
	d.stop = d.source.run(t)
	kill()
	d.awaitPoison(t)
	d.source.wantAgain(t, d.killed)
	if n := len(d.items(t, "record_table")); n != len(workers)-d.lost {
		t.Errorf("%d workers are visible, want all but those whose events are lost, %d", n, len(workers)-d.lost)
	}
}

// awaitPoison returns once nothing but the poison is in the queue, or is dead by
// then.
func (d *deployed) awaitPoison(t *testing.T) {
	t.Helper()
	awaitCount(t, d.queue, 1, d.stack.Resources["Queue"], d.stack.Resources["DeadLetterQueue"])
}

// hang invokes a function that hangs in the midst of its batch, and returns what
// kills the function when its time is up. It leaves addresses associated that nobody
// knows of but by its reservations.
func (d *deployed) hang(t *testing.T) (kill func()) {
	t.Helper()
	messages, err := d.source.receive(t.Context())
	if err != nil || len(messages) != d.source.batch {
		t.Fatalf("%d messages, want a batch of %d: %v", len(messages), d.source.batch, err)
	}
	d.killed = messages
	f := d.main.start(t)
	frozen := make(chan error, 1)
	d.main.trail.mu.Lock()
	d.main.trail.hang = hang{"ec2:AssociateAddress", 3, func() { frozen <- f.process.Signal(syscall.SIGSTOP) }}
	d.main.trail.mu.Unlock()
	select {
	case f.api.events <- d.source.event(t, messages):
	case <-time.After(timeout):
		t.Fatal("the function does not ask for an event")
	}
	began := time.Now()
	select {
	case err := <-frozen:
		if err != nil {
			t.Fatal(err)
		}
	case a := <-f.api.answers:
		t.Fatalf("the function is done before it hangs: %+v", a)
	case <-time.After(f.api.timeout):
		t.Fatal("the function neither hangs nor answers")
	}
	associated := slices.DeleteFunc(d.addresses(t), func(a address) bool { return a.AssociationID == "" })
	if rows := d.items(t, "record_table"); len(associated) < 3 || len(rows) >= len(associated) {
		t.Errorf("the function hangs with %d addresses associated and %d workers visible, want it in the midst", len(associated), len(rows))
	}
	return func() {
		select {
		case a := <-f.api.answers:
			t.Errorf("the frozen function answers: %+v", a)
		case <-time.After(killedAfter - time.Since(began)):
		}
		f.stop()
	}
}
