package deployment

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"github.com/eipbinder/eipbinder/dnspolicy/route53zone"
	"github.com/eipbinder/eipbinder/pacing"
)

// Pace is how fast a process calls AWS, whatever the number of its profiles.
type Pace struct {
	// Share is the part of AWS's limits that it may use.
	Share float64
	// Associate is the account's limit on AssociateAddress.
	Associate pacing.Limit
	// Linger, FirstLook and PollInterval are route53zone's.
	Linger, FirstLook, PollInterval time.Duration
}

func (r *reader) pace(s scope) Pace {
	return Pace{
		Share:        read(r, s, "share", one(share)),
		Associate:    read(r, s, "associateLimit", one(limit)),
		Linger:       read(r, s, "dnsLinger", one(duration)),
		FirstLook:    read(r, s, "dnsFirstLook", one(duration)),
		PollInterval: read(r, s, "dnsPollInterval", one(interval)),
	}
}

// pacer returns the Pacer for all clients of the process.
func (p Pace) pacer() (*pacing.Pacer, error) {
	return pacing.New(func(o *pacing.Options) {
		o.Share = p.Share
		o.Limits["AssociateAddress"] = p.Associate
	})
}

// Route 53's quota on changes ("Quotas" in its developer guide).
const (
	changesPerSecond = 100
	changesBurst     = 1500
)

// zone returns the options of all zones, which share the account's quota.
func (p Pace) zone() func(*route53zone.Options) {
	tokens := rate.NewLimiter(rate.Limit(changesPerSecond*p.Share), max(2, int(changesBurst*p.Share))) // a replacement takes two
	return func(o *route53zone.Options) {
		o.Linger, o.FirstLook, o.PollInterval, o.ChangeTokens = p.Linger, p.FirstLook, p.PollInterval, tokens
	}
}

func share(s string) (float64, error) {
	part, err := strconv.ParseFloat(s, 64)
	if err == nil && !(part > 0 && part <= 1) {
		err = fmt.Errorf("%s is not above 0 and at most 1", s)
	}
	return part, err
}

func limit(s string) (pacing.Limit, error) {
	burst, refill, ok := strings.Cut(s, "/")
	if !ok {
		return pacing.Limit{}, fmt.Errorf("%q has no slash", s)
	}
	calls, err := wholeFrom(1)(strings.TrimSpace(burst))
	if err != nil {
		return pacing.Limit{}, err
	}
	perSecond, err := strconv.ParseFloat(strings.TrimSpace(refill), 64)
	if err == nil && !(perSecond > 0 && perSecond <= 1e6) {
		err = fmt.Errorf("%s calls a second are not above 0", refill)
	}
	return pacing.Limit{Burst: calls, Refill: perSecond}, err
}

func interval(s string) (time.Duration, error) {
	d, err := duration(s)
	if err == nil && d == 0 {
		err = fmt.Errorf("%s is not above 0", s)
	}
	return d, err
}

// wholeFrom parses a whole number that is not below the least one.
func wholeFrom(least int) func(string) (int, error) {
	return func(s string) (int, error) {
		n, err := strconv.Atoi(s)
		if err == nil && n < least {
			err = fmt.Errorf("%d is less than %d", n, least)
		}
		return n, err
	}
}
