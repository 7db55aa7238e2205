package binder

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/store"
)

// underSuffix returns what the zone holds under the suffix.
func (b *Binder) underSuffix(ctx context.Context) ([]dnspolicy.RRSet, error) {
	zone, err := collect("zone", b.zone.List(ctx))
	return slices.DeleteFunc(zone, func(set dnspolicy.RRSet) bool { return !dnspolicy.Contains(b.opts.Suffix, set.Name) }), err
}

// zoneView is what a zone was seen to hold, by name.
type zoneView map[string][]dnspolicy.RRSet

func viewOf(sets []dnspolicy.RRSet) zoneView {
	zone := make(zoneView, len(sets))
	for _, set := range sets {
		zone[set.Name] = append(zone[set.Name], set)
	}
	return zone
}

// keyOf is the key of a stored record set.
func keyOf(s store.RRSet) dnspolicy.RRKey {
	return dnspolicy.RRKey{Name: s.Name, Type: s.Type, SetIdentifier: s.SetIdentifier}
}

// get returns the record set of this key, the zero one if there is none.
func (z zoneView) get(key dnspolicy.RRKey) (dnspolicy.RRSet, bool) {
	i := slices.IndexFunc(z[key.Name], func(set dnspolicy.RRSet) bool { return set.RRKey == key })
	if i < 0 {
		return dnspolicy.RRSet{}, false
	}
	return z[key.Name][i], true
}

// neighbour returns a set that a plain A record cannot stand beside, nil if
// there is none.
func (z zoneView) neighbour(name string) *dnspolicy.RRSet {
	for _, set := range z[name] {
		if set.Type == "CNAME" || set.Type == "A" && set.SetIdentifier != "" {
			return &set
		}
	}
	return nil
}

// checkNames looks for the record sets that records say are published, or want
// to. One that the list lacks is looked up: it may be younger than the list.
func (b *Binder) checkNames(ctx context.Context, s *survey) error {
	for i := range s.views {
		v := &s.views[i]
		if v.record == nil || v.record.Phase == store.Releasing && !v.record.KeepName {
			continue
		}
		if err := b.checkNamesOf(ctx, s, v); err != nil {
			return err
		}
	}
	return nil
}

func (b *Binder) checkNamesOf(ctx context.Context, s *survey, v *view) error {
	for _, stored := range v.record.RRSets {
		wanted := fromStored(stored)
		found, listed := s.named.get(wanted.RRKey)
		switch {
		case listed && found.Equal(wanted):
		case v.record.Phase == store.Bound || isPublished(v.record):
			if err := b.checkName(ctx, v, wanted); err != nil {
				return err
			}
		case listed:
			s.taken = append(s.taken, v.conflict(&dnspolicy.ConflictError{Change: dnspolicy.Create(wanted), Actual: &found}))
		}
	}
	return nil
}

// checkName finds out whether a bound name is missing, or stands for something
// else.
func (b *Binder) checkName(ctx context.Context, v *view, wanted dnspolicy.RRSet) error {
	found, err := b.zone.Lookup(ctx, wanted.RRKey)
	switch {
	case errors.Is(err, dnspolicy.ErrNotFound):
		v.missing = true
	case err != nil:
		return fmt.Errorf("look %s up: %w", wanted.Name, err)
	case !found.Equal(wanted):
		v.usurped = &dnspolicy.ConflictError{Change: dnspolicy.Republish(wanted), Actual: &found}
	}
	return nil
}
