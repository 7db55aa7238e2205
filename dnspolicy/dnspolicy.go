// Package dnspolicy says which DNS names a binding gets ([Policy]) and what a
// DNS zone must be able to do to carry them ([Zone]). It holds no cloud code:
// route53zone implements Zone on Amazon Route 53, memzone in memory. Two suites
// prove implementations right: zonetest a Zone, policytest a Policy.
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
// # Policies
//
// The built-in ones, and what they name a worker:
//
//	DottedIP            203.0.113.7                the address, as existing tables have it
//	DashedIP            ip-203-0-113-7             the address, in one label
//	Slot                sfu-007                    the value of a tag of the address
//	HashedAllocationID  m-5sqdn…                   the address, but nobody can guess it
//	InstanceID          i-0abc                     the instance
//	HashedInstanceID    m-i5cvx…                   the instance, but nobody can guess it
//	Pattern             media-i-0abc               text with placeholders
//	Fallback                                       several policies, in order
//
// # Names
//
// A policy returns names relative to the deployment's suffix: "media-i-0abc",
// without the suffix and without a trailing dot. The binder appends the suffix
// and checks the result ([Join]), so that no input of a policy, such as a tag
// that somebody else wrote, can yield a name outside the suffix. A policy's
// labels may be in any script (U-labels: "straße"); the binder converts them to
// A-labels ("xn--strae-oqa") before it calls Join, by the rules for look-up of
// IDNA2008 and UTS #46, and refuses what these refuse. These rules make a dot of
// other scripts' full stops, too (U+3002, U+FF0E, U+FF61): a policy that keeps
// dots out of a label must keep out those. Everywhere else, in [RRSet], [Zone]
// and [Recorder], names are absolute: lower case, A-labels, with trailing dot, as
// in RFC 1035.
//
// # Names that stay with the address
//
// An [AddressPolicy] sees the address alone. Its names are known before any
// instance exists: they can be published in advance and stay published, so that
// a new worker waits for no DNS change. That a policy is one of these shows in
// its type, [PerAddressPolicy], and nowhere else: [PerAddress] makes one of an
// AddressPolicy, [Pattern] returns one if the pattern names nothing of the
// instance, [Fallback] if all its members are of this type, and [WithRecords] if
// what it wraps is. A wrapper of your own that returns another type makes the
// names the instance's.
//
// # More record sets
//
// A [Recorder] adds record sets to the A record of the name. [Multivalue] makes
// one name for all workers, [TXT] a text for each. [WithRecords] puts them on any
// policy:
//
//	policy = dnspolicy.WithRecords(policy, pool, text)
//
// # What cannot work
//
// A deployment asks more of names than that they are names: a suffix, and maybe
// one label ([Terms]). A policy or recorder that can tell by its mere definition
// that it will not do is a [Validator], and is refused before anything happens:
// [DottedIP] where a wildcard certificate must cover the names, say. The built-in
// ones are, and so are their wrappers; a policy of your own may be one.
//
// # Concurrency
//
// Policies, recorders and zones are safe for concurrent use. Values that a zone
// returns share no memory with its state, and it keeps none that it is given.
package dnspolicy

import "net/netip"

// Address is what a policy may know of an Elastic IP address.
type Address struct {
	// AllocationID names the address, such as "eipalloc-0a1b".
	AllocationID string
	// IP is the public IPv4 address.
	IP netip.Addr
	// Tags are the address's tags. Policies must not change the map. Their values
	// are untrusted input.
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
	// and that nobody else has. Labels may be U-labels, as the binder converts
	// them.
	//
	// Names is pure: the same subject always gives the same names, in every
	// process, without I/O, clock or chance. It returns at least one name, or else an error that says
	// what the subject lacks; the binder then reports the instance as failed and
	// binds nothing. It must not keep or change the subject's maps, and whoever
	// gets the names may change the slice. Whatever is in a tag, it must not
	// panic, nor give a name more labels than it has with a harmless value.
	Names(Subject) ([]string, error)
}

// PolicyFunc makes a Policy of a function.
type PolicyFunc func(Subject) ([]string, error)

// Names calls f.
func (f PolicyFunc) Names(s Subject) ([]string, error) { return f(s) }

// Validate returns ErrInvalid if f is nil.
func (f PolicyFunc) Validate(Terms) error { return notNil(f == nil, "PolicyFunc") }

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

// Validate returns ErrInvalid if f is nil.
func (f AddressPolicyFunc) Validate(Terms) error { return notNil(f == nil, "AddressPolicyFunc") }
