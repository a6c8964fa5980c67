/* The bytes of schemas/, see core/resource.c. */
    .section .rodata
#include "resource_data.inc"
    .section .note.GNU-stack,"",%progbits
