package sqlitedb_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/sqlstore/sqlitedb"
)

func TestSettingsOfEachConnection(t *testing.T) {
	for _, name := range []string{"records.db", "a b?mode=ro#c%41.db", "größe&_pragma=x.db"} {
		path := filepath.Join(t.TempDir(), name)
		db, err := sqlitedb.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		for range 2 {
			connection, err := db.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer connection.Close()
			for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "busy_timeout": "5000"} {
				var got string
				if err := connection.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
					t.Errorf("%s: %s is %q, %v, want %q", name, pragma, got, err, want)
				}
			}
		}
		if _, err := os.Stat(path); err != nil {
			t.Errorf("the file is another one: %v", err)
		}
	}
}

func TestOpenRefusesWhatIsNoFile(t *testing.T) {
	for _, path := range []string{"", ":memory:"} {
		if _, err := sqlitedb.Open(path); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("Open(%q) = %v, want ErrInvalid", path, err)
		}
	}
}

func TestRelativePath(t *testing.T) {
	t.Chdir(t.TempDir())
	db, err := sqlitedb.Open("records.db")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.PingContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("records.db"); err != nil {
		t.Error(err)
	}
}
