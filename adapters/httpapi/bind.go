package httpapi

import (
	"errors"
	"net/http"
)

// Queued is the answer to an instance that asks to be bound.
type Queued struct {
	InstanceID string `json:"instanceId"`
	// Status is "queued".
	Status string `json:"status"`
}

// bind puts the instance that asks into the queue.
func (h *Handler) bind(c *call) (answer, error) {
	id, err := instanceBody(c)
	if err != nil {
		return answer{}, err
	}
	if id != "" && id != c.principal.InstanceID {
		return answer{}, forbidden(errors.New("an instance asks for another one: " + id))
	}
	c.instance = c.principal.InstanceID
	switch err := h.parts.Queue.Enqueue(c.Context(), c.instance); {
	case errors.Is(err, ErrQueueFull):
		return answer{}, unavailable("the queue is full", retryLater, err)
	case errors.Is(err, ErrQueueClosed):
		return answer{}, unavailable("this server is going down", retryLater, err)
	case err != nil:
		return answer{}, err
	}
	return answer{
		status: http.StatusAccepted,
		header: http.Header{"Location": {"/v1/bindings/" + c.instance}},
		body:   Queued{InstanceID: c.instance, Status: "queued"},
	}, nil
}
