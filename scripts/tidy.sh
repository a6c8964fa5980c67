#!/usr/bin/env bash
# Static analysis: cppcheck over all C files; with TIDY=1 clang-tidy too (minutes).
set -eu
cd "$(dirname "$0")/.."
make -s build/gen/kg_schema.inc >/dev/null 2>&1 || true
files=$(git ls-files 'core/*.c' 'kg/*.c' 'ingest/*.c' 'retriever/*.c' 'llm/*.c' 'fusion/*.c' 'service/*.c' 'cli/*.c')
# shellcheck disable=SC2086
cppcheck --quiet --std=c11 --enable=warning,portability,performance --inline-suppr -I. -Ibuild/gen --suppressions-list=scripts/cppcheck.suppress \
    --suppress=missingIncludeSystem --suppress=unknownMacro --suppress=normalCheckLevelMaxBranches \
    --error-exitcode=1 --template="{file}:{line}: {id}: {message}" -j 2 $files
if [ "${TIDY:-}" = 1 ]; then
    # shellcheck disable=SC2086,SC2046
    clang-tidy --quiet --warnings-as-errors='*' --checks='-*,bugprone-*,clang-analyzer-*,-bugprone-easily-swappable-parameters,-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling,-bugprone-branch-clone,-bugprone-narrowing-conversions' \
        $files -- -std=c17 -I. -D_XOPEN_SOURCE=700
fi
