package httpapi

import (
	"crypto/rand"
	"net/http"
	"strings"
)

const (
	maxRequestID  = 64
	requestIDSafe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.="
)

// requestID is the caller's own X-Request-Id if it is short and of harmless
// letters, since it goes into the log and back; else a new one.
func requestID(r *http.Request) string {
	id := r.Header.Get("X-Request-Id")
	if id == "" || len(id) > maxRequestID || strings.Trim(id, requestIDSafe) != "" {
		return rand.Text()
	}
	return id
}
