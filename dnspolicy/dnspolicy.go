// Package dnspolicy says which DNS names a binding gets ([Policy]) and what a
// DNS zone must be able to do to carry them ([Zone]). It holds no cloud code:
// route53zone implements Zone on Amazon Route 53, memzone in memory, and
// zonetest proves an implementation right.
//
// A policy is a pure function; ten lines make one:
//
//	policy := dnspolicy.PolicyFunc(func(s dnspolicy.Subject) ([]string, error) {
//		pool, ok := s.InstanceTags["karpenter.sh/nodepool"]
//		if !ok {
//			return nil, errors.New("instance has no tag karpenter.sh/nodepool")
//		}
//		return []string{pool + "-" + s.InstanceID}, nil
//	})
//
// # Names
//
// A policy returns names relative to the deployment's suffix: "media-i-0abc",
// without the suffix and without a trailing dot. The binder appends the suffix
// and checks the result ([Join]), so that no input of a policy, such as a tag
// that somebody else wrote, can yield a name outside the suffix. Everywhere
// else, in [RRSet] and [Zone], names are absolute: lower case, with trailing
// dot, as in RFC 1035.
//
// Policies and zones are safe for concurrent use. Values that a zone returns
// share no memory with its state, and it keeps none that it is given.
package dnspolicy

import "net/netip"

// Address is what a policy may know of an Elastic IP address.
type Address struct {
	// AllocationID names the address, such as "eipalloc-0a1b".
	AllocationID string
	// IP is the public IPv4 address.
	IP netip.Addr
	// Tags are the address's tags. Policies must not change the map.
	Tags map[string]string
}

// Subject is what a policy may know of the binding that needs a name: an
// instance and the address that was chosen for it.
type Subject struct {
	// Address is the address that the name will point at.
	Address Address
	// InstanceID names the instance, such as "i-0abc".
	InstanceID string
	// AvailabilityZone is the instance's, such as "eu-central-1b".
	AvailabilityZone string
	// InstanceType is the instance's, such as "c7gn.2xlarge".
	InstanceType string
	// PrivateIP is the primary private address of the primary interface; the
	// zero Addr if not known.
	PrivateIP netip.Addr
	// InstanceTags are the instance's tags. Policies must not change the map.
	// Their values are untrusted input.
	InstanceTags map[string]string
}

// Policy names bindings.
type Policy interface {
	// Names returns the candidate names of the binding, in order of preference
	// and relative to the suffix. The binder takes the first one that is valid
	// and that nobody else has.
	//
	// Names is pure: the same subject always gives the same names, without I/O,
	// clock or chance. It returns at least one name, or an error that says what
	// the subject lacks; the binder then reports the instance as failed and
	// binds nothing. It must not keep or change the subject's maps.
	Names(Subject) ([]string, error)
}

// PolicyFunc makes a Policy of a function.
type PolicyFunc func(Subject) ([]string, error)

// Names calls f.
func (f PolicyFunc) Names(s Subject) ([]string, error) { return f(s) }

// AddressPolicy names addresses: it sees nothing of the instance, so its names
// are known before any instance exists and can stay with the address.
// [PerAddress] makes a [Policy] of it.
type AddressPolicy interface {
	// Names is what [Policy].Names is, for an address alone. Two addresses must
	// not get the same name.
	Names(Address) ([]string, error)
}

// AddressPolicyFunc makes an AddressPolicy of a function.
type AddressPolicyFunc func(Address) ([]string, error)

// Names calls f.
func (f AddressPolicyFunc) Names(a Address) ([]string, error) { return f(a) }

// PerAddress makes a Policy of an AddressPolicy. The result carries the
// address policy along, so that the binder knows by its type that the names
// are independent of the instance.
func PerAddress(p AddressPolicy) PerAddressPolicy { return PerAddressPolicy{p} }

// PerAddressPolicy is the Policy that [PerAddress] makes.
type PerAddressPolicy struct {
	// AddressPolicy names the addresses. Required.
	AddressPolicy AddressPolicy
}

// Names returns the names of the subject's address.
func (p PerAddressPolicy) Names(s Subject) ([]string, error) { return p.AddressPolicy.Names(s.Address) }

// Recorder is what a Policy implements in addition if a binding needs more
// record sets than the A record of its name.
type Recorder interface {
	// Records returns the record sets to publish beside the A record, for the
	// absolute name that the binding got. It is pure, like Names. Each set's
	// name must lie under the suffix; none may be the A record itself. An empty
	// result is fine.
	Records(s Subject, name string) ([]RRSet, error)
}
