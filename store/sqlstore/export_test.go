package sqlstore

import (
	"context"
	"errors"

	"github.com/eipbinder/eipbinder/store"
)

// AddMigration makes s the store of a later release.
func (s *Store) AddMigration(statements ...string) { s.migrations = append(s.migrations, statements) }

// SentinelOf returns what an error of the database stands for.
func SentinelOf(err error) (sentinel error, repeat bool) {
	sentinel = sentinelOf(err)
	if errors.Is(sentinel, errAgain) {
		return nil, true
	}
	return sentinel, false
}

// PutWith is a Put with something between its read and its write. It is one
// attempt: repeat says that Put would make another.
func (s *Store) PutWith(ctx context.Context, r store.Record, between func()) (stored store.Record, repeat bool, err error) {
	prev, _, err := s.around(ctx, r)
	if err != nil {
		return store.Record{}, false, err
	}
	between()
	stored, err = s.write(ctx, prev, r)
	var a *again
	return stored, errors.As(err, &a), err
}

// ReadRow reads a row as the database hands it out: its six columns.
func (s *Store) ReadRow(ctx context.Context, columns ...any) (*store.Record, error) {
	rows, err := s.rows(ctx, "reading a row", "SELECT $1, $2, $3, $4, $5, $6", columns...)
	if err != nil {
		return nil, err
	}
	return rows[0].record, nil
}

// Encode returns what is stored of a record.
func Encode(r store.Record) (string, error) { return encode(r) }
