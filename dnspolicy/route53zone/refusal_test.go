package route53zone_test

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/google/go-cmp/cmp"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// TestRefusal plays what Route 53 may hold when it refuses a change.
func TestRefusal(t *testing.T) {
	set, other := a("m.example.com.", "192.0.2.1"), a("m.example.com.", "192.0.2.2")
	setShown, otherShown := shown("m.example.com.", "A", "192.0.2.1"), shown("m.example.com.", "A", "192.0.2.2")
	next := shown("n.example.com.", "A", "192.0.2.1")
	for name, test := range map[string]struct {
		change dnspolicy.Change
		page   *route53.ListResourceRecordSetsOutput
		actual *dnspolicy.RRSet
	}{
		"create, but it is there":        {dnspolicy.Create(set), page(otherShown, next), &other},
		"create, but the same is there":  {dnspolicy.Create(set), page(setShown), &set},
		"delete, but nothing is there":   {dnspolicy.Delete(set), page(), nil},
		"delete, but another comes next": {dnspolicy.Delete(set), page(next), nil},
		"delete, but it has changed":     {dnspolicy.Delete(set), page(shown("m.example.com.", "AAAA", "2001:db8::1"), otherShown), &other},
		"replace, but it has changed":    {replace(set, a("m.example.com.", "192.0.2.3")), page(otherShown), &other},
	} {
		t.Run(name, func(t *testing.T) {
			client := record(t, refusal(), test.page)
			_, err := newZone(t, client).Apply(t.Context(), []dnspolicy.Change{test.change})
			var conflict *dnspolicy.ConflictError
			if !errors.As(err, &conflict) || !errors.Is(err, dnspolicy.ErrConflict) {
				t.Fatalf("Apply: %v, want a *ConflictError", err)
			}
			if diff := cmp.Diff(&dnspolicy.ConflictError{Change: test.change, Actual: test.actual}, conflict); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			var cause *types.InvalidChangeBatch
			if !errors.As(err, &cause) {
				t.Errorf("the cause is lost: %v", err)
			}
			if len(client.requests) != 2 || cmp.Diff(from("m.example.com."), client.requests[1], ignoreSerde) != "" {
				t.Errorf("requests: %v", client.requests)
			}
		})
	}
}

func TestRefusalBecauseOfANeighbour(t *testing.T) {
	plain := a("m.example.com.", "192.0.2.1")
	green := plain
	green.SetIdentifier = "green"
	identified := func(values ...string) types.ResourceRecordSet {
		blue := shown("m.example.com.", "A", values...)
		blue.SetIdentifier = aws.String("blue")
		return blue
	}
	multivalue, weighted := identified("192.0.2.2"), identified("192.0.2.3")
	multivalue.MultiValueAnswer, weighted.Weight = aws.Bool(true), aws.Int64(1)
	cname := shown("m.example.com.", "CNAME", "n.example.com.")
	alias := plain
	alias.Type, alias.Values = "CNAME", []string{"n.example.com."}
	key := func(kind, identifier string) dnspolicy.RRKey {
		return dnspolicy.RRKey{Name: "m.example.com.", Type: kind, SetIdentifier: identifier}
	}
	text := shown("m.example.com.", "TXT", `""`)
	for name, test := range map[string]struct {
		set    dnspolicy.RRSet
		page   *route53.ListResourceRecordSetsOutput
		actual dnspolicy.RRSet
	}{
		"plain beside CNAME":                {plain, page(cname), dnspolicy.RRSet{RRKey: key("CNAME", ""), TTL: time.Minute, Values: []string{"n.example.com."}}},
		"CNAME beside text":                 {alias, page(text), dnspolicy.RRSet{RRKey: key("TXT", ""), TTL: time.Minute, Values: []string{`""`}}},
		"plain beside multivalue answer":    {plain, page(multivalue, text), dnspolicy.RRSet{RRKey: key("A", "blue"), TTL: time.Minute, Values: []string{"192.0.2.2"}}},
		"multivalue answer beside plain":    {green, page(shown("m.example.com.", "A", "192.0.2.4")), a("m.example.com.", "192.0.2.4")},
		"multivalue answer beside weighted": {green, page(weighted), dnspolicy.RRSet{RRKey: key("A", "blue"), TTL: time.Minute, Values: []string{"192.0.2.3"}}},
		"the first one in the way is shown": {plain, page(multivalue, weighted), dnspolicy.RRSet{RRKey: key("A", "blue"), TTL: time.Minute, Values: []string{"192.0.2.2"}}},
	} {
		t.Run(name, func(t *testing.T) {
			change := dnspolicy.Create(test.set)
			_, err := newZone(t, record(t, refusal(), test.page)).Apply(t.Context(), []dnspolicy.Change{change})
			var conflict *dnspolicy.ConflictError
			if !errors.As(err, &conflict) || errors.Is(err, dnspolicy.ErrInvalid) {
				t.Fatalf("Apply: %v, want a *ConflictError", err)
			}
			if diff := cmp.Diff(&dnspolicy.ConflictError{Change: change, Actual: &test.actual}, conflict); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestRefusalThoughNeighboursAreCompatible(t *testing.T) {
	green := a("m.example.com.", "192.0.2.1")
	green.SetIdentifier = "green"
	blue := shown("m.example.com.", "A", "192.0.2.2")
	blue.SetIdentifier, blue.MultiValueAnswer = aws.String("blue"), aws.Bool(true)
	leaving := shown("m.example.com.", "CNAME", "n.example.com.")
	gone := dnspolicy.RRSet{RRKey: dnspolicy.RRKey{Name: "m.example.com.", Type: "CNAME"}, TTL: time.Minute, Values: []string{"n.example.com."}}
	for name, test := range map[string]struct {
		changes []dnspolicy.Change
		pages   []any
	}{
		"another multivalue answer":  {[]dnspolicy.Change{dnspolicy.Create(green)}, []any{page(blue, shown("m.example.com.", "TXT", `""`))}},
		"a CNAME that is to go, too": {[]dnspolicy.Change{dnspolicy.Delete(gone), dnspolicy.Create(a("m.example.com.", "192.0.2.1"))}, []any{page(leaving)}},
	} {
		answers := append([]any{refusal()}, test.pages...)
		_, err := newZone(t, record(t, append(answers, refusal())...)).Apply(t.Context(), test.changes)
		if !errors.Is(err, dnspolicy.ErrInvalid) || errors.Is(err, dnspolicy.ErrConflict) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
}

func TestRefusalThatHasPassed(t *testing.T) {
	client := record(t, refusal(), page(), accepted("C2"))
	if p, err := newZone(t, client).Apply(t.Context(), creations(1, "192.0.2.1")); p != "C2" || err != nil {
		t.Errorf("Apply = %q, %v, want success at the second attempt", p, err)
	}
}

func TestRefusalWithoutReason(t *testing.T) {
	client := record(t, refusal(), page(), refusal())
	_, err := newZone(t, client).Apply(t.Context(), texts(1, "not quoted"))
	if !errors.Is(err, dnspolicy.ErrInvalid) || errors.Is(err, dnspolicy.ErrConflict) {
		t.Errorf("Apply: %v, want ErrInvalid", err)
	}
}

func TestRefusalThatCannotBeLookedUp(t *testing.T) {
	client := record(t, refusal(), failure("Throttling"))
	_, err := newZone(t, client).Apply(t.Context(), creations(1, "192.0.2.1"))
	if !errors.Is(err, dnspolicy.ErrThrottled) || errors.Is(err, dnspolicy.ErrInvalid) || errors.Is(err, dnspolicy.ErrConflict) {
		t.Errorf("Apply: %v, want ErrThrottled alone", err)
	}
}
