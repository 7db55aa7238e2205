package binder

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
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

// verb says what a planned step means to a reader.
func (s step) verb() string {
	switch s {
	case stepReserve:
		return "bind"
	case stepRelease:
		return verbUnbind
	case stepReopen:
		return "repair"
	case stepNote, stepHide, stepShow, stepFree:
		return string(s)
	}
	return "finish" // what somebody began
}

// plan decides for everything that was surveyed. It is pure but for the time.
func (s *survey) plan(decide func(view) decision, suffix, binderID string) Report {
	var report Report
	now := time.Now()
	for _, v := range s.views {
		v.now = now
		d := decide(v)
		switch {
		case d.status == Failed:
			f := Finding{Kind: FindingConflict, InstanceID: v.id, Detail: d.err.Error()}
			if v.record != nil {
				f.AllocationID, f.Name = v.record.AllocationID, v.record.Name
			}
			report.Findings = append(report.Findings, f)
		case d.step != stepEnd:
			report.Actions = append(report.Actions, v.action(d))
		}
	}
	s.planNames(&report, suffix, binderID)
	for _, r := range s.lost {
		report.Actions = append(report.Actions, Action{Verb: verbForget, AllocationID: r.AllocationID, IP: r.IP, Reason: oddAddress})
	}
	s.planAssociations(&report)
	severity := []FindingKind{FindingDangling, FindingConflict, FindingAssociation, FindingName}
	slices.SortStableFunc(report.Findings, func(x, y Finding) int {
		return cmp.Or(cmp.Compare(slices.Index(severity, x.Kind), slices.Index(severity, y.Kind)),
			strings.Compare(x.InstanceID, y.InstanceID), strings.Compare(x.AllocationID, y.AllocationID), strings.Compare(x.Name, y.Name))
	})
	return report
}

func (v view) action(d decision) Action {
	a := Action{Verb: d.step.verb(), InstanceID: v.id, Reason: cmp.Or(d.reason, d.odd)}
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
	current, remembered := s.names(binderID)
	owned := make(map[string]string, len(s.addresses))
	for _, a := range s.addresses {
		owned[a.IP.String()] = a.AllocationID
	}
	for _, set := range s.zone {
		o, known := remembered[set.RRKey]
		switch {
		case current[set.RRKey] || set.Name == suffix:
		case known && o.set.Equal(set):
			s.orphans = append(s.orphans, o)
			report.Actions = append(report.Actions, Action{
				Verb: verbRemoveName, AllocationID: o.record.AllocationID, IP: o.record.IP, Name: set.Name, Reason: "its binding was taken back",
			})
		case set.Type == "A":
			report.Findings = append(report.Findings, unexplained(set, owned))
		}
	}
}

// names returns the record sets that records say are published, and those that
// Free ones of this deployment remember to have been.
func (s *survey) names(binderID string) (current map[dnspolicy.RRKey]bool, remembered map[dnspolicy.RRKey]orphan) {
	current, remembered = map[dnspolicy.RRKey]bool{}, map[dnspolicy.RRKey]orphan{}
	records := slices.Clone(s.free)
	for _, v := range s.views {
		if v.record != nil {
			records = append(records, *v.record)
		}
	}
	for _, r := range records {
		for _, stored := range r.RRSets {
			set := fromStored(stored)
			if r.Phase == store.Free && !r.KeepName && r.BinderID == binderID {
				remembered[set.RRKey] = orphan{set, r}
			} else {
				current[set.RRKey] = true
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
