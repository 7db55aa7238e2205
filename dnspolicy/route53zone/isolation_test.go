package route53zone_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/dnspolicy/route53zone"
	"github.com/eipbinder/eipbinder/internal/awssim"
)

func (c *crowd) put(t *testing.T, set awssim.RecordSet) {
	t.Helper()
	set.TTL = 60
	if err := c.sim.PutRecordSet(c.id, set); err != nil {
		t.Fatal(err)
	}
}

// checkConflict checks that the error is about this change and what the zone
// holds; nil means nothing.
func checkConflict(t *testing.T, err error, change dnspolicy.Change, actual *dnspolicy.RRSet) {
	t.Helper()
	var conflict *dnspolicy.ConflictError
	if !errors.As(err, &conflict) {
		t.Errorf("Apply: %v, want a *ConflictError", err)
		return
	}
	if diff := cmp.Diff(&dnspolicy.ConflictError{Change: change, Actual: actual}, conflict); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// TestWrongChangeFailsAlone puts one wrong call, or two, among 200.
func TestWrongChangeFailsAlone(t *testing.T) {
	taken, absent, outside := a("taken.example.com.", "192.0.2.9"), a("absent.example.com.", "192.0.2.1"), a("m.example.org.", "192.0.2.1")
	unquoted := dnspolicy.RRSet{RRKey: dnspolicy.RRKey{Name: "text.example.com.", Type: "TXT"}, Values: []string{"not quoted"}}
	mine, excluded := a("taken.example.com.", "192.0.2.1"), a("alias.example.com.", "192.0.2.1")
	cname := dnspolicy.RRSet{RRKey: dnspolicy.RRKey{Name: "alias.example.com.", Type: "CNAME"}, TTL: time.Minute, Values: []string{"n.example.com."}}
	conflict := func(change dnspolicy.Change, actual *dnspolicy.RRSet) func(*testing.T, error) {
		return func(t *testing.T, err error) { checkConflict(t, err, change, actual) }
	}
	invalid := func(t *testing.T, err error) { checkKind(t, err, dnspolicy.ErrInvalid) }
	for name, test := range map[string]struct {
		wrong           []dnspolicy.Change
		check           func(*testing.T, error)
		requests, lists int
	}{
		"taken name":         {[]dnspolicy.Change{dnspolicy.Create(mine)}, conflict(dnspolicy.Create(mine), &taken), 2, 2},
		"absent record":      {[]dnspolicy.Change{dnspolicy.Delete(absent)}, conflict(dnspolicy.Delete(absent), nil), 2, 2},
		"excluded by a name": {[]dnspolicy.Change{dnspolicy.Create(excluded)}, conflict(dnspolicy.Create(excluded), &cname), 2, 2},
		"wrong in itself":    {[]dnspolicy.Change{dnspolicy.Create(unquoted)}, invalid, 18, 3},
		"outside the zone":   {[]dnspolicy.Change{dnspolicy.Create(outside)}, invalid, 18, 3},
		"two ways wrong":     {[]dnspolicy.Change{dnspolicy.Create(unquoted), dnspolicy.Create(mine)}, nil, 19, 5},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCrowd(t, unchanged)
				c.put(t, awssim.RecordSet{Name: taken.Name, Type: "A", Values: taken.Values})
				c.put(t, awssim.RecordSet{Name: cname.Name, Type: "CNAME", Values: cname.Values})
				mates := creations(200-len(test.wrong), "192.0.2.1")
				c.apply(t.Context(), slices.Insert(mates, 77, test.wrong...)...)
				errs := c.wait()
				for n, err := range errs {
					switch wrong := n >= 77 && n < 77+len(test.wrong); {
					case !wrong && err != nil, wrong && err == nil:
						t.Errorf("call %d: %v", n, err)
					case wrong && test.check != nil:
						test.check(t, err)
					}
				}
				c.oneByOne(t)
				c.called(t, changeAction, 1, test.requests)
				c.called(t, listAction, 1, test.lists)
			})
		})
	}
}

// TestCallsInEachOthersWay: the zone is full after some of them.
func TestCallsInEachOthersWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, unchanged)
		var changes []dnspolicy.Change
		for n := range 103 { // Route 53 takes 100
			set := a("pool.example.com.", fmt.Sprintf("192.0.2.%d", n))
			set.SetIdentifier = fmt.Sprint(n)
			changes = append(changes, dnspolicy.Create(set))
		}
		c.apply(t.Context(), changes...)
		failed := 0
		for _, err := range c.wait() {
			if err != nil {
				failed++
				checkKind(t, err, dnspolicy.ErrInvalid)
			}
		}
		if failed != 3 {
			t.Errorf("%d calls failed, want 3", failed)
		}
		c.oneByOne(t)
	})
}

// TestOneOfTwoThatExcludeEachOther: both would be fine by themselves.
func TestOneOfTwoThatExcludeEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, unchanged)
		alias := a("m.example.com.", "n.example.com.")
		alias.Type = "CNAME"
		c.apply(t.Context(), dnspolicy.Create(a("m.example.com.", "192.0.2.1")), dnspolicy.Create(alias))
		errs := c.wait()
		slices.SortFunc(errs, func(a, b error) int { return len(fmt.Sprint(a)) - len(fmt.Sprint(b)) })
		if errs[0] != nil || !errors.Is(errs[1], dnspolicy.ErrConflict) {
			t.Errorf("Apply: %v, want one success and one conflict", errs)
		}
	})
}

// faults strike the first calls of the action.
func faults(action string, fault awssim.Fault, times int) func(*awssim.Options) {
	return func(o *awssim.Options) {
		o.Intercept = func(called string, _ *http.Request) *awssim.Fault {
			if called != action || times == 0 {
				return nil
			}
			times--
			return &fault
		}
	}
}

// TestLostReplyOfABatch: everybody gets an error that another try can help,
// meets its own record set, and publishes it again, in a handful of requests.
func TestLostReplyOfABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, faults(changeAction, awssim.Fault{LostReply: true}, 1))
		changes := creations(200, "192.0.2.1")
		c.apply(t.Context(), changes...)
		for _, err := range c.wait() {
			checkKind(t, err, nil)
		}
		c.apply(t.Context(), changes...)
		for n, err := range c.wait() {
			checkConflict(t, err, changes[n], changes[n].After)
		}
		for n, change := range changes {
			changes[n] = dnspolicy.Republish(*change.After)
		}
		c.apply(t.Context(), changes...)
		c.allDone(t)
		c.called(t, changeAction, 3, 3)
		c.called(t, listAction, 1, 1)
	})
}

func TestDeletionsOfWhatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, unchanged)
		changes := creations(200, "192.0.2.1")
		for n, change := range changes {
			changes[n] = dnspolicy.Delete(*change.After)
		}
		c.apply(t.Context(), changes...)
		for n, err := range c.wait() {
			checkConflict(t, err, changes[n], nil)
		}
		c.called(t, changeAction, 1, 1)
		c.called(t, listAction, 1, 1)
	})
}

// TestFailureOfARequestIsThatOfItsCalls, and of no others.
func TestFailureOfARequestIsThatOfItsCalls(t *testing.T) {
	for name, test := range map[string]struct {
		action string
		fault  awssim.Fault
		want   error
	}{
		"throttled":           {changeAction, awssim.Fault{Code: "Throttling"}, dnspolicy.ErrThrottled},
		"another process":     {changeAction, awssim.Fault{Code: "PriorRequestNotComplete"}, dnspolicy.ErrThrottled},
		"denied":              {changeAction, awssim.Fault{Code: "AccessDenied", Status: http.StatusForbidden}, dnspolicy.ErrDenied},
		"connection broken":   {changeAction, awssim.Fault{Dropped: true}, nil},
		"refused, no look-up": {listAction, awssim.Fault{Code: "Throttling"}, dnspolicy.ErrThrottled},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCrowd(t, faults(test.action, test.fault, 1), func(o *route53zone.Options) { o.Linger = time.Millisecond })
				c.apply(t.Context(), named("first", 20)...)
				if test.action == listAction {
					c.apply(t.Context(), dnspolicy.Delete(a("absent.example.com.", "192.0.2.1")))
				}
				time.Sleep(latency)
				c.apply(t.Context(), named("second", 20)...)
				errs := c.wait()
				for _, err := range errs[:len(errs)-20] {
					checkKind(t, err, test.want)
				}
				if err := errors.Join(errs[len(errs)-20:]...); err != nil {
					t.Errorf("the next request: %v", err)
				}
				c.oneByOne(t)
			})
		})
	}
}
