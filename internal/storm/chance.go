package storm

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"

	"github.com/eipbinder/eipbinder/internal/awssim"
)

// chance returns a generator that depends on nothing but these.
func chance(seed uint64, of ...any) *rand.Rand {
	h := fnv.New64a()
	_, _ = fmt.Fprintln(h, of...) // a hash never fails
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// within returns a time in the range that depends on nothing but these.
func within(r awssim.Range, seed uint64, of ...any) time.Duration {
	return r.Min + time.Duration(chance(seed, of...).Int64N(int64(r.Max-r.Min)+1))
}
