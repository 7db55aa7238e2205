package awssim

import (
	"fmt"
	"net/http"
)

// apiError is a refusal in AWS's terms.
type apiError struct {
	status        int
	code, message string
}

// Error returns code and message.
func (e *apiError) Error() string { return e.code + ": " + e.message }

// refusef returns a refusal with HTTP status 400, as nearly all are.
func refusef(code, format string, args ...any) *apiError {
	return &apiError{status: http.StatusBadRequest, code: code, message: fmt.Sprintf(format, args...)}
}

// flaw is what is wrong with one change of a DNS batch, in Route 53's words.
type flaw string

// Error returns the words.
func (f flaw) Error() string { return string(f) }

func flawf(format string, args ...any) error { return flaw(fmt.Sprintf(format, args...)) }
