/* Scores logical forms by the embedded model (or any GGUF file that carries vouch.format, see
 * docs/MODEL_FORMAT.md): one shared prefix, all forms in one pass.
 *
 * A ranker owns a session and serves one thread at a time; several rankers may share a model. */
#ifndef VOUCH_LLM_RANKER_H
#define VOUCH_LLM_RANKER_H

#include <stddef.h>

#include "core/error.h"
#include "core/str.h"
#include "llm/model.h"

#define LLM_RANKER_MAX_FORMS 64

typedef struct llm_ranker llm_ranker;

/* The model must outlive the ranker. STATUS_UNSUPPORTED for a model that was not made to rank, or
 * reads another format. */
status llm_ranker_new(const llm_model *model, llm_ranker **out, error *err);
void llm_ranker_free(llm_ranker *r);

typedef struct llm_rank_score {
    double fit; /* log P(<ok>) - log P(<no>) behind the form: above 0 means "this answers it" */
    double gen; /* log-probability of the form's tokens and </s>, over their number^0.7 */
} llm_rank_score;

/* prefix: "<Q>...<A>" with what stands before it, no BOS; forms: postfix texts. Both as modeltext
 * writes them. STATUS_LIMIT when there are too many forms or tokens. */
status llm_ranker_score(llm_ranker *r, str prefix, const str *forms, size_t count,
                        llm_rank_score *scores, error *err);

#endif
