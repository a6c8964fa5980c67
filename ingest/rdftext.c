/* See rdftext.h. */
#include "ingest/rdftext.h"

#include "core/utf8.h"

/* ASCII that no IRI may hold: controls, space and <>"{}|^`\\. A bit a character. */
static const uint32_t forbidden[4] = {0xffffffffu, 0x50000005u, 0x50000000u, 0x38000001u};

bool rdftext_iri_char(uint32_t c)
{
    return c > 0x7e || (forbidden[c >> 5] >> (c & 31) & 1) == 0;
}

bool rdftext_label_first(uint32_t c)
{
    if (c < 0x80)
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_';
    return (c >= 0xc0 && c <= 0x2ff && c != 0xd7 && c != 0xf7) ||
           (c >= 0x370 && c <= 0x1fff && c != 0x37e) || c == 0x200c || c == 0x200d ||
           (c >= 0x2070 && c <= 0x218f) || (c >= 0x2c00 && c <= 0x2fef) ||
           (c >= 0x3001 && c <= 0xd7ff) || (c >= 0xf900 && c <= 0xfdcf) ||
           (c >= 0xfdf0 && c <= 0xfffd) || (c >= 0x10000 && c <= 0xeffff);
}

bool rdftext_label_later(uint32_t c)
{
    return rdftext_label_first(c) || c == '-' || c == 0xb7 || (c >= 0x300 && c <= 0x36f) ||
           c == 0x203f || c == 0x2040;
}

bool rdftext_numeric_escape(str text, size_t at, size_t digits, uint32_t *out)
{
    if (at + digits > text.length)
        return false;
    uint32_t value = 0;
    for (size_t i = 0; i < digits; i++) {
        char c = text.data[at + i];
        uint32_t d;
        if (c >= '0' && c <= '9')
            d = (uint32_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            d = (uint32_t)(c - 'a') + 10;
        else if (c >= 'A' && c <= 'F')
            d = (uint32_t)(c - 'A') + 10;
        else
            return false;
        value = value * 16 + d;
    }
    if (value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return false;
    *out = value;
    return true;
}

bool rdftext_absolute(str iri)
{
    for (size_t i = 0; i < iri.length; i++) {
        char c = iri.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (c == ':')
            return i > 0;
        if (!letter && (i == 0 || !((c >= '0' && c <= '9') || strchr("+-.", c) != NULL)))
            return false;
    }
    return false;
}
