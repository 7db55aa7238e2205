// Package awssim is a strict stand-in for the parts of Amazon EC2 and Amazon
// Route 53 that the binder uses. One [Sim] is one account in one Region: a
// [net/http.Handler] that speaks the EC2 Query protocol on "/" and Route 53's
// REST-XML under "/2013-04-01/", both over one in-memory model, so that a
// reverse name, say, is checked against the zone's records. It follows AWS's
// documentation, refuses what AWS refuses, and where AWS leaves an answer
// open offers both ([Options]).
//
//	sim := awssim.New(func(o *awssim.Options) { o.AddressQuota = 100 })
//	client := ec2.New(ec2.Options{
//		Region:      sim.Region(),
//		Credentials: credentials.NewStaticCredentialsProvider("AKID", "SECRET", ""),
//		HTTPClient:  sim.HTTPClient(), // no sockets; or serve sim with net/http
//	})
//	ids, err := sim.Launch(awssim.LaunchSpec{Count: 3})
//	out, err := client.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: ids})
//
// # Time
//
// The simulator has no goroutine of its own. What is due by time.Now() (an
// instance's next state, the end of a propagation) takes place at the start
// of the next call, in the order in which it fell due; [Sim.StateChanges] and
// [Sim.NextDue] let a caller follow it. It therefore runs under
// testing/synctest as well as under the real clock.
//
// # Not simulated, in this version
//
// Eventual consistency, throttling and calls that take effect late; signatures
// are looked at, not verified. [Options.Intercept] puts in single faults.
//
// A Sim is safe for concurrent use. Values that it returns share no memory
// with its state. Nothing sleeps under a lock.
package awssim
