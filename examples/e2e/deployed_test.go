package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/eipbinder/eipbinder/internal/awssim"
	"github.com/eipbinder/eipbinder/internal/parts"
)

// What the stack's own numbers become, so that the test takes about a minute.
// All else is as in the template.
var (
	shorter = map[string]string{
		"EIPBINDER_SHARE":             "1", // the simulator has no limits
		"EIPBINDER_DNS_LINGER":        "50ms",
		"EIPBINDER_DNS_FIRST_LOOK":    "50ms",
		"EIPBINDER_DNS_POLL_INTERVAL": "50ms",
		"EIPBINDER_LEASE":             "6s",
		"EIPBINDER_LATE_CALLS":        "7s",
		"EIPBINDER_STOP_GRACE":        "1s",
		"EIPBINDER_COOL_DOWN":         "1h", // longer, so that it is not over at the end on any machine
	}
	// While 721 s pass in the account, these do here: at first, and once
	// nothing but the poison comes back.
	visibility, poisonVisibility = 14 * time.Second, time.Second
	// killedAfter is when the function that hangs is killed. It is told of more time,
	// or on a slow machine it would hand its batch back before.
	killedAfter = 10 * time.Second
)

// karpenters are the tags that Karpenter gives to instances and interfaces.
var karpenters = map[string]string{
	"karpenter.sh/nodepool": "media", "eks:eks-cluster-name": "prod",
	"kubernetes.io/cluster/prod": "owned", "karpenter.k8s.aws/ec2nodeclass": "default",
}

// TestDeployed: the stack of the committed template, and the built function in
// it, through a storm of launches with all that may happen to one.
func TestDeployed(t *testing.T) {
	t.Parallel()
	needPython(t)
	began := time.Now()
	d := newAccount(t)
	d.quota = 1000
	d.deploy(t, map[string]string{
		"PoolTagValue": "byol", "PoolTagKey2": "App", "PoolTagValue2": "streaming",
		"InstanceTags": "karpenter.sh/nodepool|karpenter.sh/provisioner-name=media", "ClusterTagValue": "prod",
		"NodeRoles": "media-worker", "Operators": "platform-team",
	}, "ReverseNamed")
	d.step(t, "deployed", func() {
		d.stack.wantAll(t)
		d.stack.wantAsSaid(t)
		d.setVisibility(t, visibility)
	})
	d.step(t, "launches", func() { d.storm(t) })
	d.step(t, "terminations", func() { d.terminations(t) })
	d.step(t, "triggers", func() { d.triggers(t) })
	d.step(t, "sweeps", func() { d.sweeps(t) })
	d.step(t, "poison", func() { d.poison(t) })
	d.wantBound(t, d.bound, len(d.ended))
	d.wantMetrics(t)
	cannot := map[string]string{
		"Names TXT":                "the template has no setting for more record sets beside the A record",
		"Log logs:CreateLogStream": "Lambda itself makes it",
		"Log logs:PutLogEvents":    "Lambda itself makes it of what the function prints",
	}
	wantExactly(t, "SweepRole", d.stack, d.sweeper.trail.needs, cannot)
	cannot["Queue sqs:GetQueueAttributes"] = "Lambda asks before it makes the event source mapping"
	wantExactly(t, "FunctionRole", d.stack, d.main.trail.needs, cannot)
	t.Logf("%d rights needed, %d by sweeps; %s", len(d.main.trail.needs)+len(d.sweeper.trail.needs), len(d.sweeper.trail.needs), time.Since(began).Round(time.Second))
}

// deployed is the account with the stack in it.
type deployed struct {
	*cloud
	readme
	endpoints    map[string]string // of all services
	confirmAfter string            // empty: the functions' default
	inventory    *inventory
	stack        *stack
	queue        *sqs.Client // the test's own
	main         *lambda
	sweeper      *lambda
	source       *source
	stop         func() // ends the event source mapping

	bound, ended []machine // as they must be in the end
	warned       []machine // that they will end, so that they are drained

	// What the metrics have to say.
	launching, launched, swept time.Time // when the storm began and ended, and the first sweep began
	pooled                     int       // addresses
	lost                       int       // workers of which no event tells
	killed                     []sqstypes.Message
	untold                     int // workers that a function has bound that was killed before it could say so
	refused, repaired, mended  int // messages, as often as they came; bindings; rows

	mu      sync.Mutex
	started []*function // all processes
}

// lambda is one of the stack's functions.
type lambda struct {
	of      *deployed
	name    string
	trail   *trail
	env     map[string]string
	timeout time.Duration
}

func (d *deployed) step(t *testing.T, name string, do func()) {
	t.Helper()
	began := time.Now()
	do()
	t.Logf("%s: %s", name, time.Since(began).Round(100*time.Millisecond))
	if t.Failed() {
		t.FailNow()
	}
}

// newAccount is one with a hosted zone and a package for the functions, and no stack
// yet. EC2 and Route 53 are awssim's.
func newAccount(t *testing.T) *deployed {
	t.Helper()
	moto, dynoxide := parts.Moto(t), parts.Dynoxide(t)
	sim := simulator(t, func(o *awssim.Options) { o.AddressQuota, o.NoAutoAssignedIP, o.StoppingFor = 60, true, 0 })
	keys := credentials.NewStaticCredentialsProvider("test", "test", "")
	d := &deployed{cloud: &cloud{
		ec2:      ec2.New(ec2.Options{Region: region, Credentials: keys, BaseEndpoint: &sim}),
		route53:  route53.New(route53.Options{Region: region, Credentials: keys, BaseEndpoint: &sim}),
		dynamodb: dynamodb.New(dynamodb.Options{Region: region, Credentials: keys, BaseEndpoint: &dynoxide}),
	}}
	d.queue = sqs.New(sqs.Options{Region: region, Credentials: keys, BaseEndpoint: &moto})
	zone, err := d.route53.CreateHostedZone(t.Context(), &route53.CreateHostedZoneInput{Name: aws.String("example.com"), CallerReference: aws.String("e2e")})
	if err != nil {
		t.Fatal(err)
	}
	d.zoneID = *zone.HostedZone.Id
	d.endpoints = map[string]string{"EC2": sim, "ROUTE_53": sim, "DYNAMODB": dynoxide, "SQS": moto}
	d.readme = readme{moto: moto, variables: map[string]string{
		"suffix": suffix, "zone": strings.TrimPrefix(d.zoneID, "/hostedzone/"), "bucket": "packages", "key": "eipbinder-arm64.zip",
	}}
	d.upload(t)
	d.inventory = d.newInventory(t)
	return d
}

// deploy makes the stack in moto, as README.md says, with these parameters beside those
// that stand there. By them conditions of the template are not met. The tables are
// made in dynoxide as they are in moto.
func (d *deployed) deploy(t *testing.T, parameters map[string]string, unmet ...string) {
	t.Helper()
	d.stack = d.deployStack(t, parameters)
	d.stack.unmet = unmet
	d.copyTables(t)
	d.main, d.sweeper = d.newLambda(t, "Function"), d.newLambda(t, "SweepFunction")
	d.source = d.newSource()
}

// copyTables makes the stack's tables in dynoxide, which has DynamoDB's
// transactions; moto has not.
func (d *deployed) copyTables(t *testing.T) {
	t.Helper()
	made := dynamodb.New(dynamodb.Options{Region: region, Credentials: d.dynamodb.Options().Credentials, BaseEndpoint: &d.moto})
	for _, name := range d.stack.tableNames() {
		table, err := made.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: &name})
		if err != nil {
			t.Fatal(err)
		}
		_, err = d.dynamodb.CreateTable(t.Context(), &dynamodb.CreateTableInput{
			TableName: table.Table.TableName, KeySchema: table.Table.KeySchema,
			AttributeDefinitions: table.Table.AttributeDefinitions, BillingMode: table.Table.BillingModeSummary.BillingMode,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// newInventory says what associations are of.
func (d *deployed) newInventory(t *testing.T) *inventory {
	t.Helper()
	what := &inventory{tags: map[string]map[string]string{}, owners: map[string]string{}}
	what.association = func(id string) (address, bool) {
		for _, a := range d.addresses(t) {
			if a.AssociationID == id {
				return a, true
			}
		}
		return address{}, false
	}
	return what
}

// newSource makes the event source mapping, which acts with the role of its
// function.
func (d *deployed) newSource() *source {
	return &source{
		client: sqs.New(sqs.Options{
			Region: region, Credentials: d.queue.Options().Credentials, BaseEndpoint: aws.String(d.main.env["AWS_ENDPOINT_URL_SQS"]),
		}),
		queueURL: d.stack.Resources["Queue"], queueARN: d.stack.Queues["Queue"]["QueueArn"],
		batch: d.stack.Source.BatchSize, atOnce: d.stack.Source.ScalingConfig.MaximumConcurrency,
		newFunction: d.main.start, wantAsFromAWS: wantAsFromAWS, received: map[string]int{},
	}
}

// newLambda puts a trail between the function and all that it calls.
func (d *deployed) newLambda(t *testing.T, name string) *lambda {
	t.Helper()
	l := &lambda{
		of: d, name: name, trail: &trail{inventory: d.inventory, answered: map[string]int{}},
		env: map[string]string{"AWS_REGION": region, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"},
	}
	for service, endpoint := range d.endpoints {
		l.env["AWS_ENDPOINT_URL_"+service] = l.trail.proxy(t, service, endpoint)
	}
	l.configure()
	return l
}

// configure gives the function what the stack says now.
func (l *lambda) configure() {
	made := l.of.stack.Functions[l.name]
	l.timeout = time.Duration(made.Timeout) * time.Second
	maps.Copy(l.env, made.Environment.Variables)
	maps.Copy(l.env, shorter)
	if l.of.confirmAfter != "" {
		l.env["EIPBINDER_CONFIRM_AFTER"] = l.of.confirmAfter
	}
}

// start starts a process with the stack's settings and time-out.
func (l *lambda) start(tb testing.TB) *function {
	tb.Helper()
	f := start(tb, l.env)
	f.api.timeout = l.timeout
	l.of.mu.Lock()
	defer l.of.mu.Unlock()
	l.of.started = append(l.of.started, f)
	return f
}

// wantAsFromAWS checks that an event that has come through the queue is what AWS
// delivers.
func wantAsFromAWS(tb testing.TB, body []byte) {
	tb.Helper()
	var e struct {
		Kind   string `json:"detail-type"`
		Detail struct {
			InstanceID string `json:"instance-id"`
			State      string
		}
	}
	if err := json.Unmarshal(body, &e); err != nil || e.Kind != "EC2 Instance State-change Notification" {
		return
	}
	if diff := sameEvent(tb, event(e.Detail.InstanceID, e.Detail.State), body); diff != "" {
		tb.Errorf("an event is not as from AWS (-AWS +queue):\n%s", diff)
	}
}

// setVisibility shortens the time after which a message comes back.
func (d *deployed) setVisibility(t *testing.T, timeout time.Duration) {
	t.Helper()
	_, err := d.queue.SetQueueAttributes(t.Context(), &sqs.SetQueueAttributesInput{
		QueueUrl:   aws.String(d.stack.Resources["Queue"]),
		Attributes: map[string]string{string(sqstypes.QueueAttributeNameVisibilityTimeout): fmt.Sprint(int(timeout.Seconds()))},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// put puts events on the event bus.
func (d *deployed) put(t *testing.T, all ...json.RawMessage) {
	t.Helper()
	var entries []map[string]any
	for _, e := range all {
		entries = append(entries, entry(t, e))
	}
	var n int
	if stackPython(t, d.moto, entries, &n, "events"); n != len(all) {
		t.Fatalf("%d events were put, want %d", n, len(all))
	}
}

// launchAll launches instances as Karpenter does, with tags on their interfaces.
func (d *deployed) launchAll(t *testing.T, n int, tags map[string]string) (launched []machine) {
	t.Helper()
	count := aws.Int32(int32(n))
	out, err := d.ec2.RunInstances(t.Context(), &ec2.RunInstancesInput{
		MinCount: count, MaxCount: count, ImageId: aws.String("ami-12c6146b"), InstanceType: types.InstanceTypeC5Large,
		TagSpecifications: append(tagged(types.ResourceTypeInstance, tags), tagged(types.ResourceTypeNetworkInterface, tags)...),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range out.Instances {
		m := machine{*i.InstanceId, *i.NetworkInterfaces[0].NetworkInterfaceId}
		d.inventory.own(m, tags)
		launched = append(launched, m)
	}
	return launched
}
