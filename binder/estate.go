package binder

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store"
)

// estate is what another system may have left.
type estate struct {
	now        time.Time
	unrecorded []eippool.Address // of the pool, that no record is about, in order
	holders    map[string]Instance
	recorded   map[string]bool // instances that a record is about
	rows       map[netip.Addr][]store.Row
	foreign    []store.Row // of addresses outside the pool
	zone       zoneView
	names      map[netip.Addr][]dnspolicy.RRSet // plain A records of one address
}

// estate reads everything, cloud before store.
func (b *Binder) estate(ctx context.Context, s store.Store) (*estate, error) {
	e := &estate{
		now: time.Now(), holders: map[string]Instance{}, recorded: map[string]bool{},
		rows: map[netip.Addr][]store.Row{}, names: map[netip.Addr][]dnspolicy.RRSet{},
	}
	fleet, err := collect("instances", b.fleet.List(ctx))
	if err != nil {
		return nil, err
	}
	for _, i := range fleet {
		e.holders[i.NetworkInterfaceID] = i
	}
	pool, err := b.listPool(ctx)
	if err != nil {
		return nil, err
	}
	zone, err := b.underSuffix(ctx)
	if err != nil {
		return nil, err
	}
	e.index(zone)
	records, err := collect("records", b.store.List(ctx, store.Filter{}))
	if err != nil {
		return nil, err
	}
	e.sortOut(pool, records)
	return e, e.addRows(ctx, s, pool)
}

func (e *estate) index(zone []dnspolicy.RRSet) {
	e.zone = viewOf(zone)
	for _, set := range zone {
		if set.Type != "A" || set.SetIdentifier != "" || len(set.Values) != 1 {
			continue
		}
		if ip, err := netip.ParseAddr(set.Values[0]); err == nil {
			e.names[ip] = append(e.names[ip], set)
		}
	}
}

func (e *estate) sortOut(pool []eippool.Address, records []store.Record) {
	known := map[string]bool{}
	for _, r := range records {
		known[r.AllocationID] = true
		e.recorded[r.InstanceID] = true
	}
	e.unrecorded = slices.DeleteFunc(slices.Clone(pool), func(a eippool.Address) bool { return known[a.AllocationID] })
	slices.SortFunc(e.unrecorded, func(x, y eippool.Address) int {
		return cmp.Or(x.IP.Compare(y.IP), strings.Compare(x.AllocationID, y.AllocationID))
	})
}

func (e *estate) addRows(ctx context.Context, s store.Store, pool []eippool.Address) error {
	a, ok := s.(store.Adopter)
	if !ok {
		return nil
	}
	rows, err := collect("rows", a.Rows(ctx))
	if err != nil {
		return err
	}
	slices.SortFunc(rows, func(x, y store.Row) int { return cmp.Or(x.IP.Compare(y.IP), strings.Compare(x.Name, y.Name)) })
	for _, row := range rows {
		if slices.ContainsFunc(pool, func(a eippool.Address) bool { return a.IP == row.IP }) {
			e.rows[row.IP] = append(e.rows[row.IP], row)
		} else {
			e.foreign = append(e.foreign, row)
		}
	}
	return nil
}

// claim returns the record that takes the address over, or nil and what is left
// of it.
func (e *estate) claim(b *Binder, a eippool.Address) (*store.Record, []Adopted) {
	if !a.Associated() {
		return e.claimName(b, a), nil
	}
	left := func(reason string) (*store.Record, []Adopted) {
		return nil, []Adopted{{IP: a.IP, AllocationID: a.AllocationID, InstanceID: a.InstanceID, Reason: reason}}
	}
	i, ok := e.holders[a.NetworkInterfaceID]
	switch {
	case !ok || i.NetworkInterfaceID == "":
		return left("its holder is the primary interface of no eligible instance")
	case i.State != Running:
		return left("its instance is " + string(i.State) + ": adopt again when it is running, or terminated")
	case e.recorded[i.ID]:
		return left("its instance " + i.ID + " has another address by now")
	}
	set, found, err := e.nameFor(b, a, i)
	if err != nil {
		return left(err.Error())
	}
	e.recorded[i.ID] = true
	r := b.firstRecord(a)
	r.Phase, r.InstanceID, r.NetworkInterfaceID, r.Name = store.Bound, i.ID, i.NetworkInterfaceID, set.Name
	r.AvailabilityZone, r.Tags, r.AssociationID, r.BoundAt = i.AvailabilityZone, b.recordTags(i.Tags), a.AssociationID, e.now
	r.RRSets, r.InSync = toStored([]dnspolicy.RRSet{set}), found
	return &r, nil
}

// claimName returns the record of an address that nobody holds, if there is
// anything to take back.
func (e *estate) claimName(b *Binder, a eippool.Address) *store.Record {
	sets := e.names[a.IP]
	if len(sets) == 0 && len(e.rows[a.IP]) == 0 {
		return nil
	}
	r := b.firstRecord(a)
	r.Phase, r.FreedAt = store.Free, e.now
	if len(sets) > 0 {
		r.KeepName, r.Name, r.RRSets, r.InSync = true, sets[0].Name, toStored(sets), true
	}
	return &r
}

func (b *Binder) firstRecord(a eippool.Address) store.Record {
	return store.Record{AllocationID: a.AllocationID, IP: a.IP, BinderID: b.opts.BinderID}
}

// nameFor returns the A record of the instance's name, and whether the zone has
// it.
func (e *estate) nameFor(b *Binder, a eippool.Address, i Instance) (set dnspolicy.RRSet, found bool, err error) {
	subject := subjectOf(i, a)
	planned, err := b.names(subject)
	var wanted []string
	for _, row := range e.rows[a.IP] {
		if dnspolicy.Contains(b.opts.Suffix, row.Name) {
			wanted = append(wanted, row.Name)
		}
	}
	for _, name := range slices.Concat(wanted, planned) {
		if n := slices.IndexFunc(e.names[a.IP], func(set dnspolicy.RRSet) bool { return set.Name == name }); n >= 0 {
			return e.names[a.IP][n], true, nil
		}
	}
	for _, name := range wanted { // schedule servers know it by this one, and their flag is on it
		if len(e.zone[name]) == 0 {
			return b.primary(subject, name), false, nil
		}
	}
	if len(e.names[a.IP]) > 0 {
		return e.names[a.IP][0], true, nil
	}
	for _, name := range slices.Concat(wanted, planned) {
		if set := b.primary(subject, name); len(e.zone[name]) == 0 {
			return set, false, nil
		}
	}
	return dnspolicy.RRSet{}, false, cmp.Or(err, fmt.Errorf("%w: every name that it might have points elsewhere", ErrNameTaken))
}

// flag is that of the record's row.
func (e *estate) flag(r store.Record) bool {
	n := slices.IndexFunc(e.rows[r.IP], func(row store.Row) bool { return row.Name == r.Name && row.AssociationID == r.AssociationID })
	return n >= 0 && e.rows[r.IP][n].Allocated
}
