package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/eipbinder/eipbinder/examples/internal/deployment"
	"github.com/eipbinder/eipbinder/store"
)

// apart is the account as another deployment has it: with records and a BinderID of
// its own, and half of AWS's limits.
func (a account) apart(t *testing.T, binderID string) account {
	t.Helper()
	a.settings = maps.Clone(a.settings)
	a.settings["XDG_DATA_HOME"] = t.TempDir()
	a.settings[deployment.EnvBinderID] = binderID
	a.settings[deployment.EnvShare] = "0.5"
	return a
}

// lead starts a replica that competes with nobody, and waits until it sweeps. It
// keeps its Lease on a slow machine, too.
func (a account) lead(t *testing.T, lease string) probed {
	t.Helper()
	p := a.startProbed(t, controlPlane.KubeConfig, "--leader-id", lease, "--leader-lease", "1m", "--sweep-every", "1s")
	t.Cleanup(func() {
		if t.Failed() {
			p.kill()
			t.Logf("%s says:\n%s", lease, p.output)
		}
	})
	p.answers(t, readyPath, http.StatusOK)
	p.sweeps(t, 1)
	return p
}

// leaders are processes that all lead.
type leaders []probed

// until waits until it is so.
func (l leaders) until(t *testing.T, what string, so func() bool) {
	t.Helper()
	over := func() bool { return slices.ContainsFunc(l, func(p probed) bool { return p.over() }) }
	if !within(time.Minute, func() bool { return over() || so() }) || over() {
		t.Fatal("not within a minute: " + what)
	}
}

// sweep waits until each has swept twice again.
func (l leaders) sweep(t *testing.T) {
	t.Helper()
	for _, p := range l {
		p.sweeps(t, 2)
	}
}

// prefixed is a client for Nodes whose names another launch has taken.
type prefixed struct {
	client.Client
	prefix string
}

func (p prefixed) Create(ctx context.Context, object client.Object, options ...client.CreateOption) error {
	object.SetName(p.prefix + object.GetName())
	return p.Client.Create(ctx, object, options...)
}

// watch looks at what each instance has, all the time: the address that it holds,
// and then its name.
type watch struct {
	stop func()
	has  map[string][]string // by instance, of those that have ever held an address
	lost []string            // what an instance had before
}

// watch watches until it is stopped.
func (a account) watch(t *testing.T) *watch {
	t.Helper()
	w := &watch{has: map[string][]string{}}
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() {
		for ctx.Err() == nil {
			w.look(a.named())
			time.Sleep(5 * time.Millisecond) // as long as an association takes
		}
	})
	w.stop = sync.OnceFunc(func() { cancel(); group.Wait() })
	t.Cleanup(w.stop)
	return w
}

// named are the addresses that instances hold, and their names as far as they are
// published.
func (a account) named() map[string][]string {
	held := a.held()
	for id, addresses := range held {
		name := addresses[0] + "." + a.settings[deployment.EnvSuffix] + "."
		if _, _, published := a.Published(a.settings[deployment.EnvHostedZoneID], name, "A"); published {
			held[id] = append(addresses, name)
		}
	}
	return held
}

// look compares what instances have with the last look: no more than a name may
// have come.
func (w *watch) look(now map[string][]string) {
	for id, before := range w.has {
		if got := now[id]; len(got) < len(before) || !slices.Equal(got[:len(before)], before) {
			w.lost = append(w.lost, fmt.Sprintf("%s had %v, and then %v", id, before, got))
		}
		w.has[id] = nil
	}
	maps.Copy(w.has, now)
}

// wantKept stops, and checks that each of the instances got one address and one
// name, and has never lost them.
func (w *watch) wantKept(t *testing.T, ids []string) {
	t.Helper()
	w.stop()
	for _, id := range ids {
		if len(w.has[id]) != 2 {
			t.Errorf("%s has %v", id, w.has[id])
		}
	}
	if len(w.has) != len(ids) {
		t.Errorf("%d instances got an address, want %d", len(w.has), len(ids))
	}
	if len(w.lost) > 0 {
		t.Errorf("addresses or names were lost %d times:\n%s", len(w.lost), strings.Join(w.lost, "\n"))
	}
}

// wantTrue checks that what the deployments' records say of instances is so, and
// that each instance is in the records of one of them. It returns whose it is.
func wantTrue(t *testing.T, ids []string, deployments ...account) map[string]string {
	t.Helper()
	whose := map[string]string{}
	for _, a := range deployments {
		held, name := a.held(), a.settings[deployment.EnvBinderID]
		for r, err := range a.records(t).List(t.Context(), store.Filter{}) {
			if err != nil {
				t.Fatal(err)
			}
			if r.Phase == store.Free {
				continue
			}
			if got := held[r.InstanceID]; !slices.Equal(got, []string{r.IP.String()}) || !r.Visible() {
				t.Errorf("%s: %s is %s with %s, and holds %v", name, r.InstanceID, r.Phase, r.IP, got)
			}
			if other := whose[r.InstanceID]; other != "" {
				t.Errorf("%s is in the records of %s and of %s", r.InstanceID, other, name)
			}
			whose[r.InstanceID] = name
		}
	}
	for _, id := range ids {
		if whose[id] == "" {
			t.Errorf("%s is in nobody's records", id)
		}
	}
	return whose
}
