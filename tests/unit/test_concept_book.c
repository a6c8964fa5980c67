/* The counted words of the relation concepts: found, bound to their table, and the linked-in book
 * equal to one made now. */
#include "retriever/concept_book.h"

#include "core/resource.h"
#include "tests/unit/unit.h"

static const char table[] =
    "# two concepts\n"
    "a.mother\tperson/人物\tperson/人物\tmother\tmum\twho bore {s}\twhom did {o} bear\t母亲\t妈妈"
    "\t{s}是谁生的\t{o}生了谁\n"
    "a.river\tcity/城市\triver/河流\triver\tstream\twhat flows through {s}\twhere does {o} flow"
    "\t河流\t母亲河\t什么河流过{s}\t{o}流过哪里\n";

static uint64_t key_of(const char *text, size_t i, bool root, arena *a)
{
    phrasebook_grams grams = {0};
    error err = {0};
    assert_int_equal(phrasebook_cut(str_from(text), a, a, &grams, &err), STATUS_OK);
    assert_true(i < grams.count);
    return phrasebook_key(grams, i, root);
}

static void test_find(void **state)
{
    (void)state;
    arena *a = arena_new(0);
    buf bytes = {0};
    error err = {0};
    concept_book book;
    size_t count = 0;
    assert_int_equal(concept_book_make(str_from(table), &bytes, &err), STATUS_OK);
    assert_true(concept_book_open(buf_str(&bytes), str_from(table), &book));
    const uint16_t *ids = concept_book_find(&book, key_of("mother", 0, false, a), &count);
    assert_int_equal(count, 1);
    assert_int_equal(ids[0], 0);
    ids = concept_book_find(&book, key_of("streams", 0, true, a), &count); /* by its root */
    assert_int_equal(count, 1);
    assert_int_equal(ids[0], 1);
    ids = concept_book_find(&book, key_of("母亲", 0, false, a), &count); /* 母亲 and 母亲河 */
    assert_int_equal(count, 2);
    assert_int_equal(ids[0], 0);
    assert_int_equal(ids[1], 1);
    (void)concept_book_find(&book, key_of("flows", 0, false, a), &count); /* said, but no name */
    assert_int_equal(count, 0);
    assert_int_equal(book.said.texts, 16);
    assert_int_equal(book.names.texts, 8);
    buf_free(&bytes);
    arena_free(a);
}

static void test_refusals(void **state)
{
    (void)state;
    buf bytes = {0};
    error err = {0};
    concept_book book;
    assert_int_equal(concept_book_make(str_from(table), &bytes, &err), STATUS_OK);
    str whole = buf_str(&bytes);
    assert_false(concept_book_open(whole, STR("another table"), &book));
    for (size_t n = 0; n < whole.length; n += 8)
        assert_false(concept_book_open(str_slice(whole, 0, n), str_from(table), &book));
    assert_int_equal(concept_book_make(STR("one\ttwo\n"), &bytes, &err), STATUS_SYNTAX);
    assert_int_equal(err.line, 1);
    buf_free(&bytes);
}

static void test_builtin(void **state)
{
    (void)state;
    str text;
    buf bytes = {0};
    error err = {0};
    concept_book book;
    assert_true(resource_embedded(STR("concepts.tsv"), &text));
    assert_true(concept_book_open(concept_book_builtin(), text, &book));
    assert_int_equal(concept_book_make(text, &bytes, &err), STATUS_OK);
    str made = buf_str(&bytes), linked = concept_book_builtin();
    assert_true(str_equal(made, str_slice(linked, 0, made.length)));
    buf_free(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_builtin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
