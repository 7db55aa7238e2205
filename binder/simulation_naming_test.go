package binder_test

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store"
)

// naming is how a seed's deployment names its workers, and shows them.
type naming struct {
	policy     dnspolicy.Policy
	perAddress bool
	keeps      bool // names stay with addresses
	reverse    bool // names in both directions
	hidden     bool // workers start hidden, until they are ready
}

// textLabel is where the text of a name is that says whose it is.
const textLabel = "_info."

// namingOf returns the naming of a seed: every sixtieth is the same.
func (s *simulation) namingOf(seed uint64) naming {
	n := naming{policy: dnspolicy.InstanceID(), reverse: seed%4 > 1, hidden: seed%5 == 0}
	if seed%3 > 0 {
		n.policy, n.perAddress, n.keeps = dnspolicy.PerAddress(dnspolicy.DashedIP()), true, seed%3 == 2
	}
	if seed%2 == 1 {
		text, err := dnspolicy.TXT(strings.TrimSuffix(textLabel, "."), "{instance-id} {dotted-ip}", time.Minute)
		if err != nil {
			s.t.Fatal(err)
		}
		n.policy = dnspolicy.WithRecords(n.policy, text)
	}
	return n
}

func (n naming) options(o *binder.Options) {
	o.Suffix, o.KeepNames, o.ReverseNames, o.StartHidden = suffix, n.keeps, n.reverse, n.hidden
}

// instanceOf returns whom the record set is about; empty if that is whoever
// holds the address.
func (n naming) instanceOf(set dnspolicy.RRSet) string {
	switch {
	case set.Type == "TXT":
		id, _, _ := strings.Cut(strings.Trim(set.Values[0], `"`), " ")
		return id
	case n.perAddress:
		return ""
	}
	return strings.TrimSuffix(set.Name, "."+suffix)
}

// nameOf returns the name that the record set belongs to.
func nameOf(set dnspolicy.RRSet) string { return strings.TrimPrefix(set.Name, textLabel) }

func unstored(set store.RRSet) dnspolicy.RRSet {
	return dnspolicy.RRSet{RRKey: dnspolicy.RRKey{Name: set.Name, Type: set.Type, SetIdentifier: set.SetIdentifier}, TTL: set.TTL, Values: set.Values}
}

// ending returns what goes when the binding ends: all but the A record of a
// name that stays.
func ending(r store.Record) []store.RRSet {
	if r.KeepName && len(r.RRSets) > 0 {
		return r.RRSets[1:]
	}
	return r.RRSets
}

// listed reports whether the zone holds exactly this.
func (s *simulation) listed(set store.RRSet) bool {
	found, err := s.zone.Lookup(context.Background(), unstored(set).RRKey)
	return err == nil && slices.Equal(found.Values, set.Values)
}

// resolves reports whether clients get exactly this.
func (s *simulation) resolves(set store.RRSet) bool {
	found, ok := s.zone.Resolve(unstored(set).RRKey)
	return ok && slices.Equal(found.Values, set.Values)
}

// leftBehind returns the name of a record set that should be gone by now, empty
// if there is none. A late call or somebody's hand may have put it there.
func (s *simulation) leftBehind(sets []store.RRSet, there func(store.RRSet) bool, about ...string) string {
	for _, set := range sets {
		if there(set) && !s.late[set.Name] && !s.excused(append(about, set.Name, nameOf(unstored(set)))...) {
			return set.Name
		}
	}
	return ""
}

// judgeAddressName is judgeCreated for a name that belongs to an address.
func (s *simulation) judgeAddressName(set dnspolicy.RRSet, late bool) {
	for id, known := range s.addresses {
		if known.IP.String() != set.Values[0] {
			continue
		}
		rec := s.record(store.ByAddress(id))
		switch {
		case rec == nil:
			s.violated("I3: "+set.Name+" was published without a record", id, set.Name)
		case rec.Phase == store.Free && !rec.KeepName && !time.Now().Before(rec.ReusableAt):
			s.violated("I7: "+set.Name+" was published for an address that may be reused", id, set.Name)
		case late && !rec.KeepName && (rec.Phase == store.Free || rec.Unpublished):
			s.tally["names that came late"]++
			s.late[set.Name] = true
		}
	}
}

// judgeText checks I4 of a text that says whose a name is.
func (s *simulation) judgeText(set dnspolicy.RRSet, late bool) {
	instanceID := s.naming.instanceOf(set)
	rec := s.holding(store.ByName(nameOf(set)))
	switch {
	case rec != nil && rec.InstanceID != instanceID:
		s.violated("I4: "+set.Name+" names "+instanceID+", but the name is "+rec.InstanceID+"'s", rec.AllocationID, instanceID, rec.InstanceID, set.Name)
	case rec == nil && !late:
		s.violated("I4: "+set.Name+" was published without a binding", instanceID, set.Name)
	case late && (rec == nil || rec.Unpublished):
		s.tally["names that came late"]++
		s.late[set.Name] = true
	}
}

// setReverse judges a reverse name.
func (s *simulation) setReverse(id, name string, late bool) error {
	a, _ := s.address(id)
	if !s.published(name, a.IP.String()) {
		return errNoForward
	}
	if err := s.pool.SetReverseName(context.Background(), id, name); err != nil {
		return err
	}
	rec := s.record(store.ByAddress(id))
	switch {
	case rec == nil || rec.Phase != store.Free && rec.Name != name || rec.Phase == store.Free && !late:
		s.violated("the reverse name "+name+" is not the record's", id, name)
	case rec.Phase == store.Free && !rec.KeepName && !time.Now().Before(rec.ReusableAt):
		s.violated("I7: the reverse name "+name+" was set for an address that may be reused", id, name)
	}
	return nil
}

// clearReverse judges the end of one.
func (s *simulation) clearReverse(id string) error {
	if err := s.pool.ClearReverseName(context.Background(), id); err != nil {
		return err
	}
	if rec := s.record(store.ByAddress(id)); rec != nil && rec.Phase == store.Bound && s.serves(rec.InstanceID) {
		s.violated("I3: the reverse name of a serving worker was cleared", id, rec.InstanceID)
	}
	return nil
}

// dashedName is the name that belongs to the address.
func dashedName(a eippool.Address) string {
	return "ip-" + strings.ReplaceAll(a.IP.String(), ".", "-") + "." + suffix
}
