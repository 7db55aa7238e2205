package store

import (
	"context"
	"iter"
	"net/netip"
)

// Adopter is what a Store implements in addition if the rows that it shows to
// schedule servers may be older than its records: another system wrote them.
type Adopter interface {
	// Rows yields the rows that name no instance, which is how this module's
	// differ from others. An error ends the sequence: what came before it is then
	// not all. Breaking off is fine.
	Rows(ctx context.Context) iter.Seq2[Row, error]

	// Adopt is Put of a Bound record of an address that has none (Version 0),
	// except that the row with its IP, Name and AssociationID, if there is one, keeps
	// its flag: the record returned has it. One with another AssociationID is an
	// earlier worker's, and is replaced. A record that is there already is a
	// *ConflictError with it; repeating an Adopt with the same WriteID is success.
	// A record in another phase is ErrInvalid.
	Adopt(ctx context.Context, r Record) (Record, error)
}

// Row is what schedule servers see of a worker that another system has bound.
type Row struct {
	IP netip.Addr
	// Name is absolute.
	Name          string
	AssociationID string
	// Allocated is the schedule servers' flag.
	Allocated bool
}
