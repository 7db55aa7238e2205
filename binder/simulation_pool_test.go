package binder_test

import (
	"context"

	"github.com/eipbinder/eipbinder/eippool"
)

type simPool struct{ p *process }

func (o simPool) List(ctx context.Context) (found []eippool.Address, err error) {
	err = o.p.do(ctx, simCall{"pool.List", nil, eippool.ErrThrottled, false, func(bool) (err error) {
		if g := o.p.s.lagging(o.p, "pool.List"); g != nil {
			found = g.pool()
			return nil
		}
		found, err = o.p.s.pool.List(sent(ctx))
		return err
	}})
	return found, err
}

func (o simPool) Lookup(ctx context.Context, ids ...string) (found []eippool.Address, err error) {
	err = o.p.do(ctx, simCall{"pool.Lookup", ids, eippool.ErrThrottled, false, func(bool) (err error) {
		if g := o.p.s.lagging(o.p, "pool.Lookup", ids...); g != nil {
			found = g.lookup(ids)
			return nil
		}
		found, err = o.p.s.pool.Lookup(sent(ctx), ids...)
		return err
	}})
	return found, err
}

func (o simPool) Associate(ctx context.Context, id string, t eippool.Target) (association string, err error) {
	err = o.p.do(ctx, simCall{"pool.Associate", []string{id, t.InstanceID}, eippool.ErrThrottled, true, func(late bool) error {
		made, err := o.p.s.associate(id, t, late)
		if !late {
			association = made
		}
		return err
	}})
	return association, err
}

func (o simPool) Disassociate(ctx context.Context, associationID string) error {
	held := o.p.s.holder(associationID)
	return o.p.do(ctx, simCall{"pool.Disassociate", []string{held.AllocationID, held.InstanceID}, eippool.ErrThrottled, true, func(bool) error {
		return o.p.s.disassociate(associationID, held)
	}})
}

func (o simPool) SetReverseName(ctx context.Context, id, name string) error {
	return o.p.do(ctx, simCall{"pool.SetReverseName", []string{id, name}, eippool.ErrThrottled, true, func(late bool) error {
		return o.p.s.setReverse(id, name, late)
	}})
}

func (o simPool) ClearReverseName(ctx context.Context, id string) error {
	return o.p.do(ctx, simCall{"pool.ClearReverseName", []string{id}, eippool.ErrThrottled, true, func(bool) error {
		return o.p.s.clearReverse(id)
	}})
}
