package eippool_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/eipbinder/eipbinder/eippool"
)

func ExampleWithBatch() {
	type lastLook struct{ vacant []string } // what some pool remembers
	ctx := context.Background()
	fmt.Println(eippool.BatchOf(ctx) == nil)

	first, second := eippool.WithBatch(ctx), eippool.WithBatch(ctx)
	eippool.BatchOf(first).Keep("pool", &lastLook{vacant: []string{"eni-1"}})
	fmt.Println(eippool.BatchOf(first).Keep("pool", new(lastLook)).(*lastLook).vacant)
	fmt.Println(eippool.BatchOf(second).Keep("pool", new(lastLook)).(*lastLook).vacant)
	// Output:
	// true
	// [eni-1]
	// []
}

func TestBatchWithinABatch(t *testing.T) {
	outer := eippool.WithBatch(t.Context())
	inner := eippool.WithBatch(outer)
	if eippool.BatchOf(outer) == nil || eippool.BatchOf(inner) == eippool.BatchOf(outer) {
		t.Error("a batch that begins within another one shares it")
	}
	derived, cancel := context.WithCancel(inner)
	cancel()
	if eippool.BatchOf(context.WithoutCancel(derived)) != eippool.BatchOf(inner) {
		t.Error("a derived context has another batch")
	}
}

func TestBatchKeepsTheFirst(t *testing.T) {
	batch := eippool.BatchOf(eippool.WithBatch(t.Context()))
	got := make([]any, 20)
	var group sync.WaitGroup
	for n := range got {
		group.Go(func() { got[n] = batch.Keep("one", n) })
	}
	group.Wait()
	for _, kept := range got {
		if kept != got[0] {
			t.Fatalf("one key keeps %v at once", got)
		}
	}
	if other := batch.Keep("other", -1); other != -1 {
		t.Errorf("another key keeps %v", other)
	}
}
