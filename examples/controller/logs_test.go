package main

import (
	"bytes"
	"errors"
	"log"
	"log/slog"
	"testing"

	"github.com/aws/smithy-go/logging"
	"k8s.io/klog/v2"
)

// Whoever logs in the process, by whichever package, writes JSON to the one place.
func TestEveryLogger(t *testing.T) {
	defer klog.CaptureState().Restore()
	old := slog.Default()
	defer slog.SetDefault(old)
	var lines bytes.Buffer
	logger := newLogger(&lines, slog.LevelInfo)
	logger.Info("own")
	slog.Info("slog")
	log.Print("log")
	klog.Info("klog")
	klog.Warningf("%s, formatted", "klog")
	klog.ErrorS(errors.New("reason"), "klog, structured")
	forSDK(logger).Logf(logging.Warn, "SDK's %s", "warning")
	forSDK(logger).Logf(logging.Debug, "only for debugging")
	klog.Flush()
	wantJSON(t, lines.String(), "own", "slog", "log", "klog", "klog, formatted", "klog, structured", "SDK's warning")
	if bytes.Contains(lines.Bytes(), []byte("only for debugging")) {
		t.Error("the SDK's debugging is shown")
	}
}
