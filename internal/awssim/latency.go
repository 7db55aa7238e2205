package awssim

import (
	"context"
	"time"
)

// AWSLatency is an option that lets calls take as long as on AWS
// (AWS-FACTS.md): EC2 30 to 150 ms, Route 53 80 to 250 ms, a DNS change 20 to
// 60 s until it is INSYNC.
func AWSLatency(o *Options) {
	o.EC2Latency = Range{30 * time.Millisecond, 150 * time.Millisecond}
	o.Route53Latency = Range{80 * time.Millisecond, 250 * time.Millisecond}
	o.Insync = Range{20 * time.Second, 60 * time.Second}
}

// latency returns how long the call takes before it has its effect.
func (s *Sim) latency(c call) (d time.Duration) {
	if s.opts.Latency != nil { // without the lock: it may call the Sim
		return s.opts.Latency(c.action)
	}
	s.view(func(m *model) {
		between := m.opts.EC2Latency
		if c.service == route53Service {
			between = m.opts.Route53Latency
		}
		d = between.draw(m.random.stream("latency", c.action))
	})
	return d
}

// wait lets the time pass, unless the context ends before.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return ctx.Err()
	}
}

// insyncAt returns when a change that is made now will be on all name servers.
func (m *model) insyncAt() time.Time {
	after := m.opts.InsyncAfter
	if m.opts.Insync.set() {
		after = m.opts.Insync.draw(m.random.stream("insync", ""))
	}
	return m.now.Add(after)
}
