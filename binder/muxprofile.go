package binder

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"reflect"
	"slices"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// Profile is one class of workers, and what they get.
type Profile struct {
	// Name names the profile in outcomes, reports, errors and logs. Required;
	// each name once.
	Name string
	// Instances selects the profile's workers among the fleet's. Required.
	Instances Selector
	// Backends are the Binder's, but for the Fleet, which is the Mux's: leave it
	// nil. Profiles may share a Store and a Zone. Where they share a suffix too, a
	// name is whose worker, or whose free address (Options.KeepNames), has it
	// first: a policy that names workers by tags which others write is best given
	// a suffix of its own.
	Backends Backends
	// Options change the Binder's options. BinderID is the profile's Name by
	// default; in one store each profile needs its own, and keeps it for good.
	Options []func(*Options)
}

// Selector says by the tags whose instance it is. It is pure and safe for
// concurrent use. [Tags] is one, ec2tag.Selector another.
type Selector interface {
	// Matches reports whether an instance with these tags is selected.
	Matches(tags map[string]string) bool
}

// Exemplary is what a Selector implements in addition so that overlaps are
// found when a Mux is made: see [Overlap].
type Exemplary interface {
	// Examples yields tags that the selector matches, with no more of them than
	// that takes: best all such.
	Examples() iter.Seq[map[string]string]
}

// Tags selects instances that have all these tags with these values. Empty, it
// selects every instance.
type Tags map[string]string

var (
	_ Selector  = Tags(nil)
	_ Exemplary = Tags(nil)
)

// Matches reports whether all of t are among the tags.
func (t Tags) Matches(tags map[string]string) bool {
	for key, value := range t {
		if v, ok := tags[key]; !ok || v != value {
			return false
		}
	}
	return true
}

// Examples yields t.
func (t Tags) Examples() iter.Seq[map[string]string] {
	return func(yield func(map[string]string) bool) { yield(maps.Clone(t)) }
}

// checkProfiles finds what is missing.
func checkProfiles(fleet Fleet, profiles []Profile) error {
	var errs []error
	require := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("%w: %s", ErrConfig, fmt.Sprintf(format, args...)))
		}
	}
	require(fleet != nil, "the fleet is nil")
	require(len(profiles) > 0, "there is no profile")
	names := map[string]bool{}
	for i, p := range profiles {
		require(p.Name != "", "profile %d has no Name", i+1)
		require(p.Name == "" || !names[p.Name], "two profiles have the name %q", p.Name)
		require(p.Instances != nil, "profile %q: Instances is missing", p.Name)
		require(p.Backends.Fleet == nil, "profile %q: Backends.Fleet is the Mux's: leave it out", p.Name)
		names[p.Name] = true
	}
	return errors.Join(errs...)
}

// checkOverlaps compares each profile with those before it.
func (m *Mux) checkOverlaps() error {
	var errs []error
	for second := range m.profiles {
		for first := range second {
			errs = append(errs, m.checkOverlap(first, second))
		}
	}
	return errors.Join(errs...)
}

func (m *Mux) checkOverlap(first, second int) error {
	p, q := m.profiles[first], m.profiles[second]
	a, b := p.binder, q.binder
	nested := dnspolicy.Contains(a.opts.Suffix, b.opts.Suffix) || dnspolicy.Contains(b.opts.Suffix, a.opts.Suffix)
	var errs []error
	if p.store == q.store && a.opts.BinderID == b.opts.BinderID {
		errs = append(errs, m.refuse(first, second, "both have the BinderID %q in one store: nobody could tell whose a record is", a.opts.BinderID))
	}
	if same(a.pool, b.pool) {
		errs = append(errs, m.refuse(first, second, "both have one Pool: an address would stay with whichever used it first; tag some for each"))
	}
	switch {
	case !nested || !same(a.zone, b.zone):
	case a.opts.Suffix != b.opts.Suffix:
		errs = append(errs, m.refuse(first, second, "%s and %s share names of one zone, and one contains the other: take others",
			a.opts.Suffix, b.opts.Suffix))
	case p.store != q.store:
		errs = append(errs, m.refuse(first, second, "both have %s in one zone: take others, or one store for both, which keeps names apart",
			a.opts.Suffix))
	}
	if tags, both := Overlap(p.instances, q.instances); both {
		errs = append(errs, m.refuse(first, second, "both select an instance with the tags %v", tags))
	}
	return errors.Join(errs...)
}

func (m *Mux) refuse(first, second int, format string, args ...any) error {
	return fmt.Errorf("%w: profiles %q and %q overlap: %s", ErrConfig,
		m.profiles[first].name, m.profiles[second].name, fmt.Sprintf(format, args...))
}

// Overlap returns tags that both select, if one of them is Exemplary and gives such
// an example, among its first 10,000. That finds selectors of which one selects
// all, or some value of a tag, that the other one does, and those that differ in
// which of the same tags may have any value. Two that ask for different tags are
// not seen to overlap, though an instance may have both.
func Overlap(a, b Selector) (tags map[string]string, overlap bool) {
	ofA, ofB := examples(a), examples(b)
	for _, tags := range slices.Concat(ofA, ofB) {
		if a.Matches(tags) && b.Matches(tags) {
			return tags, true
		}
	}
	for _, x := range ofA[:min(len(ofA), 100)] {
		for _, y := range ofB[:min(len(ofB), 100)] {
			if tags := filled(x, y); a.Matches(tags) && b.Matches(tags) {
				return tags, true
			}
		}
	}
	return nil, false
}

// examples are the first of the selector's; none if it gives none.
func examples(s Selector) (all []map[string]string) {
	e, ok := s.(Exemplary)
	if !ok {
		return nil
	}
	for tags := range e.Examples() {
		if all = append(all, tags); len(all) == 10_000 {
			break
		}
	}
	return all
}

// filled is x with y's values where any will do for x. If y has other keys, it is
// x: whether an instance has both is not to be seen.
func filled(x, y map[string]string) map[string]string {
	tags := maps.Clone(x)
	for key, value := range y {
		given, ok := x[key]
		if !ok || len(x) != len(y) {
			return x
		}
		if given == "" {
			tags[key] = value
		}
	}
	return tags
}

// same reports whether both are one and the same backend.
func same(a, b any) bool {
	return a != nil && b != nil && reflect.ValueOf(a).Comparable() && reflect.ValueOf(b).Comparable() && a == b
}

// selects returns the first profile that selects the instance, and which
// others do; -1 if none does.
func (m *Mux) selects(i Instance) (first int, others []string) {
	first = -1
	for n, p := range m.profiles {
		switch {
		case !p.instances.Matches(i.Tags):
		case first < 0:
			first = n
		default:
			others = append(others, p.name)
		}
	}
	return first, others
}

// share is what one profile sees of the fleet: all instances, of which its own
// are eligible.
type share struct {
	m       *Mux
	profile int
}

// Describe returns the instances of these IDs.
func (s share) Describe(ctx context.Context, ids ...string) ([]Instance, error) {
	found, err := s.m.fleet.Describe(ctx, ids...)
	for i := range found {
		found[i] = s.of(found[i])
	}
	return found, err
}

// List yields the profile's own instances.
func (s share) List(ctx context.Context) iter.Seq2[Instance, error] {
	return func(yield func(Instance, error) bool) {
		for i, err := range s.m.fleet.List(ctx) {
			if i = s.of(i); (err != nil || i.Eligible) && !yield(i, err) {
				return
			}
		}
	}
}

func (s share) of(i Instance) Instance {
	first, _ := s.m.selects(i)
	i.Eligible = i.Eligible && first == s.profile
	return i
}
