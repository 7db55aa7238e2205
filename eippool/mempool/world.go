package mempool

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/eipbinder/eipbinder/eippool"
)

// Add puts an address into the account, as if somebody else had bought it, and
// returns it as it is now. It belongs to the pool if its tags say so. An empty
// AllocationID and an invalid IP are filled in; an address of the same ID is
// replaced. With a NetworkInterfaceID it comes associated with that interface,
// known or not, and with whatever else the interface holds: so a test can make
// foreign associations and hand edits.
func (p *Pool) Add(a eippool.Address) eippool.Address {
	p.mu.Lock()
	defer p.mu.Unlock()
	a = clone(a)
	if a.AllocationID == "" {
		a.AllocationID = newID("eipalloc-")
	}
	if !a.IP.IsValid() {
		a.IP = p.nextIP()
	}
	switch {
	case a.NetworkInterfaceID == "":
		a.AssociationID, a.InstanceID = "", ""
	case a.AssociationID == "":
		a.AssociationID = newID("eipassoc-")
	}
	p.letGo(p.addresses[a.AllocationID])
	p.addresses[a.AllocationID] = &address{Address: a}
	p.hold(p.addresses[a.AllocationID])
	return clone(a)
}

// Remove takes an address out of the account, associated or not, as somebody
// does who releases it by hand. An unknown ID is ignored.
func (p *Pool) Remove(allocationID string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.letGo(p.addresses[allocationID])
	delete(p.addresses, allocationID)
}

// SetTags replaces the address's tags, and so may move it into the pool or out
// of it. An unknown ID is ignored.
func (p *Pool) SetTags(allocationID string, tags map[string]string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if a, ok := p.addresses[allocationID]; ok {
		a.Tags = maps.Clone(tags)
	}
}

// HeldBy returns an address that the interface holds, of the pool or not.
func (p *Pool) HeldBy(networkInterfaceID string) (netip.Addr, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if held := p.held[networkInterfaceID]; len(held) > 0 {
		return held[0].IP, true
	}
	return netip.Addr{}, false
}

// ReverseName returns the address's reverse name, empty if none is set.
func (p *Pool) ReverseName(allocationID string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if a, ok := p.addresses[allocationID]; ok {
		return a.reverseName
	}
	return ""
}

// The states of a target's instance, in EC2's words.
const (
	Pending      = "pending"
	Running      = "running"
	ShuttingDown = "shutting-down"
	Terminated   = "terminated"
	Stopping     = "stopping"
	Stopped      = "stopped"
)

type target struct {
	eippool.Target
	state string
}

// SetTarget makes an interface known, or says that its instance is in another
// state (one of EC2's words). Pending interfaces cannot take an address yet,
// those that are shutting down or terminated cannot any more, all others can.
// Terminated detaches what the interface holds, as EC2 does; the addresses
// stay in the account. An empty state makes the interface unknown.
func (p *Pool) SetTarget(t eippool.Target, state string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if state == Terminated || state == "" {
		p.detach(t.NetworkInterfaceID)
	}
	if state == "" {
		delete(p.targets, t.NetworkInterfaceID)
		return
	}
	p.targets[t.NetworkInterfaceID] = target{t, state}
}

func (p *Pool) detach(networkInterfaceID string) {
	for _, a := range slices.Clone(p.held[networkInterfaceID]) {
		p.letGo(a)
	}
}

// hold notes which interface holds the address, if any does.
func (p *Pool) hold(a *address) {
	if a.Associated() {
		p.held[a.NetworkInterfaceID] = append(p.held[a.NetworkInterfaceID], a)
	}
}

// letGo ends the address's association, if it has one; nil has none.
func (p *Pool) letGo(a *address) {
	if a == nil || !a.Associated() {
		return
	}
	eni := a.NetworkInterfaceID
	p.held[eni] = slices.DeleteFunc(p.held[eni], func(other *address) bool { return other == a })
	if len(p.held[eni]) == 0 {
		delete(p.held, eni)
	}
	a.AssociationID, a.NetworkInterfaceID, a.InstanceID = "", "", ""
}

// nextIP returns an address that the account does not have, from the block of
// RFC 2544 (198.18.0.0/15), which nobody routes.
func (p *Pool) nextIP() netip.Addr {
	for {
		p.lastIP = p.lastIP.Next()
		if !p.has(p.lastIP) {
			return p.lastIP
		}
	}
}

func (p *Pool) has(ip netip.Addr) bool {
	for _, a := range p.addresses {
		if a.IP == ip {
			return true
		}
	}
	return false
}
