// Package route53zone implements [dnspolicy.Zone] on a public hosted zone of
// Amazon Route 53.
//
//	zone, err := route53zone.New(route53.NewFromConfig(cfg), "Z0123456789ABCDEFGHIJ")
//	if err != nil {
//		return err
//	}
//	set := dnspolicy.RRSet{
//		RRKey:  dnspolicy.RRKey{Name: "media-1.example.com.", Type: "A"},
//		TTL:    time.Minute,
//		Values: []string{"203.0.113.7"},
//	}
//	change, err := zone.Apply(ctx, []dnspolicy.Change{dnspolicy.Create(set)})
//	if err != nil {
//		return err
//	}
//	err = zone.Wait(ctx, change)
//
// A Zone is safe for concurrent use. Throttled calls are repeated by the client's
// retryer; beyond that only Wait, which has time, repeats them.
//
// # What is mapped to what
//
// A record set with a set identifier is a multivalue answer. Record sets of
// other routing policies (weighted, latency, ...) and those with health checks are
// shown, but Route 53 refuses to change them as if they were plain ones, and Apply
// answers ErrInvalid. An alias has no TTL and no values: it is shown with TTL 0 and the
// single value "ALIAS <zone ID of the target> <name of the target>", so that its name
// counts as taken; it cannot be changed here either.
//
// A CNAME excludes record sets of other types under its name. Record sets of one name
// and type exclude each other unless all of them are multivalue answers.
package route53zone

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/route53"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// Client is what a Zone calls; *route53.Client has it.
type Client interface {
	ChangeResourceRecordSets(context.Context, *route53.ChangeResourceRecordSetsInput, ...func(*route53.Options)) (*route53.ChangeResourceRecordSetsOutput, error)
	ListResourceRecordSets(context.Context, *route53.ListResourceRecordSetsInput, ...func(*route53.Options)) (*route53.ListResourceRecordSetsOutput, error)
	GetChange(context.Context, *route53.GetChangeInput, ...func(*route53.Options)) (*route53.GetChangeOutput, error)
	GetHostedZone(context.Context, *route53.GetHostedZoneInput, ...func(*route53.Options)) (*route53.GetHostedZoneOutput, error)
}

// Options configure a Zone.
type Options struct {
	// PollInterval is the time between two looks at a change in Wait. Changes
	// take 20 to 60 seconds, and an account may look 10 times a second at all of
	// its changes together. Zero means the default, 3 seconds.
	PollInterval time.Duration
}

const defaultPollInterval = 3 * time.Second

// Zone implements [dnspolicy.Zone] and [dnspolicy.Checker]. Make one with New.
type Zone struct {
	client  Client
	id      string
	options Options
	// changing is held during a ChangeResourceRecordSets call: Route 53 refuses
	// a second one for the same zone meanwhile (PriorRequestNotComplete).
	changing chan struct{}
}

var (
	_ dnspolicy.Zone    = (*Zone)(nil)
	_ dnspolicy.Checker = (*Zone)(nil)
	_ Client            = (*route53.Client)(nil)
)

// New returns the hosted zone of this ID, such as "Z0123456789ABCDEFGHIJ" or
// "/hostedzone/Z0123456789ABCDEFGHIJ". It makes no call: whether there is such a zone
// is what Check tells. Use one Zone for each hosted zone in a process, since that is
// what keeps changes from getting into each other's way.
func New(client Client, zoneID string, optFns ...func(*Options)) (*Zone, error) {
	var o Options
	for _, fn := range optFns {
		fn(&o)
	}
	if client == nil {
		return nil, errors.New("route53zone: client is nil")
	}
	id := strings.TrimPrefix(zoneID, "/hostedzone/")
	if id == "" || strings.Contains(id, "/") {
		return nil, fmt.Errorf("route53zone: %q is no ID of a hosted zone", zoneID)
	}
	if o.PollInterval < 0 {
		return nil, fmt.Errorf("route53zone: PollInterval %s is negative", o.PollInterval)
	}
	if o.PollInterval == 0 {
		o.PollInterval = defaultPollInterval
	}
	return &Zone{client: client, id: id, options: o, changing: make(chan struct{}, 1)}, nil
}
