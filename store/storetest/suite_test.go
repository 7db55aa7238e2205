package storetest

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/eipbinder/eipbinder/internal/suite"
	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/memstore"
)

func TestDefects(t *testing.T) {
	var all []suite.Defect[fixture]
	for _, d := range defects() {
		all = append(all, suite.Defect[fixture]{Name: strings.Join(d.fails, ","), Fails: d.fails, Open: func() fixture {
			b := newBroken()
			d.plant(b)
			return fixture{store: b}
		}})
	}
	suite.ProveEach(t, cases(), all)
}

func TestNoDefect(t *testing.T) {
	suite.Passes(t, cases(), func() fixture { return fixture{store: newBroken()} })
}

// A field that is added to Record and forgotten here would not be proved to
// be kept.
func TestFullRecordIsFull(t *testing.T) {
	r := reflect.ValueOf(full())
	for _, field := range reflect.VisibleFields(r.Type()) {
		set := !slices.Contains([]string{"Version", "Allocated", "Draining"}, field.Name) // these have cases of their own
		if r.FieldByIndex(field.Index).IsZero() == set {
			t.Errorf("the field %s is set: %t, want %t", field.Name, !set, set)
		}
	}
}

// onlyStore is a store without optional interfaces.
type onlyStore struct{ store.Store }

func TestStoreWithoutOptionalInterfaces(t *testing.T) {
	suite.Passes(t, cases(), func() fixture {
		inner := memstore.New()
		return fixture{onlyStore{inner}, func(ctx context.Context, _ store.Store, r store.Record, allocated bool) error {
			if allocated {
				return inner.Acquire(ctx, r.AllocationID)
			}
			return inner.Yield(ctx, r.AllocationID)
		}}
	})
}
