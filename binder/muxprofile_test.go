package binder_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/dnspolicy/memzone"
	"github.com/eipbinder/eipbinder/ec2tag"
	"github.com/eipbinder/eipbinder/eippool"
)

// odd is a selector that gives no example.
type odd struct{}

func (odd) Matches(map[string]string) bool { return true }

func selector(t *testing.T, text string) ec2tag.Selector {
	t.Helper()
	s, err := ec2tag.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestMuxRefusesWhatCannotWork(t *testing.T) {
	w := newMuxWorld(t, true)
	for want, edit := range map[string]func([]binder.Profile){
		"profile 2 has no Name":                         func(p []binder.Profile) { p[1].Name = "" },
		`two profiles have the name "media"`:            func(p []binder.Profile) { p[1].Name = "media" },
		`profile "voice": Instances is missing`:         func(p []binder.Profile) { p[1].Instances = nil },
		`profile "voice": Backends.Fleet is the Mux's`:  func(p []binder.Profile) { p[1].Backends.Fleet = w.fleet },
		`profile "voice": invalid configuration: Backe`: func(p []binder.Profile) { p[1].Backends.Store = nil },
		"Backends.Pool is missing":                      func(p []binder.Profile) { p[1].Backends.Pool = nil },
		"Options.Suffix":                                func(p []binder.Profile) { p[1].Options = nil },
	} {
		profiles := w.profiles()
		edit(profiles)
		if m, err := binder.NewMux(w.fleet, profiles); m != nil || !errors.Is(err, binder.ErrConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, %v, want %q", m, err, want)
		}
	}
	if _, err := binder.NewMux(nil, nil); !errors.Is(err, binder.ErrConfig) || !strings.Contains(err.Error(), "fleet") || !strings.Contains(err.Error(), "no profile") {
		t.Errorf("nothing: %v", err)
	}
	if _, err := binder.NewMux(w.fleet, w.profiles(), func(o *binder.MuxOptions) { o.Logger = nil }); !errors.Is(err, binder.ErrConfig) {
		t.Errorf("no logger: %v", err)
	}
	all := w.profiles()
	for i := range all {
		all[i].Options = nil
	}
	if _, err := binder.NewMux(w.fleet, all); err == nil || strings.Count(err.Error(), "Options.Suffix") != 3 {
		t.Errorf("all at once: %v", err)
	}
}

func suffixed(suffix string) []func(*binder.Options) {
	return []func(*binder.Options){func(o *binder.Options) { o.Suffix = suffix }}
}

func TestMuxRefusesOverlaps(t *testing.T) {
	shared, apart := newMuxWorld(t, true), newMuxWorld(t, false)
	for _, test := range []struct {
		what string
		w    *muxWorld
		edit func(p []binder.Profile)
		want string // empty: that is fine
	}{
		{"disjoint, one store", shared, func([]binder.Profile) {}, ""},
		{"disjoint, a store each", apart, func([]binder.Profile) {}, ""},
		{"one BinderID in one store", shared, func(p []binder.Profile) {
			p[1].Options = append(p[1].Options, func(o *binder.Options) { o.BinderID = "media" })
		}, `profiles "media" and "voice" overlap: both have the BinderID "media" in one store`},
		{"one BinderID, a store each", apart, func(p []binder.Profile) {
			p[1].Options = append(p[1].Options, func(o *binder.Options) { o.BinderID = "media" })
		}, ""},
		{"one pool", shared, func(p []binder.Profile) { p[2].Backends.Pool = p[1].Backends.Pool },
			`profiles "voice" and "batch" overlap: both have one Pool`},
		{"pools that cannot be compared", shared, func(p []binder.Profile) {
			p[1].Backends.Pool, p[2].Backends.Pool = incomparable{Pool: w0(p[1])}, incomparable{Pool: w0(p[1])}
		}, ""},
		{"one suffix, a store each", apart, func(p []binder.Profile) { p[1].Options = suffixed("media.example.com") }, "both have media.example.com. in one zone"},
		{"one suffix, one store", shared, func(p []binder.Profile) { p[1].Options = suffixed("media.example.com") }, ""},
		{"nested suffixes, a store each", apart, func(p []binder.Profile) { p[1].Options = suffixed("eu.media.example.com") },
			`"media" and "voice" overlap: media.example.com. and eu.media.example.com. share names of one zone`},
		{"nested suffixes, one store", shared, func(p []binder.Profile) { p[1].Options = suffixed("eu.media.example.com") },
			"media.example.com. and eu.media.example.com. share names of one zone"},
		{"nested the other way", apart, func(p []binder.Profile) { p[2].Options = suffixed("example.com") }, `"voice" and "batch"`},
		{"one suffix, a zone each", apart, func(p []binder.Profile) {
			zone, err := memzone.New("example.com.")
			if err != nil {
				t.Fatal(err)
			}
			p[1].Backends.Zone, p[1].Options = zone, suffixed("media.example.com")
		}, ""},
		{"equal selectors", shared, func(p []binder.Profile) { p[1].Instances = p[0].Instances },
			"both select an instance with the tags map[karpenter.sh/nodepool:media]"},
		{"the second is contained", shared, func(p []binder.Profile) { p[1].Instances = binder.Tags{nodepool: "media", "stage": "prod"} },
			"map[karpenter.sh/nodepool:media stage:prod]"},
		{"the first is contained", shared, func(p []binder.Profile) { p[1].Instances = binder.Tags{} }, `profiles "media" and "voice" overlap: both select`},
		{"contradicting", shared, func(p []binder.Profile) { p[1].Instances = binder.Tags{nodepool: "Media", "stage": "prod"} }, ""},
		{"may overlap", shared, func(p []binder.Profile) { p[1].Instances = binder.Tags{"stage": "prod"} }, ""},
		{"EC2 tags, equal", shared, func(p []binder.Profile) {
			p[0].Instances, p[1].Instances = selector(t, nodepool+"=media|voice"), selector(t, nodepool+"=voice|media")
		}, "both select"},
		{"EC2 tags, contained", shared, func(p []binder.Profile) {
			p[0].Instances, p[1].Instances = selector(t, nodepool), selector(t, nodepool+"=media,App=streaming")
		}, "both select"},
		{"EC2 tags, one value in common", shared, func(p []binder.Profile) {
			p[0].Instances, p[1].Instances = selector(t, nodepool+"=media|x"), selector(t, nodepool+"=voice|x")
		}, "both select an instance with the tags map[karpenter.sh/nodepool:x]"},
		{"EC2 tags, one key in common", shared, func(p []binder.Profile) {
			p[0].Instances, p[1].Instances = selector(t, "a|pool=media"), selector(t, "b|pool=media|voice")
		}, "both select an instance with the tags map[pool:media]"},
		{"EC2 tags, each leaves another one open", shared, func(p []binder.Profile) {
			p[0].Instances, p[1].Instances = selector(t, nodepool+"=media,stage"), selector(t, nodepool+",stage=prod")
		}, "both select an instance with the tags map[karpenter.sh/nodepool:media stage:prod]"},
		{"EC2 tags, other keys", shared, func(p []binder.Profile) {
			p[0].Instances, p[1].Instances = selector(t, nodepool+"=media,stage"), selector(t, nodepool+",team=a")
		}, ""},
		{"a policy whose names another's workers have in common", shared, func(p []binder.Profile) {
			zones, err := dnspolicy.Multivalue("{zone}", "media.example.com.", time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			p[0].Backends.Policy = dnspolicy.WithRecords(dnspolicy.PerAddress(dnspolicy.DottedIP()), zones)
			p[1].Options = suffixed("media.example.com")
		}, `profile "voice": invalid configuration: Backends.Policy: i-`},
		{"EC2 tags, disjoint", shared, func(p []binder.Profile) {
			p[0].Instances, p[1].Instances = selector(t, nodepool+"=media"), selector(t, nodepool+"=voice|turn")
		}, ""},
		{"a selector with an example it does not match", shared, func(p []binder.Profile) {
			p[1].Instances = selector(t, nodepool+"=voice,"+nodepool+"=media")
		}, ""},
		{"one that gives no example, beside others that do", shared, func(p []binder.Profile) { p[1].Instances = odd{} }, `"voice" and "batch"`},
		{"two that give none", shared, func(p []binder.Profile) { p[0].Instances, p[1].Instances, p[2].Instances = odd{}, odd{}, odd{} }, ""},
	} {
		profiles := test.w.profiles()
		test.edit(profiles)
		m, err := binder.NewMux(test.w.fleet, profiles)
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%s: %v", test.what, err)
		case test.want != "" && (m != nil || !errors.Is(err, binder.ErrConfig) || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s: %v, want %q", test.what, err, test.want)
		}
	}
}

// incomparable is a pool that == would panic at.
type incomparable struct {
	eippool.Pool
	_ []int
}

func w0(p binder.Profile) eippool.Pool { return p.Backends.Pool }

func TestMuxCheck(t *testing.T) {
	shared(t, func(t *testing.T, w *muxWorld) {
		if err := w.mux().Check(t.Context()); err != nil {
			t.Errorf("all is right, but: %v", err)
		}
		outside := w.mux(func(p []binder.Profile) { p[1].Options = suffixed("voice.example.org") })
		if err := outside.Check(t.Context()); err == nil || !strings.HasPrefix(err.Error(), `profile "voice": `) {
			t.Errorf("suffix outside the zone: %v", err)
		}
		w.pools["voice"].name = "media"
		w.pools["batch"].name = "none"
		err := w.mux().Check(t.Context())
		for _, want := range []string{`profiles "media" and "voice" overlap: 203.0.113.0 (eipalloc-media-0) is in the pools of both`, `profile "batch": invalid configuration: the pool is empty`} {
			if !errors.Is(err, binder.ErrConfig) || !strings.Contains(err.Error(), want) {
				t.Errorf("check: %v, want %q", err, want)
			}
		}
		if n := strings.Count(err.Error(), "\n"); n != 1 {
			t.Errorf("%d lines, want two: %v", n+1, err)
		}
	})
}
