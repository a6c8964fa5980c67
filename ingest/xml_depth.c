/* See xml_depth.h. ASCII marks are looked for in bytes: true for UTF-8, which sources are recoded
 * to. */
#include "ingest/xml_depth.h"

enum {
    TEXT,
    OPEN, /* behind '<' */
    TAG,
    INSTRUCTION, /* <? ... ?> */
    MARKUP,      /* <!...: what it is shows in the next bytes */
    DECLARATION, /* <!DOCTYPE ...>, with a subset in brackets */
    SUBSET,
    COMMENT, /* <!-- ... --> */
    CDATA    /* <![CDATA[ ... ]]> */
};

static void end_tag(xml_depth *d, char before)
{
    d->state = TEXT;
    d->run = 0;
    if (d->closing)
        d->depth -= d->depth > 0;
    else if (before != '/')
        d->depth++;
    d->deepest = d->depth > d->deepest ? d->depth : d->deepest;
}

static void in_tag(xml_depth *d, char c)
{
    if (d->quote != 0)
        d->quote = c == d->quote ? 0 : d->quote;
    else if (c == '"' || c == '\'')
        d->quote = c;
    else if (c == '>')
        end_tag(d, d->last[1]);
}

static void opened(xml_depth *d, char c)
{
    d->closing = c == '/';
    d->quote = 0;
    d->state = c == '!' ? MARKUP : c == '?' ? INSTRUCTION : TAG;
    if (c == '>')
        d->state = TEXT;
    if (d->state == TAG)
        d->run = 0;
}

/* "!-" begins a comment, "![" a CDATA section, anything else a declaration. */
static void marked(xml_depth *d, char c)
{
    d->state = c == '-' ? COMMENT : c == '[' ? CDATA : DECLARATION;
}

static void step(xml_depth *d, char c)
{
    const char *l = d->last;
    switch (d->state) {
    case TEXT:
        d->state = c == '<' ? OPEN : TEXT;
        break;
    case OPEN:
        opened(d, c);
        break;
    case TAG:
        in_tag(d, c);
        break;
    case INSTRUCTION:
        d->state = c == '>' && l[1] == '?' ? TEXT : INSTRUCTION;
        break;
    case MARKUP:
        marked(d, c);
        break;
    case DECLARATION:
        d->state = c == '>' ? TEXT : c == '[' ? SUBSET : DECLARATION;
        break;
    case SUBSET:
        d->state = c == ']' ? DECLARATION : SUBSET;
        break;
    case COMMENT:
        d->state = c == '>' && l[0] == '-' && l[1] == '-' ? TEXT : COMMENT;
        break;
    default:
        d->state = c == '>' && l[0] == ']' && l[1] == ']' ? TEXT : CDATA;
        break;
    }
    d->last[0] = d->last[1];
    d->last[1] = c;
    d->run++;
    d->longest = d->run > d->longest ? d->run : d->longest;
}

void xml_depth_feed(xml_depth *d, str bytes)
{
    for (size_t i = 0; i < bytes.length; i++)
        step(d, bytes.data[i]);
}
