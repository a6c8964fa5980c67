# Bench targets: each prints a table with its baseline beside it and writes build/bench/NAME.json.
