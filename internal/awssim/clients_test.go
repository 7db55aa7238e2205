package awssim_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/smithy-go"

	"github.com/eipbinder/eipbinder/internal/awssim"
)

func newEC2(sim *awssim.Sim) *ec2.Client {
	return ec2.New(ec2.Options{
		Region:           sim.Region(),
		Credentials:      credentials.NewStaticCredentialsProvider("AKID", "SECRET", ""),
		HTTPClient:       sim.HTTPClient(),
		RetryMaxAttempts: 1,
	})
}

func newRoute53(sim *awssim.Sim) *route53.Client {
	return route53.New(route53.Options{
		Region:           sim.Region(),
		Credentials:      credentials.NewStaticCredentialsProvider("AKID", "SECRET", ""),
		HTTPClient:       sim.HTTPClient(),
		RetryMaxAttempts: 1,
	})
}

// rule is one thing that AWS does, and where that is written: AWS-FACTS is the
// project's collection, the rest names pages of AWS's documentation.
type rule struct {
	name, fact string
	opts       func(*awssim.Options)
	check      func(t *testing.T, w *world)
}

// runRules runs each rule in virtual time on an account of its own.
func runRules(t *testing.T, rules []rule) {
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				opts := r.opts
				if opts == nil {
					opts = func(*awssim.Options) {}
				}
				r.check(t, newWorld(t, opts))
			})
			if t.Failed() {
				t.Log("rule:", r.fact)
			}
		})
	}
}

// world is an account with real SDK clients.
type world struct {
	t   *testing.T
	sim *awssim.Sim
	ec2 *ec2.Client
	r53 *route53.Client
}

func newWorld(t *testing.T, opts func(*awssim.Options)) *world {
	sim := awssim.New(opts)
	return &world{t: t, sim: sim, ec2: newEC2(sim), r53: newRoute53(sim)}
}

// launch starts an instance, and returns it while it is pending.
func (w *world) launch(spec awssim.LaunchSpec) awssim.Instance {
	w.t.Helper()
	ids, err := w.sim.Launch(spec)
	must(w.t, err)
	return w.instance(ids[0])
}

// run starts an instance with n interfaces and waits until it is running.
func (w *world) run(interfaces int) awssim.Instance {
	w.t.Helper()
	id := w.launch(awssim.LaunchSpec{Interfaces: interfaces}).ID
	time.Sleep(5 * time.Second)
	return w.instance(id)
}

func (w *world) instance(id string) awssim.Instance {
	w.t.Helper()
	for _, i := range w.sim.Instances() {
		if i.ID == id {
			return i
		}
	}
	w.t.Fatalf("no instance %s", id)
	return awssim.Instance{}
}

func (w *world) allocate() string {
	w.t.Helper()
	id, err := w.sim.Allocate("", nil)
	must(w.t, err)
	return id
}

func (w *world) address(allocationID string) awssim.Address {
	w.t.Helper()
	for _, a := range w.sim.Addresses() {
		if a.AllocationID == allocationID {
			return a
		}
	}
	w.t.Fatalf("no address %s", allocationID)
	return awssim.Address{}
}

// associate is AssociateAddress by interface; reassociation nil leaves the parameter out.
func (w *world) associate(allocationID, interfaceID string, reassociation *bool) (string, error) {
	out, err := w.ec2.AssociateAddress(w.t.Context(), &ec2.AssociateAddressInput{
		AllocationId: &allocationID, NetworkInterfaceId: &interfaceID, AllowReassociation: reassociation})
	if err != nil {
		return "", err
	}
	return aws.ToString(out.AssociationId), nil
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantCode fails unless the error has this AWS code.
func wantCode(t *testing.T, err error, want string) {
	t.Helper()
	var api smithy.APIError
	switch {
	case err == nil:
		t.Errorf("no error, want %s", want)
	case !errors.As(err, &api):
		t.Errorf("not an AWS error: %v", err)
	case api.ErrorCode() != want:
		t.Errorf("%s: %s, want %s", api.ErrorCode(), api.ErrorMessage(), want)
	}
}

// wantText fails unless the error's message holds the text.
func wantText(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("error %v does not say %q", err, text)
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
