package route53zone

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/dnspolicy/route53zone/internal/escape"
)

// rrSet converts what Route 53 shows.
func rrSet(s types.ResourceRecordSet) dnspolicy.RRSet {
	set := dnspolicy.RRSet{
		RRKey: dnspolicy.RRKey{
			Name:          escape.Decode(aws.ToString(s.Name)),
			Type:          string(s.Type),
			SetIdentifier: aws.ToString(s.SetIdentifier),
		},
		TTL: time.Duration(aws.ToInt64(s.TTL)) * time.Second,
	}
	for _, record := range s.ResourceRecords {
		set.Values = append(set.Values, aws.ToString(record.Value))
	}
	if s.AliasTarget != nil {
		set.Values = []string{fmt.Sprintf("ALIAS %s %s", aws.ToString(s.AliasTarget.HostedZoneId), aws.ToString(s.AliasTarget.DNSName))}
	}
	return set
}

// resourceRecordSet converts what goes to Route 53.
func resourceRecordSet(set dnspolicy.RRSet) *types.ResourceRecordSet {
	s := &types.ResourceRecordSet{
		Name: aws.String(escape.Encode(set.Name)),
		Type: types.RRType(set.Type),
		TTL:  aws.Int64(int64(set.TTL / time.Second)),
	}
	for _, value := range set.Values {
		s.ResourceRecords = append(s.ResourceRecords, types.ResourceRecord{Value: aws.String(value)})
	}
	if set.SetIdentifier != "" {
		s.SetIdentifier = aws.String(set.SetIdentifier)
		s.MultiValueAnswer = aws.Bool(true)
	}
	return s
}
