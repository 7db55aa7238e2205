package lambdaevent

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/store"
)

// verbs are the commands that an operator may give.
func verbs() []string { return []string{"sweep", "list", "bind", "unbind", "drain", "undrain"} }

// command does what an operator asks for.
func (h *Handler) command(ctx context.Context, keys map[string]json.RawMessage) (any, error) {
	asked := slices.Sorted(maps.Keys(keys))
	if len(asked) != 1 || !slices.Contains(verbs(), asked[0]) {
		return nil, refuse("it is neither an event with a detail-type, nor a batch, nor a request, and not one of the commands %q, but has %.200q", verbs(), asked)
	}
	argument := keys[asked[0]]
	switch asked[0] {
	case "sweep":
		return h.commandSweep(ctx, argument)
	case "list":
		return h.list(ctx, argument)
	}
	ids, err := instanceIDs(argument)
	if err != nil {
		return nil, &EventError{Err: err}
	}
	return respond(h.commandInstances(ctx, asked[0], ids)), nil
}

// commandInstances does it for each of the instances, and returns the outcomes
// in their order.
func (h *Handler) commandInstances(ctx context.Context, verb string, ids []string) (outcomes []binder.Outcome) {
	var done map[string]binder.Outcome
	switch verb {
	case "unbind":
		done = h.each(ctx, ids, func(ctx context.Context, id string, _ ...func(*binder.DrainOptions)) (binder.Outcome, error) {
			return h.binder.Unbind(ctx, id)
		})
	case "drain":
		done = h.each(ctx, ids, h.binder.Drain)
	case "undrain":
		done = h.each(ctx, ids, h.binder.Undrain)
	default: // bind
		outcomes, _ = h.binder.Reconcile(ctx, ids...) // each failed outcome has its error
		h.log(ctx, outcomes)
		return outcomes
	}
	for _, id := range ids {
		outcomes = append(outcomes, done[id])
	}
	return outcomes
}

// instanceIDs reads a list of instance IDs, and returns each once.
func instanceIDs(text json.RawMessage) (ids []string, err error) {
	if err := json.Unmarshal(text, &ids); err != nil {
		return nil, fmt.Errorf(`its instances are not a list such as ["i-0123456789abcdef0"]: %w`, err)
	}
	if len(ids) == 0 {
		return nil, fmt.Errorf("it names no instance")
	}
	for _, id := range ids {
		if !isInstanceID(id) {
			return nil, fmt.Errorf("%.80q is not the ID of an instance", id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// strictly reads the argument of a command: an option that is misspelt must not
// be taken for its absence.
func strictly(text json.RawMessage, argument any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(argument)
}

// SweepReport is the answer to the command "sweep".
type SweepReport struct {
	binder.Report

	// Error is why the sweep was stopped, or what failed.
	Error string `json:"error,omitempty"`
}

func (h *Handler) commandSweep(ctx context.Context, argument json.RawMessage) (any, error) {
	var options struct {
		DryRun bool `json:"dryRun"`
		Force  bool `json:"force"`
	}
	if err := strictly(argument, &options); err != nil {
		return nil, refuse(`its argument is not like {"dryRun": true, "force": false}: %w`, err)
	}
	report, err := h.binder.Sweep(ctx, func(o *binder.SweepOptions) { o.DryRun, o.Force = options.DryRun, options.Force })
	answer := SweepReport{Report: report}
	if err != nil {
		answer.Error = err.Error()
	}
	h.logSweep(ctx, report, err)
	return answer, nil
}

// maxListed is how many records an answer has at most: Lambda allows 6 MB, and
// a record takes about one thousand bytes.
const maxListed = 4000

// Listing is the answer to the command "list".
type Listing struct {
	// Records are in the order of their addresses.
	Records []store.Record `json:"records"`
	// More: there are more than an answer has room for, which has any 4,000.
	More bool `json:"more,omitempty"`
	// Error is why these are not all.
	Error string `json:"error,omitempty"`
}

func (h *Handler) list(ctx context.Context, argument json.RawMessage) (any, error) {
	if h.opts.Store == nil {
		return nil, refuse("this function was given no store to list")
	}
	var filter struct {
		Phases []store.Phase `json:"phases"`
	}
	if err := strictly(argument, &filter); err != nil {
		return nil, refuse(`its argument is not like {"phases": ["bound"]}: %w`, err)
	}
	answer := Listing{Records: []store.Record{}}
	for r, err := range h.opts.Store.List(ctx, store.Filter{Phases: filter.Phases}) {
		if err != nil {
			h.opts.Logger.ErrorContext(ctx, "list", "error", err)
			answer.Error = err.Error()
			break
		}
		if answer.More = len(answer.Records) == maxListed; answer.More {
			break
		}
		answer.Records = append(answer.Records, r)
	}
	slices.SortFunc(answer.Records, func(a, b store.Record) int { return a.IP.Compare(b.IP) })
	return answer, nil
}
