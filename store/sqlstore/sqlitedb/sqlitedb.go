// Package sqlitedb opens embedded SQLite databases as a binder's store needs
// them, with the driver modernc.org/sqlite, which is Go and needs no cgo.
//
//	db, err := sqlitedb.Open("/var/lib/eipbinder/records.db")
//	if err != nil {
//		return err
//	}
//	defer db.Close()
//	records, err := sqlstore.New(db, sqlstore.SQLite)
//
// What Open returns is safe for concurrent use. Several processes of one
// machine may open the same file.
package sqlitedb

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/eipbinder/eipbinder/store"
)

// Open returns the database in this file. It does no I/O: the first use makes
// the file if there is none, in a folder that must exist. An empty path and
// ":memory:" are ErrInvalid: each connection would get a database of its own.
//
// Readers and the one writer do not wait for each other (WAL). Writers wait
// for each other, up to 5 s. A transaction has the right to write from its
// beginning, and is on the disk when it ends.
func Open(path string) (*sql.DB, error) {
	if path == "" || path == ":memory:" {
		return nil, fmt.Errorf("%w: sqlitedb: %w", store.ErrInvalid, errors.New("the path names no file"))
	}
	file := url.URL{Path: filepath.ToSlash(filepath.Clean(path))}
	settings := url.Values{
		"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)"},
		"_txlock": {"immediate"},
	}
	return sql.Open("sqlite", "file:"+file.EscapedPath()+"?"+settings.Encode())
}
