package routerpool_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/customplugin/routerpool"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/eippool/pooltest"
)

func TestPool(t *testing.T) {
	pooltest.Run(t, func(t *testing.T) pooltest.Fixture {
		s := newSite(t)
		return pooltest.Fixture{
			Pool:               s.pool("media"),
			AddAddress:         s.addAddress,
			Leave:              func(ip string) { s.edit(ip+" media", ip+" spare") },
			AddTarget:          func(state string) eippool.Target { return s.addMachine(state, "hamburg") },
			AddTargetElsewhere: func() eippool.Target { return s.addMachine("running", "lisbon") },
		}
	})
}

// site is the files of an empty site, and its machines.
type site struct {
	t        *testing.T
	folder   string
	lastIP   netip.Addr
	machines map[string]string // states by network interface ID
}

func newSite(t *testing.T) *site {
	s := &site{t: t, folder: t.TempDir(), lastIP: netip.MustParseAddr("198.18.0.0"), machines: map[string]string{}}
	s.write("addresses.txt", "# public addresses\n")
	s.write("assignments.json", "{}")
	return s
}

func (s *site) write(name, content string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.folder, name), []byte(content), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) read(name string) string {
	s.t.Helper()
	data, err := os.ReadFile(filepath.Join(s.folder, name))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(data)
}

// edit replaces a part of the list.
func (s *site) edit(from, to string) {
	s.t.Helper()
	list := s.read("addresses.txt")
	if !strings.Contains(list, from) {
		s.t.Fatalf("the list has no %q:\n%s", from, list)
	}
	s.write("addresses.txt", strings.Replace(list, from, to, 1))
}

func (s *site) pool(name string) *routerpool.Pool {
	s.t.Helper()
	pool, err := routerpool.New(s.folder, name, s.state)
	if err != nil {
		s.t.Fatal(err)
	}
	return pool
}

func (s *site) state(_ context.Context, networkInterfaceID string) (string, error) {
	return s.machines[networkInterfaceID], nil
}

func (s *site) addAddress(inPool bool) string {
	s.t.Helper()
	s.lastIP = s.lastIP.Next()
	name := "office"
	if inPool {
		name = "media"
	}
	s.write("addresses.txt", s.read("addresses.txt")+fmt.Sprintf("%s %s hamburg\n", s.lastIP, name))
	return s.lastIP.String()
}

func (s *site) addMachine(state, group string) eippool.Target {
	id := fmt.Sprintf("machine-%d", len(s.machines))
	s.machines[id+"-eth0"] = state
	return eippool.Target{InstanceID: id, NetworkInterfaceID: id + "-eth0", NetworkBorderGroup: group}
}

// What the routers' agents see.
func TestAssignmentsFile(t *testing.T) {
	s := newSite(t)
	ip, target := s.addAddress(true), s.addMachine("running", "hamburg")
	id, err := s.pool("media").Associate(t.Context(), ip, target)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`{%q:{"associationId":%q,"networkInterfaceId":%q,"instanceId":%q}}`, ip, id, target.NetworkInterfaceID, target.InstanceID)
	if got := s.read("assignments.json"); got != want {
		t.Errorf("assignments.json holds\n%s\nwant\n%s", got, want)
	}
}

// A machine keeps an address that was taken off the list, and holds no other
// one beside it.
func TestTakenOffTheList(t *testing.T) {
	s := newSite(t)
	pool := s.pool("media")
	ip, other, target := s.addAddress(true), s.addAddress(true), s.addMachine("running", "hamburg")
	id, err := pool.Associate(t.Context(), ip, target)
	if err != nil {
		t.Fatal(err)
	}
	s.edit(ip+" media hamburg\n", "")
	if list, err := pool.List(t.Context()); err != nil || len(list) != 1 || list[0].AllocationID != other {
		t.Errorf("List = %v, %v; want only %s", list, err, other)
	}
	if held, err := pool.Lookup(t.Context(), ip); err != nil || len(held) != 1 || !held[0].HeldBy(target) {
		t.Errorf("Lookup = %v, %v; want %s, held", held, err, ip)
	}
	if _, err := pool.Associate(t.Context(), other, target); !errors.Is(err, eippool.ErrOccupied) {
		t.Errorf("Associate of another address: %v, want %v", err, eippool.ErrOccupied)
	}
	if err := pool.Disassociate(t.Context(), id); err != nil {
		t.Error(err)
	}
	if list, err := pool.Lookup(t.Context(), ip); err != nil || len(list) != 0 {
		t.Errorf("Lookup = %v, %v; want nothing", list, err)
	}
}

func TestBrokenFiles(t *testing.T) {
	for name, files := range map[string][2]string{
		"no pool":        {"203.0.113.7\n", "{}"},
		"too much":       {"203.0.113.7 media hamburg lisbon\n", "{}"},
		"no IP":          {"media 203.0.113.7\n", "{}"},
		"IPv6":           {"2001:db8::1 media\n", "{}"},
		"twice":          {"203.0.113.7 media\n203.0.113.7 office\n", "{}"},
		"cut short":      {"203.0.113.7 media\n", `{"203.0.113.7":{`},
		"not of an IP":   {"203.0.113.7 media\n", `{"all":{"associationId":"assoc-1","networkInterfaceId":"m1-eth0"}}`},
		"null":           {"203.0.113.7 media\n", "null"},
		"to nobody":      {"203.0.113.7 media\n", `{"203.0.113.7":{"associationId":"assoc-1"}}`},
		"not associated": {"203.0.113.7 media\n", `{"203.0.113.7":{"networkInterfaceId":"m1-eth0"}}`},
	} {
		s := newSite(t)
		s.write("addresses.txt", files[0])
		s.write("assignments.json", files[1])
		if list, err := s.pool("media").List(t.Context()); !errors.Is(err, eippool.ErrInvalid) {
			t.Errorf("%s: List = %v, %v; want %v", name, list, err, eippool.ErrInvalid)
		}
	}
	for _, name := range []string{"addresses.txt", "assignments.json"} {
		s := newSite(t)
		if err := os.Remove(filepath.Join(s.folder, name)); err != nil {
			t.Fatal(err)
		}
		if list, err := s.pool("media").List(t.Context()); !errors.Is(err, eippool.ErrInvalid) {
			t.Errorf("without %s: List = %v, %v; want %v", name, list, err, eippool.ErrInvalid)
		}
	}
}

func TestNewNeedsAll(t *testing.T) {
	state := func(context.Context, string) (string, error) { return "running", nil }
	for _, wrong := range []func() (*routerpool.Pool, error){
		func() (*routerpool.Pool, error) { return routerpool.New("", "media", state) },
		func() (*routerpool.Pool, error) { return routerpool.New("/srv/edge", "", state) },
		func() (*routerpool.Pool, error) { return routerpool.New("/srv/edge", "media", nil) },
	} {
		if _, err := wrong(); !errors.Is(err, eippool.ErrInvalid) {
			t.Errorf("New: %v, want %v", err, eippool.ErrInvalid)
		}
	}
}

func TestStateUnknown(t *testing.T) {
	s := newSite(t)
	ip, target := s.addAddress(true), s.addMachine("running", "hamburg")
	failure := errors.New("inventory is out of order")
	pool, err := routerpool.New(s.folder, "media", func(context.Context, string) (string, error) { return "", failure })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Associate(t.Context(), ip, target); !errors.Is(err, failure) || errors.Is(err, eippool.ErrTargetNotReady) {
		t.Errorf("Associate: %v, want %v alone", err, failure)
	}
	if got := s.read("assignments.json"); got != "{}" {
		t.Errorf("assignments.json holds %s, want nothing", got)
	}
}
