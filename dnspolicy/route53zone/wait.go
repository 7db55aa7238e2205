package route53zone

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// Wait implements [dnspolicy.Zone]: it looks at the change each PollInterval until
// it is INSYNC, and the first time FirstLook after this Zone has made the change, else
// at once. Being throttled is no reason to give up. All who wait for one change share
// the looks.
func (z *Zone) Wait(ctx context.Context, p dnspolicy.Propagation) error {
	if p == "" {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	w := z.watches.join(ctx, p, z.poll)
	defer z.watches.leave(p, w)
	select {
	case <-w.done:
		return w.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// poll looks at the change, not before the given time, until it has arrived.
func (z *Zone) poll(ctx context.Context, p dnspolicy.Propagation, first time.Time) error {
	for pause := time.Until(first); ; pause = z.options.PollInterval {
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
		arrived, err := z.arrived(ctx, p)
		if arrived || err != nil && !errors.Is(err, dnspolicy.ErrThrottled) {
			return err
		}
	}
}

func (z *Zone) arrived(ctx context.Context, p dnspolicy.Propagation) (bool, error) {
	out, err := z.client.GetChange(ctx, &route53.GetChangeInput{Id: aws.String(string(p))})
	if err == nil {
		return out.ChangeInfo.Status == types.ChangeStatusInsync, nil
	}
	var malformed *types.InvalidInput
	if errors.As(err, &malformed) { // no change has such an ID
		return false, fmt.Errorf("wait for change %s: %w: %w", p, dnspolicy.ErrNotFound, err)
	}
	return false, wrap(ctx, "wait for change "+string(p), err)
}
