package binder

import (
	"errors"
	"fmt"
	"slices"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store"
)

func subjectOf(i Instance, a eippool.Address) dnspolicy.Subject {
	return dnspolicy.Subject{
		Address:          dnspolicy.Address{AllocationID: a.AllocationID, IP: a.IP, Tags: a.Tags},
		InstanceID:       i.ID,
		AvailabilityZone: i.AvailabilityZone,
		InstanceType:     i.Type,
		PrivateIP:        i.PrivateIP,
		InstanceTags:     i.Tags,
	}
}

// names returns the policy's candidates that are valid, as absolute names.
func (b *Binder) names(s dnspolicy.Subject) ([]string, error) {
	relative, err := b.policy.Names(s)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errPolicy, err)
	}
	var names []string
	var errs []error
	for _, name := range relative {
		absolute, err := dnspolicy.Join(name, b.opts.Suffix)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		names = append(names, absolute)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%w: %w", errPolicy, errors.Join(errs...))
	}
	return names, nil
}

// perAddress reports whether the names depend on the address alone.
func (b *Binder) perAddress() bool {
	_, ok := b.policy.(dnspolicy.PerAddressPolicy)
	return ok
}

// recordSets returns what is to be published for the name: the A record, and
// what the policy adds.
func (b *Binder) recordSets(s dnspolicy.Subject, name string) ([]dnspolicy.RRSet, error) {
	sets := []dnspolicy.RRSet{{
		RRKey:  dnspolicy.RRKey{Name: name, Type: "A"},
		TTL:    b.opts.TTL,
		Values: []string{s.Address.IP.String()},
	}}
	recorder, ok := b.policy.(dnspolicy.Recorder)
	if !ok {
		return sets, nil
	}
	more, err := recorder.Records(s, name)
	if err != nil {
		return nil, fmt.Errorf("%w: records of %s: %w", errPolicy, name, err)
	}
	for _, set := range more {
		if set.RRKey == sets[0].RRKey || !dnspolicy.Contains(b.opts.Suffix, set.Name) {
			return nil, fmt.Errorf("%w: records of %s: %s %s is the A record itself or outside %s",
				errPolicy, name, set.Name, set.Type, b.opts.Suffix)
		}
	}
	return append(sets, more...), nil
}

func toStored(sets []dnspolicy.RRSet) []store.RRSet {
	out := make([]store.RRSet, len(sets))
	for i, s := range sets {
		out[i] = store.RRSet{Name: s.Name, Type: s.Type, SetIdentifier: s.SetIdentifier, TTL: s.TTL, Values: slices.Clone(s.Values)}
	}
	return out
}

func fromStored(s store.RRSet) dnspolicy.RRSet {
	return dnspolicy.RRSet{
		RRKey: dnspolicy.RRKey{Name: s.Name, Type: s.Type, SetIdentifier: s.SetIdentifier},
		TTL:   s.TTL, Values: slices.Clone(s.Values),
	}
}

func sameSets(a, b []store.RRSet) bool {
	return slices.EqualFunc(a, b, func(x, y store.RRSet) bool { return fromStored(x).Equal(fromStored(y)) })
}
