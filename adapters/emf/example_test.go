package emf_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/eipbinder/eipbinder/adapters/emf"
	"github.com/eipbinder/eipbinder/binder"
)

func ExampleNew() {
	metrics, err := emf.New(os.Stdout, func(o *emf.Options) {
		o.BinderID = "eipbinder-media"
		o.Now = func() time.Time { return time.UnixMilli(1794346199390) } // for a test; else leave it out
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	// A Binder does this, with metrics as its Options.Observer.
	metrics.Observe(context.Background(), binder.Event{Kind: binder.EventBound, Took: 12345 * time.Millisecond})
	metrics.Observe(context.Background(), binder.Event{Kind: binder.EventBound, Took: 12 * time.Second})
	metrics.Pool(30, 2, 1)

	if err := metrics.Flush(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// {"BinderID":"eipbinder-media","Bound":2,"PoolCooling":1,"PoolFree":30,"PoolUsed":2,"TimeToUsable":[12345,12000],"_aws":{"Timestamp":1794346199390,"CloudWatchMetrics":[{"Namespace":"eipbinder","Dimensions":[["BinderID"]],"Metrics":[{"Name":"Bound","Unit":"Count"},{"Name":"TimeToUsable","Unit":"Milliseconds"},{"Name":"PoolFree","Unit":"Count"},{"Name":"PoolUsed","Unit":"Count"},{"Name":"PoolCooling","Unit":"Count"}]}]}}
}
