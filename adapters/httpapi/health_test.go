package httpapi_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/adapters/httpapi"
)

func TestReadinessIsAskedOnceInItsAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		w := newWorld(t)
		h, err := httpapi.New(httpapi.Backends{Binder: w.binder, Queue: &w.queue, Records: w.store, Authenticator: httpapi.AuthenticatorFunc(who)},
			func(o *httpapi.Options) {
				o.Check = func(context.Context) error {
					calls++
					time.Sleep(time.Second)
					if calls > 1 {
						return errors.New("gone")
					}
					return nil
				}
			})
		if err != nil {
			t.Fatal(err)
		}
		w.handler = h
		ask := func() int {
			recorder := httptest.NewRecorder()
			h.ServeHTTP(recorder, w.request("GET", "/readyz", "", ""))
			return recorder.Code
		}
		codes := make([]int, 100)
		done := make(chan struct{})
		for i := range codes {
			go func() { codes[i] = ask(); done <- struct{}{} }()
		}
		for range codes {
			<-done
		}
		if calls != 1 || slices.ContainsFunc(codes, func(c int) bool { return c != 200 }) {
			t.Errorf("%d calls, %v", calls, codes)
		}
		time.Sleep(10 * time.Second)
		for range 100 {
			if code := ask(); code != 503 {
				t.Errorf("code %d", code)
			}
		}
		if calls != 2 {
			t.Errorf("%d calls", calls)
		}
	})
}

// A check is for all who ask: the one who asked first may leave.
func TestACheckOutlivesWhoAskedFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		h, err := httpapi.New(httpapi.Backends{Binder: w.binder, Queue: &w.queue, Records: w.store, Authenticator: httpapi.AuthenticatorFunc(who)},
			func(o *httpapi.Options) {
				o.Check = func(ctx context.Context) error {
					select {
					case <-time.After(3 * time.Second):
					case <-ctx.Done():
					}
					return ctx.Err()
				}
			})
		if err != nil {
			t.Fatal(err)
		}
		var codes [2]int
		var group sync.WaitGroup
		for i, patience := range []time.Duration{time.Second, time.Minute} {
			group.Go(func() {
				time.Sleep(time.Duration(i)) // the first one is first
				r := w.request("GET", "/readyz", "", "")
				ctx, cancel := context.WithTimeout(r.Context(), patience)
				defer cancel()
				recorder := httptest.NewRecorder()
				h.ServeHTTP(recorder, r.WithContext(ctx))
				codes[i] = recorder.Code
			})
		}
		group.Wait()
		if codes != [2]int{http.StatusServiceUnavailable, http.StatusOK} {
			t.Errorf("codes %v: want 503 for who left, 200 for who stayed", codes)
		}
	})
}
