package policytest

import (
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

func hostileCases() []testCase {
	return []testCase{
		{Name: "hostile-or-error", Contract: "Names returns at least one name, or else an error, and does not panic, whatever is in a tag.", Run: func(t tb, f fixture) {
			for _, s := range f.hostile() {
				if got := f.names(clone(s)); got.panic != nil || (got.err == nil) == (len(got.names) == 0) {
					t.Errorf("Names of %+v = %v; want either names or an error", s, got)
				}
			}
		}},
		{Name: "hostile-labels", Contract: "Whatever is in a tag, a name that is valid has no more labels than it has with a harmless value.", Run: func(t tb, f fixture) {
			for sample, s := range f.hostile() {
				most := f.labels(sample)
				if got := f.labels(s); got > most {
					t.Errorf("Names of %+v = %v: %d labels, not %d", s, f.names(clone(s)), got, most)
				}
			}
		}},
		{Name: "hostile-records", Contract: "Whatever is in a tag, Records returns record sets under the suffix, or an error.", Run: recording(func(t tb, f fixture) {
			for sample, s := range f.hostile() {
				f.checkRecords(t, s, f.primaryOr(s, sample))
			}
		})},
	}
}

// labels is how many labels the valid names of the subject have at most.
func (f fixture) labels(s dnspolicy.Subject) int {
	most := 0
	for _, name := range f.names(clone(s)).names {
		if absolute, err := f.absolute(name); err == nil {
			most = max(most, strings.Count(absolute, "."))
		}
	}
	return most
}

// hostile yields each sample with each hostile value: in each of its tags, and
// in all.
func (f fixture) hostile() iter.Seq2[dnspolicy.Subject, dnspolicy.Subject] {
	return func(yield func(sample, hostile dnspolicy.Subject) bool) {
		for _, sample := range f.Subjects {
			for _, value := range f.hostileValues() {
				for s := range poison(sample, value) {
					if !yield(sample, s) {
						return
					}
				}
			}
		}
	}
}

func poison(sample dnspolicy.Subject, value string) iter.Seq[dnspolicy.Subject] {
	return func(yield func(dnspolicy.Subject) bool) {
		all := clone(sample)
		for _, key := range slices.Sorted(maps.Keys(sample.InstanceTags)) {
			one := clone(sample)
			one.InstanceTags[key], all.InstanceTags[key] = value, value
			if !yield(one) {
				return
			}
		}
		for _, key := range slices.Sorted(maps.Keys(sample.Address.Tags)) {
			one := clone(sample)
			one.Address.Tags[key], all.Address.Tags[key] = value, value
			if !yield(one) {
				return
			}
		}
		yield(all)
	}
}

func (f fixture) hostileValues() []string {
	values := []string{
		"", " ", ".", "..", "...", "-", "--", "*", "*.evil", "@", "_", "a.b", "a.b.c.d.e.f", ".a", "a.", "a..b", "evil.example.org", "evil.example.org.",
		"../evil", "../../evil.example.org.", "a/b", "a\nb", "a\r\nevil 60 IN A 192.0.2.1", "a\tb", "a b", "a\x00b", `a\.b`, `a\046b`, `"`, `";`, "$(id)", "{ip}", "%2e", "\xff",
		"straße", "MÜNCHEN", "a。b", "a．b", "a｡b", "⒈com", "a\u200db", "\u202eevil", "K", "🎥", "xn--", "xn--a", "xn--strae-oqa", "xn--a.xn--b", "-a", "a-", "ab--c",
		"10.0.0.1", "203.0.113.1", "localhost", f.Suffix, strings.TrimSuffix(f.Suffix, "."), "evil." + f.Suffix,
		strings.Repeat("a", 63), strings.Repeat("a", 64), strings.Repeat("a", 300), strings.Repeat("a.", 150), strings.Repeat("ü", 60),
	}
	for _, s := range f.Subjects { // each other's names
		if name := f.primary(clone(s)); name != "" {
			values = append(values, strings.TrimSuffix(name, "."+f.Suffix), name)
		}
	}
	return values
}
