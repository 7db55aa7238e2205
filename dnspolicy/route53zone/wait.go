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

// Wait implements [dnspolicy.Zone]: it looks at the change at once and then
// each PollInterval, until the change is INSYNC. Being throttled is no reason to
// give up.
func (z *Zone) Wait(ctx context.Context, p dnspolicy.Propagation) error {
	if p == "" {
		return nil
	}
	for {
		arrived, err := z.arrived(ctx, p)
		if arrived || err != nil && !errors.Is(err, dnspolicy.ErrThrottled) {
			return err
		}
		select {
		case <-time.After(z.options.PollInterval):
		case <-ctx.Done():
			return ctx.Err()
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
