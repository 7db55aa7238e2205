package k8snode_test

import (
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/eipbinder/eipbinder/adapters/k8snode"
	"github.com/eipbinder/eipbinder/binder"
)

func ExampleNew() {
	var b *binder.Binder // of binder.New
	c, err := k8snode.New(b, func(o *k8snode.Options) { o.DryPool = k8snode.Admit })
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(c.Cache().ByObject), "kind of objects to watch") // c.SetupWithManager(mgr) does
	_, err = k8snode.New(b, func(o *k8snode.Options) { o.Taint = corev1.Taint{Key: "eipbinder.io/unbound"} })
	fmt.Println(errors.Is(err, binder.ErrConfig), err)
	// Output:
	// 1 kind of objects to watch
	// true invalid configuration: k8snode: Options.Taint "eipbinder.io/unbound" needs a key and an effect
}
