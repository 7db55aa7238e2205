package policytest

import (
	"fmt"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

func commonCases() []testCase {
	return []testCase{
		{Name: "records-common", Contract: "Common knows each name of a record set that is neither the binding's own nor below that, whatever is in a tag.", Run: recording(func(t tb, f fixture) {
			for _, s := range f.Subjects {
				f.checkCommon(t, s, f.primary(clone(s)))
			}
			for sample, s := range f.hostile() {
				f.checkCommon(t, s, f.primaryOr(s, sample))
			}
		})},
		{Name: "records-common-own", Contract: "Common leaves each subject a name of its own.", Run: recording(func(t tb, f fixture) {
			for _, s := range f.Subjects {
				if name := f.primary(clone(s)); f.common(name).yes {
					t.Errorf("Common is true for each name of %+v, such as %s: no worker gets a name that workers may have in common", s, name)
				}
			}
		})},
		{Name: "records-common-pure", Contract: "Common gives the same for the same name, however often it is asked, and does not panic, whatever the name.", Run: recording(func(t tb, f fixture) {
			for _, name := range f.anyNames() {
				first := f.common(name)
				for range repeats {
					if got := f.common(name); got.panic != nil || got != first {
						t.Fatalf("Common(%q) = %v; before, it was %v", name, got, first)
					}
				}
			}
		})},
	}
}

// verdict is what Common says of a name.
type verdict struct {
	yes   bool
	panic any
}

func (v verdict) String() string {
	if v.panic != nil {
		return fmt.Sprintf("panic: %v", v.panic)
	}
	return fmt.Sprint(v.yes)
}

// common asks the policy, if it is a CommonNamer.
func (f fixture) common(name string) (v verdict) {
	namer, ok := f.policy.(dnspolicy.CommonNamer)
	if !ok {
		return verdict{}
	}
	defer func() { v.panic = recover() }()
	v.yes = namer.Common(name)
	return v
}

// checkCommon checks that no worker can be given a name that the subject shares.
func (f fixture) checkCommon(t tb, s dnspolicy.Subject, primary string) {
	t.Helper()
	for _, set := range f.validSets(s, primary) {
		if v := f.common(set.Name); !dnspolicy.Contains(primary, set.Name) && !v.yes {
			t.Errorf("Records of %+v, %q has a set at %s, for which Common is %v: a worker could be given that name, and keep all others out of it", s, primary, set.Name, v)
		}
	}
}

// validSets are the subject's record sets, unless they are not valid, which
// other cases see.
func (f fixture) validSets(s dnspolicy.Subject, primary string) []dnspolicy.RRSet {
	got := f.records(clone(s), primary)
	if got.err != nil || got.panic != nil || dnspolicy.CheckRecords(primary, f.Suffix, got.sets) != nil {
		return nil
	}
	return got.sets
}

// anyNames are those that are in use, and some that no worker has.
func (f fixture) anyNames() []string {
	names := []string{"", ".", "..", "a", "*." + f.Suffix, f.Suffix, "." + f.Suffix, "nobody." + f.Suffix, "no.body." + f.Suffix, "nobody.example.org.", "\xff." + f.Suffix}
	for _, s := range f.Subjects {
		primary := f.primary(clone(s))
		names = append(names, primary)
		for _, set := range f.validSets(s, primary) {
			names = append(names, set.Name)
		}
	}
	return names
}
