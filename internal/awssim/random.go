package awssim

import (
	"hash/fnv"
	"math/rand/v2"
	"strconv"
	"time"
)

// Range is what a time is drawn from, evenly, both ends included. A Max at or
// below Min means always Min.
type Range struct{ Min, Max time.Duration }

func (r Range) draw(g *rand.Rand) time.Duration {
	if r.Max <= r.Min {
		return r.Min
	}
	return r.Min + time.Duration(g.Int64N(int64(r.Max-r.Min)+1))
}

// set reports whether the range is more than its zero value.
func (r Range) set() bool { return r != Range{} }

// random makes all decisions of a Sim that are left to chance. Each purpose and
// key has a stream of its own, so that one fault, or one more call of one
// action, does not change what becomes of the others.
type random struct {
	seed    uint64
	streams map[string]*rand.Rand
}

func newRandom(seed uint64) *random { return &random{seed: seed, streams: map[string]*rand.Rand{}} }

// stream returns the purpose's generator for the key, which goes on from call to call.
func (r *random) stream(purpose, key string) *rand.Rand {
	name := purpose + " " + key
	if r.streams[name] == nil {
		r.streams[name] = r.fresh(name)
	}
	return r.streams[name]
}

// numbered returns a generator that depends on nothing but seed, purpose and number.
func (r *random) numbered(purpose string, number int) *rand.Rand {
	return r.fresh(purpose + " " + strconv.Itoa(number))
}

func (r *random) fresh(name string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // a hash never fails
	return rand.New(rand.NewPCG(r.seed, h.Sum64()))
}
