package ec2tag_test

import (
	"fmt"

	"github.com/eipbinder/eipbinder/ec2tag"
)

func ExampleKey() {
	workers := ec2tag.Selector{ec2tag.Key("karpenter.sh/nodepool", "media", "voice"), ec2tag.Key("Room")}
	fmt.Println(workers.Matches(map[string]string{"karpenter.sh/nodepool": "voice", "Room": "any"}))
	fmt.Println(workers.Matches(map[string]string{"karpenter.sh/nodepool": "batch", "Room": "any"}))
	fmt.Println(workers.Matches(map[string]string{"karpenter.sh/nodepool": "media"}))
	// Output:
	// true
	// false
	// false
}
