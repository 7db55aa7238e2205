package policytest

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// question is one of the policy's methods.
type question struct {
	name   string // of the method
	prefix string // of the cases
	ask    func(f fixture, s dnspolicy.Subject, name string) answer
}

func askNames() question {
	return question{"Names", "names-", func(f fixture, s dnspolicy.Subject, _ string) answer { return f.names(s) }}
}

func askRecords() question {
	return question{"Records", "records-", fixture.records}
}

// purityCases are the same for both methods.
func purityCases(q question) []testCase {
	return []testCase{
		{Name: q.prefix + "repeat", Contract: q.name + " gives the same for the same subject, however often and in whichever order it is asked.", Run: q.repeat},
		{Name: q.prefix + "clock", Contract: q.name + " gives the same at any time of day, and in any year: it looks at no clock.", Run: q.clock},
		{Name: q.prefix + "concurrent", Contract: q.name + " gives the same if it is asked by several at once.", Run: q.concurrent},
		{Name: q.prefix + "input", Contract: q.name + " does not change the subject's maps.", Run: q.input},
		{Name: q.prefix + "memory", Contract: q.name + " does not keep the subject's maps: whoever asked may change them.", Run: q.memory},
		{Name: q.prefix + "output", Contract: q.name + " gives the same again, if whoever asked has changed what it returned.", Run: q.output},
	}
}

// first asks for each subject once.
func (q question) first(f fixture) (names []string, answers []answer) {
	for _, s := range f.Subjects {
		names = append(names, f.primary(clone(s)))
	}
	for i, s := range f.Subjects {
		answers = append(answers, q.ask(f, clone(s), names[i]).clone())
	}
	return names, answers
}

const repeats = 20 // enough to notice the order of a map of two

func (q question) repeat(t tb, f fixture) {
	names, first := q.first(f)
	for range repeats {
		for i, s := range slices.Backward(f.Subjects) {
			if got := q.ask(f, clone(s), names[i]); !got.equal(first[i]) {
				t.Errorf("%s of %+v = %v; before, it was %v", q.name, s, got, first[i])
				return
			}
		}
	}
}

// clock asks again as time goes by. The time is virtual.
func (q question) clock(t tb, f fixture) {
	const day = 24 * time.Hour
	names, first := q.first(f)
	for _, passes := range []time.Duration{time.Millisecond, time.Second, time.Minute, time.Hour, 7 * time.Hour, 13 * time.Hour, day, 3 * day, 40 * day, 400 * day} {
		time.Sleep(passes)
		for i, s := range f.Subjects {
			if got := q.ask(f, clone(s), names[i]); !got.equal(first[i]) {
				t.Errorf("%s of %+v = %v; %s before, or earlier, it was %v", q.name, s, got, passes, first[i])
				return
			}
		}
	}
}

func (q question) concurrent(t tb, f fixture) {
	const askers = 8
	names, first := q.first(f)
	var group sync.WaitGroup
	var differences [askers]string
	for asker := range askers {
		group.Go(func() {
			for n := range f.Subjects {
				i := (asker + n) % len(f.Subjects)
				if got := q.ask(f, clone(f.Subjects[i]), names[i]); !got.equal(first[i]) {
					differences[asker] = fmt.Sprintf("%s of %+v = %v; before, it was %v", q.name, f.Subjects[i], got, first[i])
				}
			}
		})
	}
	group.Wait()
	for _, difference := range differences {
		if difference != "" {
			t.Errorf("%s", difference)
		}
	}
}

func (q question) input(t tb, f fixture) {
	for _, s := range f.Subjects {
		name, given := f.primary(clone(s)), clone(s)
		q.ask(f, given, name)
		if !maps.Equal(given.InstanceTags, s.InstanceTags) || !maps.Equal(given.Address.Tags, s.Address.Tags) {
			t.Errorf("after %s of %+v, the subject is %+v", q.name, s, given)
		}
	}
}

func (q question) memory(t tb, f fixture) {
	for _, s := range f.Subjects {
		given := clone(s)
		name := f.primary(given)
		before := q.ask(f, given, name).clone()
		for _, tags := range []map[string]string{given.InstanceTags, given.Address.Tags} {
			for key := range tags {
				tags[key] = "changed"
			}
		}
		if got := q.ask(f, clone(s), name); !got.equal(before) {
			t.Errorf("%s of %+v = %v; it was %v before whoever asked changed the maps", q.name, s, got, before)
		}
	}
}

func (q question) output(t tb, f fixture) {
	for _, s := range f.Subjects {
		name := f.primary(clone(s))
		got := q.ask(f, clone(s), name)
		before := got.clone()
		for i := range got.names {
			got.names[i] = "changed"
		}
		for i := range got.sets {
			for j := range got.sets[i].Values {
				got.sets[i].Values[j] = "changed"
			}
			got.sets[i].Name = "changed."
		}
		if again := q.ask(f, clone(s), name); !again.equal(before) {
			t.Errorf("%s of %+v = %v; it was %v before whoever asked changed that", q.name, s, again, before)
		}
	}
}
