package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/eipbinder/eipbinder/store"
)

// errAgain stands in for a sentinel where the same call, made anew, may do.
var errAgain = errors.New("met another writer")

// wrap gives an error of the database the sentinel that its code stands for,
// or asks for another attempt. A context's error passes through as it is.
func wrap(ctx context.Context, what string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	switch sentinel := sentinelOf(err); {
	case sentinel == nil:
		return fmt.Errorf("sqlstore: %s: %w", what, err)
	case errors.Is(sentinel, errAgain):
		return &again{fmt.Errorf("sqlstore: %s: %w", what, err)}
	default:
		return fmt.Errorf("%w: sqlstore: %s: %w", sentinel, what, err)
	}
}

// sentinelOf finds the code in an error by the methods that drivers give it:
// pgx and pq have SQLState, modernc.org/sqlite has Code. An error without code
// (a lost connection, a closed database) has no sentinel.
func sentinelOf(err error) error {
	var postgres interface{ SQLState() string }
	if errors.As(err, &postgres) {
		return ofState(postgres.SQLState())
	}
	var sqlite interface{ Code() int }
	if errors.As(err, &sqlite) {
		return ofCode(sqlite.Code())
	}
	return nil
}

// ofState maps the codes of PostgreSQL (manual, appendix A). A read-only
// server (25006) has no sentinel: after a failover the next connection may
// lead to the primary.
func ofState(state string) error {
	switch state {
	case "40001", "40P01", "55P03", // serialization failure, deadlock, lock not available
		"23505",          // unique violation: somebody took the key since it was read
		"42P07", "42710": // duplicate table or object: another process migrates
		return errAgain
	case "42501": // insufficient privilege
		return store.ErrDenied
	case "53300", "53400": // too many connections, configuration limit exceeded
		return store.ErrThrottled
	case "3D000", "3F000": // no such database, no such schema
		return store.ErrInvalid
	}
	for class, sentinel := range map[string]error{
		"22": store.ErrInvalid, // data exception
		"23": store.ErrInvalid, // integrity constraint violation
		"28": store.ErrDenied,  // invalid authorization
		"42": store.ErrInvalid, // syntax error, undefined table or column
	} {
		if strings.HasPrefix(state, class) {
			return sentinel
		}
	}
	return nil
}

// ofCode maps the result codes of SQLite (sqlite.org/rescode.html). The low
// byte of an extended code is the primary one. A file that cannot be opened
// (14) has no sentinel: the process may have too many open files.
func ofCode(code int) error {
	const uniqueViolation, primaryKeyViolation = 2067, 1555
	if code == uniqueViolation || code == primaryKeyViolation {
		return errAgain
	}
	switch code & 0xff {
	case 5, 6: // busy, locked
		return errAgain
	case 3, 8, 23: // perm, readonly, auth
		return store.ErrDenied
	case 1, 11, 18, 19, 20, 21, 25, 26: // error, corrupt, toobig, constraint, mismatch, misuse, range, notadb
		return store.ErrInvalid
	}
	return nil
}
