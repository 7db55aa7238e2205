package policytest

import (
	"net/netip"
	"strings"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

func nameCases() []testCase {
	return []testCase{
		{Name: "names", Contract: "Names returns at least one name for a subject that lacks nothing.", Run: func(t tb, f fixture) {
			for _, s := range f.Subjects {
				if got := f.names(clone(s)); len(got.names) == 0 || got.err != nil || got.panic != nil {
					t.Errorf("Names of %+v = %v; want a name, as it is one of the subjects that the policy can name", s, got)
				}
			}
		}},
		{Name: "names-valid", Contract: "Names are relative to the suffix, and with it are host names.", Run: func(t tb, f fixture) {
			for _, s := range f.Subjects {
				for _, name := range f.names(clone(s)).names {
					if absolute, err := f.absolute(name); err != nil {
						t.Errorf("Names of %+v: %q: %v", s, name, err)
					} else if strings.HasSuffix(absolute, "."+f.Suffix+f.Suffix) {
						t.Errorf("Names of %+v: %q has the suffix already", s, name)
					}
				}
			}
		}},
		{Name: "names-or-error", Contract: "Names returns at least one name, or else an error, and does not panic, whatever the subject lacks.", Run: func(t tb, f fixture) {
			for _, s := range lacking(f.Subjects) {
				got := f.names(clone(s))
				if got.panic != nil || (got.err == nil) == (len(got.names) == 0) {
					t.Errorf("Names of %+v = %v; want either names or an error", s, got)
				}
			}
		}},
	}
}

// lacking returns the subjects, each without one thing, and without all.
func lacking(subjects []dnspolicy.Subject) []dnspolicy.Subject {
	remove := []func(*dnspolicy.Subject){
		func(s *dnspolicy.Subject) { *s = dnspolicy.Subject{} },
		func(s *dnspolicy.Subject) { s.Address = dnspolicy.Address{} },
		func(s *dnspolicy.Subject) { s.Address.AllocationID = "" },
		func(s *dnspolicy.Subject) { s.Address.IP = netip.Addr{} },
		func(s *dnspolicy.Subject) { s.Address.IP = netip.MustParseAddr("2001:db8::7") },
		func(s *dnspolicy.Subject) { s.Address.Tags = nil },
		func(s *dnspolicy.Subject) { s.InstanceID = "" },
		func(s *dnspolicy.Subject) { s.AvailabilityZone = "" },
		func(s *dnspolicy.Subject) { s.InstanceType = "" },
		func(s *dnspolicy.Subject) { s.PrivateIP = netip.Addr{} },
		func(s *dnspolicy.Subject) { s.InstanceTags = nil },
		func(s *dnspolicy.Subject) { s.InstanceTags, s.Address.Tags = nil, nil },
	}
	var lacking []dnspolicy.Subject
	for _, s := range subjects {
		for _, fn := range remove {
			without := s
			fn(&without)
			lacking = append(lacking, without)
		}
	}
	return lacking
}
