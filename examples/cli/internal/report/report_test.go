package report_test

import (
	"fmt"
	"net/netip"
	"os"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/examples/cli/internal/report"
	"github.com/eipbinder/eipbinder/store"
)

func ExampleRecords() {
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	err := report.Records(os.Stdout, []store.Record{
		{AllocationID: "eipalloc-2", IP: netip.MustParseAddr("203.0.113.10"), Phase: store.Free, FreedAt: at},
		{AllocationID: "eipalloc-1", IP: netip.MustParseAddr("203.0.113.9"), Phase: store.Bound, InstanceID: "i-1",
			Name: "sfu-1.example.com.", BoundAt: at, Draining: true, Allocated: true},
		{AllocationID: "eipalloc-3", IP: netip.MustParseAddr("203.0.113.11"), Phase: store.Reserved, InstanceID: "i-3", Name: "sfu-3.example.com."},
	}, false)
	fmt.Println(err)
	// Output:
	// ADDRESS       ALLOCATION  PHASE                     INSTANCE  NAME               SINCE
	// 203.0.113.9   eipalloc-1  bound,draining,allocated  i-1       sfu-1.example.com  2026-11-22T10:00:00Z
	// 203.0.113.10  eipalloc-2  free                      -         -                  2026-11-22T10:00:00Z
	// 203.0.113.11  eipalloc-3  reserved                  i-3       sfu-3.example.com  -
	// <nil>
}

func ExampleOutcomes() {
	outcomes := []binder.Outcome{
		{InstanceID: "i-1", Status: binder.Bound, IP: netip.MustParseAddr("203.0.113.9"), Name: "sfu-1.example.com."},
		{InstanceID: "i-2", Status: binder.Exhausted, RetryAfter: 30 * time.Second, Reason: "no address is free"},
		{InstanceID: "i-3", Status: binder.Failed, Err: binder.ErrServing},
	}
	fmt.Println(report.Outcomes(os.Stdout, outcomes, false))
	fmt.Println(report.Outcomes(os.Stdout, outcomes[1:], true))
	// Output:
	// INSTANCE  STATUS     ADDRESS      NAME               REASON
	// i-1       bound      203.0.113.9  sfu-1.example.com  -
	// i-2       exhausted  -            -                  no address is free; come back in 30s
	// i-3       failed     -            -                  see the error message
	// <nil>
	// {"instanceId":"i-2","status":"exhausted","retryAfter":30000000000,"reason":"no address is free"}
	// {"instanceId":"i-3","status":"failed","error":"worker is running and eligible"}
	// <nil>
}
