package binder_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/store"
)

// patience is how long a sweep may have to wait before it can repair
// something: ConfirmAfter, LateCalls and StopGrace, one after the other. Only
// time counts in which sweeps are clean: the others may have done nothing.
const patience = 21 * time.Minute

// sweptFor is for how long at most one clean sweep stands: about as far apart
// as they are in fair weather.
const sweptFor = 2 * time.Minute

// trouble is something that is not as it should be.
type trouble struct {
	what     string
	ids      []string
	reported bool
	since    time.Time     // the end of the first clean sweep that began after what caused it; zero: none has
	swept    time.Duration // since then, by clean sweeps
	counted  time.Time     // the end of the last of these
	sweeps   int           // that then neither repaired nor reported it
}

// audit follows a clean sweep that began at that time: what is wrong must be
// repaired or reported within three of them. The caller holds s.mu.
func (s *simulation) audit(began time.Time, report binder.Report) {
	now := s.wrong(began, report)
	if !began.Before(s.hampered.Add(patience)) {
		s.tally["audits without excuse"]++
	}
	for key := range s.troubles {
		if now[key] == nil {
			delete(s.troubles, key)
		}
	}
	swept := max(0, min(began.Sub(s.cleanAt), sweptFor))
	s.cleanAt = s.cleanAt.Add(max(0, began.Sub(s.cleanAt)))
	for key, t := range now {
		if known := s.troubles[key]; known != nil && known.what == t.what {
			t.since, t.swept, t.counted, t.sweeps = known.since, known.swept, known.counted, known.sweeps
		}
		s.troubles[key] = t
		if s.outlasts(t, began, swept) {
			s.violated(fmt.Sprintf("neither repaired nor reported within three sweeps: %s: %s", key, t.what), t.ids...)
		}
	}
	for id := range s.damaged {
		if s.changed[id].Before(began) && !s.troubled(id) {
			delete(s.damaged, id)
			delete(s.taken, id)
		}
	}
}

// outlasts counts a clean sweep that began then and has left the trouble as it
// is, and reports whether it should not have.
func (s *simulation) outlasts(t *trouble, began time.Time, swept time.Duration) bool {
	if last := s.disturbed(t); t.since.IsZero() || last.After(t.since) {
		t.since, t.swept, t.sweeps = time.Time{}, 0, 0
		if began.After(last) {
			t.since = time.Now()
		}
		return false
	}
	if t.swept += swept; t.swept < patience || began.Before(t.counted) {
		return false
	}
	s.tally["troubles counted"]++
	t.counted = time.Now()
	t.sweeps++
	return t.sweeps >= 3
}

// disturbed returns when the time began anew within which the trouble must be
// repaired or reported.
func (s *simulation) disturbed(t *trouble) time.Time {
	last := s.hampered
	if t.reported {
		last = time.Now()
	}
	for _, id := range t.ids {
		for _, at := range []time.Time{s.changed[id], s.hindered[id]} {
			if at.After(last) {
				last = at
			}
		}
	}
	return last
}

func (s *simulation) troubled(id string) bool {
	for key, t := range s.troubles {
		if key == id || slices.Contains(t.ids, id) {
			return true
		}
	}
	return false
}

// checkEnd is the audit after which nothing may be wrong any more: I5.
func (s *simulation) checkEnd(began time.Time, last binder.Report) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, t := range s.wrong(began, last) {
		if t.reported {
			s.tally["finally reported"]++
			continue
		}
		s.violated(fmt.Sprintf("I5: left after three sweeps: %s: %s", key, t.what), t.ids...)
	}
	known, byAddress := map[string]bool{}, map[string]store.Record{}
	for _, r := range s.all() {
		known[r.AllocationID], byAddress[r.AllocationID] = true, r
		if _, ok := s.addresses[r.AllocationID]; !ok {
			s.violated("I5: the record of an address that is gone is left", r.AllocationID)
		}
		s.tally["finally "+string(r.Phase)]++
	}
	for id := range s.addresses {
		if _, ok := s.address(id); !ok {
			s.violated("I5: an address is lost", id)
		}
		if r := byAddress[id]; max(time.Until(r.ReusableAt), time.Until(r.FencedUntil)) > patience {
			s.violated("I5: an address is lost: nobody may use it for a long time", id)
		}
		if !known[id] {
			s.tally["finally never used"]++
		}
	}
}

func (s *simulation) all() []store.Record {
	var all []store.Record
	for r, err := range s.store.List(context.Background(), store.Filter{}) {
		if err == nil {
			all = append(all, r)
		}
	}
	return all
}

// wrong returns what is not as it should be after a sweep that began then, by
// address, instance or name.
func (s *simulation) wrong(began time.Time, report binder.Report) map[string]*trouble {
	found, said := map[string]*trouble{}, reported(report)
	add := func(key, what string, ids ...string) {
		ids = append(ids, key)
		reported := slices.ContainsFunc(ids, func(id string) bool { return said[id] })
		found[key] = &trouble{what: what, ids: ids, reported: reported}
	}
	records := s.all()
	names := map[string]store.Record{} // that are explained
	bound := map[string]bool{}
	byAddress := map[string]store.Record{}
	for _, r := range records {
		byAddress[r.AllocationID] = r
		if r.Phase != store.Free {
			bound[r.InstanceID] = true
		}
		if r.Phase != store.Free || r.KeepName {
			for _, set := range r.RRSets {
				names[set.Name] = r
			}
		}
		if what := s.wrongRecord(r); what != "" {
			add(r.AllocationID, what, r.InstanceID, r.Name)
		}
	}
	s.wrongTables(records, add)
	usable := s.wrongAddresses(began, byAddress, add)
	s.wrongNames(names, add)
	for id, w := range s.workers {
		if w.state == binder.Running && w.eligible && !bound[id] && usable > 0 {
			add(id, "it has no address, though one is free")
		}
	}
	return found
}

// reported returns the IDs and names that a sweep's findings are about, and
// those of its failures that trying again does not help.
func reported(report binder.Report) map[string]bool {
	ids := map[string]bool{}
	for _, f := range report.Findings {
		ids[f.InstanceID], ids[f.AllocationID], ids[f.Name] = true, true, true
	}
	for _, id := range audited(report.Store) {
		ids[id] = true
	}
	for _, o := range report.Outcomes {
		if failure := (*binder.Error)(nil); errors.As(o.Err, &failure) && failure.Terminal {
			ids[o.InstanceID], ids[o.AllocationID], ids[o.Name] = true, true, true
		}
	}
	delete(ids, "")
	return ids
}

func (s *simulation) wrongRecord(r store.Record) string {
	w := s.workers[r.InstanceID]
	switch {
	case r.Phase == store.Free:
		return ""
	case r.Phase != store.Bound:
		return "it is still " + string(r.Phase)
	case w == nil || w.state == binder.ShuttingDown || w.state == binder.Terminated:
		return "it is bound to an instance that is gone"
	case w.state == binder.Stopping || w.state == binder.Stopped:
		return "it is bound to an instance that is stopped"
	}
	a, _ := s.address(r.AllocationID)
	switch {
	case a.AssociationID != r.AssociationID || a.NetworkInterfaceID != r.NetworkInterfaceID:
		return fmt.Sprintf("it is bound by %q, but EC2 has %q", r.AssociationID, a.AssociationID)
	case slices.ContainsFunc(r.RRSets, func(set store.RRSet) bool { return !s.listed(set) }):
		return "its names are not published"
	case s.pool.ReverseName(r.AllocationID) != r.ReverseName:
		return "its reverse name is " + s.pool.ReverseName(r.AllocationID)
	case r.Draining && r.Reason == "instance is stopped":
		return "it is hidden, though its instance runs"
	}
	return ""
}

// wrongAddresses returns how many addresses the sweep could have bound.
func (s *simulation) wrongAddresses(began time.Time, records map[string]store.Record, add func(key, what string, ids ...string)) int {
	usable := 0
	for id := range s.addresses {
		a, _ := s.address(id)
		r, recorded := records[id]
		free := !recorded || r.Phase == store.Free
		switch {
		case !recorded && len(a.Tags) == 0: // none of ours
		case free && a.Associated():
			add(id, "it is free, but associated with "+a.NetworkInterfaceID, a.InstanceID)
		case free && len(a.Tags) > 0 && began.After(r.ReusableAt) && began.After(r.FencedUntil) && began.After(s.changed[id]):
			usable++
		}
		if free && len(a.Tags) > 0 && s.naming.keeps && !a.Associated() && !slices.ContainsFunc(r.RRSets, s.listed) {
			add(id, "its name is not published though it should stay", dashedName(a))
		}
		if name := s.pool.ReverseName(id); free && name != "" && name != r.ReverseName {
			add(id, "it is free, but its reverse name is "+name)
		}
	}
	for id, r := range records {
		if _, ok := s.addresses[id]; !ok && r.Phase == store.Free {
			add(id, "it is not in the account")
		}
	}
	return usable
}

func (s *simulation) wrongNames(explained map[string]store.Record, add func(key, what string, ids ...string)) {
	for set, err := range s.zone.List(context.Background()) {
		if err != nil || !dnspolicy.Contains(suffix, set.Name) {
			continue
		}
		r, ok := explained[set.Name]
		a, exists := s.address(r.AllocationID)
		switch {
		case !ok:
			add(set.Name, "the name is nobody's", nameOf(set))
		case !slices.ContainsFunc(r.RRSets, func(own store.RRSet) bool { return unstored(own).Equal(set) }):
			add(set.Name, "the name points at "+set.Values[0], r.AllocationID, r.InstanceID)
		case r.Phase == store.Free && !exists:
			add(set.Name, "the name points at an address that has left the account", r.AllocationID)
		case r.Phase == store.Free && len(a.Tags) == 0:
			add(set.Name, "the name points at an address that has left the pool", r.AllocationID)
		}
	}
}

// A trouble lasts too long by sweeps that could have ended it: not by one that
// began before the damage, nor by those that may have done nothing.
func TestTroubleIsCountedByCleanSweeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		time.Sleep(time.Second)
		s := &simulation{tally: map[string]int{}, changed: map[string]time.Time{"eipalloc-1": time.Now()}}
		it := &trouble{ids: []string{"eipalloc-1"}}
		sweeps := func(n int, began time.Time) bool {
			found := false
			for range n {
				found = s.outlasts(it, began, time.Minute) || found
				time.Sleep(time.Minute)
				began = time.Now()
			}
			return found
		}
		if sweeps(1, began); !it.since.IsZero() {
			t.Error("a sweep counts that began before the damage")
		}
		time.Sleep(time.Hour) // none is clean
		if sweeps(1+20+3-1, time.Now()) {
			t.Error("the binder had no three sweeps")
		}
		if !sweeps(1, time.Now()) {
			t.Error("it lasts longer than it may, and nobody says so")
		}
		s.changed["eipalloc-1"] = time.Now()
		if sweeps(20, time.Now()) {
			t.Error("new damage takes as long as the first")
		}
	})
}
