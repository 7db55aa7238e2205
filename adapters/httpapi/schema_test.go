package httpapi_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/eipbinder/eipbinder/adapters/httpapi"
)

// document is the OpenAPI document, decoded, and which of its responses were seen.
type document struct {
	root map[string]any
	seen map[string]bool // "POST /v1/bind 202"
}

func newDocument(t testing.TB) *document {
	t.Helper()
	d := &document{seen: map[string]bool{}}
	if err := json.Unmarshal(httpapi.OpenAPI(), &d.root); err != nil {
		t.Fatal(err)
	}
	return d
}

// resolve follows a $ref.
func (d *document) resolve(node any) map[string]any {
	object, _ := node.(map[string]any)
	for {
		ref, ok := object["$ref"].(string)
		if !ok {
			return object
		}
		var at any = d.root
		for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
			at = at.(map[string]any)[part]
		}
		if at == nil {
			panic("nothing at " + ref)
		}
		object = at.(map[string]any)
	}
}

// at follows keys, and $refs between them.
func (d *document) at(node any, keys ...string) map[string]any {
	object := d.resolve(node)
	for _, key := range keys {
		object = d.resolve(object[key])
	}
	return object
}

// path returns the template of the document that matches.
func (d *document) path(path string) string {
	for template := range d.at(d.root, "paths") {
		pattern := "^" + strings.ReplaceAll(regexp.QuoteMeta(template), `\{instance\}`, "[^/]+") + "$"
		if regexp.MustCompile(pattern).MatchString(path) {
			return template
		}
	}
	return ""
}

// documented returns every response of the document, as seen has them.
func (d *document) documented() []string {
	var all []string
	for template, item := range d.at(d.root, "paths") {
		for method, operation := range d.resolve(item) {
			for status := range d.at(operation, "responses") {
				all = append(all, strings.ToUpper(method)+" "+template+" "+status)
			}
		}
	}
	slices.Sort(all)
	return all
}

// check compares an answer with the document.
func (d *document) check(r *http.Request, status int, header http.Header, body []byte) error {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	template := d.path(r.URL.Path)
	operation := d.at(d.root, "paths", template, strings.ToLower(method))
	if operation == nil {
		return d.checkUndocumented(template, status, header, body)
	}
	key := fmt.Sprint(status)
	response := d.at(operation, "responses", key)
	if response == nil {
		return fmt.Errorf("%s %s: the document has no status %d", method, template, status)
	}
	d.seen[method+" "+template+" "+key] = true
	for name, h := range d.at(response, "headers") {
		if values := header.Values(name); len(values) != 1 {
			return fmt.Errorf("%s %s %d: header %s is %q", method, template, status, name, values)
		} else if err := d.valid(d.at(h, "schema"), values[0]); err != nil {
			return fmt.Errorf("header %s: %w", name, err)
		}
	}
	return d.checkBody(response, header, body)
}

// checkUndocumented: what the document does not have must be refused.
func (d *document) checkUndocumented(template string, status int, header http.Header, body []byte) error {
	want := http.StatusNotFound
	if template != "" {
		want = http.StatusMethodNotAllowed
	}
	if status != want {
		return fmt.Errorf("a path or method that the document does not have gives %d, want %d", status, want)
	}
	return d.checkBody(d.at(d.root, "components", "responses", "NotFound"), header, body)
}

func (d *document) checkBody(response map[string]any, header http.Header, body []byte) error {
	content := d.at(response, "content", header.Get("Content-Type"))
	if content == nil {
		return fmt.Errorf("the document does not have the content type %q here", header.Get("Content-Type"))
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return err
	}
	return d.valid(content["schema"], value)
}

// valid checks a value against a schema: the keywords that the document uses. One
// that it does not know is an error, so that nothing is passed over.
func (d *document) valid(schema, value any) error {
	object := d.resolve(schema)
	for keyword, rule := range object {
		check, ok := d.keywords()[keyword]
		if !ok {
			return fmt.Errorf("keyword %q is not known to this test", keyword)
		}
		if err := check(object, rule, value); err != nil {
			return fmt.Errorf("%s: %w (value %v)", keyword, err, value)
		}
	}
	return nil
}

type keyword = func(schema map[string]any, rule, value any) error

func (d *document) keywords() map[string]keyword {
	ignored := func(map[string]any, any, any) error { return nil }
	return map[string]keyword{
		"description": ignored, "default": ignored, "properties": d.properties, "additionalProperties": d.additional,
		"required": required, "type": hasType, "enum": inEnum, "const": isConst, "pattern": matches, "format": hasFormat,
		"minLength": minLength, "minimum": minimum, "maximum": maximum, "maxItems": maxItems, "items": d.items,
	}
}

func (d *document) properties(_ map[string]any, rule, value any) error {
	object, ok := value.(map[string]any)
	if !ok {
		return nil
	}
	for name, schema := range rule.(map[string]any) {
		if member, ok := object[name]; ok {
			if err := d.valid(schema, member); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}

func (d *document) additional(schema map[string]any, rule, value any) error {
	if rule != false {
		return fmt.Errorf("only false is known to this test")
	}
	properties, _ := schema["properties"].(map[string]any)
	object, _ := value.(map[string]any)
	for name := range object {
		if _, ok := properties[name]; !ok {
			return fmt.Errorf("%s is not in the schema", name)
		}
	}
	return nil
}

func (d *document) items(_ map[string]any, rule, value any) error {
	list, _ := value.([]any)
	for _, item := range list {
		if err := d.valid(rule, item); err != nil {
			return err
		}
	}
	return nil
}

func required(_ map[string]any, rule, value any) error {
	object, _ := value.(map[string]any)
	for _, name := range rule.([]any) {
		if _, ok := object[name.(string)]; !ok {
			return fmt.Errorf("%v is missing", name)
		}
	}
	return nil
}

func hasType(_ map[string]any, rule, value any) error {
	ok := false
	switch v := value.(type) {
	case map[string]any:
		ok = rule == "object"
	case []any:
		ok = rule == "array"
	case string:
		ok = rule == "string"
	case bool:
		ok = rule == "boolean"
	case float64:
		ok = rule == "number" || rule == "integer" && v == math.Trunc(v)
	}
	if !ok {
		return fmt.Errorf("not of type %v", rule)
	}
	return nil
}

func inEnum(_ map[string]any, rule, value any) error {
	if !slices.Contains(rule.([]any), value) {
		return fmt.Errorf("not one of %v", rule)
	}
	return nil
}

func isConst(_ map[string]any, rule, value any) error { return inEnum(nil, []any{rule}, value) }

func matches(_ map[string]any, rule, value any) error {
	text, ok := value.(string)
	if ok && !regexp.MustCompile(rule.(string)).MatchString(text) {
		return fmt.Errorf("does not match %v", rule)
	}
	return nil
}

func hasFormat(_ map[string]any, rule, value any) error {
	switch rule {
	case "ipv4":
		ip, err := netip.ParseAddr(value.(string))
		if err == nil && !ip.Is4() {
			err = fmt.Errorf("not IPv4")
		}
		return err
	case "date-time":
		_, err := time.Parse(time.RFC3339Nano, value.(string))
		return err
	}
	return fmt.Errorf("format %v is not known to this test", rule)
}

func minLength(_ map[string]any, rule, value any) error {
	text, ok := value.(string)
	if ok && float64(utf8.RuneCountInString(text)) < rule.(float64) {
		return fmt.Errorf("too short")
	}
	return nil
}

func minimum(_ map[string]any, rule, value any) error {
	if number, ok := value.(float64); ok && number < rule.(float64) {
		return fmt.Errorf("too small")
	}
	return nil
}

func maximum(_ map[string]any, rule, value any) error {
	if number, ok := value.(float64); ok && number > rule.(float64) {
		return fmt.Errorf("too large")
	}
	return nil
}

func maxItems(_ map[string]any, rule, value any) error {
	if list, ok := value.([]any); ok && float64(len(list)) > rule.(float64) {
		return fmt.Errorf("too many")
	}
	return nil
}

// The checker must be able to fail.
func TestSchemaChecker(t *testing.T) {
	d := newDocument(t)
	health := map[string]any{"$ref": "#/components/schemas/Health"}
	binding := map[string]any{
		"instanceId": worker, "allocationId": "eipalloc-1", "ip": "203.0.113.7", "name": "a.example.com.",
		"phase": "bound", "visible": true, "draining": false, "allocated": false,
	}
	with := func(key string, value any) map[string]any {
		changed := maps.Clone(binding)
		changed[key] = value
		return changed
	}
	schema := map[string]any{"$ref": "#/components/schemas/Binding"}
	if err := d.valid(schema, binding); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ schema, value any }{
		"missing":         {health, map[string]any{}},
		"not in the enum": {health, map[string]any{"status": "fine"}},
		"additional":      {health, map[string]any{"status": "ok", "more": 1.0}},
		"pattern":         {schema, with("instanceId", "i-1")},
		"type":            {schema, with("visible", "true")},
		"format":          {schema, with("ip", "2001:db8::1")},
		"time":            {schema, with("boundAt", "yesterday")},
		"unknown keyword": {map[string]any{"oneOf": []any{}}, "x"},
		"minimum":         {map[string]any{"$ref": "#/components/schemas/Problem"}, map[string]any{"type": "x", "title": "x", "status": 200.0, "requestId": "x"}},
	} {
		if err := d.valid(c.schema, c.value); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
