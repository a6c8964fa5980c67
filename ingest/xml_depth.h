/* How deep the elements of an XML document nest, and how long their texts and tags are, told while
 * its bytes pass by: the RDF/XML library takes time in the square of the depth, so a document of a
 * few hundred kilobytes could hold it for minutes, and keeps a text whole, several times. Whether
 * the document is well formed is the parser's to say. A plain value; zero-initialise. */
#ifndef VOUCH_INGEST_XML_DEPTH_H
#define VOUCH_INGEST_XML_DEPTH_H

#include "core/str.h"

typedef struct xml_depth {
    int state;
    char quote;   /* that a value inside a tag began with; 0 = none */
    char last[2]; /* the bytes before, of what a mark is made of */
    bool closing; /* the tag in hand is </...> */
    size_t depth, deepest;
    size_t run,
        longest; /* bytes since the last tag began or ended, comments and the like included */
} xml_depth;

void xml_depth_feed(xml_depth *d, str bytes);

#endif
