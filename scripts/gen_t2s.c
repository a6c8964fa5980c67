/* Build-time tool: prints the Han characters that OpenCC's t2s configuration changes, as
 * {from, to} pairs in ascending order, for kg/normalise.c. */
#include <opencc/opencc.h>
#include <stdint.h>
#include <stdio.h>

static int encode(uint32_t c, char out[5])
{
    int n = c < 0x10000 ? 3 : 4;
    out[n] = 0;
    for (int i = n - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)((n == 3 ? 0xe0 : 0xf0) | c);
    return n;
}

static uint32_t decode(const char *s)
{
    const unsigned char *u = (const unsigned char *)s;
    if (u[0] < 0xf0)
        return (u[0] & 0xfu) << 12 | (u[1] & 0x3fu) << 6 | (u[2] & 0x3fu);
    return (u[0] & 7u) << 18 | (u[1] & 0x3fu) << 12 | (u[2] & 0x3fu) << 6 | (u[3] & 0x3fu);
}

static void range(opencc_t converter, uint32_t from, uint32_t to)
{
    for (uint32_t c = from; c <= to; c++) {
        char in[5];
        int n = encode(c, in);
        char *out = opencc_convert_utf8(converter, in, (size_t)n);
        if (out == NULL)
            continue;
        uint32_t simplified = decode(out);
        if (simplified != c && (unsigned char)out[0] >= 0xe0)
            printf("{0x%x, 0x%x},\n", c, simplified);
        opencc_convert_utf8_free(out);
    }
}

int main(void)
{
    opencc_t converter = opencc_open("t2s.json");
    if (converter == (opencc_t)-1) {
        fprintf(stderr, "gen_t2s: %s\n", opencc_error());
        return 1;
    }
    range(converter, 0x3400, 0x4dbf);
    range(converter, 0x4e00, 0x9fff);
    range(converter, 0x20000, 0x323af);
    return opencc_close(converter);
}
