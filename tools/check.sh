#!/usr/bin/env bash
# The whole gate: format, build without warnings of ours, tests, checks from outside.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

bash tools/setup
echo "== format"
swift format lint --strict --recursive Sources Tests Package.swift
echo "== warnings"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
swift build -c release --build-tests --explicit-target-dependency-import-check error 2>&1 |
  tee "$log"
if grep -E "^$root/(Sources|Tests)/.*: warning:" "$log"; then
  echo "error: tools/check.sh: the build has warnings" >&2
  exit 1
fi
bash tools/test
