package deployment

import (
	"fmt"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/ec2tag"
)

// distinct compares each profile with those before it.
func (r *reader) distinct(scopes []scope, profiles []Profile) {
	for second, q := range profiles {
		for first, p := range profiles[:second] {
			differ := func(key string, same bool, both, fix string) {
				if same {
					r.fail(scopes[second].label(key, ""), fmt.Errorf("overlaps %s: %s", scopes[first].label(key, ""), both), fix)
				}
			}
			differ("name", p.Name == q.Name && p.Name != "", fmt.Sprintf("both are %q", p.Name), "a name of its own")
			differ("binderID", p.BinderID == q.BinderID && p.Name != q.Name, fmt.Sprintf("both are %q", p.BinderID), "a name of its own, and keep it")
			differ("suffix", nested(p, q) && p.HostedZoneID == q.HostedZoneID && p.HostedZoneID != "",
				fmt.Sprintf("one of %s and %s contains the other, in one zone", p.Suffix, q.Suffix), "one beside it, or the same one")
			tags, same := common(p.PoolTags, q.PoolTags)
			differ("poolTags", same, fmt.Sprintf("both select an address with the tags %v", tags), "tags that tell the addresses apart")
			tags, same = common(p.InstanceTags, q.InstanceTags)
			differ("instanceTags", same, fmt.Sprintf("both select an instance with the tags %v", tags), "tags that tell the instances apart")
		}
	}
}

// nested reports whether one's suffix is under the other's.
func nested(p, q Profile) bool {
	if p.Suffix == "" || q.Suffix == "" || p.Suffix == q.Suffix {
		return false // an error already, or names that one store keeps apart
	}
	return dnspolicy.Contains(p.Suffix, q.Suffix) || dnspolicy.Contains(q.Suffix, p.Suffix)
}

// common returns tags that both are seen to select.
func common(a, b ec2tag.Selector) (map[string]string, bool) {
	if len(a) == 0 || len(b) == 0 {
		return nil, false // an error already
	}
	return binder.Overlap(a, b)
}
