package httpapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/eipbinder/eipbinder/binder"
)

func (h *Handler) drain(c *call) (answer, error)   { return h.order(c, h.parts.Binder.Drain) }
func (h *Handler) undrain(c *call) (answer, error) { return h.order(c, h.parts.Binder.Undrain) }

// order carries an operator's verb out on the instance that the body names.
func (h *Handler) order(c *call, verb func(context.Context, string, ...func(*binder.DrainOptions)) (binder.Outcome, error)) (answer, error) {
	id, err := instanceBody(c)
	if err != nil {
		return answer{}, err
	}
	if id == "" {
		return answer{}, badRequest(`the body must be {"instanceId": "i-..."}`)
	}
	c.instance = id
	outcome, err := verb(c.Context(), id)
	if err == nil {
		err = outcome.Err
	}
	if err != nil {
		return answer{}, failure(err)
	}
	switch {
	case outcome.Status.Waiting():
		return answer{}, unavailable(outcome.Reason, max(outcome.RetryAfter, 1), nil)
	case outcome.Status == binder.Bound, outcome.Status == binder.AlreadyBound:
		return answer{status: http.StatusOK, body: outcome}, nil
	}
	return answer{}, &problem{Status: http.StatusNotFound, Detail: "the instance has no binding"}
}

// failure tells operators whether coming back can help. The log has the rest.
func failure(err error) error {
	var failed *binder.Error
	if errors.As(err, &failed) && failed.Terminal {
		return &problem{Status: http.StatusInternalServerError, Detail: "trying again cannot help until somebody changes something", cause: err}
	}
	return err
}
