/* Writes a seeded graph as N-Triples: gen_graph STATEMENTS SEED >graph.nt
 *
 * Shape: entities = statements / 7, each with a type (200 classes, Zipf) and one or two labels
 * (English words or Chinese characters drawn by frequency), the rest links by 200 relations whose
 * frequency and whose objects' popularity follow Zipf's law, and 5 % literal values. */
#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t state;

static uint64_t next(void) /* splitmix64 */
{
    uint64_t z = (state += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

static double unit(void)
{
    return (double)(next() >> 11) * 0x1p-53;
}

/* About Zipf with exponent 1 over 0..n-1, by inverting the continuous distribution. */
static uint64_t zipf(uint64_t n)
{
    uint64_t x = (uint64_t)(exp(unit() * log((double)n + 1)) - 1);
    return x < n ? x : n - 1;
}

static const char *const starts[] = {"al",  "be",  "cor", "dan", "el",  "fer", "gran", "hol",
                                     "in",  "jo",  "kar", "lu",  "mar", "nor", "or",   "pel",
                                     "qui", "ros", "san", "tor", "ul",  "ver", "wil",  "zan"};
static const char *const ends[] = {"ton",  "dra", "mine", "vale", "sis",  "berg", "lin",  "phor",
                                   "gate", "rum", "ster", "nix",  "dale", "form", "tide", "wick"};

static void word(uint64_t n)
{
    printf("%s%s", starts[n % 24], ends[n / 24 % 16]);
    for (n /= 384; n > 0; n /= 24)
        printf("%s", starts[n % 24]);
}

static void english(void)
{
    uint64_t words = 1 + next() % 3;
    for (uint64_t i = 0; i < words; i++) {
        if (i > 0)
            putchar(' ');
        word(zipf(200000));
    }
}

static void chinese(void)
{
    uint64_t length = 2 + next() % 5;
    for (uint64_t i = 0; i < length; i++) {
        uint32_t c = 0x4e00 + (uint32_t)(zipf(3500) * 5 % 20000);
        printf("%c%c%c", (int)(0xe0 | c >> 12), (int)(0x80 | (c >> 6 & 0x3f)),
               (int)(0x80 | (c & 0x3f)));
    }
}

static void subject(uint64_t entity)
{
    printf("<http://example.org/resource/E%" PRIu64 "> ", entity);
}

static uint64_t label(uint64_t entity)
{
    uint64_t written = 0;
    uint64_t kind = next() % 10;
    if (kind < 7) {
        subject(entity);
        printf("<http://www.w3.org/2000/01/rdf-schema#label> \"");
        english();
        printf("\"@en .\n");
        written++;
    }
    if (kind >= 4) {
        subject(entity);
        printf("<http://www.w3.org/2000/01/rdf-schema#label> \"");
        chinese();
        printf("\"@zh .\n");
        written++;
    }
    return written;
}

int main(int argc, char **argv)
{
    uint64_t wanted = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000, written = 0;
    state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    uint64_t entities = wanted / 7 + 1;
    for (uint64_t e = 0; e < entities && written < wanted; e++) {
        subject(e);
        printf("<http://www.w3.org/1999/02/22-rdf-syntax-ns#type> "
               "<http://example.org/class/C%" PRIu64 "> .\n",
               zipf(200));
        written += 1 + label(e);
        for (uint64_t i = 0; i < 5 && written < wanted; i++, written++) {
            uint64_t relation = zipf(200);
            subject(e);
            printf("<http://example.org/relation/R%" PRIu64 "> ", relation);
            if (relation % 20 == 7)
                printf("\"%" PRIu64 "\"^^<http://www.w3.org/2001/XMLSchema#integer> .\n",
                       next() % 100000);
            else if (next() % 2 == 0)
                printf("<http://example.org/resource/E%" PRIu64 "> .\n", zipf(entities));
            else
                printf("<http://example.org/resource/E%" PRIu64 "> .\n", next() % entities);
        }
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
