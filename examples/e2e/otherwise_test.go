package e2e_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"
)

// TestDeployedOtherwise: the stack in a new account that has the prototype's table,
// as README.md says word for word but for the settings of which TestDeployed has the
// presets, and in which names and reverse names are in use; and then without names
// that stay.
func TestDeployedOtherwise(t *testing.T) {
	t.Parallel()
	needPython(t)
	d := newAccount(t)
	d.quota, d.confirmAfter = 10, "1s"
	parameters := map[string]string{
		"ExistingTables": "both", "BinderId": "eipbinder-media",
		"Policy": "dashed-ip", "Ttl": "2m", "KeepNames": "true", "ReverseNames": "true",
	}
	o := otherwise{deployed: d}
	d.step(t, "deployed", func() {
		o.makeTables(t)
		d.deploy(t, parameters, "CreateRecords", "CreateBinding")
		d.stack.wantAll(t)
		d.stack.wantAsSaid(t)
		d.setVisibility(t, visibility) // moto may give a message to who has left, and it comes again
		d.naming = naming{dashed: true, ttl: 120, kept: true}
	})
	d.step(t, "bound", func() { o.bind(t) })
	d.step(t, "unbound", func() { o.unbind(t) })
	d.step(t, "deployed again", func() {
		parameters["KeepNames"] = "false"
		o.redeploy(t, parameters)
	})
	cannot := map[string]string{
		"Names TXT":                            "the template has no setting for more record sets beside the A record",
		"Log logs:CreateLogStream":             "Lambda itself makes it",
		"Log logs:PutLogEvents":                "Lambda itself makes it of what the function prints",
		"Bindings dynamodb:UpdateItem":         "for what schedule servers do, which TestDeployed does",
		"Records dynamodb:UpdateItem":          "for what schedule servers do, which TestDeployed does",
		"Bindings dynamodb:ConditionCheckItem": "for what schedule servers do, which TestDeployed does",
	}
	wantExactly(t, "SweepRole", d.stack, d.sweeper.trail.needs, cannot)
	cannot["Queue sqs:GetQueueAttributes"] = "Lambda asks before it makes the event source mapping"
	wantExactly(t, "FunctionRole", d.stack, d.main.trail.needs, cannot)
}

// otherwise is TestDeployedOtherwise's account.
type otherwise struct {
	*deployed

	workers []machine
	ips     []string // of the workers
}

// makeTables: the prototype has its own, and README.md's commands make the other, and
// protect both.
func (o *otherwise) makeTables(t *testing.T) {
	t.Helper()
	made := dynamodb.New(dynamodb.Options{Region: region, Credentials: o.dynamodb.Options().Credentials, BaseEndpoint: &o.moto})
	in := &dynamodb.CreateTableInput{TableName: aws.String("record_table"), BillingMode: dynamodbtypes.BillingModePayPerRequest}
	for i, key := range []string{"EIP", "DNS_Record"} {
		in.KeySchema = append(in.KeySchema, dynamodbtypes.KeySchemaElement{
			AttributeName: &key, KeyType: []dynamodbtypes.KeyType{dynamodbtypes.KeyTypeHash, dynamodbtypes.KeyTypeRange}[i],
		})
		in.AttributeDefinitions = append(in.AttributeDefinitions, dynamodbtypes.AttributeDefinition{AttributeName: &key, AttributeType: dynamodbtypes.ScalarAttributeTypeS})
	}
	if _, err := made.CreateTable(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	o.run(t, readmeBlock(t, "go run ./examples/cli tables create"))
	for _, name := range []string{"record_table", "binding_table"} {
		table, err := made.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: &name})
		if err != nil {
			t.Fatal(err)
		}
		backups, err := made.DescribeContinuousBackups(t.Context(), &dynamodb.DescribeContinuousBackupsInput{TableName: &name})
		if err != nil {
			t.Fatal(err)
		}
		recovery := backups.ContinuousBackupsDescription.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus
		if !aws.ToBool(table.Table.DeletionProtectionEnabled) || recovery != dynamodbtypes.PointInTimeRecoveryStatusEnabled {
			t.Errorf("%s: protected from deletion: %v; recovery: %s", name, aws.ToBool(table.Table.DeletionProtectionEnabled), recovery)
		}
	}
}

// bind: the names are there before the workers are. Of these one is bound by its event,
// one asks for itself, and one is found by a sweep.
func (o *otherwise) bind(t *testing.T) {
	t.Helper()
	for range 4 {
		o.addAddress(t)
	}
	o.sweep(t)
	if n := len(o.published(t)); n != 4 {
		t.Errorf("%d names are published before there are workers, want 4", n)
	}
	for range 3 {
		o.launchOne(t)
	}
	o.put(t, event(o.workers[0].instanceID, "running"))
	f := o.main.start(t)
	if a := f.invoke(t, json.RawMessage(`{"sweep":{"dryRun":true}}`)); a.failed || strings.Contains(a.body, `"error"`) {
		t.Errorf("an operator's sweep says %+v", a)
	}
	a := f.invoke(t, request(t, o.stack.Parameters["NodeRoles"]+"/"+o.workers[1].instanceID, "POST /v1/bind", ""))
	if !strings.Contains(a.body, `"statusCode":202`) {
		t.Errorf("a worker that asks for itself is told %+v", a)
	}
	o.stop = o.source.run(t)
	awaitCount(t, o.queue, 0, o.stack.Resources["Queue"])
	o.sweep(t)
	o.wantBound(t, o.workers, 1)
	for _, m := range o.workers {
		held := slices.DeleteFunc(o.addresses(t), func(a address) bool { return a.NetworkInterfaceID != m.networkInterfaceID })
		o.ips = append(o.ips, held[0].IP)
	}
	o.wantReverse(t, o.ips)
}

// unbind: a worker stops and the function that has its event waits for that, and one
// stops unsaid. Their names stay.
func (o *otherwise) unbind(t *testing.T) {
	t.Helper()
	o.unbindByEvent(t, 0)
	o.stopInstance(t, o.workers[2])
	o.until(t, func() bool { return o.isFree(t, 2) }, o.sweep)
	o.wantBound(t, o.workers[1:2], 3)
	o.wantReverse(t, o.ips)
}

// unbindByEvent: the event comes too late, so that its message waits for the end of
// the grace.
func (o *otherwise) unbindByEvent(t *testing.T, worker int) {
	t.Helper()
	o.stopInstance(t, o.workers[worker])
	o.stop() // moto may lose what is sent while it deletes
	o.put(t, event(o.workers[worker].instanceID, "running"))
	o.stop = o.source.run(t)
	o.until(t, func() bool { return o.isFree(t, worker) }, func(*testing.T) {})
	awaitCount(t, o.queue, 0, o.stack.Resources["Queue"])
}

// redeploy deletes the stack, since moto cannot change it, and makes another one for
// the tables that stay. The names of free addresses are taken back by sweeps then, and
// that of a new worker as it is unbound.
func (o *otherwise) redeploy(t *testing.T, parameters map[string]string) {
	t.Helper()
	o.stop()
	old := o.stack.Queues["Queue"]["QueueArn"]
	o.run(t, readmeCommand(t, "aws cloudformation delete-stack --stack-name eipbinder"))
	o.stack = o.deployStack(t, parameters)
	for _, name := range []string{"Function", "SweepFunction"} {
		o.stack.wantEnvironment(t, committedTemplate(t), name)
	}
	o.main.configure()
	o.sweeper.configure()
	o.source = o.newSource()
	o.setVisibility(t, visibility)
	o.main.trail.rename(old, o.source.queueARN)
	o.naming.kept = false
	o.until(t, func() bool { return len(o.published(t)) == 1 }, o.sweep)
	o.wantBound(t, o.workers[1:2], 3)
	o.wantReverse(t, o.ips[1:2])
	o.addAddress(t) // names of the others may still be cached
	o.launchOne(t)
	o.put(t, event(o.workers[3].instanceID, "running"))
	o.stop = o.source.run(t)
	o.until(t, func() bool { return len(o.rowsOf(t, o.workers[3])) == 1 }, func(*testing.T) {})
	o.unbindByEvent(t, 3)
	o.stop()
	o.wantBound(t, o.workers[1:2], 4)
	o.wantReverse(t, o.ips[1:2])
}

// addAddress adds an address to the pool.
func (o *otherwise) addAddress(t *testing.T) {
	t.Helper()
	tags := map[string]string{o.stack.Parameters["PoolTagKey"]: o.stack.Parameters["PoolTagValue"]}
	o.inventory.tag(tags, o.allocate(t, tags))
}

// launchOne launches another worker.
func (o *otherwise) launchOne(t *testing.T) {
	t.Helper()
	key, value, _ := strings.Cut(o.stack.Parameters["InstanceTags"], "=")
	o.workers = append(o.workers, o.launchAll(t, 1, map[string]string{
		key: value, o.stack.Parameters["ClusterTagKey"]: o.stack.Parameters["ClusterTagValue"],
	})...)
}

// sweep is a scheduled one, in a process of its own.
func (o *otherwise) sweep(t *testing.T) {
	t.Helper()
	var answer struct{ Failed int }
	a := o.sweeper.start(t).invoke(t, payload(t, "schedule.json", payloadsHaveIt))
	if err := json.Unmarshal([]byte(a.body), &answer); err != nil || a.failed || answer.Failed > 0 {
		t.Fatalf("a sweep says %+v", a)
	}
}

// until does it again and again until all is done.
func (o *otherwise) until(t *testing.T, done func() bool, do func(*testing.T)) {
	t.Helper()
	for began := time.Now(); !done(); time.Sleep(time.Second) { // which is the grace
		if time.Since(began) > timeout {
			t.Fatalf("it does not come to an end: %s", strings.Join(o.picture(t), "\n"))
		}
		do(t)
	}
}

// isFree reports whether nothing is bound to a worker any more.
func (o *otherwise) isFree(t *testing.T, worker int) bool {
	t.Helper()
	return !slices.ContainsFunc(o.items(t, "binding_table"), func(item string) bool {
		return strings.Contains(item, `"instance#`+o.workers[worker].instanceID+`"`)
	})
}

// published are the record sets below the suffix.
func (o *otherwise) published(t *testing.T) []string {
	t.Helper()
	return slices.DeleteFunc(o.names(t), func(line string) bool { return !strings.Contains(line, suffix) })
}

// wantReverse checks that these addresses, and no others, have their names as reverse
// names.
func (o *otherwise) wantReverse(t *testing.T, ips []string) {
	t.Helper()
	out, err := o.ec2.DescribeAddressesAttribute(t.Context(), &ec2.DescribeAddressesAttributeInput{Attribute: types.AddressAttributeNameDomainName})
	if err != nil {
		t.Fatal(err)
	}
	want, got := map[string]string{}, map[string]string{}
	for _, ip := range ips {
		name, _ := o.naming.set(ip)
		want[ip] = name + "."
	}
	for _, a := range out.Addresses {
		if name := aws.ToString(a.PtrRecord); name != "" {
			got[aws.ToString(a.PublicIp)] = name
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reverse names (-want +got):\n%s", diff)
	}
}
