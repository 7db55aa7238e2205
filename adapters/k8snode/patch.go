package k8snode

import (
	"encoding/json"
	"fmt"
	"strings"

	jsonpatch "github.com/evanphx/json-patch/v5"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// patch is a JSON patch of one node, as far as it is known. Its tests make it
// fail where the node is not what it was made from.
type patch struct {
	node *corev1.Node
	ops  []op
}

// op is an operation of RFC 6902.
type op struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}

// empty reports whether nothing is to be changed.
func (p *patch) empty() bool { return len(p.ops) == 0 }

// annotate makes the annotation what it should be; empty: absent.
func (p *patch) annotate(key, value string) {
	p.set("annotations", p.node.Annotations, key, value)
}

// label does so with a label.
func (p *patch) label(key, value string) { p.set("labels", p.node.Labels, key, value) }

func (p *patch) set(field string, have map[string]string, key, value string) {
	old, exists := have[key]
	path := "/metadata/" + field
	member := path + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
	switch {
	case old == value && exists == (value != ""):
	case value == "":
		p.ops = append(p.ops, op{Op: "test", Path: member, Value: old}, op{Op: "remove", Path: member})
	case len(have) == 0 && !p.makes(path): // the map would replace one that came since
		p.ops = append(p.ops, op{Op: "test", Path: "/metadata/resourceVersion", Value: p.node.ResourceVersion},
			op{Op: "add", Path: path, Value: map[string]string{key: value}})
	default:
		p.ops = append(p.ops, op{Op: "add", Path: member, Value: value})
	}
}

// makes reports whether the patch adds this already.
func (p *patch) makes(path string) bool {
	for _, o := range p.ops {
		if o.Op == "add" && o.Path == path {
			return true
		}
	}
	return false
}

// untaint removes the taint in this place, if it is still there.
func (p *patch) untaint(place int) {
	path := fmt.Sprintf("/spec/taints/%d", place)
	p.ops = append(p.ops, op{Op: "test", Path: path, Value: p.node.Spec.Taints[place]}, op{Op: "remove", Path: path})
}

// fits reports whether the patch can be applied to the node as it is now: all of
// its tests hold.
func (p *patch) fits(now *corev1.Node) bool {
	raw, err := p.raw()
	if err != nil {
		return false
	}
	data, err := raw.Data(now)
	if err != nil {
		return false
	}
	operations, err := jsonpatch.DecodePatch(data)
	if err != nil {
		return false
	}
	document, err := json.Marshal(now)
	if err != nil {
		return false
	}
	_, err = operations.Apply(document)
	return err == nil
}

// raw returns the patch for a client. A node of the same name with another UID
// is another node.
func (p *patch) raw() (client.Patch, error) {
	data, err := json.Marshal(append([]op{{Op: "test", Path: "/metadata/uid", Value: p.node.UID}}, p.ops...))
	return client.RawPatch(types.JSONPatchType, data), err
}
