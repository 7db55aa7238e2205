package route53zone

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/eipbinder/eipbinder/dnspolicy/route53zone/internal/escape"
)

// heldUnder looks up all record sets under the names of the calls' changes.
func (z *Zone) heldUnder(calls []*call) (map[string][]types.ResourceRecordSet, error) {
	ctx, end := together(calls, forever)
	defer end()
	wanted := map[string]bool{}
	for _, c := range changesOf(calls) {
		wanted[c.Key().Name] = true
	}
	names := slices.SortedFunc(maps.Keys(wanted), byPosition)
	held := map[string][]types.ResourceRecordSet{}
	for len(names) > 0 {
		page, covered, err := z.look(ctx, names)
		if err != nil {
			return nil, because(ctx, "look up what hosted zone "+z.id+" holds", err)
		}
		for _, name := range names[:covered] {
			held[name] = page[name]
		}
		names = names[covered:]
	}
	return held, nil
}

// look reads one page of the zone, from the first name on, and says of how many of
// the names it has all record sets: neighbours in the zone need no calls of their own.
// If the page does not suffice even for the first name, it reads on for that one.
func (z *Zone) look(ctx context.Context, names []string) (held map[string][]types.ResourceRecordSet, covered int, err error) {
	out, err := z.client.ListResourceRecordSets(ctx, &route53.ListResourceRecordSetsInput{
		HostedZoneId:    &z.id,
		StartRecordName: aws.String(escape.Encode(names[0])),
		MaxItems:        aws.Int32(pageSize),
	})
	if err != nil {
		return nil, 0, err
	}
	held = map[string][]types.ResourceRecordSet{}
	reached := ""
	for _, set := range out.ResourceRecordSets {
		name := escape.Decode(aws.ToString(set.Name))
		held[name] = append(held[name], set)
		if isPlace(name) {
			reached = name
		}
	}
	covered = coveredBy(names, reached, out.IsTruncated)
	if covered > 0 {
		return held, covered, nil
	}
	held[names[0]], err = z.named(ctx, names[0])
	return held, 1, err
}

// coveredBy counts the names, in order, of which a page that begins with the first
// one and reaches to another, or else to the end of the zone, has all record sets.
func coveredBy(names []string, reached string, truncated bool) (covered int) {
	for _, name := range names {
		unclear := !isPlace(names[0]) || !isPlace(name)
		if unclear && (truncated || covered > 0) || truncated && byPosition(name, reached) >= 0 {
			break
		}
		covered++
	}
	return covered
}

// byPosition orders names as Route 53 lists them: by their labels from the right,
// in ASCII order, each followed by a dot ("ListResourceRecordSets" in the Route 53
// API reference). Where escapes stand is not said there: see isPlace.
func byPosition(a, b string) int { return cmp.Compare(position(a), position(b)) }

func position(name string) string {
	labels := strings.Split(strings.TrimSuffix(name, "."), ".")
	slices.Reverse(labels)
	return strings.Join(labels, ".") + "."
}

// isPlace reports whether the name's place in the list is known.
func isPlace(name string) bool { return !strings.Contains(escape.Encode(name), `\`) }

// named returns all record sets of this name.
func (z *Zone) named(ctx context.Context, name string) ([]types.ResourceRecordSet, error) {
	var sets []types.ResourceRecordSet
	for set, err := range z.from(ctx, aws.String(escape.Encode(name))) {
		if err != nil {
			return nil, err
		}
		if escape.Decode(aws.ToString(set.Name)) != name {
			break
		}
		sets = append(sets, set)
	}
	return sets, nil
}
