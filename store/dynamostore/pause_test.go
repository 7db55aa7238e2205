package dynamostore_test

import (
	"testing"

	"github.com/eipbinder/eipbinder/internal/parts"
)

// The switch is in the tables: every process that uses these sees it.
func TestPauseIsShared(t *testing.T) {
	stores := newStores(parts.Dynoxide(t))
	one := stores.with(t, stores.client)
	other := newStore(t, stores.client, onFirstTables)
	elsewhere := stores.with(t, stores.client)
	if err := one.Pause(t.Context(), "a change of the zone"); err != nil {
		t.Fatal(err)
	}
	if paused, reason, err := other.Paused(t.Context()); !paused || reason != "a change of the zone" || err != nil {
		t.Errorf("Paused of a store over the same tables = %t, %q, %v", paused, reason, err)
	}
	if paused, reason, err := elsewhere.Paused(t.Context()); paused || err != nil {
		t.Errorf("Paused of a store over other tables = %t, %q, %v", paused, reason, err)
	}
	if err := other.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	if paused, _, err := one.Paused(t.Context()); paused || err != nil {
		t.Errorf("Paused after another store's Resume = %t, %v", paused, err)
	}
}

// The operator who has nothing but the console sets the key alone.
func TestPauseByHand(t *testing.T) {
	stores := newStores(parts.Dynoxide(t))
	records := stores.with(t, stores.client)
	tables{t, stores.client}.put(bindings, pk("switch#pause"))
	if paused, reason, err := records.Paused(t.Context()); !paused || reason != "" || err != nil {
		t.Errorf("Paused = %t, %q, %v, want true without a reason", paused, reason, err)
	}
}

func TestPausedReadsConsistently(t *testing.T) {
	client := newFake()
	if _, _, err := newStore(t, client).Paused(t.Context()); err != nil || len(client.batchGets) != 1 {
		t.Fatalf("%v, after %d reads", err, len(client.batchGets))
	}
	client.checkConsistentReads(t)
}

func TestAuditReadsConsistently(t *testing.T) {
	client := newFake()
	records := newStore(t, client)
	if _, err := records.Put(t.Context(), reserved()); err != nil {
		t.Fatal(err)
	}
	client.store("binding_table", `{}`, guard("instance#i-9", "eipalloc-1")) // which makes it look twice
	client.batchGets = nil
	if found, err := records.Audit(t.Context(), false); err != nil || len(found) != 1 || len(client.scans) != 2 || len(client.batchGets) != 3 {
		t.Errorf("Audit = %v, %v, after %d scans and %d reads, want the guard after 2 and 3", found, err, len(client.scans), len(client.batchGets))
	}
	client.checkConsistentReads(t)
}
