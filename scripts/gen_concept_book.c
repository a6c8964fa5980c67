/* gen_concept_book TABLE OUT: counts the words of the relation concepts (retriever/concept_book.h).
 * Run by the build. */
#include <stdio.h>
#include <stdlib.h>

#include "retriever/concept_book.h"

static bool read_all(const char *path, buf *out)
{
    char block[65536];
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return false;
    for (size_t n; (n = fread(block, 1, sizeof block, f)) > 0;)
        buf_add(out, str_make(block, n));
    bool ok = !ferror(f) && !out->failed;
    fclose(f);
    return ok;
}

static bool write_all(const char *path, str bytes)
{
    FILE *f = fopen(path, "wb");
    if (f == NULL)
        return false;
    bool ok = fwrite(bytes.data, 1, bytes.length, f) == bytes.length;
    return fclose(f) == 0 && ok;
}

int main(int argc, char **argv)
{
    buf text = {0}, book = {0};
    error err = {0};
    char message[512];
    int code = 1;
    if (argc != 3)
        fprintf(stderr, "usage: gen_concept_book TABLE OUT\n");
    else if (!read_all(argv[1], &text))
        fprintf(stderr, "gen_concept_book: %s: cannot be read\n", argv[1]);
    else if (concept_book_make(buf_str(&text), &book, &err) != STATUS_OK)
        fprintf(stderr, "gen_concept_book: %s\n", error_describe(&err, message, sizeof message));
    else if (!write_all(argv[2], buf_str(&book)))
        fprintf(stderr, "gen_concept_book: %s: cannot be written\n", argv[2]);
    else
        code = 0;
    buf_free(&text);
    buf_free(&book);
    return code;
}
