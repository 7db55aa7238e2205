package main

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/eipbinder/eipbinder/examples/internal/deployment"
	"github.com/eipbinder/eipbinder/internal/parts"
	"github.com/eipbinder/eipbinder/store"
)

func configured(t *testing.T, where string) deployment.Config {
	t.Helper()
	text := configText
	if where != "" {
		text += "store: " + where + "\n"
	}
	c, err := deployment.FromEnv(func(variable string) string {
		if variable == deployment.EnvConfig {
			return text
		}
		return ""
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Where no store is named, the records are in a file of the Region, which is made,
// and found again. A named one is used as it is.
func TestStores(t *testing.T) {
	home, data, named := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "new", "records.db")
	for name, test := range map[string]struct {
		env   map[string]string
		store string
		where string
	}{
		"by default":     {map[string]string{"HOME": home}, "", "sqlite:" + home + "/.local/share/eipbinder/eu-central-1.db"},
		"XDG":            {map[string]string{"HOME": home, "XDG_DATA_HOME": data}, "", "sqlite:" + data + "/eipbinder/eu-central-1.db"},
		"XDG, relative":  {map[string]string{"HOME": home, "XDG_DATA_HOME": "data"}, "", "sqlite:" + home + "/.local/share/eipbinder/eu-central-1.db"},
		"a named file":   {nil, "sqlite:" + named, "sqlite:" + named},
		"a named server": {nil, "postgres://", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if test.store == "postgres://" {
				test.store = parts.PostgreSQL(t)
			}
			c := configured(t, test.store)
			open := func() opened {
				s, err := openStore(t.Context(), c, aws.Config{Region: "eu-central-1"}, func(variable string) string { return test.env[variable] })
				if err != nil {
					t.Fatal(err)
				}
				if test.where != "" && s.where != test.where {
					t.Errorf("it is %s, want %s", s.where, test.where)
				}
				return s
			}
			first := open()
			r := store.Record{AllocationID: "eipalloc-1", IP: netip.MustParseAddr("203.0.113.1"), BinderID: "b", WriteID: "w", Phase: store.Free}
			_, err := first.Put(t.Context(), r)
			if err := errors.Join(err, first.close()); err != nil {
				t.Fatal(err)
			}
			second := open()
			found, err := second.Get(t.Context(), store.ByAddress("eipalloc-1"))
			if err := errors.Join(err, second.close()); err != nil || len(found) != 1 {
				t.Errorf("opened again, it has %v, %v", found, err)
			}
			if file, ok := strings.CutPrefix(test.where, "sqlite:"); ok {
				if info, err := os.Stat(filepath.Dir(file)); err != nil || info.Mode().Perm() != 0o700 {
					t.Errorf("the folder: %v, %v", info, err)
				}
			}
		})
	}
}

// A store that cannot be opened is said by its setting.
func TestWrongStores(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []string{"sqlite:" + file + "/records.db", "postgres://127.0.0.1:1/nothing?connect_timeout=1"} {
		if _, err := openStore(t.Context(), configured(t, wrong), aws.Config{Region: "eu-central-1"}, none); err == nil || !strings.Contains(err.Error(), deployment.EnvStore) {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}
