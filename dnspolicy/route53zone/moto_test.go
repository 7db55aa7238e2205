package route53zone_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/route53"

	"github.com/eipbinder/eipbinder/dnspolicy/route53zone"
	"github.com/eipbinder/eipbinder/dnspolicy/zonetest"
	"github.com/eipbinder/eipbinder/internal/parts"
)

func TestContractOverMoto(t *testing.T) {
	endpoint := parts.Moto(t)
	client := route53.New(route53.Options{
		Region:       "us-east-1",
		BaseEndpoint: &endpoint,
		Credentials:  credentials.NewStaticCredentialsProvider("AKID", "SECRET", ""),
	})
	zonetest.Run(t, func(t *testing.T) zonetest.Fixture {
		out, err := client.CreateHostedZone(t.Context(), &route53.CreateHostedZoneInput{
			Name:            aws.String("example.com."),
			CallerReference: aws.String(t.Name()),
		})
		if err != nil {
			t.Fatal(err)
		}
		return zonetest.Fixture{
			Zone: open(t, client, *out.HostedZone.Id, func(o *route53zone.Options) {
				o.Linger, o.FirstLook = 0, time.Millisecond // moto propagates at once
			}),
			Name:    "example.com.",
			TooMany: 1001,
			Missing: open(t, client, zoneID),
		}
	}, func(o *zonetest.Options) { o.Exclude = motoIsWrong() })
}

// motoIsWrong returns the cases that cannot pass at moto, with the reasons.
func motoIsWrong() map[string]string {
	wrong := map[string][]string{
		"moto ignores StartRecordIdentifier":       {"lookup-set-identifier"},
		"moto's pages over one name never end":     {"list-many-of-one-name"},
		"moto knows every change, and that INSYNC": {"wait-unknown"},
		"moto creates beside another value":        {"create-existing", "race-to-create"},
		"moto creates what a neighbour excludes": {
			"create-beside-cname", "create-cname-beside", "create-plain-beside-identifier", "create-identifier-beside-plain",
		},
		"moto deletes by any value that was ever current, and for another its code is InvalidInput": {
			"delete-absent", "delete-other-value", "delete-former-value", "delete-other-ttl", "order-of-values",
			"replace-absent", "replace-other", "race-to-replace", "publish-again-changed", "publish-again-absent", "apply-none",
		},
		"moto refuses to create what has been created before, though it is deleted": {"delete", "publish-again", "apply-all"},
		"moto accepts wrong names and values, and half a batch":                     {"invalid-outside-the-zone", "invalid-name", "invalid-value"},
	}
	exclude := map[string]string{}
	for reason, cases := range wrong {
		for _, name := range cases {
			exclude[name] = reason
		}
	}
	return exclude
}
