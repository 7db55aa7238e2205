package binder

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/store"
)

// rename reserves the next candidate name in place of one that turned out to
// be taken in the zone.
func (r *run) rename(ctx context.Context, taken *dnspolicy.ConflictError) error {
	subject := subjectOf(*r.v.instance, *r.v.address)
	names, err := r.b.names(subject)
	if err != nil {
		return err
	}
	now := slices.Index(names, r.v.record.Name)
	for _, name := range names[now+1:] {
		if done, err := r.renameTo(ctx, subject, name); done || err != nil {
			return err
		}
	}
	if now > 0 { // whoever comes next begins with the best one again
		if _, err := r.renameTo(ctx, subject, names[0]); err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: %w", ErrNameTaken, taken)
}

// renameTo reserves the name in place of the one that the record has. One that
// another record holds, or that cannot have its records, is not done.
func (r *run) renameTo(ctx context.Context, s dnspolicy.Subject, name string) (done bool, err error) {
	sets, err := r.b.recordSets(s, name)
	if err != nil {
		return false, nil
	}
	rec := r.v.record.Clone()
	before, _ := r.b.recordSets(s, rec.Name) // what is beyond it was published before
	rec.RRSets = append(toStored(sets), slices.DeleteFunc(rec.RRSets, func(set store.RRSet) bool {
		return slices.ContainsFunc(before, func(b dnspolicy.RRSet) bool { return b.RRKey == fromStored(set).RRKey })
	})...)
	rec.Name, rec.ReverseName = name, r.b.reverseName(name)
	err = r.put(ctx, rec)
	if conflict := (*store.ConflictError)(nil); errors.As(err, &conflict) && conflict.Key.Kind == store.NameKey {
		return false, nil
	}
	return err == nil, err
}
