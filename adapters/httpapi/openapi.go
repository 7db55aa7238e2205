package httpapi

import (
	_ "embed" // the document
	"net/http"
	"slices"
)

//go:embed openapi.json
var openAPI []byte

// OpenAPI returns the API's description, as it is served: an OpenAPI 3.1 document
// in JSON.
func OpenAPI() []byte { return slices.Clone(openAPI) }

func (h *Handler) document(*call) (answer, error) {
	return answer{status: http.StatusOK, body: openAPI}, nil
}
