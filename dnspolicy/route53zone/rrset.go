package route53zone

import (
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// rrSet converts what Route 53 shows.
func rrSet(s types.ResourceRecordSet) dnspolicy.RRSet {
	set := dnspolicy.RRSet{
		RRKey: dnspolicy.RRKey{
			Name:          decode(aws.ToString(s.Name)),
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
		Name: aws.String(encode(set.Name)),
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

// Route 53 writes every character of a name but letters, digits, hyphen,
// underscore and dot as a backslash and three octal digits ("DNS domain name
// format" in its developer guide). A dot or a backslash inside a label has no
// other form, so these two stay as they are.

const octalDigits = 3

func decode(name string) string {
	if !strings.Contains(name, `\`) {
		return name
	}
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		c, ok := octal(name[i:])
		if !ok || c == '.' || c == '\\' {
			b.WriteByte(name[i])
			continue
		}
		b.WriteByte(c)
		i += octalDigits
	}
	return b.String()
}

func encode(name string) string {
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if _, escaped := octal(name[i:]); escaped || isPlain(name[i]) {
			b.WriteByte(name[i])
		} else {
			fmt.Fprintf(&b, `\%03o`, name[i])
		}
	}
	return b.String()
}

// octal reads an escape at the beginning of s.
func octal(s string) (c byte, ok bool) {
	if len(s) <= octalDigits || s[0] != '\\' {
		return 0, false
	}
	value := 0
	for _, d := range []byte(s[1 : 1+octalDigits]) {
		if d < '0' || d > '7' {
			return 0, false
		}
		value = value*8 + int(d-'0')
	}
	return byte(value), value <= 0xff
}

func isPlain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.", c) >= 0
}
