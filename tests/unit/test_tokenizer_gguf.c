/* The reference's own cases: pairs of texts and ids for each vocabulary in the shared data whose
 * family vouch has. Skipped where that data is absent. */
#include "tests/unit/unit.h"

#include "core/buf.h"
#include "llm/tokenizer_gguf.h"

#define FOLDER "tokenizer_vectors"

static const char *data_folder(void)
{
    const char *given = getenv("VOUCH_DATA");
    return given != NULL ? given : "../shared/data";
}

static char *read_all(const char *name, size_t *bytes)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/" FOLDER "/%s", data_folder(), name);
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return NULL;
    buf b = {0};
    char part[4096];
    for (size_t n; (n = fread(part, 1, sizeof part, f)) > 0;)
        buf_add(&b, str_make(part, n));
    fclose(f);
    *bytes = b.length;
    return buf_take(&b);
}

static llm_tokenizer *open_vocabulary(const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/" FOLDER "/%s", data_folder(), name);
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return NULL;
    fclose(f);
    gguf *file = NULL;
    llm_tokenizer *t = NULL;
    error err = {0};
    if (gguf_open(path, &file, &err) != STATUS_OK ||
        llm_tokenizer_from_gguf(file, &t, &err) != STATUS_OK)
        fail_msg("%s: %s", name, err.message);
    gguf_close(file);
    return t;
}

static void check_case(const llm_tokenizer *t, str text, str line)
{
    llm_tokens ids = {0};
    error err = {0};
    buf got = {0}, back = {0};
    assert_int_equal(llm_tokenizer_encode(t, text, 0, &ids, &err), STATUS_OK);
    for (size_t i = 0; i < ids.count; i++)
        buf_printf(&got, " %d", (int)ids.ids[i]);
    if (!str_equal(buf_str(&got), line))
        fail_msg("'%.*s' gives%s, not%.*s", STR_ARG(text), got.data == NULL ? "" : got.data,
                 STR_ARG(line));
    assert_int_equal(llm_tokenizer_decode(t, ids.ids, ids.count, false, &back, &err), STATUS_OK);
    assert_true(str_equal(buf_str(&back), text));
    llm_tokens_free(&ids);
    buf_free(&got);
    buf_free(&back);
}

static void check_vectors(const char *vocabulary, const char *pairs)
{
    static const str separator = {"\n__ggml_vocab_test__\n", 21};
    char name[256];
    size_t in_bytes = 0, out_bytes = 0;
    llm_tokenizer *t = open_vocabulary(vocabulary);
    snprintf(name, sizeof name, "%s.inp", pairs);
    char *in = read_all(name, &in_bytes);
    snprintf(name, sizeof name, "%s.out", pairs);
    char *out = read_all(name, &out_bytes);
    if (t == NULL || in == NULL || out == NULL) {
        llm_tokenizer_free(t);
        free(in);
        free(out);
        skip();
    }
    str texts = str_make(in, in_bytes), lines = str_make(out, out_bytes), line;
    int cases = 0;
    for (size_t at = 0; str_split(&lines, '\n', &line) && lines.data != NULL; cases++) {
        size_t end = str_find(texts, separator, at);
        assert_true(end != STR_NONE);
        check_case(t, str_slice(texts, at, end), line);
        at = end + separator.length;
    }
    assert_int_equal(cases, 46);
    llm_tokenizer_free(t);
    free(in);
    free(out);
}

#define VECTORS(test, vocabulary, pairs)                                                           \
    static void test(void **state)                                                                 \
    {                                                                                              \
        (void)state;                                                                               \
        check_vectors(vocabulary, pairs);                                                          \
    }

VECTORS(gpt2, "ggml-vocab-gpt-2.gguf", "ggml-vocab-gpt-2.gguf")
VECTORS(llama_spm, "ggml-vocab-llama-spm.gguf", "ggml-vocab-llama-spm.gguf")
VECTORS(phi3, "ggml-vocab-phi-3.gguf", "ggml-vocab-phi-3.gguf")
VECTORS(qwen2, "qwen2-from-tiktoken.gguf", "ggml-vocab-qwen2.gguf")
VECTORS(qwen2_r1, "qwen2-from-tiktoken.gguf", "ggml-vocab-deepseek-r1-qwen.gguf")
VECTORS(llama_bpe, "llama-bpe-from-tiktoken.gguf", "ggml-vocab-llama-bpe.gguf")
/* These two share smollm's pre-tokenizer, whose own vocabulary is not there. */
VECTORS(starcoder, "ggml-vocab-starcoder.gguf", "ggml-vocab-starcoder.gguf")
VECTORS(refact, "ggml-vocab-refact.gguf", "ggml-vocab-refact.gguf")
VECTORS(mpt, "ggml-vocab-mpt.gguf", "ggml-vocab-mpt.gguf")

static void other_families_are_refused_by_name(void **state)
{
    (void)state;
    char path[1024];
    snprintf(path, sizeof path, "%s/" FOLDER "/ggml-vocab-bert-bge.gguf", data_folder());
    gguf *file = NULL;
    llm_tokenizer *t = NULL;
    error err = {0};
    if (gguf_open(path, &file, &err) == STATUS_NOT_FOUND)
        skip();
    assert_int_equal(llm_tokenizer_from_gguf(file, &t, &err), STATUS_UNSUPPORTED);
    assert_non_null(strstr(err.message, "'bert'"));
    gguf_close(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gpt2),      cmocka_unit_test(llama_spm),
        cmocka_unit_test(phi3),      cmocka_unit_test(qwen2),
        cmocka_unit_test(qwen2_r1),  cmocka_unit_test(llama_bpe),
        cmocka_unit_test(starcoder), cmocka_unit_test(refact),
        cmocka_unit_test(mpt),       cmocka_unit_test(other_families_are_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
