package pooltest

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/eippool/mempool"
)

func associateDefects() []defect {
	return []defect{
		{"Associate returns another ID than Lookup", []string{"associate", "associate-again"}, func(b *broken) {
			b.associate = func(ctx context.Context, id string, t eippool.Target) (string, error) {
				associationID, err := b.Pool.Associate(ctx, id, t)
				if err != nil {
					return "", err
				}
				return associationID + "-alias", nil
			}
			b.disassociate = func(ctx context.Context, id string) error {
				return b.Pool.Disassociate(ctx, strings.TrimSuffix(id, "-alias"))
			}
		}},
		{"Associate adds a tag", []string{"associate"}, func(b *broken) {
			b.associate = func(ctx context.Context, id string, t eippool.Target) (string, error) {
				associationID, err := b.Pool.Associate(ctx, id, t)
				if err == nil {
					b.SetTags(id, map[string]string{"pool": "media", "associated": "true"})
				}
				return associationID, err
			}
		}},
		{"repeating makes a new association", []string{"associate-again"}, func(b *broken) {
			b.associate = func(ctx context.Context, id string, t eippool.Target) (string, error) {
				if a := b.one(id); a.Associated() && a.HeldBy(t) {
					a.AssociationID = ""
					return b.Add(a).AssociationID, nil
				}
				return b.Pool.Associate(ctx, id, t)
			}
		}},
		{"addresses are reassociated", []string{"associate-taken", "race-for-address"}, func(b *broken) {
			b.associate = func(ctx context.Context, id string, t eippool.Target) (string, error) {
				associationID, err := b.Pool.Associate(ctx, id, t)
				if errors.Is(err, eippool.ErrInUse) {
					a := b.one(id)
					a.AssociationID, a.NetworkInterfaceID, a.InstanceID = "", t.NetworkInterfaceID, t.InstanceID
					return b.Add(a).AssociationID, nil
				}
				return associationID, err
			}
		}},
		{"a taken address is an error without sentinel, if it was seen to be taken", []string{"associate-taken"}, func(b *broken) {
			seen := false
			b.onLookup(func(_ []string, list []eippool.Address) []eippool.Address {
				seen = true
				return list
			})
			b.onAssociateError(func(err error) error {
				if !seen {
					return err
				}
				return forget(eippool.ErrInUse, err)
			})
		}},
		{"addresses are displaced", []string{"batch-occupied", "batch-vacated", "associate-occupied", "associate-occupied-by-foreign", "race-for-target"}, func(b *broken) {
			b.displace(func(eippool.Address) bool { return true })
		}},
		{"addresses of the pool are displaced, if they were seen", []string{"associate-occupied"}, func(b *broken) {
			seen := false
			b.onLookup(func(_ []string, list []eippool.Address) []eippool.Address {
				seen = true
				return list
			})
			b.displace(func(held eippool.Address) bool { return seen && !slices.Contains(b.outside, held.AllocationID) })
		}},
		{"foreign addresses are displaced", []string{"associate-occupied-by-foreign"}, func(b *broken) {
			b.displace(func(held eippool.Address) bool { return slices.Contains(b.outside, held.AllocationID) })
		}},
		renamed("an absent address", eippool.ErrNotFound, "associate-absent"),
		renamed("another group", eippool.ErrInvalid, "associate-across-groups", "associate-no-interface"),
		{"no interface is an error without sentinel", []string{"associate-no-interface"}, func(b *broken) {
			b.associate = func(ctx context.Context, id string, t eippool.Target) (string, error) {
				if t.NetworkInterfaceID == "" {
					return "", errNoSentinel
				}
				return b.Pool.Associate(ctx, id, t)
			}
		}},
		{"groups do not matter", []string{"associate-across-groups"}, func(b *broken) {
			b.associate = func(ctx context.Context, id string, t eippool.Target) (string, error) {
				if t.NetworkBorderGroup == "elsewhere" {
					t.NetworkBorderGroup = "here"
					b.SetTarget(t, mempool.Running)
				}
				return b.Pool.Associate(ctx, id, t)
			}
		}},
		{"unknown means gone", []string{"associate-unknown-target"}, func(b *broken) {
			b.associate = func(ctx context.Context, id string, t eippool.Target) (string, error) {
				associationID, err := b.Pool.Associate(ctx, id, t)
				if t.InstanceID == "i-0123456789abcdef0" {
					err = eippool.ErrTargetGone
				}
				return associationID, err
			}
		}},
		{"pending targets take addresses", []string{"associate-pending-target"}, func(b *broken) {
			b.associate = func(ctx context.Context, id string, t eippool.Target) (string, error) {
				associationID, err := b.Pool.Associate(ctx, id, t)
				if errors.Is(err, eippool.ErrTargetNotReady) && t.InstanceID != "i-0123456789abcdef0" {
					b.SetTarget(t, mempool.Running)
					return b.Pool.Associate(ctx, id, t)
				}
				return associationID, err
			}
		}},
		renamed("a terminated target", eippool.ErrTargetGone, "associate-terminated-target"),
	}
}

// renamed is the defect that the error of Associate has not its sentinel.
func renamed(what string, sentinel error, fails ...string) defect {
	return defect{what + " is an error without sentinel", fails, func(b *broken) {
		b.onAssociateError(func(err error) error { return forget(sentinel, err) })
	}}
}

func (b *broken) onAssociateError(edit func(error) error) {
	b.associate = func(ctx context.Context, id string, t eippool.Target) (string, error) {
		associationID, err := b.Pool.Associate(ctx, id, t)
		if err != nil {
			err = edit(err)
		}
		return associationID, err
	}
}

// displace makes Associate displace the address that the target holds, as EC2
// does, if it is one of those.
func (b *broken) displace(those func(held eippool.Address) bool) {
	b.associate = func(ctx context.Context, id string, t eippool.Target) (string, error) {
		associationID, err := b.Pool.Associate(ctx, id, t)
		if held := b.holds(t.NetworkInterfaceID); errors.Is(err, eippool.ErrOccupied) && those(held) {
			b.unhold(held)
			return b.Pool.Associate(ctx, id, t)
		}
		return associationID, err
	}
}
