package k8snode

import (
	"encoding/json"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func nodeWith(version string, taints ...corev1.Taint) *corev1.Node {
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: "a", UID: "uid-1", ResourceVersion: version, Labels: map[string]string{"old": "1"}},
		Spec:       corev1.NodeSpec{Taints: taints},
	}
}

// applied is what the patch, made from one state, makes of another one.
func applied(t *testing.T, p *patch, to *corev1.Node) (*corev1.Node, error) {
	t.Helper()
	raw, err := p.raw()
	if err != nil {
		t.Fatal(err)
	}
	data, err := raw.Data(to)
	if err != nil {
		t.Fatal(err)
	}
	operations, err := jsonpatch.DecodePatch(data)
	if err != nil {
		t.Fatal(err)
	}
	document, err := json.Marshal(to)
	if err != nil {
		t.Fatal(err)
	}
	if document, err = operations.Apply(document); err != nil {
		return nil, err
	}
	var result corev1.Node
	return &result, json.Unmarshal(document, &result)
}

func TestPatch(t *testing.T) {
	ours := corev1.Taint{Key: "eipbinder.io/unbound", Effect: corev1.TaintEffectNoSchedule}
	theirs := corev1.Taint{Key: "theirs", Effect: corev1.TaintEffectNoExecute}
	late := corev1.Taint{Key: "late", Effect: corev1.TaintEffectNoSchedule}
	made := func() *patch {
		p := &patch{node: nodeWith("1", theirs, ours)}
		p.annotate(AnnotationName, "a.example.com")
		p.annotate(AnnotationAddress, "203.0.113.7")
		p.label(LabelState, StateBound)
		p.label("old", "")
		p.label("absent", "")
		p.untaint(1)
		return p
	}
	for name, row := range map[string]struct {
		to     *corev1.Node
		fails  bool
		taints int
	}{
		"what it was made from": {nodeWith("1", theirs, ours), false, 1},
		"a taint behind":        {nodeWith("1", theirs, ours, late), false, 2},
		"a taint before":        {nodeWith("1", late, theirs, ours), true, 0},
		"no taint any more":     {nodeWith("1", theirs), true, 0},
		"no annotations, and somebody may have added some": {nodeWith("2", theirs, ours), true, 0},
		"another node": {func() *corev1.Node { n := nodeWith("1", theirs, ours); n.UID = "uid-2"; return n }(), true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := applied(t, made(), row.to)
			if (err != nil) != row.fails {
				t.Fatalf("error %v", err)
			}
			if err != nil {
				return
			}
			if len(got.Spec.Taints) != row.taints || len(got.Annotations) != 2 || len(got.Labels) != 1 || got.Labels[LabelState] != StateBound {
				t.Errorf("%+v", got)
			}
		})
	}
}

// Beside annotations that are there, those of others may come and go.
func TestPatchBesideOthers(t *testing.T) {
	before := nodeWith("1")
	before.Annotations = map[string]string{"theirs": "1"}
	p := &patch{node: before}
	p.annotate(AnnotationName, "a.example.com")
	after := nodeWith("2")
	after.Annotations = map[string]string{"theirs": "2", "more": "1"}
	got, err := applied(t, p, after)
	if err != nil || len(got.Annotations) != 3 || got.Annotations["theirs"] != "2" {
		t.Errorf("%v, %v", got, err)
	}
	same := &patch{node: got}
	same.annotate(AnnotationName, "a.example.com")
	if !same.empty() {
		t.Error("a patch that changes nothing is not empty")
	}
}
