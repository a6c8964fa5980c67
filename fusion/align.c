/* See align.h. */
#include "fusion/align.h"

#include "core/utf8.h"
#include "fusion/verify_graph.h"

enum { GOVERNED = 3, REACH = 14 * 3, NUMBER = 16 * 3 };

typedef enum cover {
    COVER_NONE = 0,
    COVER_KNOWN, /* names, numbers */
    COVER_SAID,
    COVER_MEANT,
    COVER_GLUE
} cover;

typedef struct laid {
    const glue *g;
    const align_clause *clause;
    const align_text *t;
    size_t first, last; /* parts */
    str body, lead, topic;
    unsigned char cover[CLAIMS_MAX_BYTES];
    bool met[ALIGN_PARTS]; /* parts that share words with the clause */
    size_t shared[ALIGN_PARTS];
} laid;

static size_t char_at(str text, size_t at, uint32_t *c)
{
    return utf8_decode(text.data + at, text.length - at, c);
}

static bool is_content(uint32_t c)
{
    return utf8_is_han(c) || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static str from(str text, size_t at)
{
    return str_slice(text, at, text.length);
}

/* --- cutting an article ------------------------------------------------------------------------
 */
typedef enum stop { STOP_NO, STOP_PART, STOP_LIST, STOP_SEGMENT, STOP_SENTENCE } stop;

static stop stop_of(uint32_t c)
{
    switch (c) {
    case 0xff0c:
    case ',':
        return STOP_PART;
    case 0xff1a:
    case ':':
        return STOP_LIST;
    case 0xff1b:
    case ';':
        return STOP_SEGMENT;
    case 0x3002:
    case '\n':
        return STOP_SENTENCE;
    default:
        return STOP_NO;
    }
}

static bool is_item(str text, size_t at)
{
    return str_starts(from(text, at), STR("(")) || str_starts(from(text, at), STR("（"));
}

static void read_values(align_text *t)
{
    claims_value v;
    for (size_t p = 0; p < t->count; p++) {
        str part = str_slice(t->text, t->parts[p].start, t->parts[p].end);
        for (size_t at = 0; t->value_count < ALIGN_VALUES && claims_next_value(part, at, &v);
             at = v.end)
            t->values[t->value_count++] = (align_value){v, p};
    }
}

void align_cut(str text, str title, align_text *out)
{
    out->text = text;
    out->title = title;
    out->count = out->value_count = 0;
    size_t start = 0, segment = 0, begun = 0, sentence = 0, lead_start = 0, lead_end = 0;
    for (size_t i = 0; i <= text.length && out->count < ALIGN_PARTS;) {
        uint32_t c = '\n';
        size_t n = i < text.length ? char_at(text, i, &c) : 1;
        stop s = stop_of(c);
        while (s != STOP_NO && start < i && text.data[start] == ' ')
            start++;
        if (s != STOP_NO && i > start) {
            if (start == begun && begun == sentence && !is_item(text, start))
                lead_start = lead_end = 0; /* a new sentence is no item of the list before it */
            out->parts[out->count++] = (align_part){start, i, segment, lead_start, lead_end};
            bool head = start == sentence && !is_item(text, start);
            if (head || (s == STOP_LIST && !is_item(text, start))) {
                lead_start = sentence;
                lead_end = i;
            }
        }
        if (s != STOP_NO)
            start = i + n;
        if (s == STOP_SEGMENT || s == STOP_SENTENCE) {
            segment = out->count > 0 ? out->parts[out->count - 1].segment + 1 : 0;
            begun = i + n;
            while (begun < text.length && text.data[begun] == ' ')
                begun++;
            sentence = s == STOP_SENTENCE ? begun : sentence;
        }
        i += n;
    }
    read_values(out);
}

size_t align_segments(const align_text *t)
{
    return t->count == 0 ? 0 : t->parts[t->count - 1].segment + 1;
}

/* --- words -------------------------------------------------------------------------------------
 */
static void mark(laid *l, size_t start, size_t end, cover what)
{
    for (size_t i = start; i < end; i++)
        if (l->cover[i] == COVER_NONE)
            l->cover[i] = (unsigned char)what;
}

/* The longest stretch of content at `at` that stands in `in`, of two characters or more. */
static size_t stands(const laid *l, size_t at, str in)
{
    str text = l->clause->read->text;
    size_t best = 0, chars = 0;
    for (size_t end = at; end < text.length;) {
        uint32_t c;
        size_t n = char_at(text, end, &c);
        if (l->cover[end] != COVER_NONE || !is_content(c))
            break;
        end += n;
        chars++;
        if (chars < 2)
            continue;
        if (str_find(in, str_slice(text, at, end), 0) == STR_NONE)
            break;
        best = end - at;
    }
    return best;
}

static void mark_same(laid *l, str in)
{
    str text = l->clause->read->text;
    for (size_t i = 0; i < text.length;) {
        uint32_t c;
        size_t n = char_at(text, i, &c), same = stands(l, i, in);
        if (same > 0)
            mark(l, i, i + same, COVER_SAID);
        i += same > 0 ? same : n;
    }
}

/* Most pairs of characters of a long word; a short one whole. */
static bool mostly_in(str word, str in)
{
    size_t pairs = 0, found = 0;
    if (str_find(in, word, 0) != STR_NONE)
        return true;
    if (word.length < 12)
        return false;
    for (size_t i = 0; i + 6 <= word.length; i += 3) {
        pairs++;
        found += str_find(in, str_slice(word, i, i + 6), 0) != STR_NONE;
    }
    return found * 10 >= pairs * 7;
}

/* The first of the statutes' words is the one that means the same; the others only go with it. */
static bool means(const laid *l, str words)
{
    str word;
    return str_split(&words, ' ', &word) &&
           (mostly_in(word, l->body) || mostly_in(word, l->lead) || mostly_in(word, l->t->title));
}

static void mark_meant(laid *l, str synonyms)
{
    str line, everyday, word, text = l->clause->read->text;
    while (str_split(&synonyms, '\n', &line)) {
        if (str_empty(line) || line.data[0] == '#' || !str_split(&line, '\t', &everyday))
            continue;
        while (str_split(&everyday, ';', &word)) {
            word = str_trim(word);
            size_t at = str_empty(word) ? STR_NONE : str_find(text, word, 0);
            if (at != STR_NONE && means(l, str_trim(line)))
                mark(l, at, at + word.length, COVER_MEANT);
        }
    }
}

static void mark_glue(laid *l)
{
    str text = l->clause->read->text;
    for (size_t i = 0; i < text.length;) {
        uint32_t c;
        size_t n = char_at(text, i, &c), glued = 0;
        lf_compare ignored;
        if (l->cover[i] == COVER_NONE) {
            glued = glue_statute_word(l->g, text, i);
            size_t other = glue_comparative(l->g, text, i, &ignored);
            glued = other > glued ? other : glued;
            other = glue_negation(l->g, text, i);
            glued = other > glued ? other : glued;
        }
        if (glued > 0)
            mark(l, i, i + glued, COVER_GLUE);
        i += n;
    }
}

/* A lone character beside what is covered (三十日|内) is said where both stand together. */
static void mark_lone(laid *l)
{
    str text = l->clause->read->text;
    size_t before = STR_NONE;
    for (size_t i = 0; i < text.length;) {
        uint32_t c;
        size_t n = char_at(text, i, &c), next = i + n;
        bool open = l->cover[i] == COVER_NONE && utf8_is_han(c);
        bool left = before != STR_NONE && l->cover[before] != COVER_NONE &&
                    str_find(l->body, str_slice(text, before, next), 0) != STR_NONE;
        bool right =
            next < text.length && l->cover[next] != COVER_NONE &&
            str_find(l->body, str_slice(text, i, next + char_at(text, next, &c)), 0) != STR_NONE;
        if (open && (left || right))
            mark(l, i, next, COVER_SAID);
        before = i;
        i = next;
    }
}

static size_t said(const laid *l)
{
    size_t bytes = 0;
    for (size_t i = 0; i < l->clause->read->text.length; i++)
        bytes += l->cover[i] == COVER_SAID;
    return bytes;
}

static void measure(laid *l, align_result *out)
{
    str text = l->clause->read->text;
    size_t run = 0;
    for (size_t i = 0; i < text.length;) {
        uint32_t c;
        size_t n = char_at(text, i, &c);
        bool content = is_content(c);
        cover what = (cover)l->cover[i];
        out->said += content && (what == COVER_SAID || what == COVER_MEANT) ? 1 : 0;
        run = content && what == COVER_NONE ? run + 1 : 0;
        out->left += run > 0 ? 1 : 0;
        out->longest = run > out->longest ? run : out->longest;
        i += n;
    }
}

/* --- where the words stand ---------------------------------------------------------------------
 */
static str part_text(const laid *l, size_t i)
{
    return str_slice(l->t->text, l->t->parts[i].start, l->t->parts[i].end);
}

/* Pairs of characters of the clause's content that stand in each part. */
static void meet(laid *l)
{
    str text = l->clause->read->text;
    for (size_t p = l->first; p <= l->last; p++) {
        str part = part_text(l, p);
        l->shared[p] = 0;
        for (size_t i = 0; i + 6 <= text.length; i++) {
            bool content = (unsigned char)text.data[i] >= 0xe0 && l->cover[i] == COVER_SAID &&
                           l->cover[i + 3] == COVER_SAID;
            if (content && str_find(part, str_slice(text, i, i + 6), 0) != STR_NONE)
                l->shared[p]++;
        }
        l->met[p] = l->shared[p] > 0;
    }
}

/* --- numbers ------------------------------------------------------------------------------------
 */
/* "ten years" claims what "not later than ten years" says; another bound does not. */
static bool same_bound(const claims_value *claimed, const claims_value *stored)
{
    if (!verify_same_value(claimed->value, stored->value))
        return false;
    bool span = stored->value.kind == KG_VALUE_DURATION || stored->value.kind == KG_VALUE_NUMBER ||
                stored->value.kind == KG_VALUE_PERCENT;
    if (!claimed->has_compare || !stored->has_compare)
        return claimed->has_compare == stored->has_compare || span;
    bool up = claimed->compare == LF_GT || claimed->compare == LF_GE;
    return up == (stored->compare == LF_GT || stored->compare == LF_GE);
}

typedef struct stored {
    bool same, other;
} stored;

static stored in_part(const laid *l, size_t p, const claims_value *claimed)
{
    stored found = {0};
    for (size_t i = 0; i < l->t->value_count; i++) {
        const claims_value *v = &l->t->values[i].value;
        if (l->t->values[i].part != p)
            continue;
        bool same = same_bound(claimed, v);
        found.same = found.same || same;
        found.other = found.other || (!same && verify_comparable(claimed->value, v->value));
    }
    return found;
}

/* The number is looked for in the parts that share most with the clause, then in those nearest. */
static align_numbers judge_number(const laid *l, const claims_value *claimed)
{
    size_t most = 0, distance = SIZE_MAX;
    bool same = false, other = false;
    for (size_t p = l->first; p <= l->last; p++)
        most = l->shared[p] > most ? l->shared[p] : most;
    for (size_t p = l->first; p <= l->last; p++) {
        stored found = in_part(l, p, claimed);
        if (!found.same && !found.other)
            continue;
        size_t nearest = SIZE_MAX;
        for (size_t q = l->first; q <= l->last; q++)
            if (l->shared[q] == most) {
                size_t away = p >= q ? 2 * (p - q) : 2 * (q - p) + 1;
                nearest = away < nearest ? away : nearest;
            }
        if (nearest > distance)
            continue;
        if (nearest < distance)
            same = other = false;
        distance = nearest;
        same = same || found.same;
        other = other || found.other;
    }
    if (same)
        return ALIGN_SAME;
    str written = str_slice(l->clause->read->text, claimed->start, claimed->end);
    if (!other && str_find(l->body, written, 0) != STR_NONE)
        return ALIGN_SAME;
    return other ? ALIGN_OTHER : ALIGN_ABSENT;
}

static align_numbers judge_numbers(const laid *l)
{
    const claims_clause *k = l->clause->read;
    align_numbers all = ALIGN_NO_NUMBERS;
    for (size_t i = 0; i < k->value_count; i++) {
        if (l->clause->known[k->values[i].start])
            continue;
        align_numbers one = judge_number(l, &k->values[i]);
        all = one > all ? one : all;
    }
    return all;
}

/* --- denial, duty, leave ------------------------------------------------------------------------
 */
typedef enum mode { MODE_NONE, MODE_NOT, MODE_MAY, MODE_MUST } mode;

/* Does a value stand there? */
static bool before_number(str text, size_t at)
{
    claims_value v;
    str near = str_slice(text, at, at + NUMBER);
    return claims_next_value(near, 0, &v) && v.start <= 6;
}

static size_t marker_at(const laid *l, str text, size_t at, mode *what)
{
    static const struct {
        const char *word;
        mode what;
    } modes[] = {{"可以", MODE_MAY}, {"有权", MODE_MAY},  {"允许", MODE_MAY},
                 {"准许", MODE_MAY}, {"应当", MODE_MUST}, {"必须", MODE_MUST}};
    lf_compare ignored;
    size_t n = glue_statute_no_negation(l->g, text, at);
    *what = MODE_NONE;
    if (n == 0 || !before_number(text, at + n)) {
        size_t bound = glue_comparative(l->g, text, at, &ignored);
        n = bound > 0 && before_number(text, at + bound) ? bound : n;
    }
    /* 不得超过 before no number (不得超过标准) forbids what 可以超过 allows. */
    bool forbids = str_starts(from(text, at), STR("不得"));
    if (n > 0 && (before_number(text, at + n) || !forbids))
        return n;
    n = forbids ? strlen("不得") : glue_negation(l->g, text, at);
    if (n > 0) {
        *what = MODE_NOT;
        return n;
    }
    for (size_t i = 0; i < CORE_COUNT(modes); i++)
        if (str_starts(from(text, at), str_from(modes[i].word))) {
            *what = modes[i].what;
            return strlen(modes[i].word);
        }
    return 0;
}

static size_t joins_list(str text, size_t at)
{
    static const char *const words[] = {"、", "或者", "以及", "或", "和", "及", "并", "与"};
    for (size_t i = 0; i < CORE_COUNT(words); i++)
        if (str_starts(from(text, at), str_from(words[i])))
            return strlen(words[i]);
    return 0;
}

/* What a marker that ends at `at` governs: the first characters of what follows, and of each
 * further item of a list; up to the next stop. */
static str governed(const laid *l, str text, size_t at)
{
    size_t skip, end, chars = 0;
    while (at < text.length && (skip = glue_statute_word(l->g, text, at)) > 0)
        at += skip;
    for (end = at; end < text.length && chars < GOVERNED;) {
        uint32_t c;
        size_t n = char_at(text, end, &c);
        if (stop_of(c) != STOP_NO)
            break;
        size_t joined = joins_list(text, end);
        chars = joined > 0 ? 0 : chars + 1;
        end += joined > n ? joined : n;
    }
    return str_slice(text, at, end);
}

/* The first place of `in` where a pair of characters of `words` stands; STR_NONE = nowhere. */
static size_t place_of(str words, str in)
{
    for (size_t i = 0; i + 6 <= words.length; i++) {
        if ((unsigned char)words.data[i] < 0xe0 || (unsigned char)words.data[i + 3] < 0xe0)
            continue;
        size_t at = str_find(in, str_slice(words, i, i + 6), 0);
        if (at != STR_NONE)
            return at;
    }
    return STR_NONE;
}

static bool any_marker(const laid *l, str text, mode what)
{
    for (size_t i = 0; i < text.length;) {
        uint32_t c;
        mode found;
        size_t n = char_at(text, i, &c), marker = marker_at(l, text, i, &found);
        if (marker > 0 && found == what)
            return true;
        i += marker > 0 ? marker : n;
    }
    return false;
}

/* Does a marker of that mode stand before `at`, near enough to govern it? */
static bool governs(const laid *l, str text, size_t at, mode what)
{
    size_t first = at > REACH ? at - REACH : 0;
    if (at == STR_NONE)
        return false;
    for (size_t i = 0; i < at;) {
        uint32_t c;
        mode found;
        size_t n = char_at(text, i, &c), marker = marker_at(l, text, i, &found);
        if (marker > 0 && found == what && i >= first && i + marker <= at)
            return true;
        i += marker > 0 ? marker : n;
    }
    return false;
}

/* Markers of `text` whose words stand in `other` without such a marker before them. */
static size_t unmatched(const laid *l, str text, str other, mode what, mode against)
{
    size_t count = 0;
    for (size_t i = 0; i < text.length;) {
        uint32_t c;
        mode found;
        size_t n = char_at(text, i, &c), marker = marker_at(l, text, i, &found);
        if (marker > 0 && found == what) {
            size_t at = place_of(governed(l, text, i + marker), other);
            bool clash = against == MODE_NONE
                             ? !governs(l, other, at, what)
                             : governs(l, other, at, against) && !governs(l, other, at, what);
            count += at != STR_NONE && clash ? 1 : 0;
        }
        i += marker > 0 ? marker : n;
    }
    return count;
}

/* What is claimed of the words at a place: the markers before it. */
typedef struct stance {
    bool deny, may, must;
} stance;

static stance stance_at(const laid *l, str text, size_t at)
{
    size_t first = at > REACH ? at - REACH : 0, end = 0;
    stance s = {0};
    for (size_t i = 0; i < at;) {
        uint32_t c;
        mode found;
        size_t n = char_at(text, i, &c), marker = marker_at(l, text, i, &found);
        size_t skip = marker > 0 ? 0 : glue_statute_word(l->g, text, i);
        if (found != MODE_NONE && marker > 0 && i >= first && i + marker <= at) {
            bool same_group = end == i;
            s.deny = found == MODE_NOT ? !(same_group && s.deny) : same_group && s.deny;
            s.may = s.may || found == MODE_MAY;
            s.must = s.must || found == MODE_MUST;
            end = i + marker;
        } else if (skip > 0 && end == i) {
            end = i + skip;
        }
        i += marker > 0 ? marker : skip > 0 && end == i + skip ? skip : n;
    }
    return s;
}

static bool agree(stance claimed, stance there)
{
    if (claimed.deny != there.deny)
        return false;
    return !(claimed.may && there.must && !there.may) &&
           !(claimed.must && there.may && !there.must);
}

/* "Where ..., " tells of a case; nothing is allowed or forbidden in it. */
static bool is_condition(str part)
{
    return str_ends(part, STR("的")) || str_ends(part, STR("时"));
}

typedef struct stances {
    size_t agreeing, opposed;
    size_t unmarked; /* spoken of without a word of leave, where leave is claimed */
    bool conditions; /* look at these alone; else at the other parts alone */
} stances;

static void compare_in(const laid *l, str part, str words, stance claimed, stances *out)
{
    size_t at = place_of(words, part);
    if (at == STR_NONE || is_condition(part) != out->conditions)
        return;
    stance there = stance_at(l, part, at);
    if (claimed.may && !claimed.deny && !there.may && !there.must && !there.deny)
        out->unmarked++;
    else
        *(agree(claimed, there) ? &out->agreeing : &out->opposed) += 1;
}

/* Between the stops of a text. */
static void compare_parts(const laid *l, str text, str words, stance claimed, stances *out)
{
    size_t start = 0;
    for (size_t i = 0; i <= text.length;) {
        uint32_t c = '\n';
        size_t n = i < text.length ? char_at(text, i, &c) : 1;
        if (stop_of(c) != STOP_NO) {
            compare_in(l, str_slice(text, start, i), words, claimed, out);
            start = i + n;
        }
        i += n;
    }
}

/* What the piece holds of the words: what it says of them, before the cases that it only tells of
 * (the other way round for a clause that tells of a case). */
static stances look_for(const laid *l, str words, stance claimed)
{
    stances s = {0};
    bool condition = is_condition(l->clause->read->text);
    for (int round = 0; round < 2 && s.agreeing + s.opposed + s.unmarked == 0; round++) {
        s.conditions = (round == 0) == condition;
        for (size_t p = l->first; p <= l->last; p++)
            compare_in(l, part_text(l, p), words, claimed, &s);
        compare_parts(l, l->lead, words, claimed, &s);
        compare_parts(l, l->topic, words, claimed, &s);
    }
    return s;
}

/* Does a part that shares words with the clause deny anything? */
static bool denies_something(const laid *l)
{
    for (size_t p = l->first; p <= l->last; p++)
        if (l->met[p] && any_marker(l, part_text(l, p), MODE_NOT))
            return true;
    return any_marker(l, l->lead, MODE_NOT);
}

/* Does the piece deny, allow or bind otherwise what a marker of the clause does? */
static bool opposed(const laid *l)
{
    str text = l->clause->read->text;
    for (size_t i = 0; i < text.length;) {
        uint32_t c;
        mode found, next;
        size_t n = char_at(text, i, &c), marker = marker_at(l, text, i, &found), skip;
        size_t head = i + marker;
        while (marker > 0 && found != MODE_NONE && head < text.length &&
               (skip = marker_at(l, text, head, &next)) > 0 && next != MODE_NONE)
            head += skip; /* 可以|不 */
        if (marker > 0 && found != MODE_NONE) {
            stance claimed = stance_at(l, text, head);
            stances s = look_for(l, governed(l, text, head), claimed);
            bool unsaid = s.opposed == 0 && claimed.deny && !denies_something(l);
            if (s.agreeing == 0 && (s.opposed > 0 || unsaid))
                return true;
        }
        i = marker > 0 ? head : i + n;
    }
    return false;
}

/* "It is allowed to ..." beside an item of a list of acts that are punished. */
static bool permits_offence(const laid *l)
{
    static const char *const acts[] = {"下列行为", "以下行为", "下列情形"};
    static const char *const punished[] = {"罚", "责令", "拘", "处", "禁止", "不得", "责任"};
    bool listed = false, bad = false;
    for (size_t i = 0; i < CORE_COUNT(acts); i++)
        listed = listed || str_find(l->lead, str_from(acts[i]), 0) != STR_NONE;
    for (size_t i = 0; i < CORE_COUNT(punished); i++)
        bad = bad || str_find(l->lead, str_from(punished[i]), 0) != STR_NONE;
    return listed && bad && any_marker(l, l->clause->read->text, MODE_MAY);
}

static bool judge_denial(const laid *l)
{
    str text = l->clause->read->text;
    size_t theirs = unmatched(l, l->lead, text, MODE_NOT, MODE_NONE) +
                    unmatched(l, l->topic, text, MODE_NOT, MODE_NONE);
    for (size_t p = l->first; p <= l->last; p++)
        if (l->met[p])
            theirs += unmatched(l, part_text(l, p), text, MODE_NOT, MODE_NONE);
    return theirs > 0 || opposed(l) || permits_offence(l);
}

/* --- words that exclude one another -------------------------------------------------------------
 */
static bool within(const glue_exclusive *all, size_t count, const glue_exclusive *word, str text,
                   size_t at)
{
    for (size_t i = 0; i < count; i++) { /* a longer word of the group stands there */
        const glue_exclusive *o = &all[i];
        size_t shift = str_find(o->word, word->word, 0);
        if (o->word.length > word->word.length && shift != STR_NONE && at >= shift &&
            str_starts(from(text, at - shift), o->word))
            return true;
    }
    return false;
}

static bool holds(const glue_exclusive *all, size_t count, const glue_exclusive *word, str text,
                  size_t *where)
{
    for (size_t at = 0; (at = str_find(text, word->word, at)) != STR_NONE; at += 3)
        if (!within(all, count, word, text, at)) {
            *where = at;
            return true;
        }
    return false;
}

static bool met_part_holds(const laid *l, const glue_exclusive *all, size_t count,
                           const glue_exclusive *word)
{
    size_t where;
    for (size_t p = l->first; p <= l->last; p++)
        if (l->met[p] && holds(all, count, word, part_text(l, p), &where))
            return true;
    return holds(all, count, word, l->lead, &where) || holds(all, count, word, l->topic, &where);
}

/* "The lessor must ..." where what the statute says of it is said of the lessee. */
static bool other_head(const laid *l, const glue_exclusive *a, size_t at, const glue_exclusive *b)
{
    bool rival = false;
    for (size_t p = l->first; p <= l->last && at == 0; p++) {
        if (!l->met[p])
            continue;
        if (str_starts(part_text(l, p), a->word))
            return false;
        rival = rival || str_starts(part_text(l, p), b->word);
    }
    return rival && str_find(l->clause->read->text, b->word, 0) == STR_NONE;
}

static bool judge_exclusives(laid *l)
{
    size_t count, at;
    const glue_exclusive *all = glue_exclusives(l->g, &count);
    bool apart = false;
    for (size_t i = 0; i < count; i++) {
        if (!holds(all, count, &all[i], l->clause->read->text, &at) ||
            l->clause->known[at] == ALIGN_NAME)
            continue;
        bool there = str_find(l->body, all[i].word, 0) != STR_NONE ||
                     str_find(l->lead, all[i].word, 0) != STR_NONE;
        for (size_t k = 0; k < count; k++) {
            size_t ignored;
            bool rival = all[k].group == all[i].group && k != i &&
                         str_find(all[i].word, all[k].word, 0) == STR_NONE;
            if (!rival || holds(all, count, &all[k], l->clause->read->text, &ignored))
                continue;
            if ((!there && met_part_holds(l, all, count, &all[k])) ||
                other_head(l, &all[i], at, &all[k])) {
                mark(l, at, at + all[i].word.length, COVER_MEANT);
                apart = true;
            }
        }
    }
    return apart;
}

/* --- all of it
 * ------------------------------------------------------------------------------------
 */
static void place(laid *l, size_t segment)
{
    const align_text *t = l->t;
    l->first = t->count;
    for (size_t i = 0; i < t->count; i++) {
        if (t->parts[i].segment != segment)
            continue;
        l->first = i < l->first ? i : l->first;
        l->last = i;
    }
    if (l->first == t->count)
        return;
    const align_part *head = &t->parts[l->first];
    l->body = str_slice(t->text, head->start, t->parts[l->last].end);
    l->lead = head->lead_start < head->start ? str_slice(t->text, head->lead_start, head->lead_end)
                                             : str_make(NULL, 0);
}

/* What the article begins with tells what it is about, unless it has numbers of its own that the
 * clause's could be taken for. */
static void add_topic(laid *l)
{
    const claims_clause *k = l->clause->read;
    size_t last = 0;
    while (last + 1 < l->t->count && l->t->parts[last + 1].segment == 0)
        last++;
    if (l->first <= last)
        return;
    str topic = str_slice(l->t->text, 0, l->t->parts[last].end);
    for (size_t v = 0; v < l->t->value_count && l->t->values[v].part <= last; v++)
        for (size_t i = 0; i < k->value_count; i++)
            if (verify_comparable(k->values[i].value, l->t->values[v].value.value))
                return;
    l->topic = topic;
}

bool align_has_condition(const align_text *t, size_t segment)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->parts[i].segment == segment)
            return is_condition(str_slice(t->text, t->parts[i].start, t->parts[i].end));
    return false;
}

/* Is the clause, from its first word to its last, what stands between two stops? */
static bool is_verbatim(const laid *l)
{
    str claim = str_trim(l->clause->read->text);
    for (size_t p = l->first; p <= l->last; p++)
        for (size_t q = p; q <= l->last; q++)
            if (str_equal(str_slice(l->t->text, l->t->parts[p].start, l->t->parts[q].end), claim))
                return true;
    return false;
}

/* Words and numbers that stand there as they are claimed are beyond doubt. */
static void trust(align_result *out)
{
    out->verbatim = true;
    out->left = 0;
    out->longest = 0;
    out->apart = out->denied = out->borrowed = false;
    out->numbers = out->numbers == ALIGN_NO_NUMBERS ? ALIGN_NO_NUMBERS : ALIGN_SAME;
}

static size_t best_place(const laid *l)
{
    size_t best = l->first;
    for (size_t p = l->first; p <= l->last; p++)
        best = l->shared[p] > l->shared[best] ? p : best;
    return best - l->first;
}

void align_lay(const glue *g, str synonyms, const align_clause *clause, const align_text *t,
               size_t segment, align_result *out)
{
    laid l = {.g = g, .clause = clause, .t = t};
    const claims_clause *k = clause->read;
    *out = (align_result){0};
    place(&l, segment);
    if (l.first == t->count || k->text.length > CLAIMS_MAX_BYTES)
        return;
    for (size_t i = 0; i < k->text.length; i++)
        if (clause->known[i] == ALIGN_NAME)
            l.cover[i] = COVER_KNOWN;
    for (size_t i = 0; i < k->value_count; i++)
        mark(&l, k->values[i].start, k->values[i].end, COVER_KNOWN);
    mark_same(&l, l.body);
    meet(&l);
    mark_same(&l, l.lead);
    mark_same(&l, t->title);
    for (size_t i = 0; i < k->text.length; i++) /* such a name need not stand in the article */
        if (clause->known[i] == ALIGN_HINT && l.cover[i] == COVER_NONE) {
            mark(&l, i, i + 1, COVER_KNOWN);
            out->trusted = true;
        }
    add_topic(&l);
    size_t own = said(&l);
    mark_same(&l, l.topic);
    out->borrowed = said(&l) > 2 * own;
    mark_meant(&l, synonyms);
    out->apart = judge_exclusives(&l);
    out->denied = judge_denial(&l);
    out->numbers = judge_numbers(&l);
    mark_glue(&l);
    mark_lone(&l);
    measure(&l, out);
    out->place = best_place(&l);
    if (is_verbatim(&l))
        trust(out);
}
