package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"testing"
)

// wantExactly compares a resource's properties with JSON: each of them, since one
// more may turn it off. Only descriptions are for people.
func (m template) wantExactly(t *testing.T, name, want string) {
	t.Helper()
	r, ok := m.Resources[name]
	if !ok {
		t.Errorf("no resource %s", name)
		return
	}
	got := maps.Clone(r.Properties)
	for _, about := range []string{"Description", "AlarmDescription"} {
		delete(got, about)
	}
	wantJSON(t, name, got, want)
}

func wantJSON(t *testing.T, what string, got any, want string) {
	t.Helper()
	var wanted any
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		t.Fatalf("%s: %v in %s", what, err, want)
	}
	if !reflect.DeepEqual(got, wanted) {
		text, _ := json.Marshal(got)
		also, _ := json.Marshal(wanted)
		t.Errorf("%s is\n%s, want\n%s", what, text, also)
	}
}

// ways are the resources on the way of events and requests to the functions. No
// end-to-end test sees most of them: moto makes none of the HTTP API, of the queue's
// policy and of what is said of retries, and does not ask for permissions.
func ways() map[string]string {
	all := map[string]string{
		"InstanceEvents": `{
			"EventPattern": {"source": ["aws.ec2"], "detail-type": [
				"EC2 Instance State-change Notification", "EC2 Spot Instance Interruption Warning", "EC2 Instance Rebalance Recommendation"]},
			"Targets": [{"Id": "Queue", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}]}`, // no State: enabled; no detail: all states
		"QueuePolicy": `{
			"Queues": [{"Ref": "Queue"}],
			"PolicyDocument": {"Version": "2012-10-17", "Statement": [{
				"Sid": "InstanceEvents", "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": {"Fn::GetAtt": ["Queue", "Arn"]},
				"Principal": {"Service": "events.amazonaws.com"},
				"Condition": {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["InstanceEvents", "Arn"]}}}}]}}`,
		"QueueSource": `{
			"EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]}, "FunctionName": {"Ref": "Function"},
			"BatchSize": 20, "MaximumBatchingWindowInSeconds": 1, "ScalingConfig": {"MaximumConcurrency": 5},
			"FunctionResponseTypes": ["ReportBatchItemFailures"]}`, // no Enabled: it is; no FilterCriteria: everything
		"Sweep": `{
			"ScheduleExpression": "rate(1 minute)",
			"Targets": [{"Id": "SweepFunction", "Arn": {"Fn::GetAtt": ["SweepFunction", "Arn"]},
				"RetryPolicy": {"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 0}}]}`,
		"SweepPermission": `{
			"Action": "lambda:InvokeFunction", "FunctionName": {"Ref": "SweepFunction"}, "Principal": "events.amazonaws.com",
			"SourceArn": {"Fn::GetAtt": ["Sweep", "Arn"]}}`,
		"SweepRetries": `{
			"FunctionName": {"Ref": "SweepFunction"}, "Qualifier": "$LATEST", "MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 0}`,
		"Api": `{"Name": {"Ref": "AWS::StackName"}, "ProtocolType": "HTTP"}`,
		"ApiIntegration": `{
			"ApiId": {"Ref": "Api"}, "IntegrationType": "AWS_PROXY", "IntegrationUri": {"Fn::GetAtt": ["Function", "Arn"]},
			"PayloadFormatVersion": "2.0"}`,
		"ApiStage": `{
			"ApiId": {"Ref": "Api"}, "StageName": "$default", "AutoDeploy": true,
			"DefaultRouteSettings": {"ThrottlingBurstLimit": 100, "ThrottlingRateLimit": 50}}`,
		"ApiPermission": `{
			"Action": "lambda:InvokeFunction", "FunctionName": {"Ref": "Function"}, "Principal": "apigateway.amazonaws.com",
			"SourceArn": {"Fn::Sub": "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*"}}`,
	}
	for name, key := range map[string]string{
		"BindRoute": "POST /v1/bind", "BindingsRoute": "GET /v1/bindings", "BindingRoute": "GET /v1/bindings/{instance}",
		"DrainRoute": "POST /v1/drain", "UndrainRoute": "POST /v1/undrain", "ReadyRoute": "GET /readyz",
	} {
		all[name] = fmt.Sprintf(`{
			"ApiId": {"Ref": "Api"}, "RouteKey": %q, "AuthorizationType": "AWS_IAM",
			"Target": {"Fn::Join": ["/", ["integrations", {"Ref": "ApiIntegration"}]]}}`, key)
	}
	return all
}

func TestWaysToTheFunctions(t *testing.T) {
	made, want := committed(t), ways()
	for name, properties := range want {
		made.wantExactly(t, name, properties)
		if r := made.Resources[name]; r.Condition != "" {
			t.Errorf("%s is there only with %s", name, r.Condition)
		}
	}
	for _, kind := range []string{
		"AWS::Events::Rule", "AWS::SQS::QueuePolicy", "AWS::Lambda::EventSourceMapping", "AWS::Lambda::Permission", "AWS::Lambda::EventInvokeConfig",
		"AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Integration", "AWS::ApiGatewayV2::Stage", "AWS::ApiGatewayV2::Route",
	} {
		for _, name := range made.kind(kind) {
			if want[name] == "" {
				t.Errorf("nobody knows what %s is for: %s", name, kind)
			}
		}
	}
}

// TestMetricsAreFoundInTheLog: the functions print lines in the embedded metric
// format. In Lambda's own JSON format CloudWatch would find them only inside of other
// lines, and not see them.
func TestMetricsAreFoundInTheLog(t *testing.T) {
	made := committed(t)
	for _, name := range functions() {
		logging := made.of(t, name, "AWS::Lambda::Function").Properties["LoggingConfig"]
		wantJSON(t, name+"'s LoggingConfig", logging, `{"LogGroup": {"Ref": "LogGroup"}, "LogFormat": "Text"}`)
	}
}
