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
