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

	"github.com/eipbinder/eipbinder/store"
)

// Report is what a Sweep found and did, or would do. It can be marshalled as
// JSON, and written as text.
type Report struct {
	// DryRun: nothing was changed.
	DryRun bool `json:"dryRun"`
	// Findings are what the sweep does not touch, the worst first.
	Findings []Finding `json:"findings,omitempty"`
	// Actions are what there was to do, instances first, in the order in which they
	// were launched.
	Actions []Action `json:"actions,omitempty"`
	// Store is what the store says of its own derived data.
	Store []store.Discrepancy `json:"store,omitempty"`
	// Outcomes are what became of the instances; nil in a dry run.
	Outcomes []Outcome `json:"outcomes,omitempty"`
}

// Action is what a sweep has to do about one instance, or about one name.
type Action struct {
	// Profile is whose action it is, of a Mux's; else empty.
	Profile string `json:"profile,omitempty"`
	// Verb says what: bind, finish (what somebody began), repair, unbind, free,
	// note (since when something is odd), hide, show, remove-name, forget (an
	// address that is not in the account), wait.
	Verb         string     `json:"verb"`
	InstanceID   string     `json:"instanceId,omitempty"`
	AllocationID string     `json:"allocationId,omitempty"`
	IP           netip.Addr `json:"ip,omitzero"`
	Name         string     `json:"name,omitempty"`
	Reason       string     `json:"reason,omitempty"`
	// RetryAfter is when to come back, for the verb wait; else zero.
	RetryAfter time.Duration `json:"retryAfter,omitempty"` // in nanoseconds
}

// why says why, and until when.
func (a Action) why() string {
	if a.RetryAfter == 0 {
		return a.Reason
	}
	return fmt.Sprintf("%s; come back in %s", a.Reason, a.RetryAfter.Round(time.Second))
}

// FindingKind says what kind of thing needs a person.
type FindingKind string

// The kinds of findings, the worst first.
const (
	// FindingDangling: a name under the suffix points at an address that is none
	// of the pool's, and no record explains it; or it is ours, its address was
	// given back by hand, and its removal is still to come. Whoever gets that
	// address gets the name's visitors.
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

// Finding is something that a person should look at.
type Finding struct {
	// Profile is whose finding it is, of a Mux's; else empty.
	Profile      string      `json:"profile,omitempty"`
	Kind         FindingKind `json:"kind"`
	InstanceID   string      `json:"instanceId,omitempty"`
	AllocationID string      `json:"allocationId,omitempty"`
	Name         string      `json:"name,omitempty"`
	Detail       string      `json:"detail"`
}

// WriteText writes the report as a table for people, findings first, with the
// profiles if a Mux has swept. Of the outcomes it shows those that belong to an
// action, wait, or have failed without being a finding.
func (r Report) WriteText(w io.Writer) error {
	rows := r.rows()
	if len(rows) == 0 {
		_, err := fmt.Fprintln(w, "Nothing to do, and nothing found.")
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	rows = append([]row{{"WHAT", "KIND", "INSTANCE", "ADDRESS", "NAME", "WHY", "PROFILE"}}, rows...)
	muxed := slices.ContainsFunc(rows[1:], func(row row) bool { return row.profile != "" })
	clean := strings.NewReplacer("\n", "; ", "\t", " ") // of what would end a row or a cell
	for _, row := range rows {
		cells := []string{row.what, row.kind, row.instanceID, row.address, strings.TrimSuffix(row.name, "."), row.why}
		if muxed {
			cells = slices.Insert(cells, 1, row.profile)
		}
		for i, cell := range cells {
			cells[i] = clean.Replace(cmp.Or(cell, "-"))
		}
		fmt.Fprintln(t, strings.Join(cells, "\t"))
	}
	if r.DryRun {
		fmt.Fprintln(t, "Nothing was changed.")
	}
	return t.Flush() // tabwriter buffers: this is where writing fails
}

// row is one of the table's.
type row struct{ what, kind, instanceID, address, name, why, profile string }

func (r Report) rows() []row {
	var rows []row
	conflicts, acted := map[string]bool{}, map[string]bool{}
	for _, f := range r.Findings {
		if f.Kind == FindingConflict {
			conflicts[f.InstanceID] = true
		}
		rows = append(rows, row{"FOUND", string(f.Kind), f.InstanceID, f.AllocationID, f.Name, f.Detail, f.Profile})
	}
	for _, a := range r.Actions {
		acted[a.InstanceID] = true
		if a.Verb == verbWait && !r.DryRun {
			continue // its outcome tells
		}
		rows = append(rows, row{"PLAN", a.Verb, a.InstanceID, addressText(a.IP, a.AllocationID), a.Name, a.why(), a.Profile})
	}
	for _, d := range r.Store {
		rows = append(rows, row{"STORE", d.Kind, "", d.AllocationID, "", detail(d), ""})
	}
	for _, o := range r.Outcomes {
		if acted[o.InstanceID] || o.remarkable(conflicts) {
			rows = append(rows, row{"RESULT", string(o.Status), o.InstanceID, addressText(o.IP, o.AllocationID), o.Name, o.why(), o.Profile})
		}
	}
	return rows
}

func detail(d store.Discrepancy) string {
	if d.Repaired {
		return d.Detail + "; repaired"
	}
	return d.Detail
}

// remarkable reports whether the outcome waits, or failed without being a finding.
func (o Outcome) remarkable(conflicts map[string]bool) bool {
	return o.Status.Waiting() || o.Status == Failed && !conflicts[o.InstanceID]
}

func addressText(ip netip.Addr, allocationID string) string {
	if ip.IsValid() {
		return ip.String()
	}
	return allocationID
}

func (o Outcome) why() string {
	switch {
	case o.Err != nil:
		return o.Err.Error()
	case o.Status.Waiting():
		return fmt.Sprintf("%s; come back in %s", o.Reason, o.RetryAfter.Round(time.Second))
	}
	return o.Reason
}
