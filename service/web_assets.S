/* The files that the service carries for the browser, as bytes. */
.section .rodata
.macro asset symbol, file
    .global \symbol
    .global \symbol\()_end
    .balign 16
\symbol:
    .incbin "\file"
\symbol\()_end:
    .byte 0
.endm
asset vouch_asset_index_html, "service/web/index.html"
asset vouch_asset_app_js, "service/web/app.js"
asset vouch_asset_words_js, "service/web/words.js"
asset vouch_asset_picture_js, "service/web/picture.js"
asset vouch_asset_style_css, "service/web/style.css"
asset vouch_asset_cytoscape_min_js, "service/web/vendor/cytoscape.min.js"
asset vouch_asset_openapi_json, "schemas/openapi.json"
.section .note.GNU-stack, "", %progbits
