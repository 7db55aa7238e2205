package records_test

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/eipbinder/eipbinder/examples/cli/internal/records"
	"github.com/eipbinder/eipbinder/examples/internal/deployment"
	"github.com/eipbinder/eipbinder/store"
)

func source(region, data string) records.Source {
	return records.Source{
		Getenv: func(name string) string { return map[string]string{"XDG_DATA_HOME": data}[name] },
		AWS:    func(context.Context) (aws.Config, error) { return aws.Config{Region: region}, nil },
	}
}

func TestDefaultIsAFileForEachRegion(t *testing.T) {
	data, home := t.TempDir(), t.TempDir()
	t.Setenv("HOME", home)
	for _, test := range []struct{ data, region, want string }{
		{data, "eu-central-1", filepath.Join(data, "eipbinder", "eu-central-1.db")},
		{data, "us-east-1", filepath.Join(data, "eipbinder", "us-east-1.db")},
		{"", "us-east-1", filepath.Join(home, ".local", "share", "eipbinder", "us-east-1.db")},
		{"relative", "eu-central-1", filepath.Join(home, ".local", "share", "eipbinder", "eu-central-1.db")},
	} {
		s := source(test.region, test.data)
		if _, err := s.Open(t.Context(), deployment.Config{}); !errors.Is(err, records.ErrNoTables) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: before it is made: %v", test, err)
		}
		if where, err := s.Create(t.Context(), deployment.Config{}); err != nil || where != "sqlite:"+test.want {
			t.Errorf("%+v: %q, %v", test, where, err)
		}
		if info, err := os.Stat(filepath.Dir(test.want)); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%+v: folder %v, %v", test, info, err)
		}
	}
}

func TestRecordsStayInTheFile(t *testing.T) {
	c := deployment.Config{Store: deployment.Store{Kind: deployment.SQLite, Location: filepath.Join(t.TempDir(), "new", "records.db")}}
	var s records.Source // asks for nothing
	if _, err := s.Create(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	record := store.Record{BinderID: "eipbinder", AllocationID: "eipalloc-1", IP: netip.MustParseAddr("203.0.113.7"), Phase: store.Free, WriteID: "w1"}
	for want := range 2 {
		opened, err := s.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		found, err := opened.Store.Get(t.Context(), store.ByAddress("eipalloc-1"))
		if err != nil || len(found) != want {
			t.Errorf("%v, %v, want %d", found, err, want)
		}
		if _, err := opened.Store.Put(t.Context(), record); err != nil && want == 0 {
			t.Fatal(err)
		}
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestFilesThatWillNotDo(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.db")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var s records.Source
	_, err := s.Open(t.Context(), deployment.Config{Store: deployment.Store{Kind: deployment.SQLite, Location: empty}})
	if !errors.Is(err, records.ErrNoTables) || !errors.Is(err, store.ErrInvalid) || !strings.Contains(err.Error(), "eipbinder tables create") {
		t.Errorf("without tables: %v", err)
	}
	if _, err := s.Create(t.Context(), deployment.Config{Store: deployment.Store{Kind: deployment.SQLite, Location: filepath.Join(empty, "x.db")}}); err == nil {
		t.Error("a file is no folder")
	}
}

func TestDynamoDBNeedsNoFile(t *testing.T) {
	c := deployment.Config{Store: deployment.Store{Kind: deployment.DynamoDB}, RecordTable: "a", BindingTable: "b"}
	opened, err := source("eu-central-1", "").Open(t.Context(), c)
	if err != nil || opened.Where != "dynamodb, tables a and b" || opened.Close() != nil {
		t.Errorf("%+v, %v", opened, err)
	}
}

func TestNoAWSConfiguration(t *testing.T) {
	broken := errors.New("no Region")
	s := records.Source{Getenv: os.Getenv, AWS: func(context.Context) (aws.Config, error) { return aws.Config{}, broken }}
	if _, err := s.Open(t.Context(), deployment.Config{}); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	if _, err := s.Create(t.Context(), deployment.Config{}); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}
