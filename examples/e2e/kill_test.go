package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	route53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/google/go-cmp/cmp"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/examples/internal/deployment"
	"github.com/eipbinder/eipbinder/internal/awssim"
	"github.com/eipbinder/eipbinder/internal/parts"
)

// job is work of the command line that it is killed at.
type job struct {
	name string
	// workers are launched, and the first bound of them bound, before the work.
	workers, bound int
	prepare        func(*testing.T, *cloud, []machine) work
}

// work is a command line, and what is there when it is done.
type work struct {
	args  []string
	bound []machine
	freed int           // addresses
	todo  binder.Report // by a sweep after that
}

var jobs = []job{
	{"sweep", 3, 2, func(t *testing.T, c *cloud, m []machine) work {
		c.terminate(t, m[0].instanceID)
		c.deleteName(t, m[1])
		c.putGhosts(t)
		return work{args: []string{"sweep"}, bound: m[1:], freed: 1}
	}},
	{"bind", 1, 0, func(_ *testing.T, _ *cloud, m []machine) work {
		return work{args: []string{"reconcile", m[0].instanceID}, bound: m}
	}},
	{"terminate", 1, 1, func(t *testing.T, c *cloud, m []machine) work {
		c.terminate(t, m[0].instanceID)
		return work{args: []string{"reconcile", m[0].instanceID}, freed: 1}
	}},
	{"unbind", 1, 1, func(_ *testing.T, _ *cloud, m []machine) work {
		again := binder.Action{Verb: "bind", InstanceID: m[0].instanceID}
		return work{args: []string{"unbind", "--force", m[0].instanceID}, freed: 1, todo: binder.Report{Actions: []binder.Action{again}}}
	}},
}

// TestKill kills the command line with SIGKILL at each of its requests, and runs
// it again: what there is then is what there is after an undisturbed run.
func TestKill(t *testing.T) {
	began := time.Now()
	s := &series{program: commandLineFor(t), turns: make(chan struct{}, 2)}
	var group sync.WaitGroup
	for _, j := range jobs {
		for _, replied := range []bool{false, true} {
			for first := 1; first <= strides; first++ {
				group.Go(func() {
					t.Run(fmt.Sprintf("%s/replied=%t/%d", j.name, replied, first), func(t *testing.T) { s.killAtEach(t, j, replied, first) })
				})
			}
		}
	}
	group.Wait()
	t.Logf("%d kill points, %d processes, %s", s.points.Load(), s.runs.Load(), time.Since(began).Round(time.Second))
}

// series are kill points that are tried side by side, most of the time to wait
// for a lease to end. Processes take turns.
type series struct {
	program string
	turns   chan struct{}

	points, runs atomic.Int64
}

// strides is how many go through the requests of a work in parallel.
const strides = 3

// killAtEach kills at each request from the first on, in strides, until the
// work gets through.
func (s *series) killAtEach(t *testing.T, j job, replied bool, first int) {
	counted := &killer{}
	undisturbed := s.run(t, j, counted)
	if counted.requests < 10 {
		t.Fatalf("the undisturbed work takes %d requests: are they counted?", counted.requests)
	}
	for at, reached := first, true; reached && !t.Failed(); at += strides {
		t.Run(fmt.Sprint(at), func(t *testing.T) { // for the account to end
			k := &killer{at: at, replied: replied}
			got := s.run(t, j, k)
			if diff := cmp.Diff(undisturbed, got); diff != "" {
				t.Errorf("not as if undisturbed (-want +got):\n%s", diff)
			}
			if t.Failed() {
				t.Logf("killed at request %d, %s", at, k.fatal)
			}
			if reached = k.fatal != ""; reached {
				s.points.Add(1)
			}
		})
	}
}

// run does the work in an account of its own, and returns what is there then.
func (s *series) run(t *testing.T, j job, k *killer) []string {
	t.Helper()
	c := killCloud(t)
	k.cloud, k.program, k.turns, k.lease = c, s.program, s.turns, time.Second
	k.settings = []string{"EIPBINDER_LEASE", "1s", "EIPBINDER_LATE_CALLS", "500ms", "EIPBINDER_CONFIRM_AFTER", "1s", "EIPBINDER_COOL_DOWN", "10m"}
	b := c.binder(t, k.settings...)
	patient := c.binder(t, append(slices.Clone(k.settings), "EIPBINDER_LEASE", "1m")...) // however slow this machine is
	var machines []machine
	for range 3 {
		c.allocate(t, pooled)
	}
	for range j.workers {
		machines = append(machines, c.machine(t))
	}
	for _, m := range machines[:j.bound] {
		if _, err := patient.Reconcile(t.Context(), m.instanceID); err != nil {
			t.Fatal(err)
		}
	}
	w := j.prepare(t, c, machines)
	s.runs.Add(int64(len(k.untilDone(t, w.args...))))
	c.wantBound(t, w.bound, w.freed)
	w.todo.DryRun = true
	swept, err := b.Sweep(t.Context(), func(o *binder.SweepOptions) { o.DryRun = true })
	swept.Actions = slices.DeleteFunc(swept.Actions, func(a binder.Action) bool { return a.Verb == "note" }) // remembers, and does nothing
	if got, want := asJSON(t, swept), asJSON(t, w.todo); err != nil || got != want {
		t.Errorf("a sweep after that: %v, %s, want %s", err, got, want)
	}
	return c.picture(t)
}

// killCloud has no time that would have to be waited for.
func killCloud(tb testing.TB) *cloud {
	tb.Helper()
	dynoxide := parts.Dynoxide(tb)
	sim := simulator(tb, func(o *awssim.Options) { o.InsyncAfter, o.ShuttingDownFor = 0, 0 })
	c := newCloud(tb, sim, sim, dynoxide)
	c.ec2Endpoint, c.route53Endpoint, c.dynamodbEndpoint = sim, sim, dynoxide // nothing else counts calls
	return c
}

// binder is a Binder in this process, with the cloud's settings and these.
func (c *cloud) binder(tb testing.TB, more ...string) deployment.Binder {
	tb.Helper()
	settings := c.settings(more...)
	config, err := deployment.FromEnv(func(variable string) string { return settings[variable] })
	if err != nil {
		tb.Fatal(err)
	}
	router := httptest.NewServer(http.HandlerFunc(c.forward))
	tb.Cleanup(router.Close)
	keys := credentials.NewStaticCredentialsProvider("test", "test", "")
	cfg := aws.Config{Region: region, Credentials: keys, BaseEndpoint: &router.URL}
	records, err := deployment.DynamoStore(config, cfg)
	if err != nil {
		tb.Fatal(err)
	}
	b, err := deployment.Build(config, cfg, records)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// deleteName takes the worker's name out of the zone, as by hand.
func (c *cloud) deleteName(tb testing.TB, m machine) {
	tb.Helper()
	for _, a := range c.addresses(tb) {
		if a.NetworkInterfaceID != m.networkInterfaceID {
			continue
		}
		set := &route53types.ResourceRecordSet{
			Name: aws.String(a.IP + "." + suffix), Type: route53types.RRTypeA, TTL: aws.Int64(60),
			ResourceRecords: []route53types.ResourceRecord{{Value: &a.IP}},
		}
		_, err := c.route53.ChangeResourceRecordSets(tb.Context(), &route53.ChangeResourceRecordSetsInput{
			HostedZoneId: &c.zoneID,
			ChangeBatch:  &route53types.ChangeBatch{Changes: []route53types.Change{{Action: route53types.ChangeActionDelete, ResourceRecordSet: set}}},
		})
		if err != nil {
			tb.Fatal(err)
		}
	}
}

// putGhosts puts a row and a guard into the tables that no record explains.
func (c *cloud) putGhosts(tb testing.TB) {
	tb.Helper()
	text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
	for table, item := range map[string]map[string]types.AttributeValue{
		"record_table":  {"EIP": text("192.0.2.1"), "DNS_Record": text("ghost." + suffix), "allocated": &types.AttributeValueMemberBOOL{}},
		"binding_table": {"pk": text("name#ghost." + suffix + "."), "allocation_id": text("eipalloc-0123456789abcdef0")},
	} {
		if _, err := c.dynamodb.PutItem(tb.Context(), &dynamodb.PutItemInput{TableName: &table, Item: item}); err != nil {
			tb.Fatal(err)
		}
	}
}
