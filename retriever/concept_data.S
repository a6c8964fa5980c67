/* What the build made of schemas/concepts.tsv, see retriever/concept_book.h. */
    .section .rodata
    .balign 16
    .global concept_book_start, concept_book_end
concept_book_start:
#include "concept_data.inc"
concept_book_end:
    .byte 0
    .section .note.GNU-stack,"",%progbits
