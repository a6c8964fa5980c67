#!/usr/bin/env bash
# The page in a real browser, and the openai client against the API. Prints 'ok'/'not ok' lines.
# Needs chromium and node (scripts/packages-web.txt); installs its npm packages under $BUILD/web.
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build}
mkdir -p "$BUILD/web"
cp tests/web/package.json "$BUILD/web/"
if [ ! -d "$BUILD/web/node_modules/openai" ]; then
    npm install --prefix "$BUILD/web" --no-audit --no-fund --ignore-scripts >"$BUILD/web/npm.log" 2>&1 || {
        echo "skip web: npm could not install the browser driver (see $BUILD/web/npm.log)"; exit 0; }
fi
NODE_PATH=$PWD/$BUILD/web/node_modules exec timeout 300 python3 tests/web/run.py
