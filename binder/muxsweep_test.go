package binder_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store"
)

func found(r binder.Report) string {
	var all []string
	for _, f := range r.Findings {
		all = append(all, fmt.Sprint(f.Profile, " ", f.Kind, " ", f.InstanceID, f.Name))
	}
	return fmt.Sprint(all)
}

func TestMuxSweepsEveryProfile(t *testing.T) {
	shared(t, func(t *testing.T, w *muxWorld) {
		m := w.mux()
		w.launchEach()
		w.launch("i-stranger", map[string]string{nodepool: "other"})
		dry, err := m.Sweep(t.Context(), func(o *binder.SweepOptions) { o.DryRun = true })
		if err != nil || !dry.DryRun || dry.Outcomes != nil || fmt.Sprint(verbs(dry)) != "[bind i-media bind i-voice bind i-batch]" {
			t.Errorf("dry run: %+v, %v", dry, err)
		}
		for i, a := range dry.Actions {
			if a.Profile != classes[i] {
				t.Errorf("action %+v, want it of %s", a, classes[i])
			}
		}

		w.fleet.listed, w.fleet.described = 0, 0
		report, err := m.Sweep(t.Context())
		if got := statuses(report.Outcomes); err != nil || report.DryRun || got != "[i-media media bound i-voice voice bound i-batch batch bound]" {
			t.Errorf("sweep: %s, %v", got, err)
		}
		if w.fleet.listed != 1 || w.fleet.described != 0 {
			t.Errorf("List was called %d times, Describe %d times", w.fleet.listed, w.fleet.described)
		}
		again, err := m.Sweep(t.Context())
		if err != nil || len(again.Findings)+len(again.Actions)+len(again.Store) != 0 {
			t.Errorf("the second sweep: %+v, %v", again, err)
		}
	})
}

// What one profile has bound must not look odd to another one, even if it
// should see it.
func TestMuxSweepKnowsWhatOtherProfilesExplain(t *testing.T) {
	shared(t, func(t *testing.T, w *muxWorld) {
		around := w.mux(func(p []binder.Profile) { // its suffix holds the others' names, and it may not be seen that the zone does, too
			p[2].Options = suffixed("example.com")
			p[2].Backends.Zone = otherZone{w.zone}
		})
		ids := w.launchEach()
		w.reconcile(around, "[i-media media bound i-voice voice bound i-batch batch bound]", ids...)
		w.pool.SetTags(w.record("i-media").AllocationID, map[string]string{"class": "batch"}) // an operator moves it meanwhile
		report, err := around.Sweep(t.Context())
		if err != nil || len(report.Findings)+len(report.Actions) != 0 {
			t.Errorf("sweep: %+v, %v", report, err)
		}

		stray := aRecord("stray.media.example.com.", "192.0.2.1")
		if err := w.zone.Set(stray); err != nil {
			t.Fatal(err)
		}
		report, err = around.Sweep(t.Context())
		if got := found(report); err != nil || got != "[media dangling-name stray.media.example.com. batch dangling-name stray.media.example.com.]" {
			t.Errorf("findings %s, %v", got, err)
		}
	})
}

// otherZone is the zone by another client.
type otherZone struct{ dnspolicy.Zone }

func TestMuxSweepFindings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMuxWorld(t, true)
		m := w.mux()
		w.launch("i-held", map[string]string{nodepool: "batch"})
		instances, err := w.fleet.Describe(t.Context(), "i-held")
		if err != nil {
			t.Fatal(err)
		}
		target := eippool.Target{InstanceID: "i-held", NetworkInterfaceID: instances[0].NetworkInterfaceID}
		if _, err := w.pool.Associate(t.Context(), "eipalloc-media-1", target); err != nil {
			t.Fatal(err)
		}
		if err := w.zone.Set(aRecord("x.voice.example.com.", "192.0.2.1")); err != nil {
			t.Fatal(err)
		}
		report, err := m.Sweep(t.Context(), func(o *binder.SweepOptions) { o.DryRun = true })
		const want = "[voice dangling-name x.voice.example.com. batch conflict i-held media unexplained-association i-held]"
		if got := found(report); err != nil || got != want {
			t.Errorf("findings %s, %v, want %s", got, err, want)
		}
		var text strings.Builder
		if err := report.WriteText(&text); err != nil {
			t.Fatal(err)
		}
		for _, words := range []string{"WHAT PROFILE KIND", "FOUND voice dangling-name", "FOUND batch conflict i-held"} {
			if !strings.Contains(strings.Join(strings.Fields(text.String()), " "), words) {
				t.Errorf("text lacks %q:\n%s", words, text.String())
			}
		}
		data, err := json.Marshal(report)
		if err != nil || !strings.Contains(string(data), `{"profile":"voice","kind":"dangling-name"`) {
			t.Errorf("JSON %s, %v", data, err)
		}
	})
}

func TestMuxSweepCapCountsForEachProfile(t *testing.T) {
	shared(t, func(t *testing.T, w *muxWorld) {
		m := w.mux(func(p []binder.Profile) {
			p[0].Options = append(p[0].Options, func(o *binder.Options) { o.BlastRadius = 0 })
		})
		w.reconcile(m, "[i-media media bound i-voice voice bound i-batch batch bound]", w.launchEach()...)
		time.Sleep(later)
		for _, name := range classes {
			w.fleet.SetState("i-"+name, binder.Terminated)
		}
		report, err := m.Sweep(t.Context())
		if got := statuses(report.Outcomes); !errors.Is(err, binder.ErrBlastRadius) || !strings.Contains(err.Error(), `profile "media"`) ||
			got != "[i-voice voice unbound i-batch batch unbound]" || report.DryRun {
			t.Errorf("sweep: %s, %v", got, err)
		}
		report, err = m.Sweep(t.Context(), func(o *binder.SweepOptions) { o.Force = true })
		if err != nil || w.record("i-media") != nil {
			t.Errorf("by force: %+v, %v", report, err)
		}
	})
}

// auditedStore finds something that it could mend.
type auditedStore struct {
	*brokenStore
	audits []bool // with repair
}

func (s *auditedStore) Audit(_ context.Context, repair bool) ([]store.Discrepancy, error) {
	s.audits = append(s.audits, repair)
	return []store.Discrepancy{{Kind: "stale row", Repaired: repair}, {Kind: "missing guard"}}, nil
}

// driftEvents keeps what an observer is told of drift.
type driftEvents struct{ kinds []binder.EventKind }

func (d *driftEvents) Observe(_ context.Context, e binder.Event) {
	if strings.HasPrefix(string(e.Kind), "drift-") {
		d.kinds = append(d.kinds, e.Kind)
	}
}

func (s *auditedStore) Check(context.Context) error { return errBroken }

func TestMuxAsksAStoreOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMuxWorld(t, true)
		audited := &auditedStore{brokenStore: w.stores["media"]}
		var told driftEvents
		m := w.mux(func(p []binder.Profile) {
			p[0].Backends.Store, p[1].Backends.Store, p[2].Backends.Store = audited, audited, audited
			for i := range p {
				p[i].Options = append(p[i].Options, func(o *binder.Options) { o.Observer = &told })
			}
		})
		w.launchEach()
		for _, dry := range []bool{true, false} {
			report, err := m.Sweep(t.Context(), func(o *binder.SweepOptions) { o.DryRun = dry })
			if err != nil || len(report.Store) != 2 || report.Store[0].Repaired == dry {
				t.Errorf("sweep: %+v, %v", report.Store, err)
			}
			if want := map[bool]string{true: "[]", false: "[drift-found]"}[dry]; fmt.Sprint(told.kinds) != want {
				t.Errorf("dry run: %t: told %v, want %s", dry, told.kinds, want)
			}
		}
		if len(audited.audits) != 2 {
			t.Errorf("audits with repair: %v", audited.audits)
		}
		if err := m.Check(t.Context()); !errors.Is(err, errBroken) || strings.Contains(err.Error(), "\n") {
			t.Errorf("check: %v, want one line", err)
		}
	})
}
