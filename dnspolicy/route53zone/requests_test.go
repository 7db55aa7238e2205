package route53zone_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/google/go-cmp/cmp"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/dnspolicy/route53zone"
)

const zoneID = "Z0123456789ABCDEFGHIJ"

// newZone returns a zone that does not wait for other callers.
func newZone(t *testing.T, client route53zone.Client, optFns ...func(*route53zone.Options)) *route53zone.Zone {
	t.Helper()
	noLinger := func(o *route53zone.Options) { o.Linger = 0 }
	zone, err := route53zone.New(client, zoneID, append([]func(*route53zone.Options){noLinger}, optFns...)...)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// a is an A record set with a TTL of one minute.
func a(name string, values ...string) dnspolicy.RRSet {
	return dnspolicy.RRSet{RRKey: dnspolicy.RRKey{Name: name, Type: "A"}, TTL: time.Minute, Values: values}
}

// texts are n creations of TXT record sets with this value.
func texts(n int, value string) []dnspolicy.Change {
	changes := creations(n, value)
	for _, c := range changes {
		c.After.Type = "TXT"
	}
	return changes
}

func replace(before, after dnspolicy.RRSet) dnspolicy.Change {
	return dnspolicy.Change{Before: &before, After: &after}
}

// shown is a record set as Route 53 shows it.
func shown(name string, kind types.RRType, values ...string) types.ResourceRecordSet {
	set := types.ResourceRecordSet{Name: &name, Type: kind, TTL: aws.Int64(60)}
	for _, value := range values {
		set.ResourceRecords = append(set.ResourceRecords, types.ResourceRecord{Value: &value})
	}
	return set
}

func one(action types.ChangeAction, set types.ResourceRecordSet) types.Change {
	return types.Change{Action: action, ResourceRecordSet: &set}
}

func request(changes ...types.Change) *route53.ChangeResourceRecordSetsInput {
	return &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: aws.String(zoneID),
		ChangeBatch:  &types.ChangeBatch{Changes: changes},
	}
}

func accepted(id string) *route53.ChangeResourceRecordSetsOutput {
	return &route53.ChangeResourceRecordSetsOutput{ChangeInfo: &types.ChangeInfo{Id: aws.String("/change/" + id)}}
}

func refusal() error {
	return fmt.Errorf("operation error: %w", &types.InvalidChangeBatch{Messages: []string{"prose"}})
}

// from asks for the zone's record sets from this name on.
func from(name string) *route53.ListResourceRecordSetsInput {
	in := &route53.ListResourceRecordSetsInput{HostedZoneId: aws.String(zoneID), MaxItems: aws.Int32(300)}
	if name != "" {
		in.StartRecordName = &name
	}
	return in
}

func page(sets ...types.ResourceRecordSet) *route53.ListResourceRecordSetsOutput {
	return &route53.ListResourceRecordSetsOutput{ResourceRecordSets: sets}
}

func TestApply(t *testing.T) {
	multivalue := a("m.example.com.", "192.0.2.9")
	multivalue.SetIdentifier = "blue"
	multivalueShown := shown("m.example.com.", "A", "192.0.2.9")
	multivalueShown.SetIdentifier, multivalueShown.MultiValueAnswer = aws.String("blue"), aws.Bool(true)

	client := record(t, accepted("C1"))
	p, err := newZone(t, client).Apply(t.Context(), []dnspolicy.Change{
		dnspolicy.Create(a("*.example.com.", "192.0.2.1", "192.0.2.2")),
		dnspolicy.Delete(a("b.example.com.", "192.0.2.3")),
		replace(a("c.example.com.", "192.0.2.4"), a("c.example.com.", "192.0.2.5")),
		dnspolicy.Republish(a("d.example.com.", "192.0.2.6")),
		dnspolicy.Create(multivalue),
	})
	if err != nil || p != "C1" {
		t.Errorf("Apply = %q, %v", p, err)
	}
	client.sent(request(
		one("DELETE", shown("b.example.com.", "A", "192.0.2.3")),
		one("DELETE", shown("c.example.com.", "A", "192.0.2.4")),
		one("DELETE", shown("d.example.com.", "A", "192.0.2.6")),
		one("CREATE", shown(`\052.example.com.`, "A", "192.0.2.1", "192.0.2.2")),
		one("CREATE", shown("c.example.com.", "A", "192.0.2.5")),
		one("CREATE", shown("d.example.com.", "A", "192.0.2.6")),
		one("CREATE", multivalueShown),
	))
}

func TestApplyOfNothingMakesNoCall(t *testing.T) {
	client := record(t)
	if p, err := newZone(t, client).Apply(t.Context(), nil); p != "" || err != nil {
		t.Errorf("Apply = %q, %v", p, err)
	}
	client.sent()
}

// creations returns n creations of sets with these values.
func creations(n int, values ...string) []dnspolicy.Change {
	changes := make([]dnspolicy.Change, n)
	for i := range changes {
		changes[i] = dnspolicy.Create(a(fmt.Sprintf("m%d.example.com.", i), values...))
	}
	return changes
}

func TestApplyIsTooLargeBeforeAnyCall(t *testing.T) {
	long := strings.Repeat("ä", 320)
	for name, changes := range map[string][]dnspolicy.Change{
		"1001 values":               creations(1001, "192.0.2.1"),
		"1002 values, two in a set": creations(501, "192.0.2.1", "192.0.2.2"),
		"32320 characters":          texts(101, long),
		"a replacement has two":     append(creations(999, "192.0.2.1"), dnspolicy.Republish(a("x.example.com.", "192.0.2.1"))),
	} {
		client := record(t)
		if _, err := newZone(t, client).Apply(t.Context(), changes); !errors.Is(err, dnspolicy.ErrTooLarge) {
			t.Errorf("%s: %v, want ErrTooLarge", name, err)
		}
		client.sent()
	}
	for name, changes := range map[string][]dnspolicy.Change{
		"1000 values":      creations(1000, "192.0.2.1"),
		"32000 characters": texts(100, long),
	} {
		if _, err := newZone(t, record(t, accepted("C1"))).Apply(t.Context(), changes); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestApplyIsInvalidBeforeAnyCall(t *testing.T) {
	set := a("m.example.com.", "192.0.2.1")
	with := func(change func(*dnspolicy.RRSet)) []dnspolicy.Change {
		wrong := set.Clone()
		change(&wrong)
		return []dnspolicy.Change{dnspolicy.Create(wrong)}
	}
	for name, changes := range map[string][]dnspolicy.Change{
		"empty change":  {{}},
		"one key twice": {dnspolicy.Create(set), dnspolicy.Delete(set)},
		"two keys":      {replace(set, a("n.example.com.", "192.0.2.1"))},
		"relative name": with(func(s *dnspolicy.RRSet) { s.Name = "m.example.com" }),
		"upper case":    with(func(s *dnspolicy.RRSet) { s.Name = "M.example.com." }),
		"no type":       with(func(s *dnspolicy.RRSet) { s.Type = "" }),
		"no IPv4":       with(func(s *dnspolicy.RRSet) { s.Values = []string{"2001:db8::1"} }),
		"no address":    with(func(s *dnspolicy.RRSet) { s.Values = []string{"192.0.2.1", "n.example.com."} }),
		"a value twice": with(func(s *dnspolicy.RRSet) { s.Values = []string{"192.0.2.1", "192.0.2.1"} }),
		"no values":     with(func(s *dnspolicy.RRSet) { s.Values = nil }),
		"negative TTL":  with(func(s *dnspolicy.RRSet) { s.TTL = -time.Second }),
		"broken TTL":    with(func(s *dnspolicy.RRSet) { s.TTL = time.Millisecond }),
		"long TTL":      with(func(s *dnspolicy.RRSet) { s.TTL = 1 << 31 * time.Second }),
	} {
		client := record(t)
		if _, err := newZone(t, client).Apply(t.Context(), changes); !errors.Is(err, dnspolicy.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
		client.sent()
	}
}

func TestLookup(t *testing.T) {
	key := dnspolicy.RRKey{Name: "*.example.com.", Type: "A", SetIdentifier: "blue"}
	blue := shown(`\052.example.com.`, "A", "192.0.2.1")
	blue.SetIdentifier = aws.String("blue")
	client := record(t, page(blue), page(shown(`\052.example.com.`, "A", "192.0.2.1")), page())
	zone := newZone(t, client)
	got, err := zone.Lookup(t.Context(), key)
	if want := (dnspolicy.RRSet{RRKey: key, TTL: time.Minute, Values: []string{"192.0.2.1"}}); err != nil || !got.Equal(want) {
		t.Errorf("Lookup = %v, %v, want %v", got, err, want)
	}
	for range 2 {
		if got, err := zone.Lookup(t.Context(), key); !errors.Is(err, dnspolicy.ErrNotFound) {
			t.Errorf("Lookup = %v, %v, want ErrNotFound", got, err)
		}
	}
	if diff := cmp.Diff(&route53.ListResourceRecordSetsInput{
		HostedZoneId:          aws.String(zoneID),
		StartRecordName:       aws.String(`\052.example.com.`),
		StartRecordType:       "A",
		StartRecordIdentifier: aws.String("blue"),
		MaxItems:              aws.Int32(1),
	}, client.requests[0], ignoreSerde); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestListFollowsThePages(t *testing.T) {
	alias := types.ResourceRecordSet{Name: aws.String("alias.example.com."), Type: "A", AliasTarget: &types.AliasTarget{
		HostedZoneId: aws.String("Z2FDTNDATAQYW2"), DNSName: aws.String("d1.cloudfront.net."),
	}}
	first := page(shown(`\052.example.com.`, "A", "192.0.2.1"), alias)
	first.IsTruncated, first.NextRecordName = true, aws.String(`a\056b.example.com.`)
	first.NextRecordType, first.NextRecordIdentifier = "A", aws.String("blue")
	client := record(t, first, page(shown(`a\056b.example.com.`, "A", "192.0.2.2")))

	var got []dnspolicy.RRSet
	for set, err := range newZone(t, client).List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, set)
	}
	aliasSet := a("alias.example.com.", "ALIAS Z2FDTNDATAQYW2 d1.cloudfront.net.")
	aliasSet.TTL = 0
	want := []dnspolicy.RRSet{a("*.example.com.", "192.0.2.1"), aliasSet, a(`a\056b.example.com.`, "192.0.2.2")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	second := from(`a\056b.example.com.`)
	second.StartRecordType, second.StartRecordIdentifier = "A", aws.String("blue")
	client.sent(from(""), second)
}

func TestListEndsWithAnError(t *testing.T) {
	first := page(shown("a.example.com.", "A", "192.0.2.1"))
	first.IsTruncated, first.NextRecordName = true, aws.String("b.example.com.")
	var errs []error
	for _, err := range newZone(t, record(t, first, failure("AccessDenied"))).List(t.Context()) {
		errs = append(errs, err)
	}
	if len(errs) != 2 || errs[0] != nil || !errors.Is(errs[1], dnspolicy.ErrDenied) {
		t.Errorf("List yields the errors %v", errs)
	}
}

func change(status types.ChangeStatus) *route53.GetChangeOutput {
	return &route53.GetChangeOutput{ChangeInfo: &types.ChangeInfo{Status: status}}
}

func TestWaitPolls(t *testing.T) {
	for interval, want := range map[time.Duration]time.Duration{0: 9 * time.Second, time.Minute: 3 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			client := record(t, change("PENDING"), failure("Throttling"), change("PENDING"), change("INSYNC"))
			zone := newZone(t, client, func(o *route53zone.Options) { o.PollInterval = interval })
			start := time.Now()
			if err := zone.Wait(t.Context(), "C1"); err != nil {
				t.Error(err)
			}
			if took := time.Since(start); took != want {
				t.Errorf("with the interval %s, Wait took %s, want %s", interval, took, want)
			}
			get := &route53.GetChangeInput{Id: aws.String("C1")}
			client.sent(get, get, get, get)
		})
	}
}

func TestWaitEnds(t *testing.T) {
	if err := newZone(t, record(t)).Wait(t.Context(), ""); err != nil {
		t.Errorf("for nothing: %v", err)
	}
	for code, want := range map[string]error{
		"NoSuchChange": dnspolicy.ErrNotFound,
		"AccessDenied": dnspolicy.ErrDenied,
	} {
		if err := newZone(t, record(t, failure(code))).Wait(t.Context(), "C1"); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", code, err, want)
		}
	}
	malformed := fmt.Errorf("operation error: %w", &types.InvalidInput{})
	if err := newZone(t, record(t, malformed)).Wait(t.Context(), "?"); !errors.Is(err, dnspolicy.ErrNotFound) {
		t.Errorf("malformed: %v, want ErrNotFound", err)
	}
}

func TestCheck(t *testing.T) {
	zone := func(private bool) *route53.GetHostedZoneOutput {
		return &route53.GetHostedZoneOutput{HostedZone: &types.HostedZone{
			Name: aws.String("example.com."), Config: &types.HostedZoneConfig{PrivateZone: private},
		}}
	}
	missing := fmt.Errorf("operation error: %w", &types.NoSuchHostedZone{})
	for name, test := range map[string]struct {
		answer any
		suffix string
		want   error
		says   []string
	}{
		"apex":    {zone(false), "example.com.", nil, nil},
		"inside":  {zone(false), "a.b.example.com.", nil, nil},
		"outside": {zone(false), "example.org.", dnspolicy.ErrInvalid, []string{"example.org.", "example.com.", zoneID}},
		"letters": {zone(false), "badexample.com.", dnspolicy.ErrInvalid, []string{"badexample.com."}},
		"private": {zone(true), "example.com.", dnspolicy.ErrInvalid, []string{"private", zoneID}},
		"missing": {missing, "example.com.", dnspolicy.ErrNotFound, []string{zoneID}},
		"denied":  {failure("AccessDenied"), "example.com.", dnspolicy.ErrDenied, []string{zoneID}},
	} {
		t.Run(name, func(t *testing.T) {
			client := record(t, test.answer)
			err := newZone(t, client).Check(t.Context(), test.suffix)
			if !errors.Is(err, test.want) {
				t.Errorf("Check: %v, want %v", err, test.want)
			}
			for _, word := range test.says {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("%q does not name %s", err, word)
				}
			}
			client.sent(&route53.GetHostedZoneInput{Id: aws.String(zoneID)})
		})
	}
}

func TestNew(t *testing.T) {
	client := record(t, page())
	zone, err := route53zone.New(client, "/hostedzone/"+zoneID)
	if err != nil {
		t.Fatal(err)
	}
	for range zone.List(t.Context()) {
		t.Error("List yields something")
	}
	client.sent(from(""))
	for _, id := range []string{"", "/hostedzone/", "/change/" + zoneID, "hostedzone/" + zoneID} {
		if _, err := route53zone.New(client, id); err == nil {
			t.Errorf("zone ID %q: no error", id)
		}
	}
	if _, err := route53zone.New(nil, zoneID); err == nil {
		t.Error("nil client: no error")
	}
	for name, fn := range map[string]func(*route53zone.Options){
		"PollInterval": func(o *route53zone.Options) { o.PollInterval = -1 },
		"FirstLook":    func(o *route53zone.Options) { o.FirstLook = -1 },
		"Linger":       func(o *route53zone.Options) { o.Linger = -1 },
	} {
		for range 20 { // the same each time
			if _, err := route53zone.New(client, zoneID, fn); err == nil || !strings.Contains(err.Error(), name+" -1ns is negative") {
				t.Errorf("negative %s: %v", name, err)
				break
			}
		}
	}
}
