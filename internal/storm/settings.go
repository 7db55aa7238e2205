package storm

import "time"

// settings are what a deployment of the example programs sets by environment
// variables, or by a file.
type settings struct {
	share     float64       // EIPBINDER_SHARE
	linger    time.Duration // EIPBINDER_DNS_LINGER
	firstLook time.Duration // EIPBINDER_DNS_FIRST_LOOK
	poll      time.Duration // EIPBINDER_DNS_POLL_INTERVAL
	dnsWait   time.Duration // EIPBINDER_DNS_WAIT
}

// shipped are the defaults. Package deployment of the examples has them.
func shipped() settings {
	return settings{share: 1, linger: 25 * time.Millisecond, firstLook: 20 * time.Second, poll: 5 * time.Second, dnsWait: 2 * time.Minute}
}

// forBatches are the settings of processes that work on many workers at once.
func forBatches() settings {
	s := shipped()
	// EC2 associates 25 addresses meanwhile, so that 1,000 names take 40 requests and
	// not 900; and it is little beside the time to INSYNC.
	s.linger = 5 * time.Second
	// Three looks at each of these requests instead of five: a quarter of the time in
	// which a change gets in sync is what a worker waits too long at most.
	s.poll = 10 * time.Second
	return s
}

// sharedBy returns the settings of one of so many processes.
func (s settings) sharedBy(processes int) settings {
	s.share = 1 / float64(processes)
	return s
}

// handingBack returns the settings of a function that is invoked for events or
// batches. It hardly waits for DNS: it would be paid for waiting, and what it
// hands back comes again.
func (s settings) handingBack() settings {
	s.dnsWait = 2 * time.Second
	return s
}
