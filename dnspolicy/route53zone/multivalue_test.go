package route53zone_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// Each worker's own name and its part of the common name are one change, and go
// together. Route 53 takes 100 of a common name: the workers beyond that get
// neither, and harm none of those that were in one request with them.
func TestHundredOfACommonName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, unchanged)
		const workers = 104
		for n := range workers {
			ip := fmt.Sprintf("192.0.2.%d", n)
			own := dnspolicy.RRSet{RRKey: dnspolicy.RRKey{Name: fmt.Sprintf("w%d.example.com.", n), Type: "A"}, TTL: time.Minute, Values: []string{ip}}
			all := dnspolicy.RRSet{RRKey: dnspolicy.RRKey{Name: "all.example.com.", Type: "A", SetIdentifier: fmt.Sprint(n)}, TTL: time.Minute, Values: []string{ip}}
			c.applyAll(t.Context(), dnspolicy.Create(own), dnspolicy.Create(all))
		}
		refused := 0
		var published []string
		for n, err := range c.wait() {
			own := fmt.Sprintf("w%d.example.com.", n)
			switch {
			case err == nil:
				published = append(published, fmt.Sprint(n), own)
			case errors.Is(err, dnspolicy.ErrInvalid):
				refused++
			default:
				t.Errorf("%s: %v", own, err)
			}
		}
		if refused != workers-100 {
			t.Errorf("%d were refused", refused)
		}
		var found []string
		for set, err := range c.List(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if set.SetIdentifier != "" {
				found = append(found, set.SetIdentifier)
			} else if set.Type == "A" {
				found = append(found, set.Name)
			}
		}
		slices.Sort(published)
		if slices.Sort(found); !slices.Equal(found, published) {
			t.Errorf("published are %v, want %v", found, published)
		}
		c.oneByOne(t)
	})
}
