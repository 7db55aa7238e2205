package binder

import (
	"errors"
	"flag"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/store"
)

var update = flag.Bool("binder.update", false, "write testdata/decide.txt anew")

// option is one value of an axis of the planner's table.
type option struct {
	name string
	edit edit
}

// cell is one place in the planner's table.
type cell struct{ instance, phase, association, dns option }

func as(*view) {} // as viewIn makes it

func instances() []option {
	return []option{
		{"not known", noInstance}, {"pending", instance(Pending)}, {"running", as}, {"ineligible", ineligible},
		{"stopping", instance(Stopping)}, {"stopped", instance(Stopped)},
		{"shutting-down", instance(ShuttingDown)}, {"terminated", instance(Terminated)},
	}
}

func phases() []option {
	return []option{{"none", as}, {string(store.Reserved), as}, {string(store.Bound), as}, {string(store.Releasing), as}}
}

func associations() []option {
	return []option{{"ours", as}, {"none", unassociated}, {"elsewhere", elsewhere}, {"not in account", noAddress}}
}

func namings() []option {
	return []option{
		{"not published", as}, {"published", published}, {"in sync", synced}, {"removed", withdrawn},
		{"missing", func(v *view) { synced(v); v.missing = true }},
		{"usurped", func(v *view) { synced(v); v.usurped = &dnspolicy.ConflictError{} }},
	}
}

func synced(v *view)    { published(v); inSync(v) }
func withdrawn(v *view) { removed(v); inSync(v) }

// cells are all places of the table. Without a record there is neither an
// address nor a name.
func cells() iter.Seq[cell] {
	return func(yield func(cell) bool) {
		for _, i := range instances() {
			for _, p := range phases() {
				for _, a := range associations() {
					for _, d := range namings() {
						if !yield(cell{i, p, a, d}) {
							return
						}
					}
				}
			}
		}
	}
}

// recorded reports whether there is a record.
func (c cell) recorded() bool { return c.phase.name != "none" }

// within is the view in the cell, with the edits made last.
func (c cell) within(edits ...edit) view {
	if !c.recorded() {
		v := viewIn("")
		for _, e := range append([]edit{c.instance.edit}, edits...) {
			e(&v)
		}
		return v
	}
	v := viewIn(store.Phase(c.phase.name))
	for _, e := range append([]edit{c.association.edit, c.dns.edit, c.instance.edit}, edits...) {
		e(&v)
	}
	return v
}

func (c cell) String() string {
	return strings.Join([]string{c.phase.name, c.instance.name, c.association.name, c.dns.name}, "/")
}

// line is the decision in a line.
func (d decision) line() string {
	parts := []string{string(d.step)}
	switch {
	case d.err != nil:
		parts = append(parts, string(d.status), kindOf(d.err))
	case d.step == stepEnd && d.retry > 0:
		parts = append(parts, "wait", d.retry.String())
	case d.step == stepEnd:
		parts = append(parts, string(d.status))
	case d.odd != "":
		parts = append(parts, d.odd)
	}
	if d.forced {
		parts = append(parts, "forced")
	}
	return strings.Join(parts, " ")
}

func kindOf(err error) string {
	for _, kind := range []error{ErrDrift, ErrServing, ErrNameTaken} {
		if errors.Is(err, kind) {
			return kind.Error()
		}
	}
	return err.Error()
}

// circumstances are what else there may be about a cell.
func circumstances() []option {
	long := func(v *view) {
		if v.record != nil {
			v.record.FirstSeen = map[string]time.Time{}
			for _, odd := range testRules().present(*v) {
				v.record.FirstSeen[odd] = now.Add(-time.Hour)
			}
			v.record.Draining, v.record.Reason = stopped(v.instance), ""
			if v.record.Draining {
				draining(v)
			}
		}
	}
	return []option{
		{"at first", as},
		{"leased", ofRecord(leasedByUs)},
		{"confirmed", long},
	}
}

// ofRecord is the edit, where there is a record.
func ofRecord(e edit) edit {
	return func(v *view) {
		if v.record != nil {
			e(v)
		}
	}
}

// present returns what is odd about a view now.
func (r rules) present(v view) []string {
	var odd []string
	for _, kind := range []string{oddInstance, oddAddress, oddAssociation, oddStopped} {
		w := v
		rec := v.record.Clone()
		rec.FirstSeen = map[string]time.Time{kind: now}
		w.record = &rec
		if len(r.ended(w)) == 0 {
			odd = append(odd, kind)
		}
	}
	return odd
}

func testRules() rules {
	return rules{binderID: "b", lease: time.Minute, confirmAfter: 5 * time.Minute, lateCalls: 6 * time.Minute, stopGrace: 10 * time.Minute}
}

// TestDecideEveryCell decides in every cell of the table, at first sight, under
// a lease of this run, and with all that is odd confirmed, and compares with
// the table that was read through by eye.
func TestDecideEveryCell(t *testing.T) {
	var table strings.Builder
	fmt.Fprintln(&table, cellLine("record", "instance", "association", "DNS", "at first", "leased", "all that is odd is confirmed"))
	for _, r := range tableRows(t) {
		fmt.Fprintln(&table, cellLine(r.phase, r.instance, r.association, strings.Join(r.dns, ", "), r.said...))
	}
	golden := filepath.Join("testdata", "decide.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(table.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(table.String(), "\n")); diff != "" {
		t.Errorf("the table has changed (-want +got); if that is meant, run with -binder.update:\n%s", diff)
	}
}

// tableRow are cells that differ in DNS only, and in which the same is decided.
type tableRow struct {
	phase, instance, association string
	dns, said                    []string
}

func cellLine(phase, instance, association, dns string, said ...string) string {
	line := fmt.Sprintf("%-9s  %-13s  %-14s  %-58s", phase, instance, association, dns)
	for _, s := range said {
		line += fmt.Sprintf(" | %-27s", s)
	}
	return strings.TrimRight(line, " ")
}

func tableRows(t *testing.T) []tableRow {
	var rows []tableRow
	for c := range cells() {
		if !c.recorded() { // there is neither an address nor a name
			c.association.name, c.dns.name = "-", "-"
		}
		r := tableRow{phase: c.phase.name, instance: c.instance.name, association: c.association.name}
		for _, o := range circumstances() {
			r.said = append(r.said, c.decidedTwice(t, o.edit).line())
		}
		same := slices.IndexFunc(rows, func(o tableRow) bool {
			return o.phase == r.phase && o.instance == r.instance && o.association == r.association && slices.Equal(o.said, r.said)
		})
		if same < 0 {
			same, rows = len(rows), append(rows, r)
		}
		if !slices.Contains(rows[same].dns, c.dns.name) {
			rows[same].dns = append(rows[same].dns, c.dns.name)
		}
	}
	return rows
}

// decidedTwice is the decision in the cell, which is the same each time, and
// leaves the view alone.
func (c cell) decidedTwice(t *testing.T, edits ...edit) decision {
	t.Helper()
	v := c.within(edits...)
	first, second := testRules().decide(v), testRules().decide(v)
	if first.line() != second.line() || first.reason != second.reason {
		t.Errorf("%s: decided %s, then %s", c, first.line(), second.line())
	}
	if untouched := c.within(edits...); !reflect.DeepEqual(untouched, v) {
		t.Errorf("%s: deciding changed the view", c)
	}
	return first
}
