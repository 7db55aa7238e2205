// Package storm measures how fast a burst of new workers becomes usable, with
// this module and with the algorithms that people run today, side by side on one
// simulated AWS in virtual time.
//
//	p, err := storm.FindProfile("250")
//	result, err := storm.Run(ctx, storm.Controller(storm.Prewarmed), p, seed) // in a synctest bubble
//	err = storm.WriteTable(os.Stdout, []storm.Result{result})
//
// All of it, as table, JSON and pictures, in a folder; and what this module must
// reach, in a fifth of that time:
//
//	GOGC=400 go test ./internal/storm -run TestStorms -timeout 3h -storm.out=DIR
//	GOGC=400 go test ./internal/storm -run TestStorms -timeout 1h -storm.targets
//
// The former with -storm.targets, too, fails where a target is missed. What came
// of one such run is in the folder results.
//
// # What is measured
//
// A worker is usable once its address is associated, its name is INSYNC and its
// row is visible; the simulator, and not the contender, is asked whether that is
// so. Times count from the first launch.
//
// The floor is the best that any algorithm could do under EC2's AssociateAddress
// bucket: the workers in the order in which they are running, each with the
// first token that is there from then on, and then the shortest time that one
// AssociateAddress and one write of a row take. It assumes that whoever binds
// learns at once that a worker runs; events take up to 12 s.
//
// The bound share is the part of the workers that became usable, without those
// that the churn terminates within three minutes. Calls per node are all calls of
// EC2 and Route 53 in proportion to the launches, throttled ones included.
//
// The churn is 100 launches and then five launches and five terminations each ten
// seconds, for ten minutes in all, and three minutes more in which the last ones
// can become usable.
//
// # Who competes
//
// Three ways to run this module, each with names of instances and with prewarmed
// names of addresses; the prototype that this module grew from; and an agent on
// each worker with one lock for the whole cluster. All get the same launches,
// events, quotas and latencies, by the seed. Where a stand-in is kinder than the
// real thing its comment says so.
//
//   - Controller is one process that stays. It reconciles what events name in
//     batches: at once when nothing goes on, and then 2 to 30 s later, the longer
//     the queue for EC2's bucket is.
//   - SQS batches is a function behind a queue: BatchSize 20, a window of 1 s, five
//     at once (MaximumConcurrency). The quotas are split evenly among the five.
//     Another function sweeps.
//   - Event per Lambda is a function that EventBridge invokes for each event, 50 at
//     once (reserved concurrency), and another one that sweeps. Most of the 50 wait
//     for DNS or for an event, so each has a tenth of the quotas; what is more than
//     all of them at times is throttled, and the functions slow down.
//
// All of them sweep each minute. The sweeping functions have a half of the
// quotas, beside the others: they work for a part of each minute, and it is they
// who find the workers whose events are lost. If all shares, theirs included, made
// one, what a process leaves unused would be lost: in a storm of 1,000 the last
// association would come 30 to 50 s later.
//
// # Settings
//
// These are the settings of the example programs that differ from the defaults,
// which are right for a few workers at a time:
//
//	                            controller  batches  their sweep  per event
//	EIPBINDER_SHARE                 1          0.2       0.5         0.1
//	EIPBINDER_DNS_LINGER            5s          5s        5s        25ms
//	EIPBINDER_DNS_POLL_INTERVAL    10s         10s       10s          5s
//	EIPBINDER_DNS_WAIT              2m          2s        2m          2s
//	--sweep-every                   1m
//
// With the last one alone a controller is as fast, but with names of instances, in a
// storm of 1,000, it calls Route 53 3.0 instead of 0.18 times per node (0.25 with
// the linger alone). For the functions behind a queue the linger also decides how
// fast they are under five requests a second, Route 53's quota before July 2026;
// batches of 10 instead of 20 do not reach the target there, since most of a batch
// then waits for names and leaves turns unused. A function for each event has
// nobody to linger for.
//
// # Time
//
// Everything runs under testing/synctest. Requests and store operations get
// delays of their own that follow from what they are, so that few things fall
// on one instant and a seed repeats itself as far as possible: [Result] counts of
// contenders that draw tokens or names by chance differ a little.
//
// A World and a Contender are for one run; different runs share nothing.
package storm
