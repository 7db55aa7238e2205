package policytest

import (
	"slices"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

func recordCases() []testCase {
	return []testCase{
		{Name: "records", Contract: "Records is no error for a subject that lacks nothing.", Run: recording(func(t tb, f fixture) {
			for _, s := range f.Subjects {
				if got := f.records(clone(s), f.primary(clone(s))); got.err != nil || got.panic != nil {
					t.Errorf("Records of %+v = %v", s, got)
				}
			}
		})},
		{Name: "records-valid", Contract: "Record sets lie under the suffix, have keys of their own, leave the A record alone, and are such as a Zone takes.", Run: recording(func(t tb, f fixture) {
			for _, s := range f.Subjects {
				f.checkRecords(t, s, f.primary(clone(s)))
			}
		})},
		{Name: "records-or-error", Contract: "Records returns record sets or an error, and does not panic, whatever the subject lacks.", Run: recording(func(t tb, f fixture) {
			for _, s := range lacking(f.Subjects) {
				f.checkRecords(t, s, "any."+f.Suffix)
			}
		})},
		{Name: "records-distinct", Contract: "No two bindings have a record set of the same key, even if their instances have the same tags.", Run: recording(func(t tb, f fixture) {
			f.checkDistinct(t, f.Subjects)
			f.checkDistinct(t, alike(f.Subjects))
		})},
	}
}

// alike returns the subjects as workers of one node pool and zone are, told
// apart by what they are and by their addresses.
func alike(subjects []dnspolicy.Subject) []dnspolicy.Subject {
	var all []dnspolicy.Subject
	for _, s := range subjects {
		s.AvailabilityZone, s.InstanceType, s.InstanceTags = subjects[0].AvailabilityZone, subjects[0].InstanceType, subjects[0].InstanceTags
		all = append(all, s)
	}
	return all
}

// checkDistinct checks the record sets of bindings that are there at once.
func (f fixture) checkDistinct(t tb, subjects []dnspolicy.Subject) {
	t.Helper()
	names := map[string]bool{}
	holders := map[dnspolicy.RRKey]dnspolicy.Subject{}
	for _, s := range subjects {
		free := slices.DeleteFunc(f.candidates(clone(s)), func(name string) bool { return names[name] })
		if len(free) == 0 {
			continue // no name is left, so there is no binding
		}
		names[free[0]] = true
		for _, set := range f.validSets(s, free[0]) {
			if holder, taken := holders[set.RRKey]; taken {
				t.Errorf("both %+v and %+v have the record set %v", holder, s, set.RRKey)
			}
			holders[set.RRKey] = s
		}
	}
}

func recording(run func(tb, fixture)) func(tb, fixture) {
	return func(t tb, f fixture) {
		if _, ok := f.policy.(dnspolicy.Recorder); !ok {
			t.Skipf("%T is no Recorder", f.policy)
		}
		run(t, f)
	}
}

// checkRecords checks the record sets of the subject, if it has any.
func (f fixture) checkRecords(t tb, s dnspolicy.Subject, primary string) {
	t.Helper()
	got := f.records(clone(s), primary)
	if got.panic != nil || got.err != nil && len(got.sets) > 0 {
		t.Errorf("Records of %+v, %q = %v; want either record sets or an error", s, primary, got)
	}
	if err := dnspolicy.CheckRecords(primary, f.Suffix, got.sets); err != nil {
		t.Errorf("Records of %+v, %q: %v", s, primary, err)
	}
}
