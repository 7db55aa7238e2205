package awssim_test

import (
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/eipbinder/eipbinder/internal/awssim"
)

// spread fails unless the times lie in the range and use most of it.
func spread(t *testing.T, what string, n int, low, high time.Duration, call func()) {
	t.Helper()
	shortest, longest := time.Hour, time.Duration(0)
	for range n {
		start := time.Now()
		call()
		took := time.Since(start)
		shortest, longest = min(shortest, took), max(longest, took)
	}
	tenth := (high - low) / 10
	if shortest < low || shortest > low+tenth || longest > high || longest < high-tenth {
		t.Errorf("%s: %v to %v, want most of %v to %v", what, shortest, longest, low, high)
	}
}

// overlapping refuses overlapping changes, each of which takes a second.
func overlapping(o *awssim.Options) {
	o.RefuseOverlap, o.Route53Latency = true, exactly(time.Second)
}

// changeAtOnce changes the zones at the same time, one a little after the other.
func (w *world) changeAtOnce(zones ...string) (codes []string) {
	codes = make([]string, len(zones))
	var wg sync.WaitGroup
	for n, zone := range zones {
		wg.Go(func() {
			_, err := w.change(zone, upsert(record("a.example.com", "A", 60, "192.0.2.1")))
			codes[n] = codeOf(err)
		})
		time.Sleep(time.Millisecond)
	}
	wg.Wait()
	return codes
}

func TestLatency(t *testing.T) {
	runSeeded(t, []rule{
		{"EC2", "AWS-FACTS: EC2 calls 30-150 ms", awssim.AWSLatency, func(t *testing.T, w *world) {
			spread(t, "call", 100, 30*time.Millisecond, 150*time.Millisecond, func() {
				_, err := w.ec2.DescribeAddresses(t.Context(), &ec2.DescribeAddressesInput{})
				must(t, err)
			})
		}},
		{"Route 53", "AWS-FACTS: Route 53 80-250 ms, INSYNC 20-60 s", awssim.AWSLatency, func(t *testing.T, w *world) {
			z := w.zone()
			var change string
			spread(t, "call", 100, 80*time.Millisecond, 250*time.Millisecond, func() {
				out, err := w.change(z, upsert(record("a.example.com", "A", 60, "192.0.2.1")))
				must(t, err)
				change = *out.ChangeInfo.Id
			})
			for w.status(change) != types.ChangeStatusInsync {
			}
			out, err := w.change(z, upsert(record("a.example.com", "A", 60, "192.0.2.1")))
			must(t, err)
			time.Sleep(19 * time.Second)
			equal(t, "after 19 s", w.status(*out.ChangeInfo.Id), types.ChangeStatusPending)
			time.Sleep(41 * time.Second)
			equal(t, "after 60 s", w.status(*out.ChangeInfo.Id), types.ChangeStatusInsync)
		}},
		{"the name servers have it when it is INSYNC", "User Guide: the forward record must resolve", func(o *awssim.Options) { o.Insync = exactly(40 * time.Second) }, func(t *testing.T, w *world) {
			a := w.allocate()
			w.accept(w.zone(), create(record("a.example.com", "A", 60, w.address(a).IP.String())))
			name := &ec2.ModifyAddressAttributeInput{AllocationId: &a, DomainName: aws.String("a.example.com")}
			time.Sleep(40*time.Second - 1)
			_, err := w.ec2.ModifyAddressAttribute(t.Context(), name)
			wantCode(t, err, "InvalidParameterValue")
			time.Sleep(1)
			_, err = w.ec2.ModifyAddressAttribute(t.Context(), name)
			must(t, err)
		}},
		{"overlapping changes of a zone", "AWS-FACTS: PriorRequestNotComplete is per zone", overlapping, func(t *testing.T, w *world) {
			z := w.zone()
			codes := w.changeAtOnce(z, z)
			equal(t, "first", codes[0], "")
			equal(t, "second", codes[1], "PriorRequestNotComplete")
			equal(t, "afterwards", w.changeAtOnce(z)[0], "")
		}},
		{"a refused change does not free the zone", "AWS-FACTS: PriorRequestNotComplete is per zone", func(o *awssim.Options) {
			overlapping(o)
			times := []time.Duration{10 * time.Second, time.Second, time.Second}
			o.Latency = func(action string) (d time.Duration) { d, times = times[0], times[1:]; return d }
		}, func(t *testing.T, w *world) {
			z, err := w.sim.CreateZone("example.com")
			must(t, err)
			first := make(chan []string, 1)
			go func() { first <- w.changeAtOnce(z) }()
			time.Sleep(time.Millisecond)
			for range 2 {
				equal(t, "meanwhile", w.changeAtOnce(z)[0], "PriorRequestNotComplete")
			}
			equal(t, "first", (<-first)[0], "")
		}},
		{"changes of two zones", "AWS-FACTS: PriorRequestNotComplete is per zone", overlapping, func(t *testing.T, w *world) {
			one, two := w.zone(), ""
			two, err := w.sim.CreateZone("example.com")
			must(t, err)
			codes := w.changeAtOnce(one, two)
			equal(t, "first", codes[0], "")
			equal(t, "second", codes[1], "")
		}},
		{"overlap is nothing by default", "Options.RefuseOverlap", func(o *awssim.Options) { o.Route53Latency = exactly(time.Second) }, func(t *testing.T, w *world) {
			z := w.zone()
			equal(t, "second", w.changeAtOnce(z, z)[1], "")
		}},
	})
}
