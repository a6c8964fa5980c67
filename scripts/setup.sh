#!/usr/bin/env bash
# Installs the Debian packages of scripts/packages.txt (and of further lists given as arguments)
# that are missing. Needs root or sudo only when something is missing; otherwise prints the one
# line to run and exits 2.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "vouch: setup: this is no Debian system; install what scripts/packages.txt lists by hand" >&2
    exit 0
fi

wanted=$(cat "$here/packages.txt" "$@" | sed 's/#.*//' | tr -s ' \n' ' ')
# A Node.js from elsewhere brings its own npm, which Debian's packages would fight.
if command -v npm >/dev/null 2>&1; then wanted=${wanted// nodejs/}; wanted=${wanted// npm/}; fi
missing=""
for p in $wanted; do
    state=$(dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $p"
done
# Either flavour of libcurl serves to build with.
case $missing in *libcurl4-gnutls-dev*)
    if pkg-config --exists libcurl raptor2 2>/dev/null; then
        missing=$(echo "$missing" | sed 's/ libcurl4-gnutls-dev//')
    fi ;;
esac
[ -n "${missing// /}" ] || exit 0

if [ "$(id -u)" = 0 ]; then
    sudo=""
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    sudo="sudo"
else
    echo "vouch: setup: packages are missing; as root, run:" >&2
    echo "  apt-get update && apt-get install -y --no-install-recommends$missing" >&2
    exit 2
fi
echo "vouch: setup: installing$missing"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086
if ! { $sudo apt-get update -qq && $sudo apt-get install -y -qq --no-install-recommends $missing; } \
    >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "vouch: setup: apt-get failed; see above" >&2
    exit 2
fi
