package demo

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/internal/awssim"
	"github.com/eipbinder/eipbinder/store"
)

// facts are what is there at the end. Instances, addresses and names are read
// from the simulated account itself, past the binder and its backends.
type facts struct {
	instances []awssim.Instance
	addresses []awssim.Address
	names     []awssim.RecordSet
	records   []store.Record
	waited    int // workers that were told to wait for an address
}

// check is one sentence about the facts, and whether it is true.
type check struct {
	sentence string
	holds    bool
}

// conclude shows the bindings, and verifies them.
func (w *world) conclude(ctx context.Context, p *printer) error {
	records, err := w.load(ctx)
	if err != nil {
		return err
	}
	p.act("The records at the end")
	p.table(records)
	p.act("Verification, on the simulated account")
	f := facts{w.sim.Instances(), w.sim.Addresses(), w.sim.RecordSets(w.zoneID), records, p.told(binder.EventExhausted)}
	failed := 0
	for _, c := range f.verify() {
		kind := "ok"
		if !c.holds {
			kind = "FAILED"
			failed++
		}
		p.note(kind, c.sentence, fmt.Sprintf("  %-6s  %s", kind, c.sentence))
	}
	if failed > 0 {
		return fmt.Errorf("%w: %d checks failed", ErrVerification, failed)
	}
	return nil
}

func (f facts) verify() []check {
	left := workers - terminated
	return []check{
		{fmt.Sprintf("of %d workers %d are terminated and %d run", workers, terminated, left), f.states(left)},
		{fmt.Sprintf("%d workers were told to wait, since the pool was dry", workers-addresses), f.waited == workers-addresses},
		{fmt.Sprintf("each of the %d running workers is bound to an address that it holds", left), f.allBound()},
		{fmt.Sprintf("no address is held by two workers, no worker holds two, and %d of %d is free", addresses-left, addresses), f.exclusive(addresses - left)},
		{fmt.Sprintf("each of the %d names resolves to the address that its worker holds, and there is no other name", left), f.resolve()},
	}
}

func (f facts) states(running int) bool {
	count := map[awssim.State]int{}
	for _, i := range f.instances {
		count[i.State]++
	}
	return len(f.instances) == workers && count[awssim.Running] == running && count[awssim.Terminated] == terminated
}

// allBound: visible records and running workers are the same, and EC2 agrees
// with each record.
func (f facts) allBound() bool {
	var running, bound []string
	for _, i := range f.instances {
		if i.State == awssim.Running {
			running = append(running, i.ID)
		}
	}
	for _, r := range f.visible() {
		bound = append(bound, r.InstanceID)
		held := slices.ContainsFunc(f.addresses, func(a awssim.Address) bool {
			return a.AllocationID == r.AllocationID && a.InstanceID == r.InstanceID &&
				a.AssociationID == r.AssociationID && a.NetworkInterfaceID == r.NetworkInterfaceID
		})
		if !held {
			return false
		}
	}
	slices.Sort(running)
	slices.Sort(bound)
	return slices.Equal(running, bound)
}

func (f facts) visible() []store.Record {
	return slices.DeleteFunc(slices.Clone(f.records), func(r store.Record) bool { return !r.Visible() })
}

func (f facts) exclusive(free int) bool {
	holders := map[string]bool{}
	associated := 0
	for _, a := range f.addresses {
		if a.AssociationID != "" {
			associated++
			holders[a.InstanceID] = true
		}
	}
	return len(f.addresses) == addresses && len(holders) == associated && associated == addresses-free
}

// resolve: the zone's A records are those of the visible records.
func (f facts) resolve() bool {
	published, wanted := map[string][]string{}, map[string][]string{}
	for _, set := range f.names {
		if set.Type == "A" {
			published[set.Name] = append(published[set.Name], set.Values...)
		}
	}
	for _, r := range f.visible() {
		wanted[r.Name] = append(wanted[r.Name], f.heldBy(r.InstanceID)...)
	}
	return maps.EqualFunc(published, wanted, slices.Equal)
}

// heldBy returns the addresses that EC2 shows at the instance.
func (f facts) heldBy(instanceID string) []string {
	var ips []string
	for _, a := range f.addresses {
		if a.InstanceID == instanceID {
			ips = append(ips, a.IP.String())
		}
	}
	return ips
}
