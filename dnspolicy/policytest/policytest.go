// Package policytest proves that a [dnspolicy.Policy] keeps the contract, and
// those of [dnspolicy.Recorder], [dnspolicy.CommonNamer] and [dnspolicy.Validator]
// if it is one:
//
//	func TestContract(t *testing.T) {
//		policytest.Run(t, newPolicy())
//	}
//
// Run asks the policy for the names of sample subjects. If it needs other tags
// than they have, say so, with a value of its own for each subject where the
// policy relies on that:
//
//	policytest.Run(t, newPolicy(), func(o *policytest.Options) {
//		for i, s := range o.Subjects {
//			s.InstanceTags["team"] = "sip"
//			s.Address.Tags["rack"] = fmt.Sprintf("r%d", i)
//		}
//	})
//
// An [dnspolicy.AddressPolicy] is tested as the policy that
// [dnspolicy.PerAddress] makes of it. Then the suite also sees to it that the
// instance makes no difference and that no two addresses share a name.
//
// Names must be the same in every process, so Run starts the test's program a
// second time and compares.
//
// Whether a policy is safe for concurrent use, only the race detector sees in
// full: run the test with -race.
//
// Names of cases are as stable as what is exported here: a case that goes, or gets
// another name, is a breaking change. Any release may bring new cases, for what
// the contract says already.
//
// Cases run one after the other; some call the policy from several goroutines.
package policytest

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// Options tune a run of the suite.
type Options struct {
	// Subjects are what the policy is asked to name. It must be able to name each
	// of them. At least two, and no two of them of the same instance, allocation
	// ID or IP. Default: three media workers, each in a zone of its own, with the
	// instance tags Name, team and karpenter.sh/nodepool and the address tags Name
	// and slot.
	Subjects []dnspolicy.Subject
	// Suffix is the absolute name that the names are put under. Default:
	// "sfu.example.com.".
	Suffix string
	// ToASCII converts a name's U-labels to A-labels; binder.ToASCII is what the
	// binder does. Default: it makes dots of the other full stops (U+3002, U+FF0E,
	// U+FF61), and changes nothing else, so that a sample's name that has U-labels
	// is not valid.
	ToASCII func(name string) (string, error)
}

func defaults() Options {
	fullStops := strings.NewReplacer("\u3002", ".", "\uff0e", ".", "\uff61", ".")
	o := Options{
		Suffix:  "sfu.example.com.",
		ToASCII: func(name string) (string, error) { return fullStops.Replace(name), nil },
	}
	for i := range byte(3) {
		slot := fmt.Sprintf("sfu-%03d", i+1)
		o.Subjects = append(o.Subjects, dnspolicy.Subject{
			Address: dnspolicy.Address{
				AllocationID: fmt.Sprintf("eipalloc-0a%d", i+1),
				IP:           netip.AddrFrom4([4]byte{203, 0, 113, i + 1}),
				Tags:         map[string]string{"Name": slot, "slot": slot},
			},
			InstanceID:       fmt.Sprintf("i-0b%d", i+1),
			AvailabilityZone: "eu-central-1" + string('a'+rune(i)),
			InstanceType:     "c7gn.2xlarge",
			PrivateIP:        netip.AddrFrom4([4]byte{10, 0, 1, i + 1}),
			InstanceTags: map[string]string{
				"Name":                  fmt.Sprintf("media-%d", i+1),
				"team":                  "sip",
				"karpenter.sh/nodepool": "media",
			},
		})
	}
	return o
}

// resolve applies the options to the defaults. Every error names the field.
func resolve(policy dnspolicy.Policy, optFns []func(*Options)) (fixture, error) {
	o := defaults()
	for _, fn := range optFns {
		fn(&o)
	}
	var errs []error
	if policy == nil {
		errs = append(errs, errors.New("policytest: the policy is nil"))
	}
	if len(o.Subjects) < 2 {
		errs = append(errs, errors.New("policytest: Options.Subjects has fewer than two subjects"))
	}
	instances, allocations, ips := map[string]bool{}, map[string]bool{}, map[netip.Addr]bool{}
	for i, s := range o.Subjects {
		if instances[s.InstanceID] || allocations[s.Address.AllocationID] || ips[s.Address.IP] {
			errs = append(errs, fmt.Errorf("policytest: Options.Subjects[%d] has the instance or address of another one", i))
		}
		instances[s.InstanceID], allocations[s.Address.AllocationID], ips[s.Address.IP] = true, true, true
	}
	if _, err := dnspolicy.CheckName(o.Suffix); err != nil {
		errs = append(errs, fmt.Errorf("policytest: Options.Suffix: %w", err))
	}
	if o.ToASCII == nil {
		errs = append(errs, errors.New("policytest: Options.ToASCII is nil"))
	}
	return fixture{policy: policy, Options: o}, errors.Join(errs...)
}
