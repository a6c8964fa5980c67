/* Fuzzes the byte-level BPE tokenizer: the first byte chooses the pre-tokenizer, then any
 * vocabulary, merges and text (see vocabulary.h). */
#include "tests/fuzz/vocabulary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const pre[] = {"gpt-2", "qwen2", "llama-bpe", "smollm"};
    if (size > 0)
        fuzz_tokenizer(LLM_TOKENIZER_BPE, pre[data[0] % 4],
                       str_make((const char *)data + 1, size - 1));
    return 0;
}
