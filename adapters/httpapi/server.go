package httpapi

import (
	"net/http"
	"time"
)

// Server returns an http.Server with limits for callers who are slow on purpose,
// to be changed as needed: 5 s for the header and 16 KiB of it, 10 s for a whole
// request, 30 s for the answer (more than Options.Timeout), 60 s idle. It has no TLS: a
// load balancer or ListenAndServeTLS does. Stop it with Shutdown, and only then
// end the context of LocalQueue.Run, so that nobody is refused who was accepted.
func Server(addr string, h http.Handler) *http.Server {
	return &http.Server{
		Addr:              addr,
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
}
