package httpapi_test

import (
	"encoding/json"
	"net/url"
	"strconv"
	"testing"
)

// The handler takes a body if the document's schema does, and no other.
func TestRequestBodiesAreAsInTheDocument(t *testing.T) {
	for path, as := range map[string]string{"/v1/bind": asWorker, "/v1/drain": operator, "/v1/undrain": operator} {
		for _, text := range []string{
			body, " " + body + "\n", `{}`, `{"instanceId":"i-1"}`, `{"instanceId":7}`, `{"instanceId":"` + worker + `","force":true}`,
			`{"instance":"` + worker + `"}`, `{"InstanceId":"` + worker + `"}`, `[]`, `[` + body + `]`, `"` + worker + `"`, `null`, `7`,
		} {
			w := newWorld(t)
			w.bound(worker)
			var value any
			if err := json.Unmarshal([]byte(text), &value); err != nil {
				t.Fatal(err)
			}
			schema := w.document.at(w.document.root, "paths", path, "post", "requestBody", "content", "application/json", "schema")
			if schema == nil {
				t.Fatalf("%s has no schema", path)
			}
			valid := w.document.valid(schema, value) == nil
			got := w.ask(w.request("POST", path, as, text))
			if taken := got.Code < 300; taken != valid {
				t.Errorf("%s %s: %d, but by the schema it is valid: %t", path, text, got.Code, valid)
			}
		}
	}
}

// And so for the parameters of a list.
func TestQueriesAreAsInTheDocument(t *testing.T) {
	w := newWorld(t)
	parameters := w.document.at(w.document.root, "paths", "/v1/bindings", "get")["parameters"].([]any)
	checked := 0
	for _, p := range parameters {
		parameter := w.document.resolve(p)
		if parameter["in"] != "query" {
			continue
		}
		name := parameter["name"].(string)
		for _, text := range []string{"", "0", "1", "1000", "1001", "-1", "eipalloc-0a", "a b", "1.5"} {
			var value any = text
			if number, err := strconv.ParseFloat(text, 64); err == nil && name == "limit" {
				value = number
			}
			valid := w.document.valid(parameter["schema"], value) == nil
			got := w.ask(w.request("GET", "/v1/bindings?"+url.Values{name: {text}}.Encode(), operator, ""))
			if taken := got.Code == 200; taken != valid {
				t.Errorf("%s=%q: %d, but by the schema it is valid: %t", name, text, got.Code, valid)
			}
			checked++
		}
	}
	if checked != 18 {
		t.Errorf("%d values checked", checked)
	}
}
