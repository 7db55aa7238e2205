// Package report shows records, outcomes and profiles: as an aligned table for people,
// or as JSON, one object on each line.
//
//	err := report.Records(os.Stdout, records, asJSON)
//
// It has no state.
package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/ec2tag"
	"github.com/eipbinder/eipbinder/examples/internal/deployment"
	"github.com/eipbinder/eipbinder/store"
)

// Records shows records, in the order of their addresses.
func Records(w io.Writer, records []store.Record, asJSON bool) error {
	records = slices.SortedFunc(slices.Values(records), func(a, b store.Record) int {
		return cmp.Or(a.IP.Compare(b.IP), strings.Compare(a.AllocationID, b.AllocationID))
	})
	if asJSON {
		return Lines(w, records)
	}
	rows := make([][]string, len(records))
	for i, r := range records {
		rows[i] = []string{r.IP.String(), r.AllocationID, phase(r), r.InstanceID, strings.TrimSuffix(r.Name, "."), when(r)}
	}
	return Table(w, []string{"ADDRESS", "ALLOCATION", "PHASE", "INSTANCE", "NAME", "SINCE"}, rows)
}

func phase(r store.Record) string {
	text := string(r.Phase)
	if r.Draining {
		text += ",draining"
	}
	if r.Allocated {
		text += ",allocated"
	}
	return text
}

// when is since when the record is in its phase, where it knows.
func when(r store.Record) string {
	at := r.BoundAt
	if r.Phase == store.Free {
		at = r.FreedAt
	}
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}

// Profiles shows what each profile of a configuration is about.
func Profiles(w io.Writer, profiles []deployment.Profile) error {
	rows := make([][]string, len(profiles))
	for i, p := range profiles {
		rows[i] = []string{p.Name, tags(p.InstanceTags), tags(p.PoolTags), strings.TrimSuffix(p.Suffix, "."), p.HostedZoneID, p.PolicyText, p.BinderID}
	}
	return Table(w, []string{"PROFILE", "INSTANCES", "POOL", "SUFFIX", "ZONE", "POLICY", "BINDER"}, rows)
}

// tags is the selector as ec2tag.Parse reads it.
func tags(s ec2tag.Selector) string {
	filters := make([]string, len(s))
	for i, f := range s {
		filters[i] = strings.Join(f.Keys, "|")
		if len(f.Values) > 0 {
			filters[i] += "=" + strings.Join(f.Values, "|")
		}
	}
	return strings.Join(filters, ",")
}

// Outcomes shows outcomes, in their order.
func Outcomes(w io.Writer, outcomes []binder.Outcome, asJSON bool) error {
	if asJSON {
		return Lines(w, outcomes)
	}
	rows := make([][]string, len(outcomes))
	for i, o := range outcomes {
		rows[i] = []string{o.InstanceID, string(o.Status), "", strings.TrimSuffix(o.Name, "."), reason(o)}
		if o.IP.IsValid() {
			rows[i][2] = o.IP.String()
		}
	}
	return Table(w, []string{"INSTANCE", "STATUS", "ADDRESS", "NAME", "REASON"}, rows)
}

func reason(o binder.Outcome) string {
	switch {
	case o.Err != nil:
		return "see the error message"
	case o.Status.Waiting():
		return fmt.Sprintf("%s; come back in %s", o.Reason, o.RetryAfter.Round(time.Second))
	}
	return o.Reason
}

// Lines writes each value as JSON on a line of its own.
func Lines[T any](w io.Writer, values []T) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	for _, v := range values {
		if err := encoder.Encode(v); err != nil {
			return err
		}
	}
	return nil
}

// Table shows rows below a head and aligns the columns; an empty cell is a dash.
func Table(w io.Writer, head []string, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{head}, rows...) {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = cmp.Or(cell, "-")
		}
		if _, err := fmt.Fprintln(t, strings.Join(cells, "\t")); err != nil {
			return err
		}
	}
	return t.Flush()
}
