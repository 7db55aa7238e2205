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
// A Zone is safe for concurrent use, and made for it: see "Batches". It has
// goroutines only while calls of Apply or Wait are under way. Throttled calls are
// repeated by the client's retryer; beyond that only Wait, which has time, repeats
// them.
//
// # Batches
//
// Route 53 takes one request for a zone at a time, with up to 1,000 values. So the changes
// of all concurrent calls of Apply go in one request, those that come while it is in flight in
// the next one, and so on: a thousand calls are two or three requests. Each call stays
// all or nothing by itself, and its context ends only itself. Calls that are about the same
// record set go in different requests, in their order.
//
// A request is refused as a whole. Apply then looks up what the zone holds under
// all of its names, by the page of 300 record sets, answers the calls that are in
// conflict with it, and sends the others again in one request. If none is, halves of
// the calls, and halves of those, are sent until the wrong ones are found. What else goes wrong with
// a request, such as ErrThrottled or a lost reply, is what all of its calls get; those
// that were not part of it are not concerned.
//
// Calls of Wait for the same Propagation, and thus for one request, share the looks
// at it. The options trade time for requests: with a Linger of 5 s, a FirstLook of 20 s and a
// PollInterval of 5 s, 1,000 names at 5 a second cost about 240 requests in all.
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

// Zone implements [dnspolicy.Zone] and [dnspolicy.Checker]. Make one with New.
type Zone struct {
	client  Client
	id      string
	options Options
	batcher batcher
	watches watches
}

var (
	_ dnspolicy.Zone    = (*Zone)(nil)
	_ dnspolicy.Checker = (*Zone)(nil)
	_ Client            = (*route53.Client)(nil)
)

// New returns the hosted zone of this ID, such as "Z0123456789ABCDEFGHIJ" or
// "/hostedzone/Z0123456789ABCDEFGHIJ". It makes no call: whether there is such a zone
// is what Check tells. Use one Zone for each hosted zone in a process, since only
// then changes share requests and do not get into each other's way.
func New(client Client, zoneID string, optFns ...func(*Options)) (*Zone, error) {
	if client == nil {
		return nil, errors.New("route53zone: client is nil")
	}
	id := strings.TrimPrefix(zoneID, "/hostedzone/")
	if id == "" || strings.Contains(id, "/") {
		return nil, fmt.Errorf("route53zone: %q is no ID of a hosted zone", zoneID)
	}
	options, err := resolve(optFns)
	if err != nil {
		return nil, err
	}
	z := &Zone{client: client, id: id, options: options}
	z.batcher = batcher{linger: options.Linger, limit: options.limit(), commit: z.commit}
	z.watches = newWatches()
	return z, nil
}
