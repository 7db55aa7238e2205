package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/eipbinder/eipbinder/adapters/emf"
	"github.com/eipbinder/eipbinder/adapters/lambdaevent"
	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/examples/internal/deployment"
)

// metrics are the observers of the profiles, by BinderID.
type metrics map[string]*emf.Observer

func newMetrics(w io.Writer, profiles []deployment.Profile) (metrics, error) {
	m := metrics{}
	for _, p := range profiles {
		observer, err := emf.New(w, func(o *emf.Options) { o.BinderID = p.BinderID })
		if err != nil {
			return nil, fmt.Errorf("binderID (%s): %w", deployment.EnvBinderID, err)
		}
		m[p.BinderID] = observer
	}
	return m, nil
}

// observe makes a profile's observer the Binder's.
func (m metrics) observe(o *binder.Options) {
	if observer := m[o.BinderID]; observer != nil {
		o.Observer = observer
	}
}

// Observe counts what concerns no profile, such as a payload that is refused,
// for each: whoever watches one of them sees it.
func (m metrics) Observe(ctx context.Context, e binder.Event) {
	for _, observer := range m {
		observer.Observe(ctx, e)
	}
}

func (m metrics) flush() error {
	var errs []error
	for _, observer := range m {
		errs = append(errs, observer.Flush())
	}
	return errors.Join(errs...)
}

// function is the handler, and what comes after each invocation.
type function struct {
	handler *lambdaevent.Handler
	metrics metrics
	logger  *slog.Logger
}

// Invoke handles the payload and writes the metrics. It makes function a
// lambda.Handler.
func (f function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	answer, err := f.handler.Invoke(ctx, payload)
	if flushErr := f.metrics.flush(); flushErr != nil {
		f.logger.ErrorContext(ctx, "metrics are lost", "error", flushErr)
	}
	return answer, err
}
