package binder

import "github.com/eipbinder/eipbinder/store"

// The part of the planner's table for the phase Releasing.

func (r rules) decideReleasing(v view) decision {
	rec := v.record
	switch {
	case rec.ReverseName != "" && !rec.KeepName && v.address != nil && !r.mayLand(v): // a late call may set it again
		return r.underLease(v, stepUnreverse)
	case len(passing(rec)) > 0 && !(rec.Unpublished && rec.InSync):
		return r.decideRemoval(v)
	}
	return r.decideUnnamed(v)
}

// decideUnnamed decides for a Releasing record whose names are gone.
func (r rules) decideUnnamed(v view) decision {
	rec := v.record
	switch {
	case v.address != nil && v.address.Associated() && v.address.NetworkInterfaceID == rec.NetworkInterfaceID:
		return r.underLease(v, stepDisassociate)
	case !terminated(v.instance) && v.now.Before(rec.AttemptedAt.Add(r.lateCalls)):
		return wait(NotReady, rec.AttemptedAt.Add(r.lateCalls).Sub(v.now), "a late call may still associate the address")
	}
	if d, unsure := r.decideLost(v); unsure {
		return d
	}
	return decision{step: stepFree}
}

// passing returns the record sets that go when the binding ends: all, or all
// but the A record if that stays with the address.
func passing(rec *store.Record) []store.RRSet {
	if rec.KeepName && len(rec.RRSets) > 0 {
		return rec.RRSets[1:]
	}
	return rec.RRSets
}

// decideRemoval decides how the record sets of a Releasing record go.
func (r rules) decideRemoval(v view) decision {
	switch {
	case !v.record.Unpublished:
		return r.underLease(v, stepUnpublish)
	case v.unsaved || v.record.Owner == v.owner:
		return decision{step: stepSave}
	}
	return decision{step: stepAwait}
}

// terminated reports that nothing can be associated with the instance any
// more. An instance that is not known was confirmed to be absent.
func terminated(i *Instance) bool { return i != nil && i.State == Terminated }
