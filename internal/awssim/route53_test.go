package awssim_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/google/go-cmp/cmp"

	"github.com/eipbinder/eipbinder/internal/awssim"
)

// record is a simple record set as the SDK has it.
func record(name, kind string, ttl int64, values ...string) types.ResourceRecordSet {
	set := types.ResourceRecordSet{Name: &name, Type: types.RRType(kind), TTL: &ttl}
	for _, v := range values {
		set.ResourceRecords = append(set.ResourceRecords, types.ResourceRecord{Value: &v})
	}
	return set
}

func multivalue(name, identifier, value string) types.ResourceRecordSet {
	set := record(name, "A", 60, value)
	set.SetIdentifier, set.MultiValueAnswer = &identifier, aws.Bool(true)
	return set
}

type step = types.Change

func create(set types.ResourceRecordSet) step {
	return step{Action: types.ChangeActionCreate, ResourceRecordSet: &set}
}

func remove(set types.ResourceRecordSet) step {
	return step{Action: types.ChangeActionDelete, ResourceRecordSet: &set}
}

func upsert(set types.ResourceRecordSet) step {
	return step{Action: types.ChangeActionUpsert, ResourceRecordSet: &set}
}

// zone creates example.com.
func (w *world) zone() string {
	w.t.Helper()
	id, err := w.sim.CreateZone("example.com")
	must(w.t, err)
	return id
}

func (w *world) change(zone string, steps ...step) (*route53.ChangeResourceRecordSetsOutput, error) {
	return w.r53.ChangeResourceRecordSets(w.t.Context(),
		&route53.ChangeResourceRecordSetsInput{HostedZoneId: &zone, ChangeBatch: &types.ChangeBatch{Changes: steps}})
}

// wantRefused fails unless the batch is refused as InvalidChangeBatch in these words, and without effect.
func (w *world) wantRefused(zone, words string, steps ...step) {
	w.t.Helper()
	before := w.sim.RecordSets(zone)
	_, err := w.change(zone, steps...)
	wantCode(w.t, err, "InvalidChangeBatch")
	wantText(w.t, err, words)
	if diff := cmp.Diff(before, w.sim.RecordSets(zone)); diff != "" {
		w.t.Error("a refused batch changed the zone: " + diff)
	}
}

func (w *world) accept(zone string, steps ...step) {
	w.t.Helper()
	_, err := w.change(zone, steps...)
	must(w.t, err)
}

// names returns name, type and identifier of the zone's sets, without its own NS and SOA.
func (w *world) names(zone string) (names []string) {
	for _, s := range w.sim.RecordSets(zone) {
		if s.Type != "NS" && s.Type != "SOA" {
			names = append(names, strings.TrimSpace(s.Name+" "+s.Type+" "+s.SetIdentifier))
		}
	}
	return names
}

func TestChangeBatch(t *testing.T) {
	a, b := record("a.example.com", "A", 60, "192.0.2.1"), record("a.example.com", "A", 60, "192.0.2.2")
	runRules(t, []rule{
		{"create over anything is refused", "AWS-FACTS: InvalidChangeBatch carries only prose", nil, func(t *testing.T, w *world) {
			z := w.zone()
			w.accept(z, create(a))
			w.wantRefused(z, "Tried to create resource record set [name='a.example.com.', type='A'] but it already exists", create(a))
			w.wantRefused(z, "already exists", create(b))
		}},
		{"delete needs the exact values", "AWS-FACTS: DELETE needs the exact values and TTL", nil, func(t *testing.T, w *world) {
			z := w.zone()
			two := record("a.example.com", "A", 60, "192.0.2.1", "192.0.2.2")
			w.accept(z, create(two))
			w.wantRefused(z, "the values provided do not match the current values", remove(a))
			w.wantRefused(z, "do not match", remove(record("a.example.com", "A", 61, "192.0.2.1", "192.0.2.2")))
			w.wantRefused(z, "but it was not found", remove(record("b.example.com", "A", 60, "192.0.2.1")))
			w.accept(z, remove(record("A.example.com.", "A", 60, "192.0.2.2", "192.0.2.1"))) // neither case nor order matters
			equal(t, "left", len(w.names(z)), 0)
		}},
		{"delete and create is compare-and-set", "AWS-FACTS: DELETE + CREATE of one name in one batch", nil, func(t *testing.T, w *world) {
			z := w.zone()
			w.accept(z, create(a))
			w.accept(z, remove(a), create(b))
			equal(t, "value", w.sim.RecordSets(z)[2].Values[0], "192.0.2.2")
			w.wantRefused(z, "do not match", remove(a), create(b))
			w.wantRefused(z, "already exists", create(a), remove(b))
		}},
		{"all or nothing", "AWS-FACTS: all or nothing", nil, func(t *testing.T, w *world) {
			z := w.zone()
			w.wantRefused(z, "but it was not found", create(a), remove(record("b.example.com", "A", 60, "192.0.2.1")))
			w.wantRefused(z, "already exists", create(a), create(a))
		}},
		{"upsert", "API page: creates or overwrites", nil, func(t *testing.T, w *world) {
			z := w.zone()
			w.accept(z, upsert(a))
			w.accept(z, upsert(b))
			equal(t, "value", w.sim.RecordSets(z)[2].Values[0], "192.0.2.2")
		}},
		{"names outside the zone", "LOCAL-PARTS: names that only end in the zone's letters", nil, func(t *testing.T, w *world) {
			z := w.zone()
			w.wantRefused(z, "is not permitted in zone example.com.", create(record("a.example.org", "A", 60, "192.0.2.1")))
			w.wantRefused(z, "is not permitted in zone example.com.", create(record("badexample.com", "A", 60, "192.0.2.1")))
		}},
		{"limits", "AWS-FACTS: 1,000 values and 32,000 characters, UPSERT counts twice", nil, func(t *testing.T, w *world) {
			z := w.zone()
			steps := func(n int, action func(types.ResourceRecordSet) step) (all []step) {
				for i := range n {
					all = append(all, action(record(fmt.Sprintf("n%d.example.com", i), "A", 60, "192.0.2.1")))
				}
				return all
			}
			w.wantRefused(z, "records limit of 1000", steps(1001, create)...)
			w.wantRefused(z, "records limit of 1000", steps(501, upsert)...)
			w.accept(z, steps(1000, create)...)
			w.accept(z, steps(500, upsert)...)
			long := record("t.example.com", "TXT", 60)
			for i := range 130 {
				long.ResourceRecords = append(long.ResourceRecords, types.ResourceRecord{Value: aws.String(fmt.Sprintf(`"%0250d"`, i))})
			}
			w.wantRefused(z, "characters limit of 32000", create(long))
			long.ResourceRecords = long.ResourceRecords[:120]
			w.wantRefused(z, "characters limit of 32000", upsert(long))
			w.accept(z, create(long))
		}},
		{"the zone's own records stay", "API page: NS and SOA of the apex", nil, func(t *testing.T, w *world) {
			z := w.zone()
			soa := w.sim.RecordSets(z)[1]
			w.wantRefused(z, "exactly one SOA", remove(record(soa.Name, "SOA", soa.TTL, soa.Values...)))
		}},
	})
}

func TestRecordValues(t *testing.T) {
	runRules(t, []rule{
		{"invalid data", "LOCAL-PARTS: bad values, missing TTL", nil, func(t *testing.T, w *world) {
			z := w.zone()
			w.wantRefused(z, "not a valid IPv4 address", create(record("a.example.com", "A", 60, "192.0.2.256")))
			w.wantRefused(z, "not a valid IPv4 address", create(record("a.example.com", "A", 60, "2001:db8::1")))
			w.wantRefused(z, "not a valid IPv6 address", create(record("a.example.com", "AAAA", 60, "192.0.2.1")))
			w.wantRefused(z, "quotation marks", create(record("a.example.com", "TXT", 60, "bare")))
			w.wantRefused(z, "Value is too long", create(record("a.example.com", "TXT", 60, `"`+strings.Repeat("x", 256)+`"`)))
			w.wantRefused(z, "Duplicate Resource Record", create(record("a.example.com", "A", 60, "192.0.2.1", "192.0.2.1")))
			w.wantRefused(z, "Domain label is too long", create(record(strings.Repeat("x", 64)+".example.com", "A", 60, "192.0.2.1")))
			w.wantRefused(z, "Domain label is empty", create(record("a..example.com", "A", 60, "192.0.2.1")))
			w.wantRefused(z, "unsupported characters", create(record("a b.example.com", "A", 60, "192.0.2.1")))
		}},
		{"missing fields", "API page: TTL and ResourceRecords, or AliasTarget", nil, func(t *testing.T, w *world) {
			z := w.zone()
			for words, set := range map[string]types.ResourceRecordSet{
				"Missing field 'TTL'":                 {Name: aws.String("a.example.com"), Type: "A", ResourceRecords: []types.ResourceRecord{{Value: aws.String("192.0.2.1")}}},
				"Missing field 'ResourceRecords'":     {Name: aws.String("a.example.com"), Type: "A", TTL: aws.Int64(60)},
				"found none":                          {Name: aws.String("a.example.com"), Type: "A"},
				"Missing field 'SetIdentifier'":       {Name: aws.String("a.example.com"), Type: "A", MultiValueAnswer: aws.Bool(true)},
				"Missing field 'Weight' or 'MultiVal": {Name: aws.String("a.example.com"), Type: "A", SetIdentifier: aws.String("x")},
			} {
				_, err := w.change(z, create(set))
				wantCode(t, err, "InvalidInput")
				wantText(t, err, words)
			}
		}},
		{"names come back escaped", `AWS-FACTS: lower case, trailing dot, octal escapes (\052 for *)`, nil, func(t *testing.T, w *world) {
			z := w.zone()
			for _, name := range []string{"*.Example.COM", `\100home.example.com.`, "_sip._tcp.example.com", "a!b.example.com"} {
				w.accept(z, create(record(name, "TXT", 60, `"Quoted \"text\"" "more"`)))
			}
			want := []string{`\052.example.com. TXT`, `\100home.example.com. TXT`, `_sip._tcp.example.com. TXT`, `a\041b.example.com. TXT`}
			if diff := cmp.Diff(want, w.names(z)); diff != "" {
				t.Error(diff)
			}
			out, err := w.r53.ListResourceRecordSets(t.Context(), &route53.ListResourceRecordSetsInput{HostedZoneId: &z, StartRecordName: aws.String("*.example.com"), MaxItems: aws.Int32(1)})
			must(t, err)
			equal(t, "text", aws.ToString(out.ResourceRecordSets[0].ResourceRecords[0].Value), `"Quoted \"text\"" "more"`)
		}},
		{"CNAME stands alone", "RFC 1034, section 3.6.2", nil, func(t *testing.T, w *world) {
			z := w.zone()
			cname := record("c.example.com", "CNAME", 60, "d.example.com")
			w.accept(z, create(cname), create(record("a.example.com", "A", 60, "192.0.2.1")))
			w.wantRefused(z, "conflicting RRSet of type CNAME", create(record("c.example.com", "A", 60, "192.0.2.1")))
			w.wantRefused(z, "conflicts with other records", create(record("a.example.com", "CNAME", 60, "d.example.com")))
			w.wantRefused(z, "not permitted at apex", create(record("example.com", "CNAME", 60, "d.example.com")))
			w.accept(z, remove(cname), create(record("c.example.com", "A", 60, "192.0.2.1")))
		}},
		{"multivalue sets", "AWS-FACTS: 100 records per name and type", nil, func(t *testing.T, w *world) {
			z := w.zone()
			w.accept(z, create(multivalue("m.example.com", "b", "192.0.2.1")), create(multivalue("m.example.com", "a", "192.0.2.2")))
			if diff := cmp.Diff([]string{"m.example.com. A a", "m.example.com. A b"}, w.names(z)); diff != "" {
				t.Error(diff)
			}
			w.wantRefused(z, "another routing policy", create(record("m.example.com", "A", 60, "192.0.2.3")))
			w.wantRefused(z, "do not match", remove(multivalue("m.example.com", "a", "192.0.2.1")))
			var many []step
			for i := range 99 {
				many = append(many, create(multivalue("m.example.com", fmt.Sprint(i), "192.0.2.3")))
			}
			w.wantRefused(z, "exceeds the limit of 100", many...)
			w.accept(z, many[:98]...)
		}},
		{"aliases and weights are kept", "API page of ResourceRecordSet", nil, func(t *testing.T, w *world) {
			z := w.zone()
			alias := types.ResourceRecordSet{Name: aws.String("l.example.com"), Type: "A", SetIdentifier: aws.String("x"), Weight: aws.Int64(0),
				AliasTarget: &types.AliasTarget{DNSName: aws.String("lb.example.net."), HostedZoneId: aws.String("ZLB"), EvaluateTargetHealth: true}}
			w.accept(z, create(alias))
			out, err := w.r53.ListResourceRecordSets(t.Context(), &route53.ListResourceRecordSetsInput{HostedZoneId: &z, StartRecordName: alias.Name})
			must(t, err)
			got := out.ResourceRecordSets[0]
			equal(t, "alias", aws.ToString(got.AliasTarget.DNSName), "lb.example.net.")
			equal(t, "health", got.AliasTarget.EvaluateTargetHealth, true)
			equal(t, "weight", aws.ToInt64(got.Weight), 0)
			equal(t, "records", len(got.ResourceRecords), 0)
			w.accept(z, remove(got))
		}},
	})
}

func TestPropagation(t *testing.T) {
	runRules(t, []rule{
		{"PENDING, then INSYNC", "AWS-FACTS: INSYNC generally within 60 s", nil, func(t *testing.T, w *world) {
			out, err := w.change(w.zone(), create(record("a.example.com", "A", 60, "192.0.2.1")))
			must(t, err)
			equal(t, "at once", out.ChangeInfo.Status, types.ChangeStatusPending)
			time.Sleep(30*time.Second - 1)
			equal(t, "just before", w.status(*out.ChangeInfo.Id), types.ChangeStatusPending)
			time.Sleep(1)
			equal(t, "after", w.status(*out.ChangeInfo.Id), types.ChangeStatusInsync)
		}},
		{"the waiter of the SDK", "GetChange", nil, func(t *testing.T, w *world) {
			out, err := w.change(w.zone(), create(record("a.example.com", "A", 60, "192.0.2.1")))
			must(t, err)
			waiter := route53.NewResourceRecordSetsChangedWaiter(w.r53)
			must(t, waiter.Wait(t.Context(), &route53.GetChangeInput{Id: out.ChangeInfo.Id}, 5*time.Minute))
		}},
		{"unknown change", "API page: NoSuchChange, 404", nil, func(t *testing.T, w *world) {
			_, err := w.r53.GetChange(t.Context(), &route53.GetChangeInput{Id: aws.String("C1")})
			wantCode(t, err, "NoSuchChange")
		}},
	})
}

func (w *world) status(changeID string) types.ChangeStatus {
	w.t.Helper()
	out, err := w.r53.GetChange(w.t.Context(), &route53.GetChangeInput{Id: &changeID})
	must(w.t, err)
	return out.ChangeInfo.Status
}

func TestListRecordSets(t *testing.T) {
	sets := []types.ResourceRecordSet{record("b.example.com", "A", 60, "192.0.2.1"), record("a.b.example.com", "A", 60, "192.0.2.1"),
		record("b-c.example.com", "A", 60, "192.0.2.1"), record("a.example.com", "TXT", 60, `"x"`), record("a.example.com", "A", 60, "192.0.2.1"),
		multivalue("m.example.com", "2", "192.0.2.2"), multivalue("m.example.com", "1", "192.0.2.1")}
	order := []string{"a.example.com. A", "a.example.com. TXT", "b-c.example.com. A", "b.example.com. A", "a.b.example.com. A", "m.example.com. A 1", "m.example.com. A 2"}
	fill := func(w *world) string {
		z := w.zone()
		for _, s := range sets {
			w.accept(z, create(s))
		}
		return z
	}
	runRules(t, []rule{
		{"order", "API page: labels reversed, ASCII, the dot counts", nil, func(t *testing.T, w *world) {
			if diff := cmp.Diff(order, w.names(fill(w))); diff != "" {
				t.Error(diff)
			}
		}},
		{"pages of one", "API page: NextRecordName, Type and Identifier", nil, func(t *testing.T, w *world) {
			z := fill(w)
			pages := route53.NewListResourceRecordSetsPaginator(w.r53, &route53.ListResourceRecordSetsInput{HostedZoneId: &z, MaxItems: aws.Int32(1)})
			var got []string
			for pages.HasMorePages() {
				page, err := pages.NextPage(t.Context())
				must(t, err)
				s := page.ResourceRecordSets[0]
				got = append(got, strings.TrimSpace(*s.Name+" "+string(s.Type)+" "+aws.ToString(s.SetIdentifier)))
			}
			if diff := cmp.Diff(append([]string{"example.com. NS", "example.com. SOA"}, order...), got); diff != "" {
				t.Error(diff)
			}
		}},
		{"at most 300", "API page: up to 300 at a time", nil, func(t *testing.T, w *world) {
			z := w.zone()
			for i := range 400 {
				must(t, w.sim.PutRecordSet(z, awssim.RecordSet{Name: fmt.Sprintf("n%d.example.com", i), Type: "A", TTL: 60, Values: []string{"192.0.2.1"}}))
			}
			out, err := w.r53.ListResourceRecordSets(t.Context(), &route53.ListResourceRecordSetsInput{HostedZoneId: &z, MaxItems: aws.Int32(1000)})
			must(t, err)
			equal(t, "sets", len(out.ResourceRecordSets), 300)
			equal(t, "truncated", out.IsTruncated, true)
		}},
		{"type without name", "API page: InvalidInput", nil, func(t *testing.T, w *world) {
			_, err := w.r53.ListResourceRecordSets(t.Context(), &route53.ListResourceRecordSetsInput{HostedZoneId: aws.String(w.zone()), StartRecordType: "A"})
			wantCode(t, err, "InvalidInput")
		}},
	})
}

func TestHostedZones(t *testing.T) {
	runRules(t, []rule{
		{"life", "API pages of CreateHostedZone and DeleteHostedZone", nil, func(t *testing.T, w *world) {
			in := &route53.CreateHostedZoneInput{Name: aws.String("Example.com"), CallerReference: aws.String("once")}
			made, err := w.r53.CreateHostedZone(t.Context(), in)
			must(t, err)
			equal(t, "name", *made.HostedZone.Name, "example.com.")
			equal(t, "name servers", len(made.DelegationSet.NameServers), 4)
			_, err = w.r53.CreateHostedZone(t.Context(), in)
			wantCode(t, err, "HostedZoneAlreadyExists")
			got, err := w.r53.GetHostedZone(t.Context(), &route53.GetHostedZoneInput{Id: made.HostedZone.Id})
			must(t, err)
			equal(t, "record sets", *got.HostedZone.ResourceRecordSetCount, 2)
			w.accept(*made.HostedZone.Id, create(record("a.example.com", "A", 60, "192.0.2.1")))
			_, err = w.r53.DeleteHostedZone(t.Context(), &route53.DeleteHostedZoneInput{Id: made.HostedZone.Id})
			wantCode(t, err, "HostedZoneNotEmpty")
		}},
		{"unknown zone", "API page: NoSuchHostedZone, 404", nil, func(t *testing.T, w *world) {
			_, err := w.r53.GetHostedZone(t.Context(), &route53.GetHostedZoneInput{Id: aws.String("Z1")})
			wantCode(t, err, "NoSuchHostedZone")
			_, err = w.change("Z1", create(record("a.example.com", "A", 60, "192.0.2.1")))
			wantCode(t, err, "NoSuchHostedZone")
			_, err = w.r53.ListResourceRecordSets(t.Context(), &route53.ListResourceRecordSetsInput{HostedZoneId: aws.String("Z1")})
			wantCode(t, err, "NoSuchHostedZone")
		}},
		{"lists", "API pages of ListHostedZones and ListHostedZonesByName", nil, func(t *testing.T, w *world) {
			for _, name := range []string{"b.org", "a.org", "example.com"} {
				_, err := w.sim.CreateZone(name)
				must(t, err)
			}
			pages := route53.NewListHostedZonesPaginator(w.r53, &route53.ListHostedZonesInput{MaxItems: aws.Int32(2)})
			var got []string
			for pages.HasMorePages() {
				page, err := pages.NextPage(t.Context())
				must(t, err)
				for _, z := range page.HostedZones {
					got = append(got, *z.Name)
				}
			}
			if diff := cmp.Diff([]string{"example.com.", "a.org.", "b.org."}, got); diff != "" {
				t.Error(diff)
			}
			out, err := w.r53.ListHostedZonesByName(t.Context(), &route53.ListHostedZonesByNameInput{DNSName: aws.String("a.org"), MaxItems: aws.Int32(1)})
			must(t, err)
			equal(t, "first", *out.HostedZones[0].Name, "a.org.")
			equal(t, "next", aws.ToString(out.NextDNSName), "b.org.")
		}},
	})
}
