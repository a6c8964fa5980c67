# The HTTP tests are part of `make test`; the browser tests need Chromium and npm, so they are apart.
EXTRA_TIERS += http

.PHONY: test-web
test-web: $(BUILD)/vouch ## the page in a browser, the openai client (installs Chromium)
	@scripts/setup.sh scripts/packages-web.txt
	@BUILD=$(BUILD) tests/run.sh web
