package sqlstore_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"testing"

	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/sqlstore"
)

// The environment of the test binary where it is one of several processes.
const (
	envRole    = "SQLSTORE_TEST_ROLE"
	envDialect = "SQLSTORE_TEST_DIALECT"
	envSource  = "SQLSTORE_TEST_SOURCE"
)

const (
	processes  = 8
	addresses  = 12
	increments = 10
)

func TestMain(m *testing.M) {
	role := os.Getenv(envRole)
	if role == "" {
		os.Exit(m.Run())
	}
	d := database{sqlstore.Dialect(os.Getenv(envDialect)), os.Getenv(envSource)}
	play := map[string]func(context.Context, database) error{"compete": compete, "hang in a write": hangInWrite, "hang in a migration": hangInMigration}[role]
	if err := play(context.Background(), d); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// Of processes that migrate, reserve and acquire the same, each thing goes to
// one, and no write is lost.
func TestProcessesCompete(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		var all []*process
		for range processes {
			all = append(all, start(t, d, "compete"))
		}
		for _, p := range all { // all are there: go
			p.stdin.Close()
		}
		won, acquired := map[string]int{}, map[string]int{}
		for _, p := range all {
			var got outcome
			if err := json.NewDecoder(p.stdout).Decode(&got); err != nil {
				t.Error(err)
			}
			if err := p.cmd.Wait(); err != nil {
				t.Errorf("a process failed: %v", err)
			}
			for _, key := range got.Won {
				won[key]++
			}
			for _, id := range got.Acquired {
				acquired[id]++
			}
		}
		records := d.store(t)
		for n := range addresses {
			r := get(t, records, store.ByAddress(bound(n).AllocationID))
			if won[r.AllocationID] != 1 || acquired[r.AllocationID] != 1 || !r.Allocated {
				t.Errorf("%s: %d winners, %d servers: %+v", r.AllocationID, won[r.AllocationID], acquired[r.AllocationID], r)
			}
		}
		if won["one instance"] != 1 {
			t.Errorf("%d processes bound the one instance", won["one instance"])
		}
		if r := get(t, records, store.ByAddress("eipalloc-count")); r.Reason != strconv.Itoa(processes*increments) {
			t.Errorf("%d increments count %s", processes*increments, r.Reason)
		}
	})
}

// outcome is what a process that competes prints.
type outcome struct{ Won, Acquired []string }

func compete(ctx context.Context, d database) error {
	db, err := d.connect()
	if err != nil {
		return err
	}
	defer db.Close()
	records, err := sqlstore.New(db, d.dialect, func(o *sqlstore.Options) { o.MaxAttempts = 50 })
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	if err := records.Migrate(ctx); err != nil {
		return err
	}
	var out outcome
	own := bound(200)
	own.AllocationID, own.Name = fmt.Sprintf("eipalloc-own-%d", os.Getpid()), fmt.Sprintf("own-%d.example.com.", os.Getpid())
	own.InstanceID = "i-wanted"
	if err := out.win(ctx, records, own, "one instance"); err != nil {
		return err
	}
	for n := range addresses {
		r := bound(n)
		r.InstanceID, r.Name = fmt.Sprintf("i-%d-%d", os.Getpid(), n), fmt.Sprintf("w%d-%d.example.com.", os.Getpid(), n)
		if err := out.win(ctx, records, r, r.AllocationID); err != nil {
			return err
		}
		switch err := records.Acquire(ctx, r.AllocationID); {
		case err == nil:
			out.Acquired = append(out.Acquired, r.AllocationID)
		case !errors.Is(err, store.ErrAllocated):
			return err
		}
	}
	for range increments {
		if err := increment(ctx, records); err != nil {
			return err
		}
	}
	return json.NewEncoder(os.Stdout).Encode(out)
}

// win puts a record that others put, too.
func (o *outcome) win(ctx context.Context, records *sqlstore.Store, r store.Record, what string) error {
	_, err := records.Put(ctx, r)
	if err == nil {
		o.Won = append(o.Won, what)
	}
	if errors.Is(err, store.ErrConflict) {
		return nil
	}
	return err
}

// increment adds one to the count in a record, as often as it takes.
func increment(ctx context.Context, records *sqlstore.Store) error {
	for {
		count := next(bound(250), func(r *store.Record) { r.AllocationID, r.Reason = "eipalloc-count", "0" })
		found, err := records.Get(ctx, store.ByAddress(count.AllocationID))
		if err != nil {
			return err
		}
		for _, r := range found {
			count = next(r, func(*store.Record) {})
		}
		n, err := strconv.Atoi(count.Reason)
		if err != nil {
			return err
		}
		count.Reason = strconv.Itoa(n + 1)
		if _, err := records.Put(ctx, count); !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
}

// A process dies with a transaction open that has written: nothing of it stays,
// and nobody waits for it.
func TestDeathInTheMiddle(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		killed(t, d, "hang in a migration")
		records := d.store(t)
		says(t, records.Check(t.Context()), "call Migrate")
		migrates(t, records)

		r := put(t, records, bound(1))
		killed(t, d, "hang in a write")
		if got := get(t, records, store.ByAddress(r.AllocationID)); got.Allocated || got.Version != r.Version {
			t.Errorf("the dead process left %+v", got)
		}
		put(t, records, next(r, releasing))
	})
}

// killed lets a process get to the middle of what it does, and kills it.
func killed(t *testing.T, d database, role string) {
	t.Helper()
	p := start(t, d, role)
	if line, err := bufio.NewReader(p.stdout).ReadString('\n'); err != nil {
		t.Fatalf("%s: %q, %v", role, line, err)
	}
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err == nil {
		t.Error("the killed process ended well")
	}
}

func hangInWrite(ctx context.Context, d database) error {
	return hang(ctx, d, "UPDATE eipbinder_record SET allocated = TRUE, version = version + 1")
}

func hangInMigration(ctx context.Context, d database) error {
	return hang(ctx, d, "CREATE TABLE eipbinder_schema (version BIGINT NOT NULL PRIMARY KEY)",
		"INSERT INTO eipbinder_schema (version) VALUES (1)", "CREATE TABLE eipbinder_record (allocation_id TEXT)")
}

// hang executes the statements in a transaction that never ends.
func hang(ctx context.Context, d database, statements ...string) error {
	db, err := d.connect()
	if err != nil {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	for statement := range slices.Values(statements) {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	fmt.Println("in the middle")
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

type process struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout io.Reader
}

// start starts this test's binary in that role. It waits for its standard
// input to end, and is killed at the latest when the test ends.
func start(t *testing.T, d database, role string) *process {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = append(os.Environ(), envRole+"="+role, envDialect+"="+string(d.dialect), envSource+"="+d.source)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return &process{cmd, stdin, stdout}
}
