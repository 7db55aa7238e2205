package binder

import (
	"maps"
	"net/netip"
	"time"

	"github.com/eipbinder/eipbinder/store"
)

// Mutate makes the binder decide without one of its guards.
func Mutate(b *Binder, name string) {
	mutant, ok := mutants()[name]
	if !ok {
		panic("no such mutant: " + name)
	}
	r := b.rules()
	b.decide = func(v view) decision {
		if v.record != nil {
			rec := v.record.Clone()
			v.record = &rec
		}
		return mutant(r, v)
	}
}

// mutants are planners that lack a guard, by what they do wrong.
func mutants() map[string]func(rules, view) decision {
	all := mutantsThatReleaseTooEarly()
	maps.Copy(all, mutantsThatDisregard())
	maps.Copy(all, mutantsOutOfOrder())
	maps.Copy(all, mutantsOfWhatIsGone())
	return all
}

func mutantsThatReleaseTooEarly() map[string]func(rules, view) decision {
	return map[string]func(rules, view) decision{
		"believes an absence at first sight": func(r rules, v view) decision {
			d := r.decide(v)
			if d.step == stepNote && d.odd != "" && d.odd != oddStopped {
				v.record.FirstSeen = map[string]time.Time{d.odd: {}}
				return r.decide(v)
			}
			return d
		},
		"believes one absence long ago and one now": func(r rules, v view) decision {
			r.confirmAfter = 0 // the first sight is noted, the second is enough
			return r.decide(v)
		},
		"takes the address of a dead worker's reservation away": func(r rules, v view) decision {
			if rec := v.record; rec != nil && rec.Phase == store.Reserved && rec.Owner != "" && rec.Owner != v.owner && !rec.Leased(v.now) {
				return decision{step: stepRelease, reason: "its worker died", forced: true}
			}
			return r.decide(v)
		},
		"does not wait for late calls": func(r rules, v view) decision {
			d := r.decide(v)
			if v.record != nil && v.record.Phase == store.Releasing && d.status == NotReady {
				return decision{step: stepFree}
			}
			return d
		},
		"forgets lost DNS calls": func(r rules, v view) decision {
			if v.record != nil {
				delete(v.record.FirstSeen, oddLost)
			}
			return r.decide(v)
		},
		"releases what was moved by hand": func(r rules, v view) decision {
			d := r.decide(v)
			if v.record != nil && v.record.Phase == store.Bound && d.status == Failed && v.order.verb == "" {
				return decision{step: stepRelease, reason: "repair", forced: true}
			}
			return d
		},
		"shows what starts hidden once it is bound": func(r rules, v view) decision {
			d := r.decide(v)
			if d.status == AlreadyBound && d.reason == ReasonStartHidden && v.order.verb == "" || d.status == Bound && d.reason == ReasonStartHidden {
				return decision{step: stepShow, reason: "it is bound"}
			}
			return d
		},
		"releases what is drained": func(r rules, v view) decision {
			if v.record != nil && v.record.Phase == store.Bound && v.record.Draining {
				return decision{step: stepRelease, reason: "drained", forced: true}
			}
			return r.decide(v)
		},
		"releases what is stopped at once": func(r rules, v view) decision {
			r.stopGrace = 0
			return r.decide(v)
		},
		"gives the address up with the name": func(r rules, v view) decision {
			d := r.decide(v)
			if d.step == stepClaim && v.record.Phase == store.Reserved && r.associated(v) {
				return decision{step: stepRelease, reason: "its name was taken", forced: true}
			}
			return d
		},
	}
}

func mutantsThatDisregard() map[string]func(rules, view) decision {
	return map[string]func(rules, view) decision{
		"disregards leases": func(r rules, v view) decision {
			if v.record != nil && v.record.Owner != v.owner {
				v.record.Owner = ""
			}
			return r.decide(v)
		},
		"disregards whose record it is": func(r rules, v view) decision {
			if v.record != nil {
				v.record.BinderID = r.binderID
			}
			return r.decide(v)
		},
		"disregards what the interface holds": func(r rules, v view) decision {
			if v.record == nil && v.instance != nil {
				i := *v.instance
				i.ElasticIP = netip.Addr{}
				v.instance = &i
			}
			return r.decide(v)
		},
		"disregards the pause": func(r rules, v view) decision {
			v.paused = ""
			return r.decide(v)
		},
		"disregards that the worker serves": func(r rules, v view) decision {
			if v.order.verb == orderUnbind {
				v.order = order{verb: orderUnbindForce}
			}
			return r.decide(v)
		},
		"disregards who has the name": func(r rules, v view) decision {
			if v.usurped != nil {
				v.usurped, v.missing = nil, true
			}
			return r.decide(v)
		},
	}
}

func mutantsOutOfOrder() map[string]func(rules, view) decision {
	return map[string]func(rules, view) decision{
		"publishes before it associates": func(r rules, v view) decision {
			d := r.decide(v)
			if d.step == stepAssociate && v.record.Propagation == "" {
				d.step = stepPublish
			}
			return d
		},
		"disassociates before it unpublishes": func(r rules, v view) decision {
			d := r.decide(v)
			if d.step == stepUnpublish && v.address != nil && v.address.Associated() {
				d.step = stepDisassociate
			}
			return d
		},
		"commits before the name is in sync": func(r rules, v view) decision {
			d := r.decide(v)
			if d.step == stepAwait && v.record.Phase == store.Reserved {
				d.step = stepCommit
			}
			return d
		},
		"frees before the removal is in sync": func(r rules, v view) decision {
			if v.record != nil && v.record.Phase == store.Releasing && v.record.Unpublished {
				v.record.InSync = true
			}
			return r.decide(v)
		},
	}
}

// mutantsOfWhatIsGone are about addresses that are not in the account any more.
func mutantsOfWhatIsGone() map[string]func(rules, view) decision {
	return map[string]func(rules, view) decision{
		"leaves the name of what was given back by hand": func(r rules, v view) decision {
			if v.record != nil && v.record.Phase == store.Releasing && v.address == nil {
				return decision{step: stepFree}
			}
			return r.decide(v)
		},
		"takes what was given back by hand for bound": func(r rules, v view) decision {
			if v.record != nil && v.record.Phase == store.Bound && v.address == nil {
				return end(AlreadyBound, "")
			}
			return r.decide(v)
		},
	}
}
