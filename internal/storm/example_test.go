package storm_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/eipbinder/eipbinder/internal/storm"
)

func ExampleFloor() {
	running := slices.Repeat([]time.Duration{5 * time.Second}, 1000) // all at once
	usable := storm.Floor(running)
	fmt.Println(usable[49], usable[50], usable[999])
	// Output: 5.033s 5.233s 3m15.033s
}
