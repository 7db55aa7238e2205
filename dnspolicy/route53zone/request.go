package route53zone

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// Route 53's limits of one request ("Quotas" in its developer guide). Only an
// UPSERT counts twice, and none is used here.
const (
	maxValues     = 1000
	maxCharacters = 32000
)

// size is what a request's limits are about.
type size struct {
	values, characters int
	tokens             int // of changes
}

func sizeOf(changes []dnspolicy.Change) (s size) {
	for _, c := range changes {
		for _, set := range []*dnspolicy.RRSet{c.Before, c.After} {
			if set == nil {
				continue
			}
			s.tokens++
			s.values += len(set.Values)
			for _, value := range set.Values {
				s.characters += utf8.RuneCountInString(value)
			}
		}
	}
	return s
}

func (s size) plus(o size) size {
	return size{s.values + o.values, s.characters + o.characters, s.tokens + o.tokens}
}

func (s size) within(limit size) bool {
	return s.values <= limit.values && s.characters <= limit.characters && s.tokens <= limit.tokens
}

// fills reports whether there is no room for anything more.
func (s size) fills(limit size) bool {
	return s.values >= limit.values || s.characters >= limit.characters || s.tokens >= limit.tokens
}

// submit makes the changes of all the calls in one request, if they fit.
func (z *Zone) submit(calls []*call) (dnspolicy.Propagation, error) {
	doing := "change hosted zone " + z.id
	if err := z.payFor(calls); err != nil {
		return "", fmt.Errorf("%s: wait for change tokens: %w", doing, err)
	}
	calls = present(calls)
	if len(calls) == 0 {
		return "", errLeft
	}
	ctx, end := together(calls, outlast)
	defer end()
	out, err := z.client.ChangeResourceRecordSets(ctx, &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: &z.id,
		ChangeBatch:  &types.ChangeBatch{Changes: batch(changesOf(calls))},
	})
	if err != nil {
		return "", because(ctx, doing, err)
	}
	p := dnspolicy.Propagation(strings.TrimPrefix(aws.ToString(out.ChangeInfo.Id), "/change/"))
	if out.ChangeInfo.Status != types.ChangeStatusInsync {
		z.watches.made(p, z.options.FirstLook)
	}
	return p, nil
}

// payFor waits for the tokens of the calls' changes. A refused request is taken
// to cost as much as one that succeeds.
func (z *Zone) payFor(calls []*call) error {
	ctx, end := together(calls, forever)
	defer end()
	if err := z.options.ChangeTokens.WaitN(ctx, load(calls).tokens); ctx.Err() == nil {
		return err
	}
	return context.Cause(ctx)
}

// because is wrap for work under a context that is no caller's own: its end is
// not the end of theirs.
func because(ctx context.Context, doing string, err error) error {
	if ended := ctx.Err(); ended != nil && errors.Is(err, ended) {
		return fmt.Errorf("%s: %w", doing, context.Cause(ctx))
	}
	return wrap(context.WithoutCancel(ctx), doing, err)
}

// batch puts the deletions first: what goes is not in the way of what comes.
func batch(changes []dnspolicy.Change) []types.Change {
	var b []types.Change
	for _, c := range changes {
		if c.Before != nil {
			b = append(b, types.Change{Action: types.ChangeActionDelete, ResourceRecordSet: resourceRecordSet(*c.Before)})
		}
	}
	for _, c := range changes {
		if c.After != nil {
			b = append(b, types.Change{Action: types.ChangeActionCreate, ResourceRecordSet: resourceRecordSet(*c.After)})
		}
	}
	return b
}

func changesOf(calls []*call) []dnspolicy.Change {
	var changes []dnspolicy.Change
	for _, c := range calls {
		changes = append(changes, c.changes...)
	}
	return changes
}
