# The page's files are carried in the binary; their hashes become ETags.
WEB_FILES := $(wildcard service/web/*.html service/web/*.js service/web/*.css \
               service/web/vendor/*.js schemas/openapi.json)
GENERATED += $(BUILD)/gen/asset_etags.h

$(BUILD)/gen/asset_etags.h: $(WEB_FILES)
	@mkdir -p $(@D)
	@for f in $(WEB_FILES); do \
	    n=$$(basename $$f | tr '.-' '__'); \
	    echo "#define ETAG_$$n \"\\\"$$(sha256sum $$f | cut -c1-32)\\\"\""; \
	done > $@

$(BUILD)/obj/service/web_assets.o: $(WEB_FILES)
$(BUILD)/obj/service/assets.o: $(BUILD)/gen/asset_etags.h
