package route53zone

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/dnspolicy/route53zone/internal/escape"
)

// Check implements [dnspolicy.Checker]. A private zone is ErrInvalid: its names
// are not seen from outside, and it has no multivalue answers there.
func (z *Zone) Check(ctx context.Context, suffix string) error {
	out, err := z.client.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: &z.id})
	var unknown *types.NoSuchHostedZone
	if errors.As(err, &unknown) {
		return fmt.Errorf("hosted zone %s: %w: %w", z.id, dnspolicy.ErrNotFound, err)
	}
	if err != nil {
		return wrap(ctx, "get hosted zone "+z.id, err)
	}
	name := escape.Decode(aws.ToString(out.HostedZone.Name))
	if config := out.HostedZone.Config; config != nil && config.PrivateZone {
		return fmt.Errorf("%w: hosted zone %s (%s) is private", dnspolicy.ErrInvalid, z.id, name)
	}
	if !dnspolicy.Contains(name, suffix) {
		return fmt.Errorf("%w: the suffix %q is not in hosted zone %s, which is %q", dnspolicy.ErrInvalid, suffix, z.id, name)
	}
	return nil
}
