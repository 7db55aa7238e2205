package route53zone_test

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/route53"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/dnspolicy/route53zone"
	"github.com/eipbinder/eipbinder/dnspolicy/zonetest"
	"github.com/eipbinder/eipbinder/internal/awssim"
)

func newClient(sim *awssim.Sim) *route53.Client {
	return route53.New(route53.Options{
		Region:      sim.Region(),
		Credentials: credentials.NewStaticCredentialsProvider("AKID", "SECRET", ""),
		HTTPClient:  sim.HTTPClient(),
	})
}

// newSim returns a simulated account with the zone example.com. and its ID.
func newSim(t *testing.T, optFns ...func(*awssim.Options)) (*awssim.Sim, string) {
	t.Helper()
	sim := awssim.New(optFns...)
	id, err := sim.CreateZone("example.com.")
	if err != nil {
		t.Fatal(err)
	}
	return sim, id
}

func open(t *testing.T, client route53zone.Client, id string, optFns ...func(*route53zone.Options)) *route53zone.Zone {
	t.Helper()
	zone, err := route53zone.New(client, id, optFns...)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestContractOverAwssim(t *testing.T) {
	zonetest.Run(t, func(t *testing.T) zonetest.Fixture {
		sim, id := newSim(t, func(o *awssim.Options) {
			o.Latency = func(string) time.Duration { return 100 * time.Millisecond }
		})
		return zonetest.Fixture{
			Zone:    open(t, newClient(sim), id),
			Name:    "example.com.",
			TooMany: 1001,
			Missing: open(t, newClient(sim), zoneID),
		}
	}, func(o *zonetest.Options) { o.Bubble = true })
}

func TestWaitTakesAsLongAsThePropagation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim, id := newSim(t)
		zone := open(t, newClient(sim), id)
		p, err := zone.Apply(t.Context(), creations(1, "192.0.2.1"))
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if err := zone.Wait(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took < 30*time.Second || took > 33*time.Second {
			t.Errorf("Wait took %s, want the 30 seconds of the simulator, and no more than an interval beyond", took)
		}
	})
}

// TestLostReply loses the first reply; the client's retryer repeats the call.
func TestLostReply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lost := false
		sim, id := newSim(t, func(o *awssim.Options) {
			o.Intercept = func(action string, _ *http.Request) *awssim.Fault {
				if lost || action != "ChangeResourceRecordSets" {
					return nil
				}
				lost = true
				return &awssim.Fault{LostReply: true}
			}
		})
		zone := open(t, newClient(sim), id)
		set := a("m.example.com.", "192.0.2.1")
		_, err := zone.Apply(t.Context(), []dnspolicy.Change{dnspolicy.Create(set)})
		var conflict *dnspolicy.ConflictError
		if !errors.As(err, &conflict) || conflict.Actual == nil || !conflict.Actual.Equal(set) {
			t.Fatalf("Apply: %v, want a conflict with what it has created itself", err)
		}
		p, err := zone.Apply(t.Context(), []dnspolicy.Change{dnspolicy.Republish(set)})
		if err != nil || zone.Wait(t.Context(), p) != nil {
			t.Errorf("publishing again: %q, %v", p, err)
		}
	})
}

func TestAliasIsInTheWay(t *testing.T) {
	sim, id := newSim(t)
	err := sim.PutRecordSet(id, awssim.RecordSet{Name: "m.example.com.", Type: "A", Alias: &awssim.AliasTarget{
		HostedZoneID: "Z2FDTNDATAQYW2", DNSName: "d1.cloudfront.net.",
	}})
	if err != nil {
		t.Fatal(err)
	}
	zone := open(t, newClient(sim), id)
	_, err = zone.Apply(t.Context(), []dnspolicy.Change{dnspolicy.Create(a("m.example.com.", "192.0.2.1"))})
	var conflict *dnspolicy.ConflictError
	if !errors.As(err, &conflict) || conflict.Actual.Values[0] != "ALIAS Z2FDTNDATAQYW2 d1.cloudfront.net." {
		t.Fatalf("Apply: %v, want a conflict with the alias", err)
	}
	if _, err := zone.Apply(t.Context(), []dnspolicy.Change{dnspolicy.Delete(*conflict.Actual)}); !errors.Is(err, dnspolicy.ErrInvalid) {
		t.Errorf("deletion of an alias: %v, want ErrInvalid", err)
	}
}

func TestNeighbourIsInTheWay(t *testing.T) {
	weight := int64(1)
	multivalue := a("m.example.com.", "192.0.2.1")
	multivalue.SetIdentifier = "blue"
	for name, test := range map[string]struct {
		neighbour awssim.RecordSet
		set       dnspolicy.RRSet
	}{
		"CNAME":    {awssim.RecordSet{Type: "CNAME", Values: []string{"n.example.com."}}, a("m.example.com.", "192.0.2.1")},
		"weighted": {awssim.RecordSet{Type: "A", SetIdentifier: "old", Weight: &weight, Values: []string{"192.0.2.9"}}, multivalue},
	} {
		t.Run(name, func(t *testing.T) {
			sim, id := newSim(t)
			test.neighbour.Name, test.neighbour.TTL = "m.example.com.", 60
			if err := sim.PutRecordSet(id, test.neighbour); err != nil {
				t.Fatal(err)
			}
			_, err := open(t, newClient(sim), id).Apply(t.Context(), []dnspolicy.Change{dnspolicy.Create(test.set)})
			want := dnspolicy.RRSet{
				RRKey:  dnspolicy.RRKey{Name: "m.example.com.", Type: test.neighbour.Type, SetIdentifier: test.neighbour.SetIdentifier},
				TTL:    time.Minute,
				Values: test.neighbour.Values,
			}
			var conflict *dnspolicy.ConflictError
			if !errors.As(err, &conflict) || conflict.Actual == nil || !conflict.Actual.Equal(want) {
				t.Errorf("Apply: %v, want a conflict with %v", err, want)
			}
		})
	}
}
