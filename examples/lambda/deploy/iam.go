package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// right is one action that a function's role allows.
type right struct {
	action string
	// calls says what calls it.
	calls string
}

// statement gives rights to resources. Its texts may have ${Name} in them, of
// the template.
type statement struct {
	sid       string
	rights    []right
	resource  string
	condition condition
	why       string // of resource and condition, for people
}

// condition is by operator and key.
type condition map[string]map[string]any

// policy is one policy of the functions' roles.
type policy struct {
	name       string
	roles      []string // that have it
	statements []statement
	// when is the template's condition under which the roles have it; empty: always.
	when string
	// asText: CloudFormation cannot replace ${Name} in a key of a condition, but
	// takes the whole document as text, in which Fn::Sub can. Karpenter's own
	// template does the same (karpenter.sh, "CloudFormation").
	asText bool
}

// policies are all rights of the functions: the template and IAM.md are made of
// them.
func policies() []policy {
	both, only := []string{functionRole, sweepRole}, []string{functionRole}
	return []policy{
		{name: "FunctionPolicy", roles: both, statements: slices.Concat(describe(), names53(), tables(), logs())},
		{name: "PoolPolicy", roles: both, statements: pool(), asText: true},
		{name: "ReversePolicy", roles: both, statements: reverse(), asText: true, when: "ReverseNamed"},
		{name: "TriggerPolicy", roles: only, statements: triggers()},
	}
}

func describe() []statement {
	return []statement{{
		sid: "Describe", resource: "*",
		rights: []right{
			{"ec2:DescribeAddresses", "ec2pool: Pool.List and Lookup, the look before each association, and Check"},
			{"ec2:DescribeInstances", "ec2fleet: Fleet.Describe and List"},
		},
		why: "EC2 has no finer resource for Describe",
	}}
}

func names53() []statement {
	const zone = "arn:${AWS::Partition}:route53:::hostedzone/${HostedZoneId}"
	const key = "route53:ChangeResourceRecordSets"
	return []statement{
		{
			sid: "Names", resource: zone,
			rights: []right{{"route53:ChangeResourceRecordSets", "route53zone: Zone.Apply"}},
			condition: condition{
				"ForAllValues:StringEquals": {
					key + "RecordTypes": []string{"A", "TXT"},
					key + "Actions":     []string{"CREATE", "DELETE"},
				},
				"ForAllValues:StringLike": {key + "NormalizedRecordNames": []string{"*.${Suffix}"}},
				// ForAllValues holds where there are no values, too.
				"Null": {key + "RecordTypes": "false", key + "Actions": "false", key + "NormalizedRecordNames": "false"},
			},
			why: "this zone; types A and TXT; names below the suffix; no UPSERT, since nothing is ever overwritten",
		},
		{
			sid: "Zone", resource: zone,
			rights: []right{
				{"route53:GetHostedZone", "route53zone: Zone.Check, when a function starts"},
				{"route53:ListResourceRecordSets", "route53zone: Zone.Lookup and List, and to tell why a change was refused"},
			},
			why: "this zone",
		},
		{
			sid: "Propagation", resource: "arn:${AWS::Partition}:route53:::change/*",
			rights: []right{{"route53:GetChange", "route53zone: Zone.Wait"}},
			why:    "changes have IDs of their own that nobody knows before",
		},
	}
}

func tables() []statement {
	const table = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/"
	return []statement{
		{
			sid: "Bindings", resource: table + "${BindingTable}",
			rights: []right{
				{"dynamodb:BatchGetItem", "dynamostore: Store.Get, Paused and Check"},
				{"dynamodb:ConditionCheckItem", "dynamostore: Store.Audit in a sweep: TransactWriteItems that repairs only what has not moved"},
				{"dynamodb:DeleteItem", "dynamostore: Store.Put and Delete: TransactWriteItems that frees an instance or a name"},
				{"dynamodb:DescribeTable", "dynamostore: Store.Check, when a function starts"},
				{"dynamodb:PutItem", "dynamostore: Store.Put: TransactWriteItems of a record and what it guards"},
				{"dynamodb:Scan", "dynamostore: Store.List and Audit"},
				{"dynamodb:UpdateItem", "dynamostore: Store.Audit in a sweep: TransactWriteItems that carries a schedule server's flag over"},
			},
			why: "the binder's own table",
		},
		{
			sid: "Records", resource: table + "${RecordTable}",
			rights: []right{
				{"dynamodb:BatchGetItem", "dynamostore: Store.Get (the schedule servers' flag) and Check"},
				{"dynamodb:DeleteItem", "dynamostore: Store.Put: TransactWriteItems that hides a worker"},
				{"dynamodb:DescribeTable", "dynamostore: Store.Check, when a function starts"},
				{"dynamodb:PutItem", "dynamostore: Store.Put: TransactWriteItems that shows a worker"},
				{"dynamodb:Scan", "dynamostore: Store.Audit"},
				{"dynamodb:UpdateItem", "dynamostore: Store.Put and Audit: TransactWriteItems that changes a row and leaves its flag"},
			},
			why: "the table that schedule servers read",
		},
	}
}

func logs() []statement {
	return []statement{{
		sid: "Log", resource: "${LogGroup.Arn}",
		rights: []right{
			{"logs:CreateLogStream", "Lambda, for each execution environment"},
			{"logs:PutLogEvents", "Lambda, for what the functions print: logs and metrics"},
		},
		why: "the functions' log group",
	}}
}

// A sweep reads everything itself: it neither takes anything from the queue nor
// puts anything into it.
func triggers() []statement {
	return []statement{{
		sid: "Queue", resource: "${Queue.Arn}",
		rights: []right{
			{"sqs:ChangeMessageVisibility", "lambdaevent: ChangeMessageVisibilityBatch, so that a message that has to wait comes back when its time has come"},
			{"sqs:DeleteMessage", "Lambda's event source mapping"},
			{"sqs:GetQueueAttributes", "Lambda's event source mapping"},
			{"sqs:ReceiveMessage", "Lambda's event source mapping"},
			{"sqs:SendMessage", "httpapi: POST /v1/bind answers before it is done"},
		},
		why: "the queue of events; nothing on the dead-letter queue, into which SQS moves messages itself",
	}}
}

const (
	anyAddress   = "arn:${AWS::Partition}:ec2:${AWS::Region}:${AWS::AccountId}:elastic-ip/*"
	anyInterface = "arn:${AWS::Partition}:ec2:${AWS::Region}:${AWS::AccountId}:network-interface/*"
	anyInstance  = "arn:${AWS::Partition}:ec2:${AWS::Region}:${AWS::AccountId}:instance/*"
)

// EC2 asks for the right to each resource that a call is about ("Actions,
// resources, and condition keys for Amazon EC2"): for AssociateAddress the address,
// the network interface and the instance; for DisassociateAddress the first two.
func pool() []statement {
	associate := right{"ec2:AssociateAddress", "ec2pool: Pool.Associate"}
	disassociate := right{"ec2:DisassociateAddress", "ec2pool: Pool.Disassociate"}
	return []statement{
		{
			sid: "PoolAddresses", resource: anyAddress, condition: inPool(),
			rights: []right{associate, disassociate},
			why:    "addresses with the pool's tags",
		},
		{
			sid: "ClusterInterfaces", resource: anyInterface, condition: inCluster(),
			rights: []right{associate, disassociate},
			why:    "network interfaces with the cluster's tag",
		},
		{
			sid: "ClusterInstances", resource: anyInstance, condition: inCluster(),
			rights: []right{associate},
			why:    "instances with the cluster's tag",
		},
	}
}

func reverse() []statement {
	return []statement{{
		sid: "ReverseNames", resource: anyAddress, condition: inPool(),
		rights: []right{
			{"ec2:ModifyAddressAttribute", "ec2pool: Pool.SetReverseName"},
			{"ec2:ResetAddressAttribute", "ec2pool: Pool.ClearReverseName"},
		},
		why: "addresses with the pool's tags, and only if the parameter ReverseNames is true",
	}}
}

// inPool names the first tag twice where there is no second one. The operators
// differ because a key can stand under each only once; values have no wildcards.
func inPool() condition {
	return condition{
		"StringEquals": {"aws:ResourceTag/${PoolTagKey}": "${PoolTagValue}"},
		"StringLike":   {"aws:ResourceTag/${OtherKey}": "${OtherValue}"},
	}
}

func inCluster() condition {
	return condition{"StringEquals": {"aws:ResourceTag/${ClusterTagKey}": "${ClusterTagValue}"}}
}

// document is the policy as the template has it.
func (p policy) document() any {
	var list []any
	for _, s := range p.statements {
		list = append(list, s.json(p.asText))
	}
	doc := map[string]any{"Version": "2012-10-17", "Statement": list}
	if !p.asText {
		return doc
	}
	text, err := json.Marshal(doc)
	if err != nil {
		panic(err) // of strings alone
	}
	other := func(key, or string) any {
		return map[string]any{"Fn::If": []any{"TwoPoolTags", map[string]any{"Ref": key}, map[string]any{"Ref": or}}}
	}
	if !strings.Contains(string(text), "${OtherKey}") {
		return map[string]any{"Fn::Sub": string(text)}
	}
	return map[string]any{"Fn::Sub": []any{string(text), map[string]any{
		"OtherKey": other("PoolTagKey2", "PoolTagKey"), "OtherValue": other("PoolTagValue2", "PoolTagValue"),
	}}}
}

func (s statement) json(asText bool) map[string]any {
	var actions []string
	for _, r := range s.rights {
		actions = append(actions, r.action)
	}
	made := map[string]any{"Sid": s.sid, "Effect": "Allow", "Action": actions, "Resource": substituted(s.resource, asText)}
	if s.condition == nil {
		return made
	}
	operators := map[string]any{}
	for operator, keys := range s.condition {
		values := map[string]any{}
		for key, value := range keys {
			values[key] = substituted(value, asText)
		}
		operators[operator] = values
	}
	made["Condition"] = operators
	return made
}

// substituted makes Fn::Sub of texts with ${Name}, unless the whole document is one.
func substituted(value any, asText bool) any {
	switch v := value.(type) {
	case string:
		if !asText && strings.Contains(v, "${") {
			return map[string]any{"Fn::Sub": v}
		}
	case []string:
		var all []any
		for _, text := range v {
			all = append(all, substituted(text, asText))
		}
		return all
	}
	return value
}

// describeRights is IAM.md.
func describeRights() string {
	var b strings.Builder
	b.WriteString(rightsIntroduction)
	for _, p := range policies() {
		fmt.Fprintf(&b, "\n## %s\n\nOf `%s`.\n\n| action | which call needs it | on what |\n|---|---|---|\n", p.name, strings.Join(p.roles, "` and `"))
		for _, s := range p.statements {
			for _, r := range s.rights {
				fmt.Fprintf(&b, "| `%s` | %s | %s |\n", r.action, r.calls, s.why)
			}
		}
		b.WriteString("\nResources and conditions:\n\n")
		for _, s := range p.statements {
			fmt.Fprintf(&b, "- %s: `%s`%s\n", s.sid, s.resource, s.condition)
		}
	}
	return b.String()
}

// String lists what must hold, for people.
func (c condition) String() string {
	var b strings.Builder
	for _, operator := range slices.Sorted(maps.Keys(c)) {
		for _, key := range slices.Sorted(maps.Keys(c[operator])) {
			values, ok := c[operator][key].([]string)
			if !ok {
				values = []string{fmt.Sprint(c[operator][key])}
			}
			fmt.Fprintf(&b, ", %s `%s` = `%s`", operator, key, strings.Join(values, "` or `"))
		}
	}
	return b.String()
}

const rightsIntroduction = `# What the functions may do, and why

This is made from iam.go, as the template is: change it there, and run
"go test -run 'Synth|Described' -update". A test compares both.

The functions have these actions and no others, and of no resource but what stands
here; all of ` + "`*`" + ` is Describe, for which EC2 knows nothing finer.

**Two roles.** FunctionRole is that of the function for batches and the HTTP API,
SweepRole that of the function that sweeps. Both bind and take back, so both have the
rights to do so. The queue is for the former alone: a sweep reads everything itself,
and neither takes anything from the queue nor puts anything into it.

**Addresses and interfaces.** AssociateAddress is authorised against the address, the
network interface and the instance, DisassociateAddress against the first two
(Service Authorization Reference, "Actions, resources, and condition keys for
Amazon EC2"). So all are bounded: an address by the pool's tags, an interface and an
instance by the cluster's tag.

Karpenter tags an interface as it launches the instance, with the tags of the
instance: its launch templates have a tag specification for ` + "`network-interface`" + `
(aws/karpenter-provider-aws, pkg/providers/launchtemplate; the tags are GetTags in
pkg/utils/utils.go; read at v1.0.0 and v1.14). These tags are ` + "`eks:eks-cluster-name`" + `,
` + "`kubernetes.io/cluster/NAME`" + ` = owned, ` + "`karpenter.sh/nodepool`" + ` and
` + "`karpenter.k8s.aws/ec2nodeclass`" + `, which nobody can override, and the EC2NodeClass's
spec.tags. The preset ClusterTagKey is the first. Karpenter before v1 has the second
only. Who launches instances in another way (by managed node groups, say) tags their
interfaces by the launch template.

Who may tag an address or an interface can bring it under these rights, or take it
from under them. An address that loses the pool's tags while it is bound cannot be
disassociated by the functions any more; EC2 does it when the instance terminates.

**Names.** Conditions are on each record of a change, by its name in lower case
without the last dot (Route 53, "Using IAM policy conditions for fine-grained access
control").

**Transactions.** DynamoDB has no action for TransactWriteItems: each write in it
needs the right to its own kind.
`
