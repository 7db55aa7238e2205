package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"time"
)

// reportInitError tells the Lambda Runtime API why the function cannot start
// ("Initialization error" in the developer guide), so that whoever invokes it is
// told, too: of a process that just ends Lambda says only that it ended.
// aws-lambda-go has no call for it.
func reportInitError(ctx context.Context, cause error) error {
	host := os.Getenv("AWS_LAMBDA_RUNTIME_API")
	if host == "" {
		return nil // not in Lambda
	}
	body, err := json.Marshal(map[string]string{"errorType": "ConfigurationError", "errorMessage": cause.Error()})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	url := "http://" + host + "/2018-06-01/runtime/init/error"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	return response.Body.Close()
}
