package binder

import "time"

// A change of the names whose reply was lost, or whose caller died, may still
// take effect: a publication after the name was removed, a removal after the
// instance got its name back. Until nothing can land any more the record stays
// Releasing, and then the names are removed once more, unless somebody else has the
// address by then. A Free record therefore has no call of ours under way.

// oddLost is the kind, in Record.FirstSeen, of such a call. The time is the
// last at which it may have been made.
const oddLost = "dns-call-lost"

// noteLost notes a call that may have been made until then.
func (r *run) noteLost(at time.Time) {
	if !at.After(r.v.record.FirstSeen[oddLost]) {
		return
	}
	rec := r.v.record.Clone()
	if rec.FirstSeen == nil {
		rec.FirstSeen = map[string]time.Time{}
	}
	rec.FirstSeen[oddLost] = at
	r.v.record, r.v.unsaved = &rec, true
}

// onlyLost keeps of what is odd what outlives a phase.
func onlyLost(seen map[string]time.Time) map[string]time.Time {
	if at, lost := seen[oddLost]; lost {
		return map[string]time.Time{oddLost: at}
	}
	return nil
}

// mayLand reports whether a lost call may still take effect.
func (r rules) mayLand(v view) bool {
	lost, unsure := v.record.FirstSeen[oddLost]
	return unsure && v.now.Before(lost.Add(r.lateCalls))
}

// decideLost decides how a release ends during which a call was lost. Where the
// race for the address was lost, too, the name may be somebody else's: a sweep
// removes it once nobody holds the address.
func (r rules) decideLost(v view) (decision, bool) {
	lost, unsure := v.record.FirstSeen[oddLost]
	switch {
	case r.mayLand(v):
		return wait(NotReady, lost.Add(r.lateCalls).Sub(v.now), "a late call may still publish or remove the name"), true
	case unsure && len(passing(v.record)) > 0 && !v.outrun():
		return r.underLease(v, stepUnpublish), true
	}
	return decision{}, false
}
