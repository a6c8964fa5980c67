/* Ranking by the model: the embedded one, or a GGUF file that was made to rank (llm/ranker.h). It
 * gives the retriever one number per logical form; whether that helps is the business of the
 * fitted weights (schemas/weights.json). Shared by threads: one question is scored at a time. */
#ifndef VOUCH_FUSION_MODEL_RANK_H
#define VOUCH_FUSION_MODEL_RANK_H

#include "core/buf.h"
#include "core/error.h"
#include "core/str.h"
#include "retriever/retriever.h"

typedef struct model_rank model_rank;

/* model: NULL = the embedded one; "none"; a GGUF file; an http(s) URL. *out is NULL, without an
 * error, when there is nothing to rank with: no model embedded, "none", an endpoint, or a file that
 * is a language model and no ranker. threads 0 = the machine's cores. */
status model_rank_open(const char *model, int threads, model_rank **out, error *err);
void model_rank_close(model_rank *m);

/* general.name of the model's file. */
str model_rank_name(const model_rank *m);

/* A retriever_scorer; context is the model_rank. scores[i] is fit, cut to [-8, 8]. */
bool model_rank_score(void *context, str types, str question, const str *texts,
                      const retriever_candidate *candidates, size_t count, double *scores);

/* Continues a prompt of the wording task (docs/MODEL_FORMAT.md) to its end: each of the
 * placeholders (reserved tokens) exactly once, no other reserved token. false when it comes to no
 * end, or the model lacks one of the tokens; *out is then of no use. */
bool model_rank_reword(model_rank *m, str prompt, const char *const *placeholders, size_t count,
                       buf *out);

#endif
