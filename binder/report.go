package binder

import (
	"cmp"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/store"
)

// Report is what a Sweep found and did, or would do. It can be marshalled as
// JSON, and printed.
type Report struct {
	// DryRun: nothing was changed.
	DryRun bool `json:"dryRun"`
	// Findings are what the sweep does not touch, the worst first.
	Findings []Finding `json:"findings,omitempty"`
	// Actions are what there was to do, in the order of the instances.
	Actions []Action `json:"actions,omitempty"`
	// Store is what the store says of its own derived data.
	Store []store.Discrepancy `json:"store,omitempty"`
	// Outcomes are what became of the instances; nil in a dry run.
	Outcomes []Outcome `json:"outcomes,omitempty"`
}

// Action is what a sweep has to do about one instance, or about one name.
type Action struct {
	// Verb says what: bind, finish (what somebody began), repair, unbind, free,
	// note (since when something is odd), hide, show, remove-name, forget (an
	// address that is not in the account).
	Verb         string     `json:"verb"`
	InstanceID   string     `json:"instanceId,omitempty"`
	AllocationID string     `json:"allocationId,omitempty"`
	IP           netip.Addr `json:"ip,omitzero"`
	Name         string     `json:"name,omitempty"`
	Reason       string     `json:"reason,omitempty"`
}

// FindingKind says what kind of thing needs a person.
type FindingKind string

// The kinds of findings, the worst first.
const (
	// FindingDangling: a name under the suffix points at an address that is none
	// of the pool's, and no record explains it. Whoever gets that address gets
	// the name's visitors.
	FindingDangling FindingKind = "dangling-name"
	// FindingConflict: the cloud and a record contradict each other.
	FindingConflict FindingKind = "conflict"
	// FindingAssociation: somebody holds an address of the pool, and no record
	// explains it.
	FindingAssociation FindingKind = "unexplained-association"
	// FindingName: a name under the suffix points at an address of the pool, and
	// no record explains it.
	FindingName FindingKind = "unexplained-name"
)

var severity = []FindingKind{FindingDangling, FindingConflict, FindingAssociation, FindingName}

// Finding is something that a person should look at.
type Finding struct {
	Kind         FindingKind `json:"kind"`
	InstanceID   string      `json:"instanceId,omitempty"`
	AllocationID string      `json:"allocationId,omitempty"`
	Name         string      `json:"name,omitempty"`
	Detail       string      `json:"detail"`
}

// verbs says what a planned step means to a reader.
var verbs = map[step]string{
	stepReserve: "bind", stepClaim: "finish", stepAssociate: "finish", stepPublish: "finish", stepSave: "finish",
	stepAwait: "finish", stepCommit: "finish", stepReopen: "repair", stepNote: "note", stepHide: "hide",
	stepShow: "show", stepRelease: "unbind", stepUnpublish: "finish", stepDisassociate: "finish", stepFree: "free",
}

// plan decides for everything that was surveyed. It is pure but for the time.
func (s *survey) plan(r rules, suffix string) Report {
	var report Report
	now := time.Now()
	for _, v := range s.views {
		v.now = now
		d := r.decide(v)
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
	s.planNames(&report, suffix)
	for _, r := range s.lost {
		report.Actions = append(report.Actions, Action{Verb: verbForget, AllocationID: r.AllocationID, IP: r.IP, Reason: oddAddress})
	}
	s.planAssociations(&report)
	slices.SortStableFunc(report.Findings, func(x, y Finding) int {
		return cmp.Or(cmp.Compare(slices.Index(severity, x.Kind), slices.Index(severity, y.Kind)),
			strings.Compare(x.InstanceID, y.InstanceID), strings.Compare(x.AllocationID, y.AllocationID), strings.Compare(x.Name, y.Name))
	})
	return report
}

func (v view) action(d decision) Action {
	a := Action{Verb: verbs[d.step], InstanceID: v.id, Reason: cmp.Or(d.reason, d.odd)}
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
		if a.Verb == verbs[stepRelease] || a.Verb == verbRemoveName || a.Verb == verbForget {
			n++
		}
	}
	return n
}

// Verbs of actions that are about no instance.
const (
	verbRemoveName = "remove-name"
	verbForget     = "forget"
)

// planNames finds the names under the suffix that no binding explains. Those
// that a Free record remembers are left over from it.
func (s *survey) planNames(report *Report, suffix string) {
	current := map[dnspolicy.RRKey]bool{}
	for _, v := range s.views {
		if v.record != nil {
			for _, set := range v.record.RRSets {
				current[fromStored(set).RRKey] = true
			}
		}
	}
	remembered := map[dnspolicy.RRKey]orphan{}
	for _, r := range s.free {
		for _, stored := range r.RRSets {
			set := fromStored(stored)
			if r.KeepName {
				current[set.RRKey] = true
			} else {
				remembered[set.RRKey] = orphan{set, r}
			}
		}
	}
	owned := map[string]string{}
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

// WriteText writes the report as text for people, findings first.
func (r Report) WriteText(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range r.Findings {
		fmt.Fprintf(t, "FOUND\t%s\t%s\t%s\t%s\t%s\n", f.Kind, f.InstanceID, f.AllocationID, f.Name, f.Detail)
	}
	for _, a := range r.Actions {
		ip := ""
		if a.IP.IsValid() {
			ip = a.IP.String()
		}
		fmt.Fprintf(t, "PLAN\t%s\t%s\t%s\t%s\t%s\n", a.Verb, a.InstanceID, ip, a.Name, a.Reason)
	}
	for _, d := range r.Store {
		fmt.Fprintf(t, "STORE\t%s\t\t%s\t\t%s\n", d.Kind, d.AllocationID, d.Detail)
	}
	for _, o := range r.Outcomes {
		fmt.Fprintf(t, "DONE\t%s\t%s\t%s\t%s\t%s\n", o.Status, o.InstanceID, o.AllocationID, o.Name, o.Reason)
	}
	if len(r.Findings)+len(r.Actions)+len(r.Store) == 0 {
		fmt.Fprintln(t, "Everything is as it should be.")
	}
	return t.Flush() // tabwriter buffers: this is where writing fails
}
