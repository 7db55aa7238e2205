package memzone_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/dnspolicy/memzone"
	"github.com/eipbinder/eipbinder/dnspolicy/zonetest"
)

func newZone(t *testing.T, optFns ...func(*memzone.Options)) *memzone.Zone {
	t.Helper()
	zone, err := memzone.New("example.com.", optFns...)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func syncDelay(d time.Duration) func(*memzone.Options) {
	return func(o *memzone.Options) { o.SyncDelay = d }
}

func a(name string, values ...string) dnspolicy.RRSet {
	return dnspolicy.RRSet{RRKey: dnspolicy.RRKey{Name: name, Type: "A"}, TTL: time.Minute, Values: values}
}

func apply(t *testing.T, zone *memzone.Zone, changes ...dnspolicy.Change) dnspolicy.Propagation {
	t.Helper()
	p, err := zone.Apply(t.Context(), changes)
	if err != nil {
		t.Fatalf("Apply: %v", err)
	}
	return p
}

func TestContract(t *testing.T) {
	for _, delay := range []time.Duration{0, 30 * time.Second} {
		t.Run("SyncDelay="+delay.String(), func(t *testing.T) {
			zonetest.Run(t, func(t *testing.T) zonetest.Fixture {
				zone := newZone(t, syncDelay(delay))
				return zonetest.Fixture{Zone: zone, Name: "example.com.", TooMany: 1001, Answer: zone.Resolve}
			}, func(o *zonetest.Options) { o.Bubble = true })
		})
	}
}

func TestNew(t *testing.T) {
	for _, name := range []string{"", ".", "example.com", "exa mple.com."} {
		if _, err := memzone.New(name); !errors.Is(err, dnspolicy.ErrInvalidName) {
			t.Errorf("New(%q): %v, want %v", name, err, dnspolicy.ErrInvalidName)
		}
	}
	for _, option := range []func(*memzone.Options){syncDelay(-1), func(o *memzone.Options) { o.MaxValues = -1 }} {
		if _, err := memzone.New("example.com.", option); !errors.Is(err, dnspolicy.ErrInvalid) {
			t.Errorf("New with a negative option: %v, want %v", err, dnspolicy.ErrInvalid)
		}
	}
	zone, err := memzone.New("Example.COM.")
	if err != nil {
		t.Fatal(err)
	}
	apply(t, zone, dnspolicy.Create(a("m.example.com.", "192.0.2.1")))
}

func TestMaxValues(t *testing.T) {
	five := a("m.example.com.", "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5")
	four := a("m.example.com.", five.Values[:4]...)
	zone := newZone(t, func(o *memzone.Options) { o.MaxValues = 9 })
	apply(t, zone, dnspolicy.Create(five))
	replace := []dnspolicy.Change{{Before: &five, After: &four}}
	if _, err := zone.Apply(t.Context(), []dnspolicy.Change{dnspolicy.Republish(five)}); !errors.Is(err, dnspolicy.ErrTooLarge) {
		t.Errorf("Apply of 5 + 5 values: %v, want %v", err, dnspolicy.ErrTooLarge)
	}
	if _, err := zone.Apply(t.Context(), replace); err != nil {
		t.Errorf("Apply of 5 + 4 values: %v", err)
	}
}

func TestMaxValuesOfZero(t *testing.T) {
	zone := newZone(t, func(o *memzone.Options) { o.MaxValues = 0 })
	creations := func(n int) (changes []dnspolicy.Change) {
		for i := range n {
			changes = append(changes, dnspolicy.Create(a(fmt.Sprintf("m-%d.example.com.", i), "192.0.2.1")))
		}
		return changes
	}
	if _, err := zone.Apply(t.Context(), creations(1001)); !errors.Is(err, dnspolicy.ErrTooLarge) {
		t.Errorf("Apply of 1,001 values: %v, want %v", err, dnspolicy.ErrTooLarge)
	}
	apply(t, zone, creations(1000)...)
}

func TestPropagation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const delay = 30 * time.Second
		zone := newZone(t, syncDelay(delay))
		first, second := a("m.example.com.", "192.0.2.1"), a("m.example.com.", "192.0.2.2")
		start := time.Now()
		p := apply(t, zone, dnspolicy.Create(first))
		time.Sleep(10 * time.Second)
		q := apply(t, zone, dnspolicy.Change{Before: &first, After: &second})
		checkAnswer(t, zone, first.RRKey, nil)

		checkWait(t, zone, p, start.Add(delay))
		checkAnswer(t, zone, first.RRKey, &first)
		checkWait(t, zone, q, start.Add(delay+10*time.Second))
		checkAnswer(t, zone, first.RRKey, &second)
		checkWait(t, zone, p, time.Now())

		apply(t, zone, dnspolicy.Delete(second))
		time.Sleep(delay - 1)
		checkAnswer(t, zone, first.RRKey, &second)
		time.Sleep(1)
		checkAnswer(t, zone, first.RRKey, nil)
	})
}

func checkWait(t *testing.T, zone *memzone.Zone, p dnspolicy.Propagation, want time.Time) {
	t.Helper()
	if err := zone.Wait(t.Context(), p); err != nil {
		t.Errorf("Wait: %v", err)
	}
	if !time.Now().Equal(want) {
		t.Errorf("Wait returned %s too late", time.Since(want))
	}
}

func checkAnswer(t *testing.T, zone *memzone.Zone, key dnspolicy.RRKey, want *dnspolicy.RRSet) {
	t.Helper()
	got, ok := zone.Resolve(key)
	if ok != (want != nil) || want != nil && !got.Equal(*want) {
		t.Errorf("Resolve = %v, %t; want %v", got, ok, want)
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		zone := newZone(t, syncDelay(time.Minute))
		p := apply(t, zone, dnspolicy.Create(a("m.example.com.", "192.0.2.1")))
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		start := time.Now()
		if err := zone.Wait(ctx, p); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Wait: %v, want %v", err, context.DeadlineExceeded)
		}
		if waited := time.Since(start); waited != 20*time.Second {
			t.Errorf("Wait returned after %s, want it at the deadline", waited)
		}
	})
}

func TestEditsByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		zone := newZone(t, syncDelay(time.Minute))
		ours, theirs := a("m.example.com.", "192.0.2.1"), a("m.example.com.", "192.0.2.9")
		apply(t, zone, dnspolicy.Create(ours))
		if err := zone.Set(theirs); err != nil {
			t.Fatal(err)
		}
		_, err := zone.Apply(t.Context(), []dnspolicy.Change{dnspolicy.Delete(ours)})
		var conflict *dnspolicy.ConflictError
		if !errors.As(err, &conflict) || conflict.Actual == nil || !conflict.Actual.Equal(theirs) {
			t.Errorf("Apply after an edit by hand: %v, want a conflict with %v", err, theirs)
		}
		time.Sleep(time.Minute)
		checkAnswer(t, zone, ours.RRKey, &theirs)
		zone.Remove(ours.RRKey)
		zone.Remove(ours.RRKey)
		if _, err := zone.Lookup(t.Context(), ours.RRKey); !errors.Is(err, dnspolicy.ErrNotFound) {
			t.Errorf("Lookup after Remove: %v, want %v", err, dnspolicy.ErrNotFound)
		}
		checkAnswer(t, zone, ours.RRKey, &theirs)
		time.Sleep(time.Minute)
		checkAnswer(t, zone, ours.RRKey, nil)
		if err := zone.Set(a("m.example.org.", "192.0.2.1")); !errors.Is(err, dnspolicy.ErrInvalid) {
			t.Errorf("Set outside the zone: %v, want %v", err, dnspolicy.ErrInvalid)
		}
	})
}

func TestSetBesideANeighbour(t *testing.T) {
	zone := newZone(t)
	set := a("m.example.com.", "192.0.2.1")
	alias := a("m.example.com.", "n.example.com.")
	alias.Type = "CNAME"
	apply(t, zone, dnspolicy.Create(set))
	var conflict *dnspolicy.ConflictError
	if err := zone.Set(alias); !errors.As(err, &conflict) || conflict.Actual == nil || !conflict.Actual.Equal(set) {
		t.Errorf("Set: %v, want a conflict with %v", err, set)
	}
	zone.Remove(set.RRKey)
	if err := zone.Set(alias); err != nil {
		t.Errorf("Set in the neighbour's place: %v", err)
	}
}

func TestCreationsThatExcludeEachOther(t *testing.T) {
	plain, identified, alias, text := a("m.example.com.", "192.0.2.1"), a("m.example.com.", "192.0.2.1"), a("m.example.com.", "n.example.com."), a("m.example.com.", `""`)
	identified.SetIdentifier, alias.Type, text.Type = "blue", "CNAME", "TXT"
	for _, pair := range [][]dnspolicy.RRSet{{plain, identified}, {identified, plain}, {plain, alias}, {alias, text}} {
		if _, err := newZone(t).Apply(t.Context(), []dnspolicy.Change{dnspolicy.Create(pair[0]), dnspolicy.Create(pair[1])}); !errors.Is(err, dnspolicy.ErrInvalid) {
			t.Errorf("Apply of %v: %v, want %v", pair, err, dnspolicy.ErrInvalid)
		}
	}
	apply(t, newZone(t), dnspolicy.Create(plain), dnspolicy.Create(text))
}

func TestSetAndResolveShareNoMemory(t *testing.T) {
	zone := newZone(t)
	given, want := a("m.example.com.", "192.0.2.1"), a("m.example.com.", "192.0.2.1")
	if err := zone.Set(given); err != nil {
		t.Fatal(err)
	}
	given.Values[0] = "192.0.2.9"
	got, _ := zone.Resolve(want.RRKey)
	got.Values[0] = "192.0.2.9"
	checkAnswer(t, zone, want.RRKey, &want)
	if got, err := zone.Lookup(t.Context(), want.RRKey); err != nil || !got.Equal(want) {
		t.Errorf("Lookup = %v, %v; want %v", got, err, want)
	}
}

func TestConflictSharesNoMemory(t *testing.T) {
	zone := newZone(t)
	change := dnspolicy.Delete(a("m.example.com.", "192.0.2.1"))
	_, err := zone.Apply(t.Context(), []dnspolicy.Change{change})
	var conflict *dnspolicy.ConflictError
	if !errors.As(err, &conflict) {
		t.Fatalf("Apply: %v, want a conflict", err)
	}
	change.Before.Values[0] = "192.0.2.9"
	if got := conflict.Change.Before.Values[0]; got != "192.0.2.1" {
		t.Errorf("the conflict shows %s, which the caller wrote later", got)
	}
}

func TestWhatAZoneTakes(t *testing.T) {
	const maxTTL = math.MaxInt32 * time.Second
	long := strings.Repeat(strings.Repeat("a", 48)+".", 5) // 245 characters; 257 with the zone's
	edit := func(f func(*dnspolicy.RRSet)) dnspolicy.RRSet {
		set := a("m.example.com.", "192.0.2.1")
		f(&set)
		return set
	}
	for name, test := range map[string]struct {
		set dnspolicy.RRSet
		ok  bool
	}{
		"the apex":             {a("example.com.", "192.0.2.1"), true},
		"a wildcard":           {a("*.example.com.", "192.0.2.1"), true},
		"a name of 254":        {a(long[3:]+"example.com.", "192.0.2.1"), true},
		"a name of 255":        {a(long[2:]+"example.com.", "192.0.2.1"), false},
		"a label of 64":        {a(strings.Repeat("a", 64)+".example.com.", "192.0.2.1"), false},
		"an empty label":       {a("m..example.com.", "192.0.2.1"), false},
		"TTL 0":                {edit(func(s *dnspolicy.RRSet) { s.TTL = 0 }), true},
		"the longest TTL":      {edit(func(s *dnspolicy.RRSet) { s.TTL = maxTTL }), true},
		"a longer TTL":         {edit(func(s *dnspolicy.RRSet) { s.TTL = maxTTL + time.Second }), false},
		"a TTL below 0":        {edit(func(s *dnspolicy.RRSet) { s.TTL = -time.Second }), false},
		"a part of a second":   {edit(func(s *dnspolicy.RRSet) { s.TTL = time.Millisecond }), false},
		"no type":              {edit(func(s *dnspolicy.RRSet) { s.Type = "" }), false},
		"a type in lower case": {edit(func(s *dnspolicy.RRSet) { s.Type = "a" }), false},
		"text":                 {edit(func(s *dnspolicy.RRSet) { s.Type, s.Values = "TXT", []string{`"a"`, `"b"`} }), true},
		"empty text":           {edit(func(s *dnspolicy.RRSet) { s.Type, s.Values = "TXT", []string{""} }), false},
		"IPv6 in an A":         {a("m.example.com.", "2001:db8::1"), false},
		"IPv4 in IPv6 in an A": {a("m.example.com.", "::ffff:192.0.2.1"), false},
		"leading zeros":        {a("m.example.com.", "192.000.002.001"), false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := newZone(t).Apply(t.Context(), []dnspolicy.Change{dnspolicy.Create(test.set)})
			if test.ok && err != nil || !test.ok && !errors.Is(err, dnspolicy.ErrInvalid) {
				t.Errorf("Apply of %v: %v, want success: %t", test.set, err, test.ok)
			}
		})
	}
}

func Example() {
	ctx := context.Background()
	zone, err := memzone.New("example.com.")
	if err != nil {
		fmt.Println(err)
		return
	}
	set := dnspolicy.RRSet{
		RRKey:  dnspolicy.RRKey{Name: "media-1.example.com.", Type: "A"},
		TTL:    time.Minute,
		Values: []string{"203.0.113.7"},
	}
	propagation, err := zone.Apply(ctx, []dnspolicy.Change{dnspolicy.Create(set)})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(zone.Wait(ctx, propagation))
	answer, ok := zone.Resolve(set.RRKey)
	fmt.Println(answer.Name, answer.Values, ok)
	// Output:
	// <nil>
	// media-1.example.com. [203.0.113.7] true
}

func ExampleNew() {
	zone, err := memzone.New("example.com.", func(o *memzone.Options) { o.SyncDelay = time.Hour })
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(zone.Check(context.Background(), "media.example.com."))
	fmt.Println(zone.Check(context.Background(), "media.example.org."))
	// Output:
	// <nil>
	// invalid request: suffix "media.example.org." is not in the zone "example.com."
}
