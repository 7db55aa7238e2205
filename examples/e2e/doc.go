// Package e2e tests the Lambda function as it is deployed: the program that
// examples/lambda/build.sh makes, as a process of its own, between a Lambda
// Runtime API and stand-ins for EC2, Route 53 and DynamoDB on the loopback
// interface. Its events are EventBridge's, and what it writes is read by a schedule
// server (testdata/schedule_server.py) that knows nothing but the record table.
//
// TestDeployed runs it in the stack of the committed template: CloudFormation
// makes that in moto, whose EventBridge and SQS bring the events, and the test plays
// Lambda's event source mapping. Every call that the function makes is compared with
// what its role allows. TestDeployedOtherwise does so with other settings, for tables
// that the prototype has left. Both make the stack by the commands of
// examples/lambda/README.md, as they stand there. What functions write is a log of JSON
// on standard error, and metrics on standard output, which are compared with what
// happened.
//
// It also tests the command line as processes: killed at each request, by a proxy
// (TestKill), and many at once (TestCrowd).
//
// The stand-ins are awssim and dynoxide in one run, which are strict, and moto in
// another, which shares no idea with this project. A test is skipped where they are
// missing; see package parts.
package e2e
