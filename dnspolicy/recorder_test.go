package dnspolicy_test

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

const primary = "i-0abc.sfu.example.com."

// recording is an address policy that is a Recorder, too.
type recording struct{ dnspolicy.AddressPolicy }

func (recording) Records(s dnspolicy.Subject, name string) ([]dnspolicy.RRSet, error) {
	return []dnspolicy.RRSet{set("own-"+s.InstanceID+"."+name, time.Minute, "192.0.2.1")}, nil
}

func TestPerAddressForwardsRecords(t *testing.T) {
	if got := recordNames(t, dnspolicy.PerAddress(recording{dnspolicy.DashedIP()}), subject, "a."); !slices.Equal(got, []string{"own-i-0abc.a."}) {
		t.Errorf("record sets %q", got)
	}
	if got := recordNames(t, dnspolicy.PerAddress(dnspolicy.DashedIP()), subject, "a."); len(got) != 0 {
		t.Errorf("without a Recorder, record sets %q", got)
	}
}

func TestWithRecords(t *testing.T) {
	one, other := mustTXT(t, "_one", "1"), mustTXT(t, "_other", "2")
	plain := dnspolicy.WithRecords(dnspolicy.InstanceID(), one)
	for name, test := range map[string]struct {
		policy     dnspolicy.Policy
		perAddress bool
		names      string
		want       []string
	}{
		"plain":       {plain, false, "i-0abc", []string{"_one.a."}},
		"nested":      {dnspolicy.WithRecords(plain, other), false, "i-0abc", []string{"_one.a.", "_other.a."}},
		"agreed":      {dnspolicy.WithRecords(plain, other, one), false, "i-0abc", []string{"_one.a.", "_other.a."}},
		"none":        {dnspolicy.WithRecords(dnspolicy.InstanceID()), false, "i-0abc", nil},
		"per address": {dnspolicy.WithRecords(dnspolicy.PerAddress(dnspolicy.DashedIP()), other, one), true, "ip-203-0-113-7", []string{"_other.a.", "_one.a."}},
		"its own": {
			dnspolicy.WithRecords(dnspolicy.PerAddress(recording{dnspolicy.DashedIP()}), one), true, "ip-203-0-113-7",
			[]string{"own-i-0abc.a.", "_one.a."},
		},
	} {
		if got := recordNames(t, test.policy, subject, "a."); !slices.Equal(got, test.want) {
			t.Errorf("%s: record sets %q, want %q", name, got, test.want)
		}
		if got, err := test.policy.Names(subject); err != nil || !slices.Equal(got, []string{test.names}) {
			t.Errorf("%s: Names = %q, %v; want %s", name, got, err, test.names)
		}
		if _, got := test.policy.(dnspolicy.PerAddressPolicy); got != test.perAddress {
			t.Errorf("%s: per address: %t", name, got)
		}
	}
}

func TestWithRecordsFails(t *testing.T) {
	failure := errors.New("no record")
	for name, test := range map[string]struct {
		recorder dnspolicy.Recorder
		want     string
	}{
		"an error":     {dnspolicy.RecorderFunc(func(dnspolicy.Subject, string) ([]dnspolicy.RRSet, error) { return nil, failure }), "no record"},
		"disagreement": {mustTXT(t, "_one", "2"), `two different record sets for _one.i-0abc.sfu.example.com. TXT`},
	} {
		policy := dnspolicy.WithRecords(dnspolicy.InstanceID(), mustTXT(t, "_one", "1"), test.recorder)
		sets, err := policy.(dnspolicy.Recorder).Records(subject, primary)
		if err == nil || !strings.Contains(err.Error(), test.want) || len(sets) != 0 {
			t.Errorf("%s: Records = %v, %v; want %q", name, sets, err, test.want)
		}
	}
}

func TestMultivalue(t *testing.T) {
	for pattern, want := range map[string]string{
		"all":                           "all.sfu.example.com.",
		"ALL.pool":                      "all.pool.sfu.example.com.",
		"all-{zone}":                    "all-eu-central-1b.sfu.example.com.",
		"{tag:karpenter.sh/nodepool}.x": "media.x.sfu.example.com.",
	} {
		r, err := dnspolicy.Multivalue(pattern, "sfu.example.com.", 30*time.Second)
		if err != nil {
			t.Errorf("Multivalue(%q): %v", pattern, err)
			continue
		}
		wanted := set(want, 30*time.Second, "203.0.113.7")
		wanted.SetIdentifier = "eipalloc-7"
		if got, err := r.Records(rich(), primary); err != nil || len(got) != 1 || !got[0].Equal(wanted) {
			t.Errorf("Multivalue(%q).Records = %v, %v; want %v", pattern, got, err, wanted)
		}
	}
}

// pooling is an address policy that is a Recorder and a CommonNamer, too.
type pooling struct {
	dnspolicy.AddressPolicy
	dnspolicy.Recorder
}

func (p pooling) Common(name string) bool { return p.Recorder.(dnspolicy.CommonNamer).Common(name) }

// Whatever is around a Recorder, the binder learns of the names that workers share.
func TestWrappersForwardCommon(t *testing.T) {
	all, other, dotted, text := mustMultivalue(t, "all-{zone}"), mustMultivalue(t, "other"), mustMultivalue(t, "at-{dotted-ip}"), mustTXT(t, "_one", "1")
	instance, ip, slot := dnspolicy.InstanceID(), dnspolicy.PerAddress(dnspolicy.DashedIP()), dnspolicy.PerAddress(mustSlot(t, "slot"))
	for what, test := range map[string]struct {
		policy dnspolicy.Policy
		want   string // the names that are common, without the suffix
	}{
		"WithRecords":                     {dnspolicy.WithRecords(instance, all), "all-b"},
		"WithRecords, second recorder":    {dnspolicy.WithRecords(instance, text, other), "other"},
		"WithRecords, both recorders":     {dnspolicy.WithRecords(instance, all, other), "all-b other"},
		"WithRecords, none":               {dnspolicy.WithRecords(instance, text), ""},
		"nested, inner":                   {dnspolicy.WithRecords(dnspolicy.WithRecords(instance, all), text), "all-b"},
		"nested, both":                    {dnspolicy.WithRecords(dnspolicy.WithRecords(instance, all), other), "all-b other"},
		"PerAddress":                      {dnspolicy.PerAddress(pooling{dnspolicy.DashedIP(), all}), "all-b"},
		"PerAddress, without":             {ip, ""},
		"PerAddress in WithRecords":       {dnspolicy.WithRecords(ip, all), "all-b"},
		"PerAddress in WithRecords, both": {dnspolicy.WithRecords(dnspolicy.PerAddress(pooling{dnspolicy.DashedIP(), all}), other), "all-b other"},
		"Fallback":                        {dnspolicy.Fallback(instance, dnspolicy.WithRecords(ip, all)), "all-b"},
		"Fallback, first":                 {dnspolicy.Fallback(dnspolicy.WithRecords(instance, all), ip), "all-b"},
		"Fallback, without":               {dnspolicy.Fallback(instance, ip), ""},
		"Fallback per address":            {dnspolicy.Fallback(slot, dnspolicy.WithRecords(ip, all)), "all-b"},
		"Fallback in WithRecords":         {dnspolicy.WithRecords(dnspolicy.Fallback(dnspolicy.WithRecords(slot, all), ip), other), "all-b other"},
		"Fallback in Fallback":            {dnspolicy.Fallback(dnspolicy.Fallback(dnspolicy.WithRecords(slot, all), ip), dnspolicy.WithRecords(instance, other)), "all-b other"},
		"dotted":                          {dnspolicy.WithRecords(instance, dotted), "at-192.0.2.1 at-b"},
	} {
		namer, ok := test.policy.(dnspolicy.CommonNamer)
		if !ok {
			t.Errorf("%s: %T is no CommonNamer", what, test.policy)
			continue
		}
		var got []string
		for _, name := range []string{"all-b", "all-b.c", "at-192.0.2.1", "at-b", "i-0abc", "other", "other-b", "x.all-b"} {
			if namer.Common(name + ".sfu.example.com.") {
				got = append(got, name)
			}
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: %q are common, want %q", what, got, test.want)
		}
	}
}

func mustMultivalue(t *testing.T, pattern string) dnspolicy.Recorder {
	t.Helper()
	r, err := dnspolicy.Multivalue(pattern, "sfu.example.com.", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestMultivalueFails(t *testing.T) {
	for name, test := range map[string]struct {
		pattern string
		change  func(*dnspolicy.Subject)
		want    string
	}{
		"the worker's own":    {"i-0abc", func(*dnspolicy.Subject) {}, "is the worker's own"},
		"no tag":              {"all-{tag:none}", func(*dnspolicy.Subject) {}, `no tag "none"`},
		"a U-label":           {"all-{tag:city}", func(*dnspolicy.Subject) {}, "'ü'"},
		"no allocation ID":    {"all", func(s *dnspolicy.Subject) { s.Address.AllocationID = "" }, "no allocation ID"},
		"no address":          {"all", func(s *dnspolicy.Subject) { s.Address.IP = netip.Addr{} }, "not an IPv4 address"},
		"address of no IPv4":  {"all", func(s *dnspolicy.Subject) { s.Address.IP = netip.MustParseAddr("2001:db8::7") }, "not an IPv4 address"},
		"a value adds labels": {"all-{tag:fqdn}", func(*dnspolicy.Subject) {}, "'.'"},
	} {
		r, err := dnspolicy.Multivalue(test.pattern, "sfu.example.com.", time.Minute)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		s := rich()
		test.change(&s)
		if got, err := r.Records(s, primary); err == nil || !strings.Contains(err.Error(), test.want) || len(got) != 0 {
			t.Errorf("%s: Records = %v, %v; want %q", name, got, err, test.want)
		}
	}
}

func TestMultivalueErrors(t *testing.T) {
	for name, test := range map[string]struct {
		pattern, suffix string
		ttl             time.Duration
		want            error
	}{
		"no name":             {"", "a.", time.Minute, dnspolicy.ErrInvalid},
		"wildcard":            {"*", "a.", time.Minute, dnspolicy.ErrInvalid},
		"no such placeholder": {"{x}", "a.", time.Minute, dnspolicy.ErrInvalid},
		"U-label":             {"straße-{zone}", "a.", time.Minute, dnspolicy.ErrInvalidName},
		"absolute":            {"all.a.", "a.", time.Minute, dnspolicy.ErrInvalid},
		"relative suffix":     {"all", "a", time.Minute, dnspolicy.ErrInvalidName},
		"no suffix":           {"all", "", time.Minute, dnspolicy.ErrInvalidName},
		"too long":            {"{ip}.all", nameOf(252), time.Minute, dnspolicy.ErrInvalidName},
		"no TTL":              {"all", "a.", 0, dnspolicy.ErrInvalid},
		"negative TTL":        {"all", "a.", -time.Second, dnspolicy.ErrInvalid},
		"half a second":       {"all", "a.", time.Second * 3 / 2, dnspolicy.ErrInvalid},
		"TTL of an age":       {"all", "a.", (1 << 31) * time.Second, dnspolicy.ErrInvalid},
	} {
		if r, err := dnspolicy.Multivalue(test.pattern, test.suffix, test.ttl); r != nil || !errors.Is(err, test.want) {
			t.Errorf("%s: Multivalue = %v, %v; want %v", name, r, err, test.want)
		}
	}
}

func TestTXT(t *testing.T) {
	long := rich()
	long.InstanceTags["long"] = strings.Repeat("x", 300)
	for name, test := range map[string]struct{ label, pattern, owner, value string }{
		"at the name":     {"", "hello", primary, `"hello"`},
		"below it":        {"_Info", "{instance-id}", "_info." + primary, `"i-0abc"`},
		"host label":      {"info", "a", "info." + primary, `"a"`},
		"any text":        {"", `v=1; q="{tag:fqdn}" \ {dotted-ip}!`, primary, `"v=1; q=\"a.b\" \\ 203.0.113.7!"`},
		"any value":       {"", "{tag:wild}{tag:url|replace:b:.}", primary, `"*a:.:c"`},
		"several strings": {"", "{tag:long}!", primary, `"` + strings.Repeat("x", 255) + `" "` + strings.Repeat("x", 45) + `!"`},
	} {
		got, err := mustTXT(t, test.label, test.pattern).Records(long, primary)
		want := dnspolicy.RRSet{RRKey: dnspolicy.RRKey{Name: test.owner, Type: "TXT"}, TTL: time.Minute, Values: []string{test.value}}
		if err != nil || len(got) != 1 || !got[0].Equal(want) {
			t.Errorf("%s: Records = %v, %v; want %v", name, got, err, want)
		}
	}
	for pattern, want := range map[string]string{"{tag:none}": `no tag "none"`, "{tag:city}": "'ü'", "{tag:bad utf-8}": "printable ASCII"} {
		if got, err := mustTXT(t, "", pattern).Records(long, primary); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("TXT %q: Records = %v, %v; want %q", pattern, got, err, want)
		}
	}
	if got, err := mustTXT(t, "_info", "a").Records(long, nameOf(254)); !errors.Is(err, dnspolicy.ErrInvalidName) {
		t.Errorf("TXT below a name of 254 characters = %v, %v", got, err)
	}
}

func TestTXTErrors(t *testing.T) {
	for name, test := range map[string]struct {
		label, pattern string
		ttl            time.Duration
		want           error
	}{
		"two labels":          {"_a._b", "a", time.Minute, dnspolicy.ErrInvalidName},
		"underscore alone":    {"_", "a", time.Minute, dnspolicy.ErrInvalidName},
		"wildcard":            {"*", "a", time.Minute, dnspolicy.ErrInvalidName},
		"inner underscore":    {"a_b", "a", time.Minute, dnspolicy.ErrInvalidName},
		"long label":          {"_" + strings.Repeat("a", 63), "a", time.Minute, dnspolicy.ErrInvalidName},
		"no text":             {"", "", time.Minute, dnspolicy.ErrInvalid},
		"no such placeholder": {"", "{x}", time.Minute, dnspolicy.ErrInvalid},
		"control character":   {"", "a\n", time.Minute, dnspolicy.ErrInvalid},
		"no TTL":              {"", "a", 0, dnspolicy.ErrInvalid},
	} {
		if r, err := dnspolicy.TXT(test.label, test.pattern, test.ttl); r != nil || !errors.Is(err, test.want) {
			t.Errorf("%s: TXT = %v, %v; want %v", name, r, err, test.want)
		}
	}
}

func TestTXTValue(t *testing.T) {
	x, quotes := strings.Repeat("x", 255), strings.Repeat(`"`, 255)
	for text, want := range map[string]string{
		"":             `""`,
		`a"b\c`:        `"a\"b\\c"`,
		x:              `"` + x + `"`,
		x + "y":        `"` + x + `" "y"`,
		x + x + "y":    `"` + x + `" "` + x + `" "y"`,
		quotes + `\"a`: `"` + strings.Repeat(`\"`, 255) + `" "\\\"a"`,
	} {
		if got, err := dnspolicy.TXTValue(text); got != want || err != nil {
			t.Errorf("TXTValue(%q) = %s, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"ü", "a\tb", "\x7f", "\xff"} {
		if got, err := dnspolicy.TXTValue(text); got != "" || !errors.Is(err, dnspolicy.ErrInvalid) {
			t.Errorf("TXTValue(%q) = %s, %v", text, got, err)
		}
	}
}

func ExampleWithRecords() {
	pool, err := dnspolicy.Multivalue("all-{tag:karpenter.sh/nodepool}", "sfu.example.com.", time.Minute)
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := dnspolicy.TXT("_info", "instance={instance-id}", time.Minute)
	if err != nil {
		fmt.Println(err)
		return
	}
	policy := dnspolicy.WithRecords(dnspolicy.PerAddress(dnspolicy.DashedIP()), pool, text)
	fmt.Println(policy.Names(subject))
	sets, err := policy.(dnspolicy.Recorder).Records(subject, "ip-203-0-113-7.sfu.example.com.")
	for _, set := range sets {
		fmt.Println(set.Name, set.Type, set.SetIdentifier, set.Values)
	}
	fmt.Println(err)
	// Output:
	// [ip-203-0-113-7] <nil>
	// all-media.sfu.example.com. A eipalloc-7 [203.0.113.7]
	// _info.ip-203-0-113-7.sfu.example.com. TXT  ["instance=i-0abc"]
	// <nil>
}

func ExampleMultivalue() {
	pool, err := dnspolicy.Multivalue("all", "sfu.example.com.", time.Minute)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(pool.Records(subject, "i-0abc.sfu.example.com."))
	// Output: [{{all.sfu.example.com. A eipalloc-7} 1m0s [203.0.113.7]}] <nil>
}

func ExampleTXT() {
	text, err := dnspolicy.TXT("_info", "pool={tag:karpenter.sh/nodepool} id={instance-id}", time.Minute)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(text.Records(subject, "i-0abc.sfu.example.com."))
	// Output: [{{_info.i-0abc.sfu.example.com. TXT } 1m0s ["pool=media id=i-0abc"]}] <nil>
}

func ExampleTXTValue() {
	fmt.Println(dnspolicy.TXTValue(`say "hello"`))
	// Output: "say \"hello\"" <nil>
}

func ExampleRecorderFunc() {
	recorder := dnspolicy.RecorderFunc(func(s dnspolicy.Subject, name string) ([]dnspolicy.RRSet, error) {
		return []dnspolicy.RRSet{{
			RRKey:  dnspolicy.RRKey{Name: "_sip._udp." + name, Type: "SRV"},
			TTL:    time.Minute,
			Values: []string{"0 0 5060 " + name},
		}}, nil
	})
	fmt.Println(recorder.Records(subject, "i-0abc.sfu.example.com."))
	// Output: [{{_sip._udp.i-0abc.sfu.example.com. SRV } 1m0s [0 0 5060 i-0abc.sfu.example.com.]}] <nil>
}
