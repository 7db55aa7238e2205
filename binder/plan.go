package binder

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/store"
)

// The verbs of actions that take something back, and count for the blast
// radius.
const (
	verbUnbind     = "unbind"
	verbRemoveName = "remove-name"
	verbForget     = "forget"
)

// verbWait is the verb of what cannot be done yet.
const verbWait = "wait"

// verb says what a planned step means to a reader.
func (s step) verb() string {
	switch s {
	case stepEnd:
		return verbWait
	case stepForget:
		return verbForget
	case stepRetire, stepReplace:
		return verbRemoveName
	case stepReserve:
		return "bind"
	case stepRelease:
		return verbUnbind
	case stepReopen:
		return "repair"
	case stepNote, stepHide, stepShow, stepFree, stepPrewarm:
		return string(s)
	}
	return "finish" // what somebody began
}

// plan decides for everything that was surveyed, from what it shows and the
// time. It is pure.
func (s *survey) plan(b *Binder, now time.Time) Report {
	report := Report{Findings: slices.Clone(s.taken)}
	var spare picker
	spare.offer(s.candidates)
	for _, v := range s.views {
		v.now = now
		d := b.decide(v)
		if d.step == stepReserve && v.own == nil {
			if c, retry := spare.pick(*v.instance, now); c == nil {
				d = noneLeft(retry, false)
			}
		}
		report.add(v, d)
	}
	s.planNames(&report, b.opts.Suffix, b.opts.BinderID)
	for _, v := range s.idle {
		v.now = now
		report.add(v, b.rules().decideFree(v))
	}
	s.planAssociations(&report)
	report.sortFindings()
	return report
}

// add takes the decision about one instance up.
func (r *Report) add(v view, d decision) {
	if v.dangling() {
		r.Findings = append(r.Findings, Finding{
			Kind: FindingDangling, InstanceID: v.id, AllocationID: v.record.AllocationID, Name: v.record.RRSets[0].Name,
			Detail: fmt.Sprintf("points at %s, which is not in the account; it is removed once that is certain", v.record.IP),
		})
	}
	switch {
	case d.status == Failed:
		r.Findings = append(r.Findings, v.conflict(d.err))
	case d.step != stepEnd || d.status.Waiting():
		r.Actions = append(r.Actions, v.action(d))
	}
}

// dangling reports whether a name of ours points at an address that the account
// is not seen to have.
func (v view) dangling() bool {
	r := v.record
	return r != nil && v.address == nil && isPublished(r) && !r.Unpublished && len(r.RRSets) > 0 && (r.Phase != store.Free || r.KeepName)
}

// sortFindings puts the worst first.
func (r *Report) sortFindings() {
	severity := []FindingKind{FindingDangling, FindingConflict, FindingAssociation, FindingName}
	slices.SortStableFunc(r.Findings, func(x, y Finding) int {
		return cmp.Or(cmp.Compare(slices.Index(severity, x.Kind), slices.Index(severity, y.Kind)),
			strings.Compare(x.InstanceID, y.InstanceID), strings.Compare(x.AllocationID, y.AllocationID), strings.Compare(x.Name, y.Name))
	})
}

// conflict is the finding about what keeps the instance from what it should be.
func (v view) conflict(err error) Finding {
	f := Finding{Kind: FindingConflict, InstanceID: v.id, Detail: err.Error()}
	if v.record != nil {
		f.AllocationID, f.Name = v.record.AllocationID, v.record.Name
	}
	return f
}

func (v view) action(d decision) Action {
	a := Action{Verb: d.step.verb(), InstanceID: v.id, Reason: cmp.Or(d.reason, d.odd), RetryAfter: d.retry}
	if d.step == stepNote && d.odd == "" {
		a.Reason = "is not odd any more"
	}
	if v.record != nil {
		a.AllocationID, a.IP, a.Name = v.record.AllocationID, v.record.IP, v.record.Name
		a.Reason = cmp.Or(a.Reason, string(v.record.Phase))
	}
	return a
}

// releases counts the actions that take something back.
func (r Report) releases() int {
	n := 0
	for _, a := range r.Actions {
		if a.Verb == verbUnbind || a.Verb == verbRemoveName || a.Verb == verbForget {
			n++
		}
	}
	return n
}

// planNames finds the names under the suffix that no binding explains. Those
// that a Free record remembers are left over from it.
func (s *survey) planNames(report *Report, suffix, binderID string) {
	current, remembered := s.names(binderID) // what is wanted, and what was
	owned := sync.OnceValue(s.byIP)
	for _, set := range s.zone {
		o, known := remembered[set.RRKey]
		switch {
		case set.Name == suffix || slices.ContainsFunc(current[set.RRKey], set.Equal):
		case known && o.set.Equal(set) && !s.inUse(o):
			s.orphans = append(s.orphans, o)
			report.Actions = append(report.Actions, Action{
				Verb: verbRemoveName, AllocationID: o.record.AllocationID, IP: o.record.IP, Name: set.Name, Reason: "its binding was taken back",
			})
		case set.Type == "A" && len(current[set.RRKey]) == 0:
			report.Findings = append(report.Findings, unexplained(set, owned()))
		}
	}
}

// inUse reports whether somebody holds the address of which the record says that
// nobody does. The name that it remembers may be theirs by now.
func (s *survey) inUse(o orphan) bool {
	a := s.addresses[o.record.AllocationID]
	return a != nil && a.Associated()
}

// byIP returns the allocation IDs of the addresses, by their IPs.
func (s *survey) byIP() map[string]string {
	owned := make(map[string]string, len(s.addresses))
	for id, a := range s.addresses {
		owned[a.IP.String()] = id
	}
	return owned
}

// names returns the record sets that records say are published, and those that
// Free ones of this deployment remember to have been, as far as the zone has any
// of that key: nearly all that was has gone.
func (s *survey) names(binderID string) (current map[dnspolicy.RRKey][]dnspolicy.RRSet, remembered map[dnspolicy.RRKey]orphan) {
	current, remembered = map[dnspolicy.RRKey][]dnspolicy.RRSet{}, map[dnspolicy.RRKey]orphan{}
	records := slices.Clone(s.free)
	for i := range s.others {
		records = append(records, &s.others[i])
	}
	for _, v := range s.views {
		if v.record != nil {
			records = append(records, v.record)
		}
	}
	for _, r := range records {
		for _, stored := range r.RRSets {
			if _, there := s.named.get(keyOf(stored)); !there {
				continue
			}
			set := fromStored(stored)
			if r.Phase == store.Free && !r.KeepName && r.BinderID == binderID {
				remembered[set.RRKey] = orphan{set, r}
			} else {
				current[set.RRKey] = append(current[set.RRKey], set)
			}
		}
	}
	return current, remembered
}

// unexplained is the finding about an A record that no record of ours explains.
func unexplained(set dnspolicy.RRSet, owned map[string]string) Finding {
	f := Finding{Kind: FindingName, Name: set.Name}
	for _, value := range set.Values {
		if owned[value] == "" {
			return Finding{Kind: FindingDangling, Name: set.Name, Detail: "points at " + value + ", which is not in the pool"}
		}
		f.AllocationID = owned[value]
	}
	f.Detail = "no record explains why it points at " + strings.Join(set.Values, ", ")
	return f
}

// planAssociations finds addresses of the pool that are held without a record.
func (s *survey) planAssociations(report *Report) {
	explained := map[string]bool{}
	for _, r := range s.others {
		explained[r.AllocationID] = explained[r.AllocationID] || r.Phase != store.Free
	}
	for _, v := range s.views {
		if v.record != nil {
			explained[v.record.AllocationID] = true
		}
		if v.own != nil {
			explained[v.own.address.AllocationID] = true
		}
	}
	for id, a := range s.addresses {
		if a.Associated() && !explained[id] {
			report.Findings = append(report.Findings, Finding{
				Kind: FindingAssociation, InstanceID: a.InstanceID, AllocationID: id,
				Detail: fmt.Sprintf("%s is held by %s", a.IP, a.NetworkInterfaceID),
			})
		}
	}
}
