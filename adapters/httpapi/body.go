package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
)

// instanceBody returns the instance that the body names: {"instanceId": "i-..."};
// empty if there is no body.
func instanceBody(c *call) (string, error) {
	body, err := io.ReadAll(c.Body)
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return "", &problem{Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("the body is longer than %d bytes", tooLong.Limit)}
	case err != nil:
		return "", &problem{Status: http.StatusBadRequest, Detail: "the body could not be read", cause: err}
	case len(body) == 0:
		return "", nil
	case !isJSON(c.Header):
		return "", &problem{Status: http.StatusUnsupportedMediaType, Detail: "the body must be application/json, in UTF-8 and not encoded"}
	}
	id, err := decodeInstance(body)
	if err != nil {
		return "", &problem{Status: http.StatusBadRequest, Detail: `the body must be {"instanceId": "i-..."} and nothing else`, cause: err}
	}
	return id, nil
}

func isJSON(h http.Header) bool {
	media, parameters, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || media != "application/json" || h.Get("Content-Encoding") != "" {
		return false
	}
	for name, value := range parameters {
		if name != "charset" || !strings.EqualFold(value, "utf-8") {
			return false
		}
	}
	return true
}

// decodeInstance takes the one object that there is, token by token: unlike
// json.Unmarshal it takes no key twice or in another case, and it ends where
// something nested begins.
func decodeInstance(body []byte) (string, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	for _, want := range []json.Token{json.Delim('{'), "instanceId"} {
		if got, err := d.Token(); err != nil || got != want {
			return "", errors.Join(fmt.Errorf("not %v", want), err)
		}
	}
	value, err := d.Token()
	id, ok := value.(string)
	if err != nil || !ok || !ValidInstanceID(id) {
		return "", errors.Join(errors.New("instanceId is no instance ID"), err)
	}
	if got, err := d.Token(); err != nil || got != json.Delim('}') {
		return "", errors.Join(errors.New("more than instanceId"), err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return "", errors.New("something follows the object")
	}
	return id, nil
}
