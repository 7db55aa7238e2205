// Package httpapi serves a [binder.Binder], or a [binder.Mux], over HTTP: an
// instance asks for its address, looks at its own binding, and operators list,
// drain and undrain. A [Handler] is a net/http handler, for a server of one's own
// as for AWS Lambda:
//
//	who, err := httpapi.NewIAM(func(o *httpapi.IAMOptions) {
//		o.Caller = caller // what API Gateway or the function URL says, never a header
//		o.Accounts, o.InstanceRoles, o.OperatorRoles = accounts, nodes, operators
//	})
//	queue, err := httpapi.NewLocalQueue(b)
//	h, err := httpapi.New(httpapi.Backends{Binder: b, Queue: queue, Records: records, Authenticator: who})
//	go queue.Run(ctx)
//	err = httpapi.Server("127.0.0.1:8080", h).ListenAndServe()
//
// An instance is answered before it is bound: associating an Elastic IP address
// drops the auto-assigned public one, and with it the connection that the reply
// would take. POST /v1/bind therefore only puts the instance into a [Queue].
//
// Who asks is an [Authenticator]'s to say: [IAM] takes what AWS has verified, and
// the module identitydoc, a folder below, takes instance identity documents. An
// instance can only ever ask for itself, and the operators' verbs are not for it,
// not even for itself: a worker that is broken into must not hide itself, or others.
//
// Every error is a problem document (RFC 9457). The API is described by an OpenAPI
// document, which is served at /v1/openapi.json.
//
// A Handler is safe for concurrent use.
package httpapi

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/store"
)

// Binder is what the operators' verbs call; *binder.Binder has it, and *binder.Mux.
type Binder interface {
	Drain(ctx context.Context, id string, optFns ...func(*binder.DrainOptions)) (binder.Outcome, error)
	Undrain(ctx context.Context, id string, optFns ...func(*binder.DrainOptions)) (binder.Outcome, error)
}

var (
	_ Binder  = (*binder.Binder)(nil)
	_ Binder  = (*binder.Mux)(nil)
	_ Records = store.Store(nil)
)

// Records is where bindings are read; every store.Store has it.
type Records interface {
	Get(ctx context.Context, keys ...store.Key) ([]store.Record, error)
	List(ctx context.Context, f store.Filter) iter.Seq2[store.Record, error]
}

// Backends are what a Handler works with. All are required.
type Backends struct {
	Binder        Binder
	Queue         Queue
	Records       Records
	Authenticator Authenticator
}

// Options configure a Handler.
type Options struct {
	// Check is asked by /readyz, such as a Binder's Check. Nil, the default, means
	// always ready.
	Check func(context.Context) error
	// CheckAge is how old an answer of Check may be, good or bad: however often
	// /readyz is asked, Check is called once in this time. Default and zero: 10 s.
	CheckAge time.Duration
	// BodyLimit is how long the body of a request may be, in bytes. Default and
	// zero: 16 KiB.
	BodyLimit int64
	// Timeout is how long one request may take; API Gateway gives up after 29 s.
	// Default and zero: 20 s.
	Timeout time.Duration
	// Logger gets one line for each request, and why requests are refused.
	// Default: silence.
	Logger *slog.Logger
}

// Handler serves the API. Make one with New.
type Handler struct {
	parts  Backends
	opts   Options
	ready  *readiness
	routes []route
}

var _ http.Handler = (*Handler)(nil)

// New returns a Handler, or a binder.ErrConfig that names the field. It does no I/O.
func New(b Backends, optFns ...func(*Options)) (*Handler, error) {
	opts := Options{CheckAge: 10 * time.Second, BodyLimit: 16 << 10, Timeout: 20 * time.Second}
	for _, fn := range optFns {
		fn(&opts)
	}
	if err := errors.Join(b.validate(), opts.resolve()); err != nil {
		return nil, fmt.Errorf("%w: %w", binder.ErrConfig, err)
	}
	h := &Handler{parts: b, opts: opts, ready: newReadiness(opts)}
	h.routes = h.table()
	return h, nil
}

func (b Backends) validate() error {
	var errs []error
	for _, part := range []struct {
		name    string
		missing bool
	}{
		{"Binder", b.Binder == nil}, {"Queue", b.Queue == nil},
		{"Records", b.Records == nil}, {"Authenticator", b.Authenticator == nil},
	} {
		if part.missing {
			errs = append(errs, errors.New("Backends."+part.name+" is nil"))
		}
	}
	return errors.Join(errs...)
}

// resolve fills in what zero means, and checks the rest.
func (o *Options) resolve() error {
	if o.CheckAge == 0 {
		o.CheckAge = 10 * time.Second
	}
	if o.BodyLimit == 0 {
		o.BodyLimit = 16 << 10
	}
	if o.Timeout == 0 {
		o.Timeout = 20 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.CheckAge < 0 || o.BodyLimit < 0 || o.Timeout < 0 {
		return errors.New("Options: CheckAge, BodyLimit and Timeout must not be negative")
	}
	return nil
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), h.opts.Timeout)
	defer cancel()
	c := &call{Request: r.WithContext(ctx), w: w, id: requestID(r), began: time.Now()}
	header := w.Header()
	header.Set("X-Request-Id", c.id)
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	answer, err := h.answer(c)
	if err != nil {
		answer, err = refusal(c, err)
	}
	if writeErr := answer.write(w); writeErr != nil {
		err = errors.Join(err, fmt.Errorf("write the answer: %w", writeErr))
	}
	h.log(c, answer.status, err)
}

// answer finds and runs what serves the call. A panic is an error like any
// other, so that it has a problem document and a line in the log, too.
func (h *Handler) answer(c *call) (a answer, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = newPanicError(p)
		}
	}()
	action, err := h.route(c)
	if err != nil {
		return answer{}, err
	}
	if action.who != anyone {
		if err := h.authenticate(c, action.who); err != nil {
			return answer{}, err
		}
	}
	if c.Body == nil { // not so on a server, but in a request that somebody made
		c.Body = http.NoBody
	}
	c.Body = http.MaxBytesReader(c.w, c.Body, h.opts.BodyLimit)
	return action.serve(c)
}

// log writes one line. It has nothing of the request but what has been checked.
func (h *Handler) log(c *call, status int, err error) {
	level := slog.LevelInfo
	switch {
	case status >= http.StatusInternalServerError:
		level = slog.LevelError
	case status >= http.StatusBadRequest:
		level = slog.LevelWarn
	}
	attrs := []slog.Attr{
		slog.String("request", c.id), slog.String("method", knownMethod(c.Method)), slog.String("route", c.pattern),
		slog.Int("status", status), slog.Duration("took", time.Since(c.began)),
	}
	if c.principal.Name != "" {
		attrs = append(attrs, slog.String("principal", c.principal.Name))
	}
	if c.instance != "" {
		attrs = append(attrs, slog.String("instance", c.instance))
	}
	if err != nil {
		attrs = append(attrs, slog.Any("error", err))
	}
	h.opts.Logger.LogAttrs(c.Context(), level, "request", attrs...)
}
