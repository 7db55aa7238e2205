package policytest

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"

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
	seen := map[dnspolicy.RRKey]bool{}
	for _, set := range got.sets {
		err := f.checkSet(set, primary)
		if seen[set.RRKey] {
			err = errors.Join(err, errors.New("there is another one of this key"))
		}
		seen[set.RRKey] = true
		if err != nil {
			t.Errorf("Records of %+v, %q: %+v: %v", s, primary, set, err)
		}
	}
}

func (f fixture) checkSet(set dnspolicy.RRSet, primary string) error {
	switch {
	case !dnspolicy.Contains(f.Suffix, set.Name):
		return fmt.Errorf("the name is not under %s", f.Suffix)
	case set.Name == primary && (set.Type == "A" || set.Type == "CNAME"):
		return errors.New("no such set can be beside the A record")
	case set.Type == "" || set.Type != strings.ToUpper(set.Type):
		return errors.New("the type is empty, or not upper case")
	case set.TTL < 0 || set.TTL > math.MaxInt32*time.Second || set.TTL%time.Second != 0:
		return fmt.Errorf("TTL %s is not a whole number of seconds from 0 to %d", set.TTL, math.MaxInt32)
	}
	return errors.Join(checkOwner(set.Name), checkValues(set))
}

// checkOwner allows for labels such as "_sip" and "*".
func checkOwner(name string) error {
	if len(name) > 254 || name != strings.ToLower(name) {
		return fmt.Errorf("the name is longer than 254 characters, or not lower case")
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(name, "."), ".") {
		if len(label) < 1 || len(label) > 63 {
			return fmt.Errorf("label %q has %d characters, not 1 to 63", label, len(label))
		}
		if i := strings.IndexFunc(label, func(c rune) bool { return c <= ' ' || c > '~' }); i >= 0 {
			return fmt.Errorf("label %q has a character that is not printable ASCII", label)
		}
	}
	return nil
}

func checkValues(set dnspolicy.RRSet) error {
	values := slices.Compact(slices.Sorted(slices.Values(set.Values)))
	if len(values) == 0 || len(values) < len(set.Values) || values[0] == "" {
		return errors.New("no values, one of them twice, or one that is empty")
	}
	for _, v := range values {
		if ip, err := netip.ParseAddr(v); set.Type == "A" && (err != nil || !ip.Is4()) {
			return fmt.Errorf("value %q is not an IPv4 address", v)
		}
		if strings.ContainsAny(v, "\r\n\x00") {
			return fmt.Errorf("value %q has a line end", v)
		}
	}
	return nil
}
