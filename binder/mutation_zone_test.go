package binder_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
)

// overwritingZone creates with UPSERT.
type overwritingZone struct{ dnspolicy.Zone }

func (z overwritingZone) Apply(ctx context.Context, changes []dnspolicy.Change) (dnspolicy.Propagation, error) {
	p, err := z.Zone.Apply(ctx, changes)
	if conflict := (*dnspolicy.ConflictError)(nil); errors.As(err, &conflict) && conflict.Change.Before == nil && conflict.Actual != nil {
		return z.Zone.Apply(ctx, []dnspolicy.Change{{Before: conflict.Actual, After: conflict.Change.After}})
	}
	return p, err
}

// deletingZone deletes by name, whatever the value.
type deletingZone struct{ dnspolicy.Zone }

func (z deletingZone) Apply(ctx context.Context, changes []dnspolicy.Change) (dnspolicy.Propagation, error) {
	p, err := z.Zone.Apply(ctx, changes)
	if conflict := (*dnspolicy.ConflictError)(nil); errors.As(err, &conflict) && conflict.Change.After == nil && conflict.Actual != nil {
		return z.Zone.Apply(ctx, []dnspolicy.Change{dnspolicy.Delete(*conflict.Actual)})
	}
	return p, err
}

// reticentZone does not say what it holds.
type reticentZone struct{ dnspolicy.Zone }

func (z reticentZone) Apply(ctx context.Context, changes []dnspolicy.Change) (dnspolicy.Propagation, error) {
	p, err := z.Zone.Apply(ctx, changes)
	if conflict := (*dnspolicy.ConflictError)(nil); errors.As(err, &conflict) {
		conflict.Actual = nil
	}
	return p, err
}

// forgetfulZone takes an error for an absence.
type forgetfulZone struct{ dnspolicy.Zone }

func (z forgetfulZone) Lookup(ctx context.Context, key dnspolicy.RRKey) (dnspolicy.RRSet, error) {
	set, err := z.Zone.Lookup(ctx, key)
	if err != nil {
		err = dnspolicy.ErrNotFound
	}
	return set, err
}

func zoneMutations() []mutation {
	return []mutation{
		{"DNS is created with must-not-exist", "zone that overwrites on create",
			func(s *subject) { s.backends.Zone = overwritingZone{s.backends.Zone} }, foreignNameStays, 1},
		{"DNS is deleted with the exact stored value", "zone that deletes whatever is there",
			func(s *subject) { s.backends.Zone = deletingZone{s.backends.Zone} }, changedNameStays, 1},
		{"a lost reply of DNS is recognised by publishing again", "zone that does not say what it holds",
			func(s *subject) { s.backends.Zone = reticentZone{s.backends.Zone} }, lostReplyIsRecognised, 1},
		{"not ours, not touched: names that no record explains", "sweep that removes what it cannot explain",
			func(s *subject) { s.sweeps = binder.SweepWhatIsUnexplained }, unexplainedNamesStay, 1},
		{"an error is never an absence", "zone that finds nothing when it fails",
			func(s *subject) { s.backends.Zone = forgetfulZone{s.backends.Zone} }, failedLookupStopsTheSweep, 1},
	}
}

// unexplainedNamesStay: somebody else uses the same suffix, for addresses of the
// pool and for others.
func unexplainedNamesStay(s *subject) error {
	r, err := s.bound("i-1")
	if err != nil {
		return err
	}
	theirs := map[string]string{"www": "192.0.2.1", "status": r.IP.String()}
	for name, ip := range theirs {
		s.publish(name, ip)
	}
	report, err := s.sweep()
	if err != nil {
		return err
	}
	for name, ip := range theirs {
		found := slices.ContainsFunc(report.Findings, func(f binder.Finding) bool { return f.Name == name+"."+suffix })
		if s.value(name) != ip || !found {
			return fmt.Errorf("%s is %q now; reported: %t", name, s.value(name), found)
		}
	}
	return nil
}

func (s *subject) value(name string) string {
	set, err := s.zone.Lookup(context.Background(), dnspolicy.RRKey{Name: name + "." + suffix, Type: "A"})
	if err != nil {
		return ""
	}
	return set.Values[0]
}

func (s *subject) publish(name, ip string) {
	if err := s.zone.Set(aRecord(name+"."+suffix, ip)); err != nil {
		s.t.Fatal(err)
	}
}

func foreignNameStays(s *subject) error {
	s.publish("i-1", "192.0.2.1")
	s.launch("i-1")
	s.do("i-1")
	return must(s.value("i-1") == "192.0.2.1", "the name was overwritten with %q", s.value("i-1"))
}

func changedNameStays(s *subject) error {
	if _, err := s.bound("i-1"); err != nil {
		return err
	}
	s.publish("i-1", "192.0.2.1")
	s.fleet.SetState("i-1", binder.Terminated)
	s.do("i-1")
	return must(s.value("i-1") == "192.0.2.1", "the changed name was removed, its value is %q", s.value("i-1"))
}

func lostReplyIsRecognised(s *subject) error {
	s.launch("i-1")
	lost := false
	s.hook = func(call string, do func() error) error {
		err := do()
		if call == "zone.Apply" && !lost {
			lost = true
			return errors.New("connection reset")
		}
		return err
	}
	s.do("i-1")
	time.Sleep(time.Minute)
	o := s.do("i-1")
	return must(o.Status == binder.Bound, "%s: %s %v", o.Status, o.Reason, o.Err)
}

// failedLookupStopsTheSweep: the list lacks a name, and the lookup that would
// tell fails.
func failedLookupStopsTheSweep(s *subject) error {
	before, err := s.bound("i-1")
	if err != nil {
		return err
	}
	s.hook = func(call string, do func() error) error {
		switch call {
		case "zone.List":
			s.zone.Remove(dnspolicy.RRKey{Name: "i-1." + suffix, Type: "A"})
		case "zone.Lookup":
			return dnspolicy.ErrThrottled
		}
		return do()
	}
	_, err = s.sweep()
	r := s.record("i-1")
	return must(errors.Is(err, dnspolicy.ErrThrottled) && r.Version == before.Version, "the sweep went on: %v, %+v", err, r)
}
