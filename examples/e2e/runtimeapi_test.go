package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
)

// timeout is the function's, as Lambda would have it.
const timeout = time.Minute

// runtimeAPI is Lambda's side of a function ("Using the Lambda runtime API for
// custom runtimes" in the developer guide): it hands out events, one after the
// other, and takes the answers.
type runtimeAPI struct {
	address    string
	timeout    time.Duration // of an invocation, as the function is told
	events     chan json.RawMessage
	answers    chan answer
	initErrors chan answer
}

// answer is what the function says to an event, or in place of starting.
type answer struct {
	body   string
	failed bool
}

func newRuntimeAPI(tb testing.TB) *runtimeAPI {
	api := &runtimeAPI{
		timeout:    timeout,
		events:     make(chan json.RawMessage),
		answers:    make(chan answer, 1),
		initErrors: make(chan answer, 1),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", api.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", take(api.answers, false))
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", take(api.answers, true))
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", take(api.initErrors, true))
	server := httptest.NewServer(mux)
	tb.Cleanup(server.Close)
	api.address = strings.TrimPrefix(server.URL, "http://")
	return api
}

func (api *runtimeAPI) next(w http.ResponseWriter, r *http.Request) {
	select {
	case event := <-api.events:
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
		w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(api.timeout).UnixMilli(), 10))
		w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:"+region+":123456789012:function:eipbinder")
		w.Header().Set("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1")
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(event)
	case <-r.Context().Done(): // the process has ended
	}
}

func take(answers chan<- answer, failed bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		answers <- answer{body: string(body), failed: failed}
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprint(w, `{"status":"OK"}`)
	}
}
