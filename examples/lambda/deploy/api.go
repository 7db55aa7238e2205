package main

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"
)

// bindRoute is the only one for workers.
const bindRoute = "POST /v1/bind"

// routes are those of package httpapi, by the names of their resources.
func routes() [][2]string {
	return [][2]string{
		{"BindRoute", bindRoute},
		{"BindingsRoute", "GET /v1/bindings"},
		{"BindingRoute", "GET /v1/bindings/{instance}"},
		{"DrainRoute", "POST /v1/drain"},
		{"UndrainRoute", "POST /v1/undrain"},
		{"ReadyRoute", "GET /readyz"},
	}
}

// addAPI adds the HTTP API. Every route asks for IAM's signature: who may call is
// said by IAM first, and then by the function, which knows the caller.
func addAPI(stack awscdk.Stack, fn awslambda.CfnFunction) {
	api := awsapigatewayv2.NewCfnApi(stack, jsii.String("Api"), &awsapigatewayv2.CfnApiProps{
		Name: awscdk.Aws_STACK_NAME(), ProtocolType: jsii.String("HTTP"),
	})
	integration := awsapigatewayv2.NewCfnIntegration(stack, jsii.String("ApiIntegration"), &awsapigatewayv2.CfnIntegrationProps{
		ApiId: api.Ref(), IntegrationType: jsii.String("AWS_PROXY"),
		IntegrationUri: fn.AttrArn(), PayloadFormatVersion: jsii.String("2.0"),
	})
	for _, r := range routes() {
		awsapigatewayv2.NewCfnRoute(stack, &r[0], &awsapigatewayv2.CfnRouteProps{
			ApiId: api.Ref(), RouteKey: &r[1], AuthorizationType: jsii.String("AWS_IAM"),
			Target: awscdk.Fn_Join(jsii.String("/"), &[]*string{jsii.String("integrations"), integration.Ref()}),
		})
	}
	awsapigatewayv2.NewCfnStage(stack, jsii.String("ApiStage"), &awsapigatewayv2.CfnStageProps{
		ApiId: api.Ref(), StageName: jsii.String("$default"), AutoDeploy: true,
		// A thousand workers in a minute, each with a few tries.
		DefaultRouteSettings: &awsapigatewayv2.CfnStage_RouteSettingsProperty{
			ThrottlingBurstLimit: jsii.Number(100), ThrottlingRateLimit: jsii.Number(50),
		},
	})
	awslambda.NewCfnPermission(stack, jsii.String("ApiPermission"), &awslambda.CfnPermissionProps{
		Action: jsii.String("lambda:InvokeFunction"), FunctionName: fn.Ref(), Principal: jsii.String("apigateway.amazonaws.com"),
		SourceArn: sub("arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*"),
	})
}

// addNodePolicy adds what the workers' role needs: one route. Which instance
// asks is what the signature says, and not the request.
func addNodePolicy(stack awscdk.Stack) {
	awsiam.NewCfnManagedPolicy(stack, jsii.String("NodePolicy"), &awsiam.CfnManagedPolicyProps{
		Description: jsii.String("Lets a worker ask eipbinder for its own address and name"),
		PolicyDocument: map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
			"Sid": "Bind", "Effect": "Allow", "Action": "execute-api:Invoke",
			"Resource": sub("arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/$default/" + strings.Replace(bindRoute, " ", "", 1)),
		}}},
	})
}
