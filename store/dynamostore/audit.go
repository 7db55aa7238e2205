package dynamostore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/eipbinder/eipbinder/store"
)

var _ store.Auditor = (*Store)(nil)

// The kinds of discrepancies.
const (
	missingRow    = "missing row"    // a visible record has none
	staleRow      = "stale row"      // says something else than its record, or its record is not visible under this name
	ghostRow      = "ghost row"      // names no instance, or an address that no record is about
	missingGuard  = "missing guard"  // a record's instance or name is not guarded for it
	orphanedGuard = "orphaned guard" // guards what no record holds
)

// Audit implements [store.Auditor]. It compares the rows of the record table,
// and the guard items of the binding table, with the records. It scans both
// tables, and needs the right to, and to make condition checks for repairs.
//
//   - A "missing row" is written with the flag allocated false.
//   - A "stale row" of a visible record gets the record's attributes, and keeps
//     its flag; one without flag gets false.
//   - Any other "stale row", and a "ghost row", is removed. One that stands for
//     a hidden record, as a server makes it that updates a row after its
//     deletion, is the last word of the schedule servers on that worker, for
//     Get as for Put: its flag goes to the record first.
//   - A "ghost row" of an address that no record is about is removed if there
//     is nothing in it but the flag. Otherwise it may be somebody else's, and is
//     only reported.
//   - A "missing guard" is written, an "orphaned guard" removed. A key that
//     several records hold is only reported.
//
// Repairs are made on the condition that all is as it was seen. One that fails
// for another reason is in the error, which comes along with what was found.
func (s *Store) Audit(ctx context.Context, repair bool) ([]store.Discrepancy, error) {
	findings, err := s.findings(ctx)
	if err != nil {
		return nil, err
	}
	var errs []error
	var found []store.Discrepancy
	for _, f := range findings {
		changed := false
		if repair && f.mend != nil {
			if changed, err = s.mend(ctx, f.mend); err != nil {
				errs = append(errs, fmt.Errorf("mending the %s of %s: %w", f.Kind, f.subject, err))
			}
			f.Repaired = err == nil && !changed
		}
		if ctx.Err() != nil {
			return found, ctx.Err()
		}
		if !changed {
			found = append(found, f.Discrepancy)
		}
	}
	return found, errors.Join(errs...)
}

// finding is a discrepancy with what it takes to look again, and to mend it.
type finding struct {
	store.Discrepancy
	subject   string    // the name of the row, or the guard's key
	row       item      // has the key of the row; nil if it is about a guard
	guard     store.Key // of the guard, if it is about one
	addresses []string  // whose items it follows from, in order
	mend      []step    // nil if nothing may be done
}

func (f finding) same(g finding) bool {
	return f.Kind == g.Kind && f.subject == g.subject && slices.Equal(f.addresses, g.addresses)
}

// findings returns what differs, in order. The scans are no snapshot, so that
// what they show is suspect only. It is found if a second look shows it, too,
// at records that do not change under it.
func (s *Store) findings(ctx context.Context) ([]finding, error) {
	whole, err := s.wholePicture(ctx)
	if err != nil {
		return nil, err
	}
	suspects := s.compare(whole)
	if len(suspects) == 0 {
		return nil, nil
	}
	part, moved, err := s.pictureOf(ctx, suspects)
	if err != nil {
		return nil, err
	}
	findings := slices.DeleteFunc(s.compare(part), func(f finding) bool {
		unsettled := slices.ContainsFunc(f.addresses, func(id string) bool { return moved[id] })
		return unsettled || !slices.ContainsFunc(suspects, f.same)
	})
	slices.SortFunc(findings, func(f, g finding) int {
		return cmp.Or(strings.Compare(f.AllocationID, g.AllocationID), strings.Compare(f.Kind, g.Kind), strings.Compare(f.subject, g.subject))
	})
	return findings, nil
}

var errChanged = errors.New("not as it was seen any more")

// mend makes these writes, or reports that something has changed.
func (s *Store) mend(ctx context.Context, steps []step) (changed bool, err error) {
	err = s.retry(ctx, func() error {
		err := s.transact(ctx, steps)
		var cancelled *types.TransactionCanceledException
		if errors.As(err, &cancelled) && slices.ContainsFunc(cancelled.CancellationReasons, conditionDidNotHold) {
			return errChanged
		}
		return err
	})
	if errors.Is(err, errChanged) {
		return true, nil
	}
	return false, err
}

func conditionDidNotHold(r types.CancellationReason) bool {
	return r.Code != nil && *r.Code == conditionFailed
}
