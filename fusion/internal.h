/* What the files of fusion/ share of an engine. Not for other folders but the command line's chat
 * (completion) and tests. */
#ifndef VOUCH_FUSION_INTERNAL_H
#define VOUCH_FUSION_INTERNAL_H

#include "fusion/brain.h"
#include "fusion/calibration.h"
#include "fusion/engine.h"
#include "fusion/glue.h"
#include "fusion/template.h"
#include "kg/pack.h"
#include "kg/store.h"
#include "retriever/retriever.h"

struct fusion_engine {
    kg_store *store;
    pack *pack;
    retriever *retriever;
    template_set *templates;
    glue *glue;
    brain *brain;
    calibration_set calibration;
    bool answer_always;
};

#endif
