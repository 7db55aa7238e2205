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
// instance's next state, a late call, an event's arrival) takes place at the start
// of the next call, in the order in which it fell due; [Sim.StateChanges] and
// [Sim.NextDue] let a caller follow it. It therefore runs under
// testing/synctest as well as under the real clock.
//
// # Faults
//
// All are off until an option turns them on. [Options.Intercept] puts in single
// ones; [Options.Faults], Abandoned, Lag, Buckets, RefuseOverlap, the latencies
// and Events put them in at random, as [Options.Seed] has it: the same seed and
// the same sequence of calls give the same answers. Each fault draws from
// streams of its own, by action or caller, so that one does not shift another.
//
//	sim := awssim.New(awssim.AWSLatency, awssim.AWSEvents, func(o *awssim.Options) {
//		o.Seed = seed
//		o.Lag = awssim.Range{Max: 5 * time.Second}
//		o.Buckets = awssim.EC2Buckets().With(awssim.Route53Buckets())
//		o.Faults = []awssim.FaultRule{{Share: 0.01, Fault: awssim.Fault{LostReply: true}}}
//	})
//
// What the methods of [Sim] return is always the truth, and what they do always
// succeeds at once: the faults are those of requests, and of [Sim.Deliveries].
// Only EC2's Describe calls lag. Signatures are looked at, not verified.
//
// A Sim is safe for concurrent use. Values that it returns share no memory
// with its state. Nothing sleeps under a lock.
package awssim
