package k8snode_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// latecomer is somebody who puts a taint before all others of some nodes, at the
// worst moment: when the controller has sent the patch that opens the gate, and the
// API server has not seen it yet. The nodes are numbered.
type latecomer struct {
	world *world
	once  sync.Map // by node
	edits atomic.Int64
}

var lateTaint = corev1.Taint{Key: "example.com/late", Effect: corev1.TaintEffectPreferNoSchedule}

// before edits the node that a request of the controller's is about, if it is the
// first patch of one that is to be edited. A claim is no such patch.
func (l *latecomer) before(r *http.Request) {
	name, ours := strings.CutPrefix(r.URL.Path, "/api/v1/nodes/"+l.world.name+"-")
	i, err := strconv.Atoi(name)
	if !ours || err != nil || r.Header.Get("Content-Type") != string(types.JSONPatchType) || !editedLate(i) {
		return
	}
	if _, edited := l.once.LoadOrStore(i, true); edited {
		return
	}
	l.world.edit(l.world.name+"-"+name, func(n *corev1.Node) {
		n.Spec.Taints = slices.Insert(n.Spec.Taints, 0, lateTaint)
	})
	l.edits.Add(1)
}

// oneIn is how many nodes there are for each that is edited late.
const oneIn = 5

func editedLate(i int) bool { return i%oneIn == 0 }
