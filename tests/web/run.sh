#!/usr/bin/env bash
# The page in a real browser, the openai client against the API, vouch against endpoints of another
# make. Prints 'ok'/'not ok' lines.
# Needs chromium and node (scripts/packages-web.txt); installs its npm packages under $BUILD/web.
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build}
mkdir -p "$BUILD/web"
if ! cmp -s tests/web/package.json "$BUILD/web/package.json" || [ ! -d "$BUILD/web/node_modules/openai" ]; then
    cp tests/web/package.json "$BUILD/web/"
    npm install --prefix "$BUILD/web" --no-audit --no-fund --ignore-scripts >"$BUILD/web/npm.log" 2>&1 || {
        rm -f "$BUILD/web/package.json"
        echo "skip web: npm could not install the browser driver (see $BUILD/web/npm.log)"; exit 0; }
fi
export NODE_PATH=$PWD/$BUILD/web/node_modules PATH=$PWD/$BUILD/web/node_modules/.bin:$PATH
exec timeout 300 python3 tests/web/run.py
