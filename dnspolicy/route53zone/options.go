package route53zone

import (
	"fmt"
	"math"
	"time"

	"golang.org/x/time/rate"
)

// Options configure a Zone. New fills in the defaults before it calls the
// option functions.
type Options struct {
	// Linger is how long an Apply waits for others, to share one request with
	// them. Whatever it is, all that arrive while a request is in flight go
	// together in the next one. Each request costs not only itself but also the
	// looks at its change: where names appear one after the other for minutes, as
	// they do behind EC2's 5 associations a second, a few seconds keep the requests
	// few. Default 25 ms; zero: no wait.
	Linger time.Duration
	// PollInterval is the time between two looks at a change in Wait. An account
	// may look 10 times a second at all of its changes together. Default 3 s,
	// which zero means, too.
	PollInterval time.Duration
	// FirstLook is the time from a change that this Zone has made to the first
	// look at it. Changes take 20 to 60 seconds on AWS; what is saved are the looks
	// before. Other processes' changes are looked at at once. Default, and zero:
	// PollInterval.
	FirstLook time.Duration
	// ChangeTokens is the account's bucket of changes, from which a request waits
	// for its tokens: one for each creation and each deletion, two for a
	// replacement. Zones of one account should share it, and processes divide the
	// quota between them. A request has no more changes than the bucket's burst. Default,
	// and nil: a bucket of the zone's own with Route 53's quota, 1,500 tokens and 100
	// more a second. For an account without such a quota: rate.NewLimiter(rate.Inf, 0).
	ChangeTokens *rate.Limiter
}

const (
	defaultLinger       = 25 * time.Millisecond
	defaultPollInterval = 3 * time.Second
	defaultChangeRate   = 100
	defaultChangeBurst  = 1500
)

func resolve(optFns []func(*Options)) (Options, error) {
	o := Options{Linger: defaultLinger}
	for _, fn := range optFns {
		fn(&o)
	}
	if o.PollInterval == 0 {
		o.PollInterval = defaultPollInterval
	}
	if o.FirstLook == 0 {
		o.FirstLook = o.PollInterval
	}
	if o.ChangeTokens == nil {
		o.ChangeTokens = rate.NewLimiter(defaultChangeRate, defaultChangeBurst)
	}
	for _, d := range []struct { // PollInterval first, as FirstLook may be a copy of it
		option string
		time.Duration
	}{{"Linger", o.Linger}, {"PollInterval", o.PollInterval}, {"FirstLook", o.FirstLook}} {
		if d.Duration < 0 {
			return Options{}, fmt.Errorf("route53zone: %s %s is negative", d.option, d.Duration)
		}
	}
	if o.limit().tokens < 1 {
		return Options{}, fmt.Errorf("route53zone: ChangeTokens has the burst %d", o.ChangeTokens.Burst())
	}
	return o, nil
}

// limit returns how large a request may be.
func (o Options) limit() size {
	tokens := o.ChangeTokens.Burst()
	if o.ChangeTokens.Limit() == rate.Inf {
		tokens = math.MaxInt
	}
	return size{values: maxValues, characters: maxCharacters, tokens: tokens}
}
