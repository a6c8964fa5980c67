/* Which kernels this CPU can run. */
#include "llm/kernels.h"

#include <string.h>

#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#if defined(__x86_64__)
static bool has_avx2(void)
{
    bool f16c = true; /* clang 14 cannot ask for it; each CPU with AVX2 has it */
#if !defined(__clang__)
    f16c = __builtin_cpu_supports("f16c");
#endif
    return f16c && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vnni");
}
#endif

/* Best first. */
static size_t runnable(const kernels *found[KERNELS_MAX])
{
    size_t n = 0;
#if defined(__x86_64__)
    if (has_avx512())
        found[n++] = &kernels_avx512;
    if (has_avx2())
        found[n++] = &kernels_avx2;
#elif defined(__aarch64__)
    if (getauxval(AT_HWCAP) & HWCAP_ASIMDDP)
        found[n++] = &kernels_neon_dot;
    found[n++] = &kernels_neon;
#endif
    found[n++] = &kernels_scalar;
    return n;
}

const kernels *kernels_find(const char *name)
{
    const kernels *found[KERNELS_MAX];
    size_t n = runnable(found);
    if (name == NULL)
        return found[0];
    for (size_t i = 0; i < n; i++)
        if (strcmp(found[i]->name, name) == 0)
            return found[i];
    return NULL;
}

size_t kernels_list(const char *names[KERNELS_MAX])
{
    const kernels *found[KERNELS_MAX];
    size_t n = runnable(found);
    for (size_t i = 0; i < n; i++)
        names[i] = found[i]->name;
    return n;
}
