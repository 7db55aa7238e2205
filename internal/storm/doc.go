// Package storm measures how fast a burst of new workers becomes usable, with
// this module and with the algorithms that people run today, side by side on one
// simulated AWS in virtual time.
//
//	p, err := storm.FindProfile("250")
//	result, err := storm.Run(ctx, storm.Controller(storm.Prewarmed), p, seed) // in a synctest bubble
//	err = storm.WriteTable(os.Stdout, []storm.Result{result})
//
// All of it, as table, JSON and pictures, in a folder:
//
//	go test ./internal/storm -run TestStorms -timeout 2h -storm.out=DIR
//
// What came of one such run is in the folder results.
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
// # Who competes
//
// Three ways to run this module (a function for each event, a function for
// batches from a queue, one controller), each with names of instances and with
// prewarmed names of addresses; the prototype that this module grew from; and an
// agent on each worker with one lock for the whole cluster. All get the same
// launches, events, quotas and latencies, by the seed. Where a stand-in is kinder
// than the real thing its comment says so.
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
