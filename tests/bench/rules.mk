# Bench targets: each prints a table with its baseline beside it and writes build/bench/NAME.json.

.PHONY: bench-http
bench-http: $(BUILD)/vouch $(BUILD)/bench/mhd_bare ## answers a second over HTTP, beside bare libmicrohttpd
	@scripts/setup.sh scripts/packages-bench.txt
	@BUILD=$(BUILD) MODEL=$(or $(MODEL),none) python3 tests/bench/bench_http.py

$(BUILD)/bench/mhd_bare: tests/bench/mhd_bare.c
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) -O2 -Wall -Wextra -Werror -o $@ $< -lmicrohttpd

# --- the retriever ---------------------------------------------------------------------------
$(BUILD)/bench/retrieve: $(BUILD)/obj/tests/bench/retrieve.o $(LIBS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(LINK_LIBS) $(LDLIBS)

.PHONY: bench-store
bench-store: $(BUILD)/bench/kg_bench $(BUILD)/bench/gen_graph ## loading and retrieval (N=10000000), beside plain SQLite
	@BUILD=$(BUILD) N=$(or $(N),10000000) python3 tests/bench/store.py

$(BUILD)/bench/gen_graph: tests/bench/gen_graph.c
	@mkdir -p $(@D)
	$(CC) -O2 -std=c17 -D_XOPEN_SOURCE=700 -Wall -Wextra -Werror -o $@ $< -lm

$(BUILD)/bench/kg_bench: $(BUILD)/obj/tests/bench/kg_bench.o $(LIBS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(LINK_LIBS) $(LDLIBS)

# The slow form of tests/unit/test_kg_kill.c.
.PHONY: test-kill
test-kill: $(BUILD)/tests/test_kg_kill ## kill -9 at 200 random points of loads and deletions
	KILLS=$(or $(KILLS),200) $(BUILD)/tests/test_kg_kill

# --- ingest ----------------------------------------------------------------------------------
.PHONY: bench-ingest
bench-ingest: $(BUILD)/vouch $(BUILD)/bench/ingest_parse ## parsing beside serdi and rapper, loading of the shared data
	@BUILD=$(BUILD) VOUCH_DATA=$(or $(VOUCH_DATA),../shared/data) python3 tests/bench/ingest.py

$(BUILD)/bench/ingest_parse: $(BUILD)/obj/tests/bench/ingest_parse.o $(LIBS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(LINK_LIBS) $(LDLIBS)
