package main

import "time"

// within waits until it is so, and reports whether that came within the time.
func within(limit time.Duration, is func() bool) bool {
	for began := time.Now(); !is(); time.Sleep(50 * time.Millisecond) {
		if time.Since(began) > limit {
			return false
		}
	}
	return true
}
