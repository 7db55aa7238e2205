package main

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/aws/smithy-go/logging"
	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
)

// newLogger returns a logger of JSON objects, one a line. All else in the process
// logs with it, too: controller-runtime, client-go, and what uses package log.
func newLogger(w io.Writer, level slog.Level) *slog.Logger {
	logger := slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level}))
	slog.SetDefault(logger)
	ctrl.SetLogger(logr.FromSlogHandler(logger.Handler()))
	klog.SetSlogLogger(logger)
	return logger
}

// forSDK is the logger for AWS's SDK.
func forSDK(logger *slog.Logger) logging.Logger {
	return logging.LoggerFunc(func(class logging.Classification, format string, args ...any) {
		text := fmt.Sprintf(format, args...)
		if class == logging.Warn {
			logger.Warn(text)
			return
		}
		logger.Debug(text)
	})
}
