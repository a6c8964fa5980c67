/* Fuzzes the SentencePiece tokenizer: any vocabulary, any text (see vocabulary.h). */
#include "tests/fuzz/vocabulary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_tokenizer(LLM_TOKENIZER_SPM, "", str_make((const char *)data, size));
    return 0;
}
