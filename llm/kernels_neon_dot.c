/* kernels_neon.c for CPUs with the dot-product extension (compiled with it, see rules.mk). */
#define KERNELS_NEON_DOT
#include "llm/kernels_neon.c"
