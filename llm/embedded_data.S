/* The embedded model's file as read-only data. VOUCH_EMBEDDED_FILE comes from build/gen/embedded_file.h,
 * which llm/train/rules.mk writes. */
#include "embedded_file.h"

    .section .rodata
    .global llm_embedded_begin
    .global llm_embedded_end
    .balign 64
llm_embedded_begin:
#ifdef VOUCH_EMBEDDED_FILE
    .incbin VOUCH_EMBEDDED_FILE
#endif
llm_embedded_end:
    .byte 0
    .section .note.GNU-stack, "", %progbits
