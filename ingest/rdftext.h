/* Rules that the texts of RDF share: which characters an IRI may hold, what an escape stands for,
 * what a blank node's label and a language tag look like (RDF 1.1 N-Triples, section 7). */
#ifndef VOUCH_INGEST_RDFTEXT_H
#define VOUCH_INGEST_RDFTEXT_H

#include "core/str.h"

/* A character that may stand in <...>, be it written or escaped. */
bool rdftext_iri_char(uint32_t codepoint);
/* PN_CHARS_U or a digit (first), PN_CHARS (later) of a blank node label. */
bool rdftext_label_first(uint32_t codepoint);
bool rdftext_label_later(uint32_t codepoint);

/* Reads the digits of \uXXXX (4) or \UXXXXXXXX (8) at `at`; false when they are none, or name a
 * surrogate or no character. */
bool rdftext_numeric_escape(str text, size_t at, size_t digits, uint32_t *out);

/* Has a scheme: is absolute. */
bool rdftext_absolute(str iri);

#endif
