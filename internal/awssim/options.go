package awssim

import (
	"net/http"
	"slices"
	"time"
)

// Zone is one Availability Zone or Local Zone.
type Zone struct {
	// Name is the zone's, such as "eu-central-1a".
	Name string
	// NetworkBorderGroup is the part of the network from which the zone's
	// addresses are announced. Empty means the Region's name.
	NetworkBorderGroup string
}

// Options are the settings of a [Sim]. New fills in the defaults before it
// calls the option functions, so that zero means zero.
type Options struct {
	// Region is the AWS Region's name; default "eu-central-1".
	Region string
	// AccountID is the account's; default "123456789012".
	AccountID string
	// Zones are where instances run; default the Region's a, b and c. Launches
	// that name no zone go round. At least one is needed.
	Zones []Zone
	// AddressQuota is the number of Elastic IP addresses that can be allocated
	// from Amazon's ranges; default 5, as on AWS. Zero allows none.
	AddressQuota int
	// PendingFor is the time from pending to running; default 5 s. Zero: due at once.
	PendingFor time.Duration
	// ShuttingDownFor is the time from shutting-down to terminated; default 5 s. Zero: due at once.
	ShuttingDownFor time.Duration
	// StoppingFor is the time from stopping to stopped; default 5 s. Zero: due at once.
	StoppingFor time.Duration
	// TerminatedFor is how long a terminated instance can still be described;
	// default 1 hour.
	TerminatedFor time.Duration
	// PublicIPReturnsAfter is the time after which an interface that lost its
	// Elastic IP gets an auto-assigned public address again; default 2 minutes.
	PublicIPReturnsAfter time.Duration
	// InsyncAfter is the time for which a DNS change is PENDING; default 30 s.
	// Zero: INSYNC at once.
	InsyncAfter time.Duration
	// Insync, unless it is zero, is what that time is drawn from for each change,
	// instead of InsyncAfter.
	Insync Range
	// NoAutoAssignedIP gives new instances no public address of Amazon's.
	NoAutoAssignedIP bool
	// DropTagsOnTermination takes the tags away from terminated instances.
	DropTagsOnTermination bool
	// RefuseRepeat answers Resource.AlreadyAssociated where AssociateAddress with
	// AllowReassociation=false repeats an association that is there. AWS documents
	// neither; by default the answer is the association's ID.
	RefuseRepeat bool
	// RefuseDisplacement answers Resource.AlreadyAssociated where AssociateAddress
	// with AllowReassociation=false would displace the address that the target
	// holds. AWS documents neither; by default the address is displaced.
	RefuseDisplacement bool
	// Latency is how long a call of this action takes before it has its effect.
	// A call whose context ends meanwhile has none, unless Abandoned says so.
	// Nil: EC2Latency and Route53Latency.
	Latency func(action string) time.Duration
	// EC2Latency and Route53Latency are what the time of each call of the service
	// is drawn from where Latency is nil; default no time.
	EC2Latency, Route53Latency Range
	// Intercept is asked right before each call has its effect, after Latency; a
	// fault that it returns is what the caller gets. It may call the Sim. For EC2 actions r.PostForm holds the
	// parameters. Nil: no faults.
	Intercept func(action string, r *http.Request) *Fault
	// Faults strike calls at random; the first rule that hits counts, and a fault
	// of Intercept's comes before them. Default none.
	Faults []FaultRule
	// Abandoned is about calls whose client gives up during their latency.
	Abandoned Abandonment
	// Lag is how far EC2's Describe answers are behind, drawn for each call, but
	// never further than the same caller (access key) has already seen. What is
	// new is not found, in the meantime. Default no lag.
	Lag Range
	// Buckets throttle calls; default none. See [EC2Buckets], [Route53Buckets].
	Buckets Buckets
	// RefuseOverlap answers PriorRequestNotComplete to a change of record sets
	// that arrives while another one of the same zone takes its time.
	RefuseOverlap bool
	// Events is what becomes of state changes on their way to [Sim.Deliveries].
	Events Events
	// Seed is what everything random follows from: the same seed and the same
	// sequence of calls give the same answers. Default 0.
	Seed uint64
}

func defaults() Options {
	return Options{
		Region:               "eu-central-1",
		AccountID:            "123456789012",
		AddressQuota:         5,
		PendingFor:           5 * time.Second,
		ShuttingDownFor:      5 * time.Second,
		StoppingFor:          5 * time.Second,
		TerminatedFor:        time.Hour,
		PublicIPReturnsAfter: 2 * time.Minute,
		InsyncAfter:          30 * time.Second,
		Abandoned:            Abandonment{Late: Range{Max: signatureLifetime}},
		Events:               Events{Hold: Range{Min: time.Second, Max: time.Minute}},
	}
}

func (o *Options) resolveZones() {
	o.Zones = slices.Clone(o.Zones)
	if len(o.Zones) == 0 {
		o.Zones = []Zone{{Name: o.Region + "a"}, {Name: o.Region + "b"}, {Name: o.Region + "c"}}
	}
	for i := range o.Zones {
		if o.Zones[i].NetworkBorderGroup == "" {
			o.Zones[i].NetworkBorderGroup = o.Region
		}
	}
}
