package gather_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/eipbinder/eipbinder/internal/gather"
)

func ExamplePace_Due() {
	pace := gather.New(50, 200*time.Millisecond)
	now := time.Now()
	fmt.Println(pace.Due(2 * time.Second).Before(now))
	pace.Began(now, 400)
	fmt.Println(pace.Due(2 * time.Second).Sub(now))
	// Output:
	// true
	// 30s
}

func TestDue(t *testing.T) {
	const least = 2 * time.Second
	p := gather.New(50, 200*time.Millisecond)
	now := time.Unix(0, 0)
	if due := p.Due(least); due.After(now) {
		t.Errorf("the first batch is due at %s", due)
	}
	for _, batch := range []struct {
		instances int
		pause     time.Duration
	}{
		{1, least},
		{20, 4 * time.Second},              // EC2's bucket is full again
		{60, 6 * time.Second},              // and here it is not: a worker might wait for long
		{100, (26 - 10) * time.Second / 2}, // 6 s of the one before are left
		{400, 30 * time.Second},
	} {
		p.Began(now, batch.instances)
		if pause := p.Due(least).Sub(now); pause != batch.pause {
			t.Errorf("after a batch of %d: %s, want %s", batch.instances, pause, batch.pause)
		}
		now = p.Due(least)
	}
	p.Began(now, 400)
	p.Spare(1000) // all that have begun, and more than the bucket waits for
	if pause := p.Due(least).Sub(now); pause != least {
		t.Errorf("after batches that need no association: %s, want %s", pause, least)
	}
}
