#!/usr/bin/env bash
# All C files are as clang-format wants them.
cd "$(dirname "$0")/../.." && git ls-files '*.c' '*.h' | xargs clang-format --dry-run -Werror
