package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"

	"github.com/eipbinder/eipbinder/adapters/httpapi"
	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/binder/memfleet"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/dnspolicy/memzone"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/eippool/mempool"
	"github.com/eipbinder/eipbinder/store/memstore"
)

// direct is a queue for the example that does the work at once. In a program it
// is a LocalQueue, with its Run in a goroutine.
type direct struct{ *binder.Binder }

func (d direct) Enqueue(ctx context.Context, id string) error {
	_, err := d.Reconcile(ctx, id)
	return err
}

func ExampleNew() {
	pool := mempool.New()
	pool.Add(eippool.Address{AllocationID: "eipalloc-0a", IP: netip.MustParseAddr("203.0.113.7")})
	fleet := memfleet.New(func(o *memfleet.Options) { o.Network = pool })
	fleet.Launch(binder.Instance{ID: "i-0123456789abcdef0", State: binder.Running})
	zone, err := memzone.New("example.com.")
	if err != nil {
		fmt.Println(err)
		return
	}
	records := memstore.New()
	b, err := binder.New(binder.Backends{
		Fleet: fleet, Pool: pool, Policy: dnspolicy.PerAddress(dnspolicy.DashedIP()), Zone: zone, Store: records,
	}, func(o *binder.Options) { o.Suffix = "media.example.com" })
	if err != nil {
		fmt.Println(err)
		return
	}
	who, err := httpapi.NewIAM(func(o *httpapi.IAMOptions) {
		o.Caller = func(*http.Request) (string, bool) { // what AWS has verified
			return "arn:aws:sts::123456789012:assumed-role/media-node/i-0123456789abcdef0", true
		}
		o.Accounts, o.InstanceRoles = []string{"123456789012"}, []string{"media-node"}
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	handler, err := httpapi.New(httpapi.Backends{
		Binder: b, Queue: direct{b}, Records: records, Authenticator: who,
	}, func(o *httpapi.Options) { o.Check = b.Check })
	if err != nil {
		fmt.Println(err)
		return
	}

	for _, r := range []*http.Request{
		httptest.NewRequest(http.MethodPost, "/v1/bind", nil),
		httptest.NewRequest(http.MethodGet, "/v1/bindings/i-0123456789abcdef0", nil),
		httptest.NewRequest(http.MethodPost, "/v1/drain", strings.NewReader(`{"instanceId":"i-0123456789abcdef0"}`)),
	} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		text, _, _ := strings.Cut(w.Body.String(), `,"phase"`)
		text, _, _ = strings.Cut(text, `,"requestId"`)
		fmt.Println(w.Code, strings.TrimSpace(text))
	}
	// Output:
	// 202 {"instanceId":"i-0123456789abcdef0","status":"queued"}
	// 200 {"instanceId":"i-0123456789abcdef0","allocationId":"eipalloc-0a","ip":"203.0.113.7","name":"ip-203-0-113-7.media.example.com."
	// 403 {"type":"about:blank","title":"Forbidden","status":403,"detail":"you may not do this"
}

func ExampleNewIAM() {
	iam, err := httpapi.NewIAM(func(o *httpapi.IAMOptions) {
		o.Caller = func(r *http.Request) (string, bool) { return "arn:aws:sts::123456789012:assumed-role/admin/jane", true }
		o.Accounts, o.InstanceRoles = []string{"123456789012"}, []string{"media-node"}
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = iam.Authenticate(httptest.NewRequest(http.MethodPost, "/v1/bind", nil))
	fmt.Println(errors.Is(err, httpapi.ErrForbidden))
	// Output: true
}

// printing is a Reconciler that binds everything.
type printing struct{}

func (printing) Reconcile(_ context.Context, ids ...string) ([]binder.Outcome, error) {
	fmt.Println("reconcile", ids)
	return []binder.Outcome{{InstanceID: ids[0], Status: binder.Bound}}, nil
}

func ExampleNewLocalQueue() {
	queue, err := httpapi.NewLocalQueue(printing{})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	for range 3 { // an instance that asks often is reconciled once
		if err := queue.Enqueue(ctx, "i-0123456789abcdef0"); err != nil {
			fmt.Println(err)
		}
	}
	stop() // what waits is still done
	fmt.Println(queue.Run(ctx))
	// Output:
	// reconcile [i-0123456789abcdef0]
	// <nil>
}
