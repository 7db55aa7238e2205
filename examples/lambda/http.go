package main

import (
	"fmt"
	"log/slog"
	"net/http"

	"github.com/eipbinder/eipbinder/adapters/httpapi"
	"github.com/eipbinder/eipbinder/adapters/lambdaevent"
)

// newHTTP returns what serves the HTTP API's requests, of callers whom AWS has
// authenticated; nil if the settings name nobody who may call.
func newHTTP(s settings, backends httpapi.Backends, logger *slog.Logger) (http.Handler, error) {
	if !s.serves() {
		return nil, nil //nolint:nilnil // no handler is what lambdaevent.Options takes for none
	}
	who, err := httpapi.NewIAM(func(o *httpapi.IAMOptions) {
		o.Caller = func(r *http.Request) (string, bool) { return lambdaevent.CallerARN(r.Context()) }
		o.Accounts, o.InstanceRoles, o.OperatorRoles = s.accounts, s.roles, s.operators
	})
	if err != nil {
		return nil, fmt.Errorf("%s, %s, %s: %w", envAPIAccounts, envAPIRoles, envAPIOperators, err)
	}
	backends.Authenticator = who
	h, err := httpapi.New(backends, func(o *httpapi.Options) { o.Logger = logger })
	if err != nil {
		return nil, err
	}
	return h, nil
}
