#!/usr/bin/env bash
# The HTTP tests: a real server on a free port, real requests. Prints 'ok'/'not ok' lines.
cd "$(dirname "$0")/../.." && exec python3 tests/http/run.py "$@"
