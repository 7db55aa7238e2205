package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"syscall"
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
	d := deploy(t)
	d.step(t, "deployed", func() {
		d.stack.wantAll(t)
		d.stack.wantAsSaid(t, d.parameters)
		d.setVisibility(t, visibility)
	})
	d.step(t, "launches", func() { d.storm(t) })
	d.step(t, "terminations", func() { d.terminations(t) })
	d.step(t, "triggers", func() { d.triggers(t) })
	d.step(t, "sweeps", func() { d.sweeps(t) })
	d.step(t, "poison", func() { d.poison(t) })
	d.wantBound(t, d.bound, len(d.ended))
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
	inventory  *inventory
	parameters map[string]string
	stack      *stack
	moto       string
	queue      *sqs.Client // the test's own
	main       *lambda
	sweeper    *lambda
	source     *source
	stop       func() // ends the event source mapping

	bound, ended []machine // as they must be in the end
	warned       []machine // that they will end, so that they are drained
}

// lambda is one of the stack's functions.
type lambda struct {
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

// deploy creates the stack in moto. EC2 and Route 53 are awssim, and the tables are
// made in dynoxide as CloudFormation has made them in moto.
func deploy(t *testing.T) *deployed {
	t.Helper()
	moto, dynoxide := parts.Moto(t), parts.Dynoxide(t)
	sim := simulator(t, func(o *awssim.Options) { o.AddressQuota, o.NoAutoAssignedIP, o.StoppingFor = 60, true, 0 })
	keys := credentials.NewStaticCredentialsProvider("test", "test", "")
	d := &deployed{moto: moto, cloud: &cloud{
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
	d.parameters = map[string]string{
		"Suffix": suffix, "HostedZoneId": strings.TrimPrefix(d.zoneID, "/hostedzone/"),
		"PoolTagValue": "byol", "PoolTagKey2": "App", "PoolTagValue2": "streaming",
		"InstanceTags": "karpenter.sh/nodepool|karpenter.sh/provisioner-name=media", "ClusterTagValue": "prod",
		"NodeRoles": "media-worker", "Operators": "platform-team",
		"CodeBucket": "packages", "CodeKey": "eipbinder-arm64.zip",
	}
	d.stack = createStack(t, moto, d.parameters)
	d.copyTables(t, dynamodb.New(dynamodb.Options{Region: region, Credentials: keys, BaseEndpoint: &moto}))
	d.connect(t, sim, dynoxide, keys)
	return d
}

// copyTables makes the stack's tables in dynoxide, which has DynamoDB's
// transactions; moto has not.
func (d *deployed) copyTables(t *testing.T, made *dynamodb.Client) {
	t.Helper()
	for _, name := range []string{"RecordTableOfWorkers", "BindingTableOfBinder"} {
		table, err := made.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String(d.stack.Resources[name])})
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

// connect puts a trail between each function and all that it calls, and makes
// the event source mapping, which acts with the role of its function.
func (d *deployed) connect(t *testing.T, sim, dynoxide string, keys aws.CredentialsProvider) {
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
	d.inventory = what
	endpoints := map[string]string{"EC2": sim, "ROUTE_53": sim, "DYNAMODB": dynoxide, "SQS": d.moto}
	d.main, d.sweeper = d.newLambda(t, "Function", endpoints), d.newLambda(t, "SweepFunction", endpoints)
	d.source = &source{
		client:   sqs.New(sqs.Options{Region: region, Credentials: keys, BaseEndpoint: aws.String(d.main.env["AWS_ENDPOINT_URL_SQS"])}),
		queueURL: d.stack.Resources["Queue"], queueARN: d.stack.Queues["Queue"]["QueueArn"],
		batch: d.stack.Source.BatchSize, atOnce: d.stack.Source.ScalingConfig.MaximumConcurrency,
		newFunction: d.main.start, wantAsFromAWS: wantAsFromAWS, received: map[string]int{},
	}
}

func (d *deployed) newLambda(t *testing.T, name string, endpoints map[string]string) *lambda {
	t.Helper()
	made := d.stack.Functions[name]
	l := &lambda{
		trail: &trail{inventory: d.inventory, answered: map[string]int{}}, timeout: time.Duration(made.Timeout) * time.Second,
		env: map[string]string{"AWS_REGION": region, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"},
	}
	for service, endpoint := range endpoints {
		l.env["AWS_ENDPOINT_URL_"+service] = l.trail.proxy(t, service, endpoint)
	}
	maps.Copy(l.env, made.Environment.Variables)
	maps.Copy(l.env, shorter)
	return l
}

// start starts a process with the stack's settings and time-out.
func (l *lambda) start(tb testing.TB) *function {
	tb.Helper()
	f := start(tb, l.env)
	f.api.timeout = l.timeout
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

// storm is 50 launches at once: events in any order, some of them twice, two
// instances without any; instances that are no workers; a poisonous event; and a
// function that hangs in the midst of a batch until Lambda kills it.
func (d *deployed) storm(t *testing.T) {
	t.Helper()
	for range 54 {
		d.inventory.tag(pooled, d.allocate(t, pooled))
	}
	d.allocate(t, other)
	workers := d.launchAll(t, 50, karpenters)
	foreign, lost := d.launchAll(t, 5, other), 2
	d.bound = workers
	var storm []json.RawMessage
	for i, m := range slices.Concat(workers[lost:], foreign) {
		storm = append(storm, event(m.instanceID, "running"))
		if i%5 == 0 {
			storm = append(storm, event(m.instanceID, "pending"))
		}
		if i%10 == 0 {
			storm = append(storm, event(m.instanceID, "running"))
		}
	}
	storm = append(storm, event("i-poison", "running"))
	random := rand.New(rand.NewPCG(1, 2)) // any order, the same in each run
	random.Shuffle(len(storm), func(i, j int) { storm[i], storm[j] = storm[j], storm[i] })
	d.put(t, storm[:d.source.batch]...)
	var rest sync.WaitGroup
	rest.Go(func() { d.put(t, storm[d.source.batch:]...) }) // moto takes a quarter of a second for each
	batch, kill := d.hang(t)
	rest.Wait() // moto may lose what is sent while it deletes
	d.stop = d.source.run(t)
	kill()
	d.awaitPoison(t)
	d.source.wantAgain(t, batch)
	if n := len(d.items(t, "record_table")); n != len(workers)-lost {
		t.Errorf("%d workers are visible, want all but those whose events are lost, %d", n, len(workers)-lost)
	}
}

// awaitPoison returns once nothing but the poison is in the queue, or is dead by
// then.
func (d *deployed) awaitPoison(t *testing.T) {
	t.Helper()
	awaitCount(t, d.queue, 1, d.stack.Resources["Queue"], d.stack.Resources["DeadLetterQueue"])
}

// hang invokes a function that hangs in the midst of its batch, and returns the
// batch, and what kills the function when its time is up. It leaves addresses
// associated that nobody knows of but by its reservations.
func (d *deployed) hang(t *testing.T) (messages []sqstypes.Message, kill func()) {
	t.Helper()
	messages, err := d.source.receive(t.Context())
	if err != nil || len(messages) != d.source.batch {
		t.Fatalf("%d messages, want a batch of %d: %v", len(messages), d.source.batch, err)
	}
	f := d.main.start(t)
	frozen := make(chan error, 1)
	d.main.trail.mu.Lock()
	d.main.trail.hang = hang{"ec2:AssociateAddress", 3, func() { frozen <- f.process.Signal(syscall.SIGSTOP) }}
	d.main.trail.mu.Unlock()
	select {
	case f.api.events <- d.source.event(t, messages):
	case <-time.After(timeout):
		t.Fatal("the function does not ask for an event")
	}
	began := time.Now()
	select {
	case err := <-frozen:
		if err != nil {
			t.Fatal(err)
		}
	case a := <-f.api.answers:
		t.Fatalf("the function is done before it hangs: %+v", a)
	case <-time.After(f.api.timeout):
		t.Fatal("the function neither hangs nor answers")
	}
	associated := slices.DeleteFunc(d.addresses(t), func(a address) bool { return a.AssociationID == "" })
	if rows := d.items(t, "record_table"); len(associated) < 3 || len(rows) >= len(associated) {
		t.Errorf("the function hangs with %d addresses associated and %d workers visible, want it in the midst", len(associated), len(rows))
	}
	return messages, func() {
		select {
		case a := <-f.api.answers:
			t.Errorf("the frozen function answers: %+v", a)
		case <-time.After(killedAfter - time.Since(began)):
		}
		f.stop()
	}
}
