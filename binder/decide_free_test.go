package binder

import (
	"errors"
	"testing"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store"
)

// idleView is the view of an address of the pool that nobody holds, and whose
// name is published.
func idleView() view {
	wanted := dnspolicy.RRSet{RRKey: dnspolicy.RRKey{Name: "ip-1.example.com.", Type: "A"}, TTL: time.Minute, Values: []string{"203.0.113.1"}}
	return view{
		now: now, seen: now, wanted: wanted, warm: true,
		record: &store.Record{
			AllocationID: "eipalloc-1", BinderID: "b", Phase: store.Free, KeepName: true, InSync: true,
			RRSets: toStored([]dnspolicy.RRSet{wanted}), AttemptedAt: epoch,
		},
		address: &eippool.Address{AllocationID: "eipalloc-1"},
	}
}

func left(v *view)        { v.left, v.warm, v.wanted = true, false, dnspolicy.RRSet{} }
func leftAccount(v *view) { left(v); v.address = nil }
func isCold(v *view)      { v.warm = false }
func unnamed(v *view)     { isCold(v); v.record.KeepName, v.record.RRSets = false, nil }
func anotherTTL(v *view)  { isCold(v); v.wanted.TTL = time.Hour }
func anotherName(v *view) {
	isCold(v)
	v.wanted.Name = "ip-2.example.com."
}
func noneWanted(v *view) { isCold(v); v.wanted = dnspolicy.RRSet{} }
func noNameIsFree(v *view) {
	noneWanted(v)
	v.failure = ErrNameTaken
}

func removing(ago time.Duration) edit { return func(v *view) { v.record.RemovalAt = now.Add(-ago) } }
func fenced(in time.Duration) edit    { return func(v *view) { v.record.FencedUntil = now.Add(in) } }

func TestDecideFree(t *testing.T) {
	cases := []struct {
		name  string
		kept  bool // Options.KeepNames
		edits []edit
		want  string
	}{
		{"its name is published", true, nil, "end gone"},
		{"no name is kept", false, []edit{unnamed, noneWanted}, "end gone"},
		{"no name yet", true, []edit{unnamed}, "prewarm"},
		{"no name yet, a removal may land", true, []edit{unnamed, removing(time.Minute)}, "end wait 5m0s"},
		{"no name yet, a removal is over", true, []edit{unnamed, removing(6 * time.Minute)}, "prewarm"},
		{"its name is missing", true, []edit{isCold}, "prewarm"},
		{"its name is missing, a removal may land", true, []edit{isCold, removing(time.Minute)}, "end wait 5m0s"},
		{"its name is missing, a publication may land", true, []edit{isCold, attempted(time.Minute)}, "prewarm"},
		{"no name is free", true, []edit{noNameIsFree}, "end failed " + ErrNameTaken.Error()},
		{"no name is free, none had", true, []edit{unnamed, noNameIsFree}, "end failed " + ErrNameTaken.Error()},

		{"another name is to stay", true, []edit{anotherName}, "replace"},
		{"another name is to stay, a publication may land", true, []edit{anotherName, attempted(time.Minute)}, "end wait 5m0s"},
		{"another name is to stay, fenced", true, []edit{anotherName, fenced(time.Minute)}, "end wait 1m0s"},
		{"another name is to stay, the later of both", true, []edit{anotherName, fenced(time.Minute), attempted(time.Minute)}, "end wait 5m0s"},
		{"another TTL is to stay", true, []edit{anotherTTL}, "replace"},

		{"names are not kept any more", false, []edit{noneWanted}, "retire"},
		{"names are not kept any more, a publication may land", false, []edit{noneWanted, attempted(time.Minute)}, "end wait 5m0s"},
		{"names are not kept any more, fenced", false, []edit{noneWanted, fenced(time.Minute)}, "end wait 1m0s"},

		{"left the pool", true, []edit{left}, "note " + oddOutside},
		{"left the pool, again", true, []edit{left, seen(oddOutside, time.Minute)}, "end wait 4m0s"},
		{"left the pool, long ago", true, []edit{left, seen(oddOutside, 5*time.Minute)}, "retire"},
		{"left the pool, long ago, names not kept", false, []edit{left, seen(oddOutside, 5*time.Minute)}, "retire"},
		{"left the pool, long ago, a publication may land", true, []edit{left, seen(oddOutside, 5*time.Minute), attempted(time.Minute)}, "end wait 5m0s"},
		{"left the pool, seen to be absent before", true, []edit{left, seen(oddAddress, time.Hour)}, "note " + oddOutside},
		{"left the pool, a look that is old confirms nothing", true, []edit{left, seen(oddOutside, 5*time.Minute), func(v *view) { v.seen = now.Add(-time.Minute) }}, "end wait 1s"},
		{"left the pool without a name", true, []edit{unnamed, left}, "end gone"},
		{"in the pool again", true, []edit{seen(oddOutside, time.Hour)}, "note"},

		{"left the account", true, []edit{leftAccount}, "note " + oddAddress},
		{"left the account, again", true, []edit{leftAccount, seen(oddAddress, time.Minute)}, "end wait 4m0s"},
		{"left the account, long ago", true, []edit{leftAccount, seen(oddAddress, 5*time.Minute)}, "forget"},
		{"left the account, long ago, names not kept", false, []edit{leftAccount, seen(oddAddress, 5*time.Minute)}, "forget"},
		{"left the account, long ago, a publication may land", true, []edit{leftAccount, seen(oddAddress, 5*time.Minute), attempted(time.Minute)}, "end wait 5m0s"},
		{"left the account, long ago, fenced", true, []edit{leftAccount, seen(oddAddress, 5*time.Minute), fenced(time.Minute)}, "end wait 1m0s"},
		{"left the account without a name", true, []edit{unnamed, leftAccount}, "note " + oddAddress},
		{"left the account without a name, long ago", true, []edit{unnamed, leftAccount, seen(oddAddress, 5*time.Minute)}, "forget"},
		{"left the account, out of the pool before", true, []edit{leftAccount, seen(oddOutside, time.Hour)}, "note " + oddAddress},
		{"in the account again", true, []edit{seen(oddAddress, time.Hour)}, "note"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := testRules()
			r.keepNames = c.kept
			v := idleView()
			for _, e := range c.edits {
				e(&v)
			}
			d := r.decideFree(v)
			if got := d.line(); got != c.want {
				t.Errorf("decided %q (%s), want %q", got, d.reason, c.want)
			}
			if d.status == Failed && !errors.Is(d.err, ErrNameTaken) {
				t.Errorf("failed with %v", d.err)
			}
		})
	}
}
