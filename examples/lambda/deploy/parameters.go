package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// parameter is one of the template's. Without a preset it has to be given.
type parameter struct {
	name, about string
	preset      any
	pattern     string   // of the value
	allowed     []string // values
	kind        string   // "" is String
}

const (
	// tagText is what IAM's policies can name of a tag: no quotes, since they go
	// into JSON text, and no commas, bars, or wildcards, which mean something else in
	// one place or the other.
	tagText = `[A-Za-z0-9 _.:/+@-]`
	// roles are names of IAM roles, with commas between them.
	roles = `^([A-Za-z0-9_+=.@-]{1,64}(,[A-Za-z0-9_+=.@-]{1,64})*)?$`
)

func parameters() []parameter {
	return append(append(whatToServe(), whoMayAsk()...), howItRuns()...)
}

func whatToServe() []parameter {
	return []parameter{
		{name: "Suffix", about: "Domain under which the workers' names go, such as media.example.com: lower case, no dot at the end", pattern: `^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]*[a-z0-9])?$`},
		{name: "HostedZoneId", about: "ID of the public hosted zone that holds the suffix, such as Z0123456789ABCDEFGHIJ", pattern: `^Z[A-Z0-9]{1,31}$`},
		{name: "PoolTagKey", about: "Key of the tag that makes an Elastic IP address one of the pool", preset: "Pool", pattern: "^" + tagText + "{1,128}$"},
		{name: "PoolTagValue", about: "Value of that tag", pattern: "^" + tagText + "{1,256}$"},
		{name: "PoolTagKey2", about: "Key of another tag that the pool's addresses must have, too; empty: none", preset: "", pattern: "^" + tagText + "{0,128}$"},
		{name: "PoolTagValue2", about: "Value of that other tag", preset: "", pattern: "^" + tagText + "{0,256}$"},
		{name: "InstanceTags", about: "Tags of the workers, such as karpenter.sh/nodepool=media; a|b for either, commas for both", pattern: `^[A-Za-z0-9 _.:/=+@|,-]+$`},
		{name: "ClusterTagKey", about: "Key of the tag by which the workers' network interfaces and instances belong to the cluster; Karpenter sets the preset one", preset: "eks:eks-cluster-name", pattern: "^" + tagText + "{1,128}$"},
		{name: "ClusterTagValue", about: "Value of that tag: for the preset one, the cluster's name", pattern: "^" + tagText + "{1,256}$"},
		{name: "Policy", about: "How workers are named: dotted-ip, dashed-ip, instance-id, pattern:TEXT, slot:TAG, or several with || between them", preset: "dotted-ip", pattern: `^[ -~]+$`},
		{name: "Ttl", about: "TTL of the names in whole seconds, such as 60s", preset: "60s", pattern: `^[0-9]+[smh]$`},
		{name: "KeepNames", about: "Whether the names of freed addresses stay published, for policies that name addresses: workers then need not wait for DNS", preset: "false", allowed: []string{"true", "false"}},
		{name: "ReverseNames", about: "Whether the addresses' reverse names are set, too", preset: "false", allowed: []string{"true", "false"}},
	}
}

func whoMayAsk() []parameter {
	return []parameter{
		{name: "NodeRoles", about: "Names of the workers' IAM roles, with commas between them, whose instances may ask for their own binding over HTTP; empty: none", preset: "", pattern: roles},
		{name: "Operators", about: "Names of the operators' IAM roles, with commas between them, that may list and drain over HTTP; empty: none", preset: "", pattern: roles},
	}
}

func howItRuns() []parameter {
	return []parameter{
		{name: "CodeBucket", about: "S3 bucket with the deployment package, in this Region", pattern: `^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`},
		{name: "CodeKey", about: "Key of the deployment package, eipbinder-arm64.zip of examples/lambda/build.sh; a new key for each version", pattern: `^[ -~]+$`},
		{name: "BinderId", about: "Name of this deployment in its records and metrics; to be kept", preset: "eipbinder", pattern: `^[A-Za-z0-9._-]{1,64}$`},
		{name: "RecordTable", about: "Name of the DynamoDB table that schedule servers read", preset: "record_table", pattern: tableName},
		{name: "BindingTable", about: "Name of the binder's own DynamoDB table", preset: "binding_table", pattern: tableName},
		{name: "ExistingTables", about: "Tables that exist already and are not to be created: none, record or both", preset: "none", allowed: []string{"none", "record", "both"}},
		{name: "ReserveConcurrency", about: "Whether the functions' concurrency is reserved; false only for an account whose quota is too small for that", preset: "true", allowed: []string{"true", "false"}},
		{name: "LogRetentionDays", about: "For how many days logs are kept", preset: "30", kind: "Number", allowed: []string{"7", "14", "30", "60", "90", "180", "365"}},
		{name: "PoolFreeAlarm", about: "The pool is nearly dry if fewer addresses than that are free", preset: 5, kind: "Number"},
		{name: "AlarmTopicArn", about: "SNS topic that alarms go to; empty: they only show", preset: "", pattern: `^(arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]+)?$`},
	}
}

const tableName = `^[A-Za-z0-9_.-]{3,255}$`

func addParameters(stack awscdk.Stack) {
	for _, p := range parameters() {
		props := &awscdk.CfnParameterProps{Description: &p.about, Default: p.preset, Type: jsii.String("String")}
		if p.kind != "" {
			props.Type = &p.kind
		}
		if p.pattern != "" {
			props.AllowedPattern = &p.pattern
		}
		if p.allowed != nil {
			props.AllowedValues = jsii.Strings(p.allowed...)
		}
		awscdk.NewCfnParameter(stack, &p.name, props)
	}
	is := func(parameter, value string) awscdk.ICfnRuleConditionExpression {
		return awscdk.Fn_ConditionEquals(ref(parameter), value)
	}
	for _, c := range []struct {
		name string
		when awscdk.ICfnConditionExpression
	}{
		{"TwoPoolTags", awscdk.Fn_ConditionNot(is("PoolTagKey2", ""))},
		{"ReverseNamed", is("ReverseNames", "true")},
		{"CreateRecords", is("ExistingTables", "none")},
		{"CreateBinding", awscdk.Fn_ConditionNot(is("ExistingTables", "both"))},
		{"Asked", awscdk.Fn_ConditionNot(awscdk.Fn_ConditionAnd(is("NodeRoles", ""), is("Operators", "")))},
		{"Reserved", is("ReserveConcurrency", "true")},
		{"Notify", awscdk.Fn_ConditionNot(is("AlarmTopicArn", ""))},
	} {
		awscdk.NewCfnCondition(stack, &c.name, &awscdk.CfnConditionProps{Expression: c.when})
	}
}
