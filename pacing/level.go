package pacing

import (
	"math"
	"time"
)

// speed is a limit as a bucket uses it. Tokens are counted in float64.
type speed struct {
	burst    float64
	refill   float64       // tokens per second, where nothing slows it down
	recovery float64       // the seconds in which the rate grows from zero to the refill
	gap      time.Duration // between any two tokens
}

// leastPart is the part of a refill that is left after any number of throttles:
// as much as a hundred have who share it.
const leastPart = 0.01

func (o Options) speed(l Limit) speed {
	refill := l.Refill * o.Share
	return speed{
		burst:    max(1, float64(l.Burst)*o.Share-refill*o.Slack.Seconds()),
		refill:   refill,
		recovery: o.Recovery.Seconds(),
		gap:      time.Duration(float64(time.Second) / (refill * o.Peak)),
	}
}

// level is what a bucket holds, and how fast it is filled. It is arithmetic
// alone: neither clock nor lock.
type level struct {
	speed
	at     time.Time
	tokens float64 // at that time
	part   float64 // of the refill that comes in, at that time; it grows evenly, up to 1
}

// full is the level of a bucket that nobody has used.
func (s speed) full(now time.Time) level { return level{speed: s, at: now, tokens: s.burst, part: 1} }

// rate is how many tokens come in a second.
func (l *level) rate() float64 { return l.refill * l.part }

// advance lets the time pass until now.
func (l *level) advance(now time.Time) {
	d := now.Sub(l.at).Seconds()
	if d <= 0 {
		return
	}
	growing := min(d, l.growing())
	gained := l.part*growing + growing*growing/(2*l.recovery) + d - growing
	l.tokens = min(l.tokens+l.refill*gained, l.burst)
	l.part = min(l.part+growing/l.recovery, 1)
	l.at = now
}

// growing is for how long the rate will grow, in seconds.
func (l *level) growing() float64 { return (1 - l.part) * l.recovery }

// after returns how long it takes until there are so many tokens, if nobody
// takes one meanwhile: what advance does, the other way round.
func (l *level) after(tokens float64) time.Duration {
	need := (tokens - l.tokens) / l.refill // the seconds that it takes at the full rate
	if need <= 0 {
		return 0
	}
	growing := l.growing()
	seconds := growing/2*(1-l.part) + need // as much as is missed while the rate grows
	if seconds < growing {
		seconds = 2 * need / (l.part + math.Sqrt(l.part*l.part+2*need/l.recovery))
	}
	return time.Duration(math.Ceil(seconds * float64(time.Second)))
}

// slow halves the rate.
func (l *level) slow() { l.part = max(l.part/2, leastPart) }
