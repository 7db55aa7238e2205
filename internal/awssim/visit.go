package awssim

import "time"

// visit is what was decided about a call when it arrived.
type visit struct {
	latency time.Duration
	refusal *apiError // for want of tokens, or because its zone is busy
	fault   *Fault    // nil: none
	zone    string    // the zone that the call keeps busy, empty if none
}

// arrive decides about a call before the time that it takes.
func (s *Sim) arrive(c call) visit {
	v := visit{latency: s.latency(c)}
	s.view(func(m *model) {
		switch {
		case !m.take(c.charges):
			s.throttled[c.action]++
			v.refusal = c.throttled()
		case c.zone != "" && s.opts.RefuseOverlap && s.busy[c.zone]:
			v.refusal = refusef("PriorRequestNotComplete",
				"The request was rejected because Route 53 was still processing a prior request.")
		default:
			v.fault = m.strike(c.action)
			if v.zone = c.zone; v.zone != "" {
				s.busy[v.zone] = true
			}
		}
	})
	return v
}

// leave ends the call's hold on its zone.
func (s *Sim) leave(v visit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.busy, v.zone)
}
