/* The book of schemas/concepts.tsv, from retriever/concept_data.S. */
#include "retriever/concept_book.h"

extern const char concept_book_start[], concept_book_end[];

str concept_book_builtin(void)
{
    uintptr_t length = (uintptr_t)concept_book_end - (uintptr_t)concept_book_start;
    return str_make(concept_book_start, (size_t)length);
}
