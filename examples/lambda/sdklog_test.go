package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/aws/smithy-go/logging"
	"github.com/google/go-cmp/cmp"
)

// TestSDKLogsAsAllElse: CloudWatch finds fields in what AWS's SDK says, too.
func TestSDKLogsAsAllElse(t *testing.T) {
	var lines bytes.Buffer
	logger := forSDK(slog.New(slog.NewJSONHandler(&lines, &slog.HandlerOptions{Level: slog.LevelDebug})))
	logger.Logf(logging.Warn, "failed to %s\n%d%%", "discard", 50)
	logger.Logf(logging.Debug, "Request")
	logger.Logf("ELSE", "unknown")
	var got []map[string]string
	for decoder := json.NewDecoder(&lines); decoder.More(); {
		var line map[string]string
		if err := decoder.Decode(&line); err != nil {
			t.Fatal(err)
		}
		delete(line, "time")
		got = append(got, line)
	}
	want := []map[string]string{
		{"level": "WARN", "msg": "failed to discard\n50%", "from": "aws-sdk-go"},
		{"level": "DEBUG", "msg": "Request", "from": "aws-sdk-go"},
		{"level": "DEBUG", "msg": "unknown", "from": "aws-sdk-go"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the SDK's log (-want +got):\n%s", diff)
	}
}
