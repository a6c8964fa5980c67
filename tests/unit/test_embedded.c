/* llm/embedded: either there is a model and it is a GGUF file that the reader accepts, or there is
 * none and nothing was written. */
#include "tests/unit/unit.h"

#include "llm/embedded.h"
#include "llm/gguf.h"

static void test_embedded(void **state)
{
    (void)state;
    const void *data = NULL;
    size_t bytes = 0;
    if (!llm_embedded_model(&data, &bytes)) {
        assert_null(data);
        return;
    }
    error err = {0};
    gguf *g = NULL;
    assert_int_equal(gguf_open_memory(data, bytes, "embedded", &g, &err), STATUS_OK);
    gguf_close(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_embedded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
