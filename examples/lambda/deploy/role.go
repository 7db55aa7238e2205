package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
)

// The roles, by the names of their resources: each function has its own.
const (
	functionRole = "FunctionRole"
	sweepRole    = "SweepRole"
)

// roleOf is a function's role with its policies.
type roleOf struct {
	role     awsiam.CfnRole
	policies []awsiam.CfnPolicy
}

// addRights adds the roles, by name, and the policies, of which both have most.
func addRights(stack awscdk.Stack) map[string]*roleOf {
	all := map[string]*roleOf{}
	for _, name := range []string{functionRole, sweepRole} {
		all[name] = &roleOf{role: awsiam.NewCfnRole(stack, &name, &awsiam.CfnRoleProps{
			AssumeRolePolicyDocument: map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
				"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": map[string]any{"Service": "lambda.amazonaws.com"},
			}}},
		})}
	}
	for _, p := range policies() {
		var refs []*string
		for _, name := range p.roles {
			refs = append(refs, all[name].role.Ref())
		}
		made := awsiam.NewCfnPolicy(stack, &p.name, &awsiam.CfnPolicyProps{
			PolicyName: &p.name, PolicyDocument: p.document(), Roles: &refs,
		})
		if p.when != "" {
			conditional(stack, made, p.when)
		}
		for _, name := range p.roles {
			all[name].policies = append(all[name].policies, made)
		}
	}
	return all
}
