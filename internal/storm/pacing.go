package storm

import (
	"github.com/eipbinder/eipbinder/pacing"
)

// pacer returns the client-side buckets of one of so many processes of this
// module: each has its part of AWS's quotas.
func (w *World) pacer(processes int) (*pacing.Pacer, error) {
	return pacing.New(func(o *pacing.Options) {
		o.Share = 1 / float64(processes)
		if w.Profile.OldRoute53 { // five requests a second, whatever they are
			o.Limits["ChangeResourceRecordSets"] = pacing.Limit{Burst: 2, Refill: 2}
			o.Limits["GetChange"] = pacing.Limit{Burst: 2, Refill: 2}
			o.Limits["ListResourceRecordSets"] = pacing.Limit{Burst: 1, Refill: 1}
		}
	})
}
