package main

import (
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
)

// What helm says at the end is of the taint that the program looks for, if any, and
// of the ServiceAccount that its pods have.
func TestNotes(t *testing.T) {
	for name, row := range chartSets() {
		t.Run(name, func(t *testing.T) {
			values := chartValues()
			row.change(values)
			files, err := rendered("eipbinder", values)
			if err != nil {
				t.Fatal(err)
			}
			objects, err := render("eipbinder", values)
			if err != nil {
				t.Fatal(err)
			}
			d := typed[appsv1.Deployment](t, objects, "Deployment")[0]
			want := []string{"the ServiceAccount " + d.Namespace + "/" + d.Spec.Template.Spec.ServiceAccountName + ","}
			if taint := fmt.Sprint(shown(program(t, objects))["taint"]); taint != "" {
				want = append(want, "nodes with a startup taint "+taint+",")
			} else {
				want = append(want, "nodes without a startup taint:")
			}
			notes := files["eipbinder/templates/NOTES.txt"]
			for _, words := range want {
				if !strings.Contains(notes, words) {
					t.Errorf("%q is not in\n%s", words, notes)
				}
			}
		})
	}
}
