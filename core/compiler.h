/* Compiler extensions, each under one name, so that the rest of the code is plain C17.
 * Kernel files (llm/kernels_*.c) are the only other place that may use extensions. */
#ifndef VOUCH_CORE_COMPILER_H
#define VOUCH_CORE_COMPILER_H

#if defined(__GNUC__) || defined(__clang__)
#define CORE_PRINTF(fmt_index, first_arg) __attribute__((format(printf, fmt_index, first_arg)))
#define CORE_NODISCARD __attribute__((warn_unused_result))
#define CORE_NORETURN __attribute__((noreturn))
#define CORE_LIKELY(x) __builtin_expect(!!(x), 1)
#define CORE_UNLIKELY(x) __builtin_expect(!!(x), 0)
#else
#define CORE_PRINTF(fmt_index, first_arg)
#define CORE_NODISCARD
#define CORE_NORETURN
#define CORE_LIKELY(x) (x)
#define CORE_UNLIKELY(x) (x)
#endif

#define CORE_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
