// Command deploy synthesizes the CloudFormation stack in which the Lambda function
// of examples/lambda runs: tables, events, queue, HTTP API, schedule, a function for
// all of these and one for sweeps, rights, alarms and a dashboard.
//
//	go run .                    # into CDK_OUTDIR, or a temporary folder
//	go test -run 'Synth|Described' -update  # writes template.json and IAM.md anew
//
// Nobody needs this program, or the CDK, to deploy: template.json is what it
// makes, has no assets, asks for no bootstrapping, and goes to "aws cloudformation
// deploy" as it is. examples/lambda/README.md tells how, and IAM.md which rights
// the functions get and why.
//
// All constructs are the CDK's L1. The template is read by those who deploy it and by
// tests, so that it has no generated names, and no policies beside those of iam.go.
//
// It needs node on the PATH, for the CDK. A stack is for one goroutine.
package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

func main() {
	defer jsii.Close()
	synthesize(nil)
}

// synthesize writes eipbinder.template.json, among others, into the folder; nil:
// as the CDK does. The CDK panics on anything that is wrong.
func synthesize(folder *string) {
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: folder, AnalyticsReporting: jsii.Bool(false), TreeMetadata: jsii.Bool(false)})
	newStack(app, "eipbinder")
	app.Synth(nil)
}
