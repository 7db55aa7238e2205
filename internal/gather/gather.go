// Package gather says when whoever reconciles instances in batches, as they
// arrive, is to begin the next one. Each batch costs calls that describe, whatever
// its size, and its workers wait for EC2's AssociateAddress bucket anyway once the
// burst is used up: so the next batch may as well gather meanwhile.
//
//	pace := gather.New(50, 200*time.Millisecond)
//	// for each batch:
//	time.Sleep(time.Until(pace.Due(2 * time.Second)))
//	ids := waiting()
//	pace.Began(time.Now(), len(ids))
//
// A Pace is for one goroutine at a time.
package gather

import "time"

const (
	// A large batch is followed by a longer pause: until EC2's bucket is full again
	// no token is lost by gathering, but a worker may wait for as long as so many
	// associations take.
	long = 30
	// Once the burst is used up, those that come now have to wait anyway, and so
	// does the next batch; but not for longer than this many associations take, or a
	// queue that moves faster than expected would run dry.
	most = 150
)

// Pace follows from the batches so far. Make one with New.
type Pace struct {
	burst int
	each  time.Duration
	began time.Time // the last batch
	full  time.Time // when EC2's bucket is full again after all batches
}

// New returns the pace before the first batch, where EC2 has a burst of so many
// associations and one more each time.
func New(burst int, each time.Duration) *Pace { return &Pace{burst: burst, each: each} }

// Began notes that a batch of so many instances began at this time.
func (p *Pace) Began(at time.Time, instances int) {
	if p.full.Before(at) {
		p.full = at
	}
	p.began, p.full = at, p.full.Add(p.lasts(instances))
}

// Spare notes that so many of those that have begun need no association after all.
func (p *Pace) Spare(instances int) { p.full = p.full.Add(-p.lasts(instances)) }

func (p *Pace) lasts(associations int) time.Duration { return time.Duration(associations) * p.each }

// Due is when the next batch may begin: for the first one at once, and for others
// at least that long after the one before. When half of a queue is through that is
// longer than the burst, the next batch comes behind the other half.
func (p *Pace) Due(least time.Duration) time.Time {
	if p.began.IsZero() {
		return time.Time{}
	}
	refilling := p.full.Sub(p.began)
	behind := (refilling - p.lasts(p.burst)) / 2
	return p.began.Add(max(least, min(refilling, p.lasts(long)), min(behind, p.lasts(most))))
}
