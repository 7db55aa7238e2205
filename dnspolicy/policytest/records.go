package policytest

import (
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
