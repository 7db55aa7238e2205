package store

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"
)

// Phase is where a record stands in its life:
// Free → Reserved → Bound → Releasing → Free.
type Phase string

// The phases. A record in another phase than Free holds its instance and its
// name, and a Free one a name that stays: no other record can have them.
const (
	// Free: nobody's; the record remembers when the address may be used again, and
	// the name that stays with it.
	Free Phase = "free"
	// Reserved: the intent to bind is written; cloud calls may have been made.
	Reserved Phase = "reserved"
	// Bound: the address is associated and its name is published.
	Bound Phase = "bound"
	// Releasing: being taken back; irrevocable, whoever finds it finishes it.
	Releasing Phase = "releasing"
)

// Record is the stored form of what is known of one address. It says what was
// done, not what would be done now: later changes of a policy or an option do
// not change it.
type Record struct {
	// AllocationID and IP name the address; neither ever changes.
	AllocationID string     `json:"allocationId"`
	IP           netip.Addr `json:"ip"`
	// BinderID names the deployment that the record belongs to.
	BinderID string `json:"binderId"`
	Phase    Phase  `json:"phase"`
	// Version counts the writes. It never decreases, not even if the record is
	// deleted and created anew, and so serves as a fencing token. Set by Put.
	Version int64 `json:"version"`
	// WriteID is chosen by the writer, anew for each write. It tells a writer
	// whose reply was lost that the stored write is its own.
	WriteID string `json:"writeId"`

	// InstanceID and Name (absolute) are the record's other keys, required in all
	// phases but Free: then the InstanceID is empty, and so is the Name, unless it
	// stays with the address (KeepName).
	InstanceID         string `json:"instanceId,omitempty"`
	NetworkInterfaceID string `json:"networkInterfaceId,omitempty"`
	Name               string `json:"name,omitempty"`
	// AvailabilityZone is the instance's, for schedule servers.
	AvailabilityZone string `json:"availabilityZone,omitempty"`
	// Tags are facts for schedule servers, as the deployment configures them.
	Tags map[string]string `json:"tags,omitempty"`

	// ReverseName is the reverse name (PTR, absolute) that the address has, or is
	// about to get, from this deployment; empty if none.
	ReverseName string `json:"reverseName,omitempty"`

	// Owner may work on the record until LeaseUntil; empty if nobody does.
	Owner      string    `json:"owner,omitempty"`
	LeaseUntil time.Time `json:"leaseUntil,omitzero"`
	// AttemptedAt is when the last lease was taken under which the address was to
	// be associated and its name to be published. These calls may take effect
	// until minutes later, whatever their caller was told.
	AttemptedAt time.Time `json:"attemptedAt,omitzero"`
	// RemovalAt is when the last lease was taken under which its name was to be
	// removed, for which the same holds.
	RemovalAt time.Time `json:"removalAt,omitzero"`
	// AssociationID is empty until the association is known to exist.
	AssociationID string `json:"associationId,omitempty"`

	// RRSets are the record sets that are, or are about to be, published for the
	// name, the A record first; of a Free record, those that were.
	RRSets []RRSet `json:"rrsets,omitempty"`
	// Propagation names their way to the authoritative servers; empty if they
	// are not known to be published.
	Propagation string `json:"propagation,omitempty"`
	// InSync: the record sets are on all authoritative servers.
	InSync bool `json:"inSync,omitempty"`
	// Unpublished: the record sets are removed again. Propagation and InSync are
	// then about the removal.
	Unpublished bool `json:"unpublished,omitempty"`
	// KeepName: the record sets belong to the address and stay when it is freed.
	KeepName bool `json:"keepName,omitempty"`

	// BoundAt is when the record became Bound.
	BoundAt time.Time `json:"boundAt,omitzero"`
	// Draining hides a Bound record from schedule servers.
	Draining bool `json:"draining,omitempty"`
	// Allocated is the schedule servers' flag. Put ignores what it is given here
	// and returns what is stored.
	Allocated bool `json:"allocated,omitempty"`
	// Forced: the release does not wait for the schedule servers.
	Forced bool `json:"forced,omitempty"`
	// Reason says why the record is draining or releasing, in a few words.
	Reason string `json:"reason,omitempty"`

	// LastInstanceID, FreedAt, ReusableAt and FencedUntil describe a Free record:
	// who had the address last, until when, from when on somebody else may get it,
	// and until when nobody may, since calls may still land.
	LastInstanceID string    `json:"lastInstanceId,omitempty"`
	FreedAt        time.Time `json:"freedAt,omitzero"`
	ReusableAt     time.Time `json:"reusableAt,omitzero"`
	FencedUntil    time.Time `json:"fencedUntil,omitzero"`

	// FirstSeen says since when something odd has been seen, by its kind.
	FirstSeen map[string]time.Time `json:"firstSeen,omitempty"`
}

// RRSet is a DNS record set as it was published.
type RRSet struct {
	Name          string        `json:"name"`
	Type          string        `json:"type"`
	SetIdentifier string        `json:"setIdentifier,omitempty"`
	TTL           time.Duration `json:"ttl"` // in nanoseconds
	Values        []string      `json:"values"`
}

// Visible reports whether schedule servers see the record.
func (r Record) Visible() bool { return r.Phase == Bound && !r.Draining }

// Leased reports whether somebody may be working on the record at that time.
func (r Record) Leased(now time.Time) bool { return r.Owner != "" && now.Before(r.LeaseUntil) }

// Keys returns the keys that the record holds: its address, and its instance and
// its name if it has them.
func (r Record) Keys() []Key {
	keys := []Key{ByAddress(r.AllocationID)}
	if r.InstanceID != "" {
		keys = append(keys, ByInstance(r.InstanceID))
	}
	if r.Name != "" {
		keys = append(keys, ByName(r.Name))
	}
	return keys
}

// Clone returns a copy that shares no memory with r.
func (r Record) Clone() Record {
	r.Tags = maps.Clone(r.Tags)
	r.FirstSeen = maps.Clone(r.FirstSeen)
	r.RRSets = slices.Clone(r.RRSets)
	for i := range r.RRSets {
		r.RRSets[i].Values = slices.Clone(r.RRSets[i].Values)
	}
	return r
}

// Validate returns ErrInvalid with the field that is wrong, or nil. Stores
// call it in Put.
func (r Record) Validate() error {
	var errs []error
	require := func(ok bool, what string) {
		if !ok {
			errs = append(errs, errors.New(what))
		}
	}
	require(r.AllocationID != "", "AllocationID is empty")
	require(r.IP.Is4(), "IP is not an IPv4 address")
	require(r.BinderID != "", "BinderID is empty")
	require(r.WriteID != "", "WriteID is empty")
	require(r.Version >= 0, "Version is negative")
	switch r.Phase {
	case Free:
		require(r.InstanceID == "", "a Free record holds no InstanceID")
		require(r.Name == "" || r.KeepName, "a Free record holds no Name, unless KeepName is set")
	case Reserved, Bound, Releasing:
		require(r.InstanceID != "" && r.Name != "", "InstanceID and Name are required unless the phase is Free")
	default:
		require(false, fmt.Sprintf("Phase %q is unknown", r.Phase))
	}
	require(r.Phase != Bound || r.AssociationID != "", "AssociationID is required in the phase Bound")
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("%w: record of %q: %w", ErrInvalid, r.AllocationID, errors.Join(errs...))
}
