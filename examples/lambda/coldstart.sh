#!/usr/bin/env bash
# Prints how long the function takes from the start of its process to its first
# answer: the median of 20 starts, in ms (the column ms/start).
set -euo pipefail
cd "$(dirname "$0")/../e2e"
go test -race -run='^$' -bench=ColdStart -benchtime=20x .
