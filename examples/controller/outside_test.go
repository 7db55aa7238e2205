package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// probed is a replica with addresses that are asked.
type probed struct {
	*process
	metrics, health string
}

// startProbed starts a replica that listens.
func (a account) startProbed(t *testing.T, kubeconfig []byte, args ...string) probed {
	t.Helper()
	p := probed{metrics: freeAddress(t), health: freeAddress(t)}
	p.process = a.start(t, kubeconfig, append(args, "--metrics-address", p.metrics, "--health-address", p.health)...)
	return p
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// get asks; zero: it does not listen yet.
func get(t *testing.T, address, path string) (status int, body []byte) {
	t.Helper()
	response, err := http.Get("http://" + address + path)
	if err != nil {
		return 0, nil
	}
	defer response.Body.Close()
	body, err = io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, body
}

// answers waits until the probe has this status.
func (p probed) answers(t *testing.T, path string, want int) {
	t.Helper()
	got := 0
	if !within(time.Minute, func() bool {
		got, _ = get(t, p.health, path)
		return got == want || p.over()
	}) || p.over() {
		p.kill()
		t.Fatalf("%s answers %d, want %d; it says:\n%s", path, got, want, p.output)
	}
}

// meters returns what Prometheus reads.
func (p probed) meters(t *testing.T) map[string]*dto.MetricFamily {
	t.Helper()
	status, body := get(t, p.metrics, "/metrics")
	if status != http.StatusOK {
		t.Fatalf("/metrics answers %d: %s", status, body)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return families
}

// value returns a counter, a gauge or a histogram's count; -1 if there is none
// with these labels.
func value(families map[string]*dto.MetricFamily, name string, labels ...string) float64 {
	for _, m := range families[name].GetMetric() {
		var have []string
		for _, l := range m.GetLabel() {
			have = append(have, l.GetName()+"="+l.GetValue())
		}
		if strings.Join(have, ",") != strings.Join(labels, ",") {
			continue
		}
		return m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
	}
	return -1
}

// The program as released serves a cluster, as a user with the chart's rights and
// no others. It is not ready before it has them, and says so, and it tells
// Prometheus what it has done. Only the replica that works sweeps. All that they
// write is JSON, and all that they ask of AWS is what README.md gives rights to.
func TestReleased(t *testing.T) {
	kube := newClient(t)
	objects, err := render("outside-eipbinder", chartValues())
	if err != nil {
		t.Fatal(err)
	}
	config, err := serviceAccount(t, "outside-eipbinder").KubeConfig()
	if err != nil {
		t.Fatal(err)
	}
	a := newAccount(t, "outside", 4)
	a.program = readDockerfile(t).make(t)
	lease := []string{"--leader-id=outside-eipbinder", "--leader-namespace=kube-system"}
	p := a.startProbed(t, config, lease...)
	p.answers(t, healthPath, http.StatusOK)
	p.answers(t, readyPath, http.StatusInternalServerError)
	giveRights(t, kube, objects)
	p.answers(t, readyPath, http.StatusOK)

	ids := a.launch(t, kube, 3)
	if !within(time.Minute, func() bool { return a.usable(t, kube) == 3 || p.over() }) || p.over() {
		p.kill()
		t.Fatalf("not usable; it says:\n%s", p.output)
	}
	a.check(t, kube, ids)
	p.wantMeters(t)

	other := a.startProbed(t, config, lease...)
	other.answers(t, readyPath, http.StatusOK) // while it waits for the Lease
	if n := value(other.meters(t), "leader_election_master_status", "name=outside-eipbinder"); n != 0 {
		t.Errorf("the other replica works, too: %v", n)
	}
	p.sweeps(t, 2)
	other.wantNoSweep(t)
	other.end(t)
	p.end(t)
	a.wantAllowed(t)
	if said := p.output.String(); !strings.Contains(said, `"the cluster cannot be read`) || !strings.Contains(said, "cannot list resource") {
		t.Errorf("it does not say that it lacks rights:\n%s", said)
	}
}

// wantNoSweep checks that the replica tells of no sweep, however it ended.
func (p probed) wantNoSweep(t *testing.T) {
	t.Helper()
	families := p.meters(t)
	if swept := families["eipbinder_sweeps_total"].GetMetric(); len(swept) > 0 {
		t.Errorf("a replica that waits sweeps: %v", swept)
	}
	if at := value(families, "eipbinder_last_complete_sweep_timestamp_seconds"); at != 0 {
		t.Errorf("a replica that waits has swept at %v", at)
	}
}

// wantMeters waits for the sweep after three of four addresses are bound.
func (p probed) wantMeters(t *testing.T) {
	t.Helper()
	began, readme := float64(time.Now().Unix()), readREADME(t)
	var families map[string]*dto.MetricFamily
	within(time.Minute, func() bool {
		families = p.meters(t)
		return value(families, "eipbinder_pool_addresses", "profile=default", "state=used") == 3
	})
	for _, row := range []struct {
		name   string
		labels []string
		want   float64
	}{
		{"eipbinder_events_total", []string{"kind=bound"}, 3},
		{"eipbinder_events_total", []string{"kind=associated"}, 3},
		{"eipbinder_events_total", []string{"kind=failed"}, -1},
		{"eipbinder_launch_to_usable_seconds", nil, 3},
		{"eipbinder_step_seconds", []string{"kind=published"}, 3},
		{"eipbinder_pool_addresses", []string{"profile=default", "state=used"}, 3},
		{"eipbinder_pool_addresses", []string{"profile=default", "state=free"}, 1},
		{"eipbinder_pool_addresses", []string{"profile=default", "state=cooling"}, 0},
		{"eipbinder_last_complete_sweep_failures", nil, 0},
		{"eipbinder_sweeps_total", []string{"result=refused"}, -1},
		{"leader_election_master_status", []string{"name=outside-eipbinder"}, 1},
	} {
		if got := value(families, row.name, row.labels...); got != row.want {
			t.Errorf("%s%v is %v, want %v", row.name, row.labels, got, row.want)
		}
		if strings.HasPrefix(row.name, "eipbinder_") && !strings.Contains(readme, row.name) {
			t.Errorf("README.md does not have %s", row.name)
		}
	}
	if at := value(families, "eipbinder_last_complete_sweep_timestamp_seconds"); at < began-60 || at > began+60 {
		t.Errorf("the last sweep was at %v, at %v it was awaited", at, began)
	}
	if n := value(families, "controller_runtime_reconcile_total", "controller=eipbinder", "result=success"); n < 3 {
		t.Errorf("%v successful reconciliations", n)
	}
}

// end ends it as kubelet does, and looks at what it has written.
func (p probed) end(t *testing.T) {
	t.Helper()
	p.signal(syscall.SIGTERM)
	err := <-p.ended
	p.ended <- err
	if err != nil {
		t.Errorf("it ends with %v", err)
	}
	wantJSON(t, p.output.String(), "Attempting to acquire leader lease...", "records")
}

// wantJSON checks that each line is an object with a level and a message, and that
// these messages are among them.
func wantJSON(t *testing.T, lines string, messages ...string) {
	t.Helper()
	seen := map[string]bool{}
	for line := range strings.Lines(lines) {
		var entry struct{ Time, Level, Msg string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.Time == "" || entry.Level == "" || entry.Msg == "" {
			t.Errorf("%v: %s", err, line)
		}
		seen[entry.Msg] = true
	}
	for _, message := range messages {
		if !seen[message] {
			t.Errorf("nobody says %q:\n%s", message, lines)
		}
	}
}

// What client-go has to say by itself is JSON, too: here, that events are refused.
func TestLogsAreJSON(t *testing.T) {
	kube := newClient(t)
	objects, err := render("mute-eipbinder", chartValues())
	if err != nil {
		t.Fatal(err)
	}
	aboutEvents := func(o *unstructured.Unstructured) bool { return strings.HasSuffix(o.GetName(), "-events") }
	giveRights(t, kube, slices.DeleteFunc(objects, aboutEvents))
	config, err := serviceAccount(t, "mute-eipbinder").KubeConfig()
	if err != nil {
		t.Fatal(err)
	}
	a := newAccount(t, "mute", 1)
	p := a.startProbed(t, config, "--leader-id=mute-eipbinder", "--leader-namespace=kube-system")
	a.launch(t, kube, 1)
	refused := func() bool {
		return slices.ContainsFunc(requests(t, userName("mute-eipbinder")), func(r request) bool {
			return r.forbidden() && r.Ref.Resource == "events"
		})
	}
	if !within(time.Minute, refused) {
		t.Error("no event was refused")
	}
	p.end(t)
	if !strings.Contains(p.output.String(), "Server rejected event") {
		t.Errorf("client-go says nothing about it:\n%s", p.output)
	}
}

// What stops the program is one line of JSON, too.
func TestErrorsAreJSON(t *testing.T) {
	needControlPlane(t)
	a := newAccount(t, "wrong", 0)
	for _, args := range [][]string{{"--dry-pool=maybe", "--window=-1s"}, {"--no-such-flag"}, {"--kubeconfig=/absent"}} {
		p := a.start(t, nil, args...)
		err := <-p.ended
		p.ended <- err
		if err == nil {
			t.Errorf("%q: it does not fail", args)
		}
		wantJSON(t, p.output.String(), "the controller cannot go on")
	}
}
