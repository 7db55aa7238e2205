package zonetest

import (
	"context"
	"errors"
	"slices"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// onConflict lets the defect answer in place of the conflict of a single
// change; if it does not want to, it returns false.
func (b *broken) onConflict(answer func(context.Context, *dnspolicy.ConflictError) (dnspolicy.Propagation, error, bool)) {
	b.apply = func(ctx context.Context, changes []dnspolicy.Change) (dnspolicy.Propagation, error) {
		p, err := b.Zone.Apply(ctx, changes)
		var conflict *dnspolicy.ConflictError
		if len(changes) == 1 && errors.As(err, &conflict) {
			if p, err, ok := answer(ctx, conflict); ok {
				return p, err
			}
		}
		return p, err
	}
}

// overwrite makes Apply write all the same where a conflict is one of those.
func (b *broken) overwrite(those func(c dnspolicy.Change, actual *dnspolicy.RRSet) bool) {
	b.onConflict(func(ctx context.Context, conflict *dnspolicy.ConflictError) (dnspolicy.Propagation, error, bool) {
		switch {
		case !those(conflict.Change, conflict.Actual):
			return "", nil, false
		case conflict.Change.After == nil:
			b.Remove(conflict.Change.Key())
			return "deleted", nil, true
		}
		p, err := b.write(ctx, *conflict.Change.After)
		return p, err, true
	})
}

// silence makes a conflict say that nothing was found, where it is one of those.
func (b *broken) silence(those func(c dnspolicy.Change, actual *dnspolicy.RRSet) bool) {
	b.onConflict(func(_ context.Context, conflict *dnspolicy.ConflictError) (dnspolicy.Propagation, error, bool) {
		if those(conflict.Change, conflict.Actual) {
			conflict.Actual = nil
		}
		return "", conflict, true
	})
}

func isCreate(c dnspolicy.Change) bool { return c.Before == nil }
func isDelete(c dnspolicy.Change) bool { return c.After == nil }
func isAgain(c dnspolicy.Change) bool {
	return !isCreate(c) && !isDelete(c) && c.Before.Equal(*c.After)
}
func isReplace(c dnspolicy.Change) bool { return !isCreate(c) && !isDelete(c) && !isAgain(c) }

func conflictDefects() []defect {
	return []defect{
		{"creation overwrites", []string{"create-existing", "create-same", "race-to-create"}, func(b *broken) {
			b.overwrite(func(c dnspolicy.Change, actual *dnspolicy.RRSet) bool { return isCreate(c) && !isNeighbour(c, actual) })
		}},
		{"creation does not say what is there", []string{"create-existing"}, func(b *broken) {
			b.silence(func(c dnspolicy.Change, actual *dnspolicy.RRSet) bool {
				return isCreate(c) && !isNeighbour(c, actual) && !actual.Equal(*c.After)
			})
		}},
		{"creating the same is success", []string{"create-same"}, func(b *broken) {
			b.overwrite(func(c dnspolicy.Change, actual *dnspolicy.RRSet) bool { return isCreate(c) && actual.Equal(*c.After) })
		}},
		{"deleting nothing is success", []string{"delete-absent"}, func(b *broken) {
			b.overwrite(func(c dnspolicy.Change, actual *dnspolicy.RRSet) bool { return isDelete(c) && actual == nil })
		}},
		{"deletion goes by key", []string{"delete-other-value", "delete-former-value", "delete-other-ttl"}, func(b *broken) {
			b.overwrite(func(c dnspolicy.Change, actual *dnspolicy.RRSet) bool { return isDelete(c) && actual != nil })
		}},
		{"deletion of some values deletes all", []string{"delete-other-value"}, func(b *broken) {
			b.overwrite(func(c dnspolicy.Change, actual *dnspolicy.RRSet) bool {
				return isDelete(c) && actual != nil && c.Before.TTL == actual.TTL && slices.Contains(actual.Values, c.Before.Values[0])
			})
		}},
		{"deletion goes by any value that ever was", []string{"delete-former-value"}, func(b *broken) {
			var past []dnspolicy.RRSet
			b.overwrite(func(c dnspolicy.Change, actual *dnspolicy.RRSet) bool {
				return isDelete(c) && actual != nil && slices.ContainsFunc(past, c.Before.Equal)
			})
			apply := b.apply
			b.apply = func(ctx context.Context, changes []dnspolicy.Change) (dnspolicy.Propagation, error) {
				p, err := apply(ctx, changes)
				if err == nil && len(changes) == 1 && changes[0].After != nil {
					past = append(past, *changes[0].After)
				}
				return p, err
			}
		}},
		{"deletion ignores the TTL", []string{"delete-other-ttl"}, func(b *broken) {
			b.overwrite(func(c dnspolicy.Change, actual *dnspolicy.RRSet) bool {
				return isDelete(c) && actual != nil && slices.Equal(c.Before.Values, actual.Values)
			})
		}},
		{"replacement creates", []string{"replace-absent"}, func(b *broken) {
			b.overwrite(func(c dnspolicy.Change, actual *dnspolicy.RRSet) bool { return isReplace(c) && actual == nil })
		}},
		{"replacement overwrites", []string{"replace-other", "race-to-replace"}, func(b *broken) {
			b.overwrite(func(c dnspolicy.Change, actual *dnspolicy.RRSet) bool { return isReplace(c) && actual != nil })
		}},
		{"replacement does not say what is there", []string{"replace-other"}, func(b *broken) {
			b.silence(func(c dnspolicy.Change, _ *dnspolicy.RRSet) bool { return isReplace(c) })
		}},
		{"publishing again overwrites", []string{"publish-again-changed"}, func(b *broken) {
			b.overwrite(func(c dnspolicy.Change, actual *dnspolicy.RRSet) bool { return isAgain(c) && actual != nil })
		}},
		{"publishing again creates", []string{"publish-again-absent"}, func(b *broken) {
			b.overwrite(func(c dnspolicy.Change, actual *dnspolicy.RRSet) bool { return isAgain(c) && actual == nil })
		}},
	}
}
