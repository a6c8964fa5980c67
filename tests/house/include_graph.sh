#!/usr/bin/env bash
# The include graph points one way (STYLE: core <- kg <- {ingest, retriever}, core <- llm,
# {kg, retriever, llm} <- fusion <- {service, cli}). Prints each include that breaks it.
set -u
cd "$(dirname "$0")/../.."
allowed() { # folder -> folders that it may include
    case $1 in
    core) echo "core" ;;
    kg) echo "core kg" ;;
    ingest) echo "core kg ingest" ;;
    retriever) echo "core kg retriever" ;;
    llm) echo "core llm" ;;
    llm/train) echo "core llm" ;;
    fusion) echo "core kg retriever llm fusion" ;;
    service) echo "core kg ingest retriever llm fusion service" ;;
    cli) echo "core kg ingest retriever llm llm/train fusion service cli" ;;
    esac
}
bad=0
for folder in core kg ingest retriever llm llm/train fusion service cli; do
    ok=" $(allowed $folder) "
    for file in "$folder"/*.c "$folder"/*.h; do
        [ -e "$file" ] || continue
        while read -r included; do
            target=$(dirname "$included")
            case $target in llm/train) ;; *) target=${target%%/*} ;; esac
            [ -e "$included" ] || continue
            [ "$folder" = llm/train ] && [ "$target" = llm/train ] && continue
            case $ok in *" $target "*) ;; *) echo "$file includes $included"; bad=1 ;; esac
        done < <(sed -nE 's/^[[:space:]]*#[[:space:]]*include "([^"]+)".*/\1/p' "$file")
    done
done
exit $bad
