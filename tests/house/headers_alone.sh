#!/usr/bin/env bash
# Each header compiles alone.
set -u
cd "$(dirname "$0")/../.."
flags="-std=c17 -Wall -Wextra -Werror -I. -D_XOPEN_SOURCE=700 $(pkg-config --cflags jansson sqlite3 libmicrohttpd 2>/dev/null)"
check() { echo "#include \"$1\"" | ${CC:-gcc} $2 -x c -fsyntax-only - || { echo "does not compile alone: $1"; exit 1; }; }
export -f check; export CC
git ls-files '*.h' | grep -v '^tests/fuzz/' | xargs -P 2 -I{} bash -c 'check {} "'"$flags"'"'
