/* Phrases match by the share of their telling words; what many phrases touch costs no more room
 * than what they touch. */
#include "retriever/phrasebook.h"

#include "tests/unit/unit.h"

static phrasebook_grams cut(const char *text, arena *a)
{
    phrasebook_grams out = {0};
    error err = {0};
    assert_int_equal(phrasebook_cut(str_from(text), a, a, &out, &err), STATUS_OK);
    return out;
}

static void add(phrasebook *pb, uint32_t target, const char *text, arena *a)
{
    error err = {0};
    assert_int_equal(phrasebook_add(pb, target, 1, cut(text, a), &err), STATUS_OK);
}

static phrasebook_hit best(const phrasebook *pb, const char *text, arena *a, size_t *count)
{
    text_tokens tokens = {0};
    phrasebook_hit *hits = NULL;
    error err = {0};
    assert_int_equal(text_tokenise(str_from(text), false, a, &tokens, &err), STATUS_OK);
    assert_int_equal(phrasebook_match(pb, &tokens, NULL, 0.1f, 2, a, &hits, count, &err),
                     STATUS_OK);
    return *count > 0 ? hits[0] : (phrasebook_hit){.target = UINT32_MAX};
}

static void the_phrase_that_is_said_is_found(void **state)
{
    (void)state;
    arena *a = arena_new(0);
    phrasebook *pb = phrasebook_new();
    error err = {0};
    size_t count = 0;
    add(pb, 1, "treated with", a);
    add(pb, 2, "{s} is caused by {o}", a);
    add(pb, 3, "挂什么科", a);
    add(pb, 4, "有什么症状", a);
    assert_int_equal(phrasebook_seal(pb, &err), STATUS_OK);
    assert_int_equal(best(pb, "what is cholera caused by?", a, &count).target, 2);
    assert_int_equal(best(pb, "drugs that treat it", a, &count).target, 1); /* by the root */
    phrasebook_hit hit = best(pb, "感冒该掛什麼科室", a, &count);
    assert_int_equal(hit.target, 3);
    assert_true(token_mask_has(&hit.mask, 3) && !token_mask_has(&hit.mask, 0));
    assert_int_equal(best(pb, "zebra", a, &count).target, UINT32_MAX);
    assert_int_equal(count, 0);
    phrasebook_free(pb);
    arena_free(a);
}

static void cover_is_the_share_of_the_first_texts_words(void **state)
{
    (void)state;
    arena *a = arena_new(0);
    phrasebook *pb = phrasebook_new();
    phrasebook_grams x = cut("place of birth", a), y = cut("birth date", a), z = cut("cause", a);
    assert_true(phrasebook_cover(pb, x, x) > 0.999f);
    assert_true(phrasebook_cover(pb, y, x) > 0.4f && phrasebook_cover(pb, y, x) < 0.6f);
    assert_true(phrasebook_cover(pb, y, z) < 0.001f);
    phrasebook_grams parts[] = {y, z};
    phrasebook_grams both = phrasebook_join(parts, 2, a);
    assert_int_equal(both.count, 3);
    assert_true(phrasebook_cover(pb, z, both) > 0.999f);
    phrasebook_free(pb);
    arena_free(a);
}

/* A match took room for every phrase of the book (0.5 MB for 10,000), whatever the question said:
 * four fifths of the time to a first answer. */
static void a_match_takes_room_for_what_it_touches(void **state)
{
    (void)state;
    arena *a = arena_new(0), *asked = arena_new(0);
    phrasebook *pb = phrasebook_new();
    error err = {0};
    size_t count = 0;
    for (uint32_t i = 0; i < 10000; i++) {
        char text[24];
        snprintf(text, sizeof text, "%05u x%05u", i, i);
        for (char *c = text; *c != 0; c++)
            *c = *c >= '0' && *c <= '9' ? "bcdfghjklm"[*c - '0'] : *c;
        add(pb, i, text, a);
    }
    assert_int_equal(phrasebook_seal(pb, &err), STATUS_OK);
    assert_int_equal(best(pb, "bbbkk xbbbkk", asked, &count).target, 77);
    assert_true(arena_used(asked) < 32768);
    phrasebook_free(pb);
    arena_free(asked);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_phrase_that_is_said_is_found),
        cmocka_unit_test(cover_is_the_share_of_the_first_texts_words),
        cmocka_unit_test(a_match_takes_room_for_what_it_touches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
