# Bench targets: each prints a table with its baseline beside it and writes build/bench/NAME.json.

.PHONY: bench-http
bench-http: $(BUILD)/vouch $(BUILD)/bench/mhd_bare ## answers a second over HTTP, beside bare libmicrohttpd
	@scripts/setup.sh scripts/packages-bench.txt
	@BUILD=$(BUILD) MODEL=$(MODEL) python3 tests/bench/bench_http.py

$(BUILD)/bench/mhd_bare: tests/bench/mhd_bare.c
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) -O2 -Wall -Wextra -Werror -o $@ $< -lmicrohttpd

# --- the retriever ---------------------------------------------------------------------------
$(BUILD)/bench/fit_passages: $(BUILD)/obj/tests/bench/fit_passages.o $(LIBS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(LINK_LIBS) $(LDLIBS)

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
# --- the transformer -------------------------------------------------------------------------
LLAMACPP := $(BUILD)/bench/llamacpp
.PHONY: bench-llm
bench-llm: $(BUILD)/bench/bench_llm $(LLAMACPP)/installed ## the transformer beside llama.cpp (SHAPES=, TYPES=, TURNS=5)
	@SHAPES="$(SHAPES)" TYPES="$(TYPES)" TURNS=$(or $(TURNS),5) $(BUILD)/bench/bench_llm \
	    $(LLAMACPP)/node_modules/@node-llama-cpp/linux-$(if $(filter aarch64,$(MACHINE)),arm64,x64)/bins/linux-$(if $(filter aarch64,$(MACHINE)),arm64,x64)

$(BUILD)/bench/bench_llm: $(BUILD)/obj/tests/bench/bench_llm.o $(BUILD)/obj/tests/unit/llm_models.o $(LIBS)
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LINK_LIBS) $(LDLIBS)

# The baseline: a prebuilt llama.cpp, for this target only.
$(LLAMACPP)/installed:
	@mkdir -p $(@D)
	cd $(@D) && npm install --ignore-scripts --no-audit --no-fund --silent --prefix . node-llama-cpp
	@touch $@

# --- a person's wait ---------------------------------------------------------------------------
$(BUILD)/bench/answer: $(BUILD)/obj/tests/bench/answer.o $(BUILD)/obj/tests/unit/llm_models.o $(LIBS)
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LINK_LIBS) $(LDLIBS)

$(BUILD)/bench/disease.kg: | $(BUILD)/vouch
	@mkdir -p $(@D)
	$(BUILD)/vouch ingest $(or $(VOUCH_DATA),../shared/data)/medical_zh/disease.csv --map medical_zh \
	    --pack medical --graph $@

.PHONY: bench-answer
bench-answer: $(BUILD)/bench/answer $(BUILD)/bench/disease.kg ## question to verified answer, first sentence, a 0.5B model (LARGE= for none)
	@$(BUILD)/bench/answer $(BUILD)/bench/disease.kg tests/bench/questions/medical_zh.eval.jsonl \
	    $(BUILD)/bench/answer.json $(if $(filter undefined,$(origin LARGE)),$(BUILD)/bench/qwen2.5-0.5b-Q4_0.gguf,$(LARGE))

.PHONY: bench-verify
bench-verify: $(BUILD)/vouch ## the verifier on 300 sentences, half of them corrupted (SHOW=1 lists the misses)
	@BUILD=$(BUILD) SHOW=$(SHOW) python3 tests/bench/bench_verify.py

.PHONY: bench-retrieve
bench-retrieve: $(BUILD)/vouch $(BUILD)/bench/gen_graph ## from a question to its verified answer: p50, p99, CPU, memory, beside the targets (N=0: no 10M graph)
	@BUILD=$(BUILD) N=$(or $(N),10000000) python3 tests/bench/latency.py

.PHONY: bench-quality fit-retriever
bench-quality: $(BUILD)/vouch $(BUILD)/bench/retrieve ## Hits@1 over the question sets, beside floor and ceiling
	@BUILD=$(BUILD) python3 tests/bench/quality.py

fit-retriever: $(BUILD)/bench/retrieve ## fit schemas/weights.json and schemas/calibration.json on the train files
	@BUILD=$(BUILD) python3 tests/bench/fit.py

.PHONY: fit-passages
QUESTIONS := tests/bench/questions
fit-passages: $(BUILD)/bench/fit_passages $(BUILD)/bench/laws.kg ## fit the weights of passages (schemas/weights.json) on the tune files
	$(BUILD)/bench/fit_passages schemas/weights.json \
	    $(foreach q,$(wildcard $(QUESTIONS)/legal*.tune.jsonl),$(BUILD)/bench/laws.kg legal $(q))

$(BUILD)/bench/laws.kg: | $(BUILD)/vouch
	@mkdir -p $(@D)
	$(BUILD)/vouch ingest $(or $(VOUCH_DATA),../shared/data)/laws_zh --format statutes --pack legal --graph $@

# --- all of them -----------------------------------------------------------------------------
.PHONY: bench
bench: ## every benchmark in turn, its baselines beside it (N=10000000 for the graph's size)
	@failed=; for b in bench-store bench-ingest bench-quality bench-answer bench-verify bench-llm bench-http; do \
	    printf '\n== %s\n' $$b; $(MAKE) --no-print-directory $$b || failed="$$failed $$b"; done; \
	    test -z "$$failed" || { echo "failed:$$failed" >&2; exit 1; }
