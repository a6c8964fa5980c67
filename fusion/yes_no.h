/* Yes or no by the text of an article: a question that asks whether something may, must or does
 * hold
 * ("居住权可以继承吗") is turned into the claim that it asks about and laid beside the article
 * (align.h). */
#ifndef VOUCH_FUSION_YES_NO_H
#define VOUCH_FUSION_YES_NO_H

#include "core/arena.h"
#include "fusion/glue.h"

typedef enum yes_no { YES_NO_UNSAID = 0, YES_NO_YES, YES_NO_NO } yes_no;

/* The claim that a Chinese yes-or-no question asks about, normalised; empty for other questions. */
str yes_no_claim(str question, arena *a);

/* How everyday words are told from those of texts; both may be empty. */
typedef struct yes_no_words {
    str synonyms;  /* lines of everyday words, a tab, and the words of texts */
    str questions; /* that the article is known to answer */
} yes_no_words;

/* What the article's text says of it. */
yes_no yes_no_by(const glue *g, const yes_no_words *words, str claim, str article, arena *a);

#endif
