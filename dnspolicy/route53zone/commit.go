package route53zone

import (
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// commit makes the changes of the calls and answers each of them. Route 53 says
// in prose only why it refuses a request; what the zone holds tells which calls are
// in conflict with it. They are answered, and the others sent again.
func (z *Zone) commit(calls []*call) {
	calls = present(calls)
	if len(calls) == 0 {
		return
	}
	p, err := z.submit(calls)
	if !refused(err) {
		answerAll(calls, p, err)
		return
	}
	held, lookup := z.heldUnder(calls)
	if lookup != nil {
		answerAll(calls, "", fmt.Errorf("what stands in the way is not known: %w", lookup))
		return
	}
	fine := answerConflicts(calls, held, err)
	switch {
	case len(fine) < len(calls):
		z.commit(fine)
	case len(calls) > 1:
		z.halve(calls)
	default:
		z.insist(calls)
	}
}

func refused(err error) bool {
	var batch *types.InvalidChangeBatch
	return errors.As(err, &batch)
}

// halve finds out by trying which of the calls are refused though the zone holds
// what each expects: they are wrong in themselves, or in each other's way.
func (z *Zone) halve(calls []*call) {
	for half := range slices.Chunk(calls, (len(calls)+1)/2) {
		if len(half) == 1 {
			z.commit(half)
			continue
		}
		p, err := z.submit(half)
		if refused(err) {
			z.halve(half)
			continue
		}
		answerAll(half, p, err)
	}
}

// insist sends a call once more that was refused though the zone holds what it
// expects. Either it is wrong in itself, and will be refused again, or what stood in
// its way has just gone.
func (z *Zone) insist(calls []*call) {
	p, err := z.submit(calls)
	if refused(err) {
		err = fmt.Errorf("%w: %w", dnspolicy.ErrInvalid, err)
	}
	answerAll(calls, p, err)
}
