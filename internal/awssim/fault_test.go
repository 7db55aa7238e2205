package awssim_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/eipbinder/eipbinder/internal/awssim"
)

// faulty strikes each call of the action.
func faulty(action string, f awssim.Fault) func(*awssim.Options) {
	return func(o *awssim.Options) {
		o.AddressQuota = 1 << 16
		o.Faults = []awssim.FaultRule{{Actions: []string{action}, Share: 1, Fault: f}}
	}
}

func exactly(d time.Duration) awssim.Range { return awssim.Range{Min: d, Max: d} }

func late(action string, by time.Duration) func(*awssim.Options) {
	return faulty(action, awssim.Fault{Late: exactly(by)})
}

// slowly makes calls take a minute, and abandoned ones have their effect.
func slowly(share float64) func(*awssim.Options) {
	return func(o *awssim.Options) {
		o.Latency, o.Abandoned.Share = func(string) time.Duration { return time.Minute }, share
	}
}

// giveUp allocates an address, for a second.
func (w *world) giveUp() error {
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Second)
	defer cancel()
	_, err := w.ec2.AllocateAddress(ctx, &ec2.AllocateAddressInput{})
	return err
}

func TestFaults(t *testing.T) {
	runSeeded(t, []rule{
		{"a dropped request has no effect", "Fault.Dropped", faulty("AllocateAddress", awssim.Fault{Dropped: true}), func(t *testing.T, w *world) {
			equal(t, "error", codeOf(allocateOne(t, w)), "broken")
			time.Sleep(time.Hour)
			equal(t, "addresses", len(w.sim.Addresses()), 0)
		}},
		{"an error code at any call", "FaultRule", faulty("AllocateAddress", awssim.Fault{Status: 500, Code: "InternalError"}), func(t *testing.T, w *world) {
			equal(t, "error", codeOf(allocateOne(t, w)), "InternalError")
			equal(t, "addresses", len(w.sim.Addresses()), 0)
			w.launch(awssim.LaunchSpec{})
			equal(t, "another action", w.state(w.sim.Instances()[0].ID), "pending")
		}},
		{"who repeats after a lost reply has two", "STYLE: always include lost reply", func(o *awssim.Options) {
			lost := false
			o.Intercept = func(string, *http.Request) *awssim.Fault {
				if lost = !lost; lost {
					return &awssim.Fault{LostReply: true}
				}
				return nil
			}
		}, func(t *testing.T, w *world) {
			client := w.as("AKID", func(o *ec2.Options) { o.RetryMaxAttempts = 3 })
			_, err := client.AllocateAddress(t.Context(), &ec2.AllocateAddressInput{})
			must(t, err)
			equal(t, "addresses", len(w.sim.Addresses()), 2)
		}},
		{"Intercept comes first", "Options.Faults", func(o *awssim.Options) {
			o.Faults = []awssim.FaultRule{{Share: 1, Fault: awssim.Fault{Code: "Second"}}}
			o.Intercept = func(action string, _ *http.Request) *awssim.Fault {
				if action == "AllocateAddress" {
					return &awssim.Fault{Code: "First"}
				}
				return nil
			}
		}, func(t *testing.T, w *world) {
			equal(t, "both", codeOf(allocateOne(t, w)), "First")
			equal(t, "the rule", w.state("i-00000001"), "Second")
		}},
	})
}

func allocateOne(t *testing.T, w *world) error {
	_, err := w.ec2.AllocateAddress(t.Context(), &ec2.AllocateAddressInput{})
	return err
}

func TestLateEffects(t *testing.T) {
	const by = 4 * time.Minute
	runSeeded(t, []rule{
		{"an association lands after the error", "AWS-FACTS: a call whose client gave up may still take effect", late("AssociateAddress", by), func(t *testing.T, w *world) {
			a, one := w.allocate(), w.run(1)
			_, err := w.associate(a, one.Interfaces[0].ID, aws.Bool(false))
			equal(t, "error", codeOf(err), "broken")
			time.Sleep(by - 1)
			equal(t, "holder before", w.address(a).InstanceID, "")
			time.Sleep(1)
			equal(t, "holder after", w.address(a).InstanceID, one.ID)
			effect := w.sim.LateEffects()[0]
			equal(t, "effect", fmt.Sprint(effect.Action, effect.At.Sub(effect.LostAt), effect.Code), "AssociateAddress4m0s")
		}},
		{"it is checked against what is there then", "AWS-FACTS: false gives Resource.AlreadyAssociated", late("AssociateAddress", by), func(t *testing.T, w *world) {
			a, one, two := w.allocate(), w.run(1), w.run(1)
			_, err := w.associate(a, one.Interfaces[0].ID, aws.Bool(false))
			equal(t, "error", codeOf(err), "broken")
			_, err = w.sim.Associate(a, two.Interfaces[0].ID)
			must(t, err)
			time.Sleep(by)
			equal(t, "holder", w.address(a).InstanceID, two.ID)
			equal(t, "refusal", w.sim.LateEffects()[0].Code, "Resource.AlreadyAssociated")
		}},
		{"not with an old signature", "AWS-FACTS: accepted for 5 minutes after its time stamp", late("AllocateAddress", 5*time.Minute+1), func(t *testing.T, w *world) {
			equal(t, "error", codeOf(allocateOne(t, w)), "broken")
			time.Sleep(time.Hour)
			equal(t, "addresses", len(w.sim.Addresses()), 0)
			equal(t, "refusal", w.sim.LateEffects()[0].Code, "RequestExpired")
		}},
		{"just in time", "AWS-FACTS: accepted for 5 minutes after its time stamp", late("AllocateAddress", 5*time.Minute), func(t *testing.T, w *world) {
			equal(t, "error", codeOf(allocateOne(t, w)), "broken")
			at, ok := w.sim.NextDue()
			equal(t, "due", ok, true)
			time.Sleep(time.Until(at))
			equal(t, "addresses", len(w.sim.Addresses()), 1)
		}},
		{"what cannot be read is refused late, too", "Fault.Late", late("AllocateAddress", by), func(t *testing.T, w *world) {
			_, err := w.ec2.AllocateAddress(t.Context(), &ec2.AllocateAddressInput{DryRun: aws.Bool(true)})
			equal(t, "error", codeOf(err), "broken")
			time.Sleep(by)
			equal(t, "addresses", len(w.sim.Addresses()), 0)
			equal(t, "refusal", w.sim.LateEffects()[0].Code, "DryRunOperation")
		}},
		{"an abandoned call may take effect", "AWS-FACTS: a call whose client gave up may still take effect", slowly(1), func(t *testing.T, w *world) {
			equal(t, "error", w.giveUp() != nil, true)
			equal(t, "addresses at once", len(w.sim.Addresses()), 0)
			time.Sleep(5 * time.Minute)
			effect := w.sim.LateEffects()[0]
			equal(t, "addresses or refusal", len(w.sim.Addresses()) == 1, effect.Code == "")
			between(t, "seconds", effect.At.Sub(effect.LostAt).Seconds(), 0.001, 300)
		}},
		{"an abandoned call has none by default", "Options.Latency: a call whose context ends meanwhile has none", slowly(0), func(t *testing.T, w *world) {
			equal(t, "error", w.giveUp() != nil, true)
			time.Sleep(time.Hour)
			equal(t, "late effects", len(w.sim.LateEffects()), 0)
		}},
		{"what was dropped is not found when abandoned", "Abandonment", func(o *awssim.Options) {
			slowly(1)(o)
			o.Faults = []awssim.FaultRule{{Share: 1, Fault: awssim.Fault{Dropped: true}}}
		}, func(t *testing.T, w *world) {
			equal(t, "error", w.giveUp() != nil, true)
			time.Sleep(time.Hour)
			equal(t, "late effects", len(w.sim.LateEffects()), 0)
		}},
		{"nor what was throttled", "Abandonment", func(o *awssim.Options) {
			slowly(1)(o)
			o.Buckets = awssim.Buckets{"AllocateAddress": {}}
		}, func(t *testing.T, w *world) {
			equal(t, "error", w.giveUp() != nil, true)
			time.Sleep(time.Hour)
			equal(t, "late effects", len(w.sim.LateEffects()), 0)
		}},
		{"a late call may be abandoned", "Fault.Late", func(o *awssim.Options) {
			late("AllocateAddress", by)(o)
			slowly(0)(o)
		}, func(t *testing.T, w *world) {
			equal(t, "error", w.giveUp() != nil, true)
			time.Sleep(by)
			equal(t, "addresses", len(w.sim.Addresses()), 1)
		}},
	})
}

// TestShares: a rate is met, for the actions that it is for; the same seed
// hits the same calls, whatever else is called, and another seed other ones.
func TestShares(t *testing.T) {
	trace := func(t *testing.T, seed uint64, others int) string {
		var hits strings.Builder
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, func(o *awssim.Options) {
				o.Seed, o.AddressQuota = seed, 1000
				o.Faults = []awssim.FaultRule{
					{Actions: []string{"AllocateAddress"}, Share: 0.2, Fault: awssim.Fault{Code: "A"}},
					{Share: 0.1, Fault: awssim.Fault{Code: "B"}},
				}
			})
			for range 500 {
				fmt.Fprintf(&hits, "%1s", codeOf(allocateOne(t, w)))
				for range others {
					w.state("i-00000001")
				}
			}
		})
		return hits.String()
	}
	for seed := range uint64(3) {
		one := trace(t, seed, 0)
		t.Logf("seed %d: %s", seed, one)
		between(t, "first rule", strings.Count(one, "A"), 70, 130)
		between(t, "second rule, of what the first one leaves", strings.Count(one, "B"), 20, 65)
		equal(t, "same seed", trace(t, seed, 1), one)
		equal(t, "another seed", trace(t, seed+1, 0) == one, false)
	}
}
