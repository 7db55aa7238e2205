package binder_test

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
)

func orderMutations() []mutation {
	var all []mutation
	for _, m := range []struct {
		guard, mutant string
		scenario      guarded
	}{
		{"no name before its address is associated", "publishes before it associates", associatedFirst},
		{"no name is left when its address is taken away", "disassociates before it unpublishes", unpublishedFirst},
		{"visible only once the name is in sync", "commits before the name is in sync", inSyncFirst},
		{"free only once the removal is in sync", "frees before the removal is in sync", removalInSyncFirst},
	} {
		all = append(all, mutation{m.guard, m.mutant, decides(m.mutant), m.scenario, 1})
	}
	return all
}

func associatedFirst(s *subject) error {
	var early error
	s.hook = func(call string, do func() error) error {
		if call == "zone.Apply" && !s.addresses()[0].Associated() {
			early = errors.New("published before it was associated")
		}
		return do()
	}
	_, err := s.bound("i-1")
	return errors.Join(early, err)
}

func unpublishedFirst(s *subject) error {
	if _, err := s.bound("i-1"); err != nil {
		return err
	}
	time.Sleep(time.Hour)
	s.fleet.SetState("i-1", binder.ShuttingDown)
	var early error
	s.hook = func(call string, do func() error) error {
		if call == "pool.Disassociate" && s.value("i-1") != "" {
			early = errors.New("disassociated while the name was published")
		}
		return do()
	}
	s.do("i-1")
	return errors.Join(early, must(len(s.names()) == 0, "names left: %v", s.names()))
}

func inSyncFirst(s *subject) error {
	r, err := s.bound("i-1")
	if err != nil {
		return err
	}
	set, ok := s.zone.Resolve(dnspolicy.RRKey{Name: r.Name, Type: "A"})
	return must(ok && slices.Equal(set.Values, []string{r.IP.String()}), "bound, but the servers do not know %s", r.Name)
}

func removalInSyncFirst(s *subject) error {
	r, err := s.bound("i-1")
	if err != nil {
		return err
	}
	time.Sleep(time.Hour)
	s.fleet.SetState("i-1", binder.Terminated)
	if o := s.do("i-1"); o.Status != binder.Unbound {
		return fmt.Errorf("i-1 is %s", o.Status)
	}
	_, served := s.zone.Resolve(dnspolicy.RRKey{Name: r.Name, Type: "A"})
	return must(!served, "free, but the servers still answer %s", r.Name)
}
