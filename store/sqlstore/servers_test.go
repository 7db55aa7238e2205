package sqlstore_test

import (
	"database/sql"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"strings"
	"testing"

	"github.com/eipbinder/eipbinder/internal/parts"
	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/sqlstore"
)

// The statements are those of the package comment, as a schedule server would
// copy them.
func TestDocumentedStatements(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		records, server := d.migrated(t), d.open(t)
		r := bound(1)
		r.AvailabilityZone, r.Tags = "eu-central-1b", map[string]string{"pool": "media"}
		r = put(t, records, r)
		draining := put(t, records, next(bound(2), func(r *store.Record) { r.Draining = true }))
		serve(t, server, records, r, draining)
	})
}

func TestServersNeedNoOtherRights(t *testing.T) {
	d := newPostgreSQL(t, parts.PostgreSQL(t), 0)
	records, owner := d.migrated(t), d.open(t)
	execute(t, owner, "CREATE ROLE servers LOGIN")
	execute(t, owner, "GRANT USAGE ON SCHEMA test_0 TO servers")
	execute(t, owner, documented(t, "GRANT"))
	r := put(t, records, bound(1))
	draining := put(t, records, next(bound(2), func(r *store.Record) { r.Draining = true }))
	d.source = strings.Replace(d.source, "postgres@", "servers@", 1)
	server := d.open(t)
	serve(t, server, records, r, draining)
	if _, err := server.ExecContext(t.Context(), "UPDATE eipbinder_record SET record = NULL"); err == nil {
		t.Error("servers may change records")
	}
}

// serve does what a schedule server does with a visible and a draining record.
func serve(t *testing.T, server *sql.DB, records *sqlstore.Store, r, draining store.Record) {
	t.Helper()
	var id, eip, name, instance string
	var zone, tags sql.NullString
	pick := documented(t, "SELECT")
	if err := server.QueryRowContext(t.Context(), pick).Scan(&id, &eip, &name, &instance, &zone, &tags); err != nil {
		t.Fatal(err)
	}
	if id != r.AllocationID || eip != r.IP.String() || name+"." != r.Name || instance != r.InstanceID || zone.String != r.AvailabilityZone || tags.Valid != (r.Tags != nil) {
		t.Errorf("a server sees %s, %s, %s, %s, %v, %v of %+v", id, eip, name, instance, zone, tags, r)
	}
	acquire, yield := documented(t, "UPDATE", "TRUE"), documented(t, "UPDATE", "SET allocated = FALSE")
	for _, step := range []struct {
		statement string
		of        store.Record
		instance  string
		changed   int64
		flag      bool
	}{
		{acquire, draining, draining.InstanceID, 0, false},
		{acquire, r, "i-earlier", 0, false},
		{acquire, r, r.InstanceID, 1, true},
		{acquire, r, r.InstanceID, 0, true},
		{yield, r, "i-earlier", 0, true},
		{yield, r, r.InstanceID, 1, false},
		{yield, draining, draining.InstanceID, 1, false},
	} {
		if changed := execute(t, server, step.statement, step.of.AllocationID, step.instance); changed != step.changed {
			t.Errorf("%s\n(%s, %s) changed %d rows, want %d", step.statement, step.of.AllocationID, step.instance, changed, step.changed)
		}
		if got := get(t, records, store.ByAddress(step.of.AllocationID)); got.Allocated != step.flag || got.Version != step.of.Version {
			t.Errorf("after\n%s\nthe flag is %t at version %d, want %t at %d", step.statement, got.Allocated, got.Version, step.flag, step.of.Version)
		}
	}
}

// A server whose statements lack their conditions gets errors; the flag stays
// as the contract has it.
func TestCarelessServers(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		records, server := d.migrated(t), d.open(t)
		reserved := put(t, records, next(bound(1), func(r *store.Record) { r.Phase = store.Reserved }))
		for _, statement := range []string{
			"UPDATE eipbinder_record SET allocated = TRUE",
			"UPDATE eipbinder_record SET visible = TRUE",
			"UPDATE eipbinder_record SET instance_id = 'i-9'",
			"UPDATE eipbinder_record SET allocated = NULL",
			"UPDATE eipbinder_record SET allocated = 'yes, mine'",
		} {
			if _, err := server.ExecContext(t.Context(), statement); err == nil {
				t.Errorf("no error for %s", statement)
			}
		}
		r := put(t, records, next(reserved, func(r *store.Record) { r.Phase = store.Bound }))
		if r.Allocated || !get(t, records, store.ByInstance(r.InstanceID)).Visible() {
			t.Errorf("the record is %+v, want it visible and not acquired", r)
		}
	})
}

// documented returns the code block of the package comment that begins like
// this, and contains that.
func documented(t *testing.T, begin string, contains ...string) string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "sqlstore.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, block := range new(comment.Parser).Parse(file.Doc.Text()).Content {
		if code, ok := block.(*comment.Code); ok && strings.HasPrefix(code.Text, begin) && strings.Contains(code.Text, strings.Join(contains, "")) {
			found = append(found, code.Text)
		}
	}
	if len(found) != 1 {
		t.Fatalf("the package comment has %d statements that begin with %s %s, want one", len(found), begin, contains)
	}
	return found[0]
}
