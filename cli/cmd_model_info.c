/* vouch model info: what a GGUF file holds, what memory it needs, and what of it vouch cannot do.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cli/args.h"
#include "cli/commands.h"
#include "cli/model.h"
#include "llm/session.h"

static const char help[] =
    "usage: vouch model info M.gguf [--context N] [--tensors] [--json]\n"
    "\n"
    "Shows the metadata of a model file, its tensors by type, the memory that it takes with a\n"
    "context of N tokens (the model's own by default, at most 4096), and what of it is not\n"
    "supported. Exit code 3 when vouch cannot run the model.\n"
    "\n"
    "  --tensors  each tensor, with its shape, type and place\n"
    "  --json     {file, version, bytes, supported, problems, metadata, tensors, shape, memory},\n"
    "             described by schemas/model-info.schema.json\n";

typedef struct info {
    gguf *file;
    llm_shape shape;
    size_t weights, kv[2]; /* bytes: F16, Q8_0 */
    size_t context;
    json_t *problems;
} info;

/* Everything that is in the way, not the first alone. */
static void find_problems(info *i)
{
    error err = {0};
    char text[400];
    i->problems = json_array();
    status s = llm_model_inspect(i->file, &i->shape, &i->weights, &err);
    if (s == STATUS_OK)
        return;
    json_array_append_new(i->problems, json_string(err.message));
    for (size_t k = 0; k < gguf_tensor_count(i->file); k++) {
        const gguf_tensor *t = gguf_tensor_at(i->file, k);
        if (gguf_type_name(t->type) != NULL)
            continue;
        snprintf(text, sizeof text, "tensor '%.*s' has type number %" PRIu32, STR_ARG(t->name),
                 t->type);
        json_array_append_new(i->problems, json_string(text));
    }
}

static void estimate(info *i)
{
    if (json_array_size(i->problems) > 0)
        return;
    if (i->context == 0)
        i->context = i->shape.context < 4096 ? i->shape.context : 4096;
    i->kv[0] = llm_session_estimate(&i->shape, i->context, LLM_KV_F16);
    i->kv[1] = llm_session_estimate(&i->shape, i->context, LLM_KV_Q8_0);
}

/* --- values --------------------------------------------------------------------------------- */

static json_t *json_text(str s)
{
    json_t *text = json_stringn(s.data == NULL ? "" : s.data, s.length);
    return text != NULL ? text : json_string("(not UTF-8)");
}

static json_t *number_of(const gguf_value *v)
{
    int64_t integer;
    double number = 0;
    if (v->kind == GGUF_BOOL && gguf_integer_at(v, 0, &integer))
        return json_boolean(integer);
    if (gguf_integer_at(v, 0, &integer))
        return json_integer(integer);
    (void)gguf_number_at(v, 0, &number);
    json_t *real = json_real(number);
    return real != NULL ? real : json_null(); /* infinities have no JSON */
}

static json_t *value_json(const gguf_value *v)
{
    if (v->kind == GGUF_STRING)
        return json_text(v->text);
    if (v->kind == GGUF_ARRAY)
        return json_pack("{s:I}", "count", (json_int_t)v->count);
    return number_of(v);
}

static void print_value(const gguf_value *v)
{
    printf("  %-42.*s ", STR_ARG(v->key));
    if (v->kind == GGUF_ARRAY) {
        printf("%" PRIu64 " values\n", v->count);
        return;
    }
    json_t *value = value_json(v);
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(7));
    size_t length = text == NULL ? 0 : strlen(text);
    printf("%.*s%s\n", length > 60 ? 57 : (int)length, text == NULL ? "" : text,
           length > 60 ? "..." : "");
    free(text);
    json_decref(value);
}

static const char *type_name(uint32_t type)
{
    const char *name = gguf_type_name(type);
    return name != NULL ? name : "unknown";
}

static void print_types(const gguf *file)
{
    uint32_t seen[64], n = 0;
    for (size_t i = 0; i < gguf_tensor_count(file); i++) {
        uint32_t type = gguf_tensor_at(file, i)->type, k = 0;
        while (k < n && seen[k] != type)
            k++;
        if (k < n || n == 64)
            continue;
        seen[n++] = type;
        size_t count = 0;
        uint64_t bytes = 0;
        for (size_t j = i; j < gguf_tensor_count(file); j++) {
            const gguf_tensor *t = gguf_tensor_at(file, j);
            count += t->type == type;
            bytes += t->type == type ? t->bytes : 0;
        }
        printf("  %-8s %5zu tensors %10.1f MB\n", type_name(type), count, (double)bytes / 1e6);
    }
}

static void print_tensors(const gguf *file)
{
    for (size_t i = 0; i < gguf_tensor_count(file); i++) {
        const gguf_tensor *t = gguf_tensor_at(file, i);
        printf("  %-36.*s %-7s %" PRIu64, STR_ARG(t->name), type_name(t->type), t->shape[0]);
        for (uint32_t d = 1; d < t->dims; d++)
            printf(" x %" PRIu64, t->shape[d]);
        printf("  at %" PRIu64 "\n", t->offset);
    }
}

/* --- the whole ------------------------------------------------------------------------------ */

static void print_text(const info *i, bool tensors)
{
    const llm_shape *s = &i->shape;
    printf("%s: GGUF version %" PRIu32 ", %.1f MB\n", gguf_name(i->file), gguf_version(i->file),
           (double)gguf_file_bytes(i->file) / 1e6);
    printf("\nmetadata\n");
    for (size_t k = 0; k < gguf_value_count(i->file); k++)
        print_value(gguf_value_at(i->file, k));
    printf("\ntensors\n");
    print_types(i->file);
    if (tensors)
        print_tensors(i->file);
    for (size_t k = 0; k < json_array_size(i->problems); k++)
        printf("%s  %s\n", k == 0 ? "\nnot supported\n" : "",
               json_string_value(json_array_get(i->problems, k)));
    if (json_array_size(i->problems) > 0)
        return;
    printf("\nmodel\n  %.*s, %.1f M parameters: %" PRIu32 " layers of %" PRIu32 ", %" PRIu32
           " heads (%" PRIu32 " key-value) of %" PRIu32 ", feed-forward %" PRIu32
           ", vocabulary %" PRIu32 "%s\n",
           STR_ARG(s->architecture), (double)s->parameters / 1e6, s->layers, s->embedding, s->heads,
           s->kv_heads, s->head_size, s->feed_forward, s->vocabulary, s->tied ? ", tied" : "");
    printf("\nmemory\n  weights %.1f MB; cache of %zu tokens %.1f MB (F16) or %.1f MB (Q8_0)\n",
           (double)i->weights / 1e6, i->context, (double)i->kv[0] / 1e6, (double)i->kv[1] / 1e6);
}

static json_t *shape_json(const llm_shape *s)
{
    return json_pack("{s:o,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:b}", "architecture",
                     json_text(s->architecture), "parameters", (json_int_t)s->parameters, "layers",
                     (json_int_t)s->layers, "embedding", (json_int_t)s->embedding, "heads",
                     (json_int_t)s->heads, "kv_heads", (json_int_t)s->kv_heads, "head_size",
                     (json_int_t)s->head_size, "feed_forward", (json_int_t)s->feed_forward,
                     "vocabulary", (json_int_t)s->vocabulary, "context", (json_int_t)s->context,
                     "tied", s->tied);
}

static void print_json(const info *i)
{
    json_t *metadata = json_object(), *tensors = json_array();
    for (size_t k = 0; k < gguf_value_count(i->file); k++) {
        const gguf_value *v = gguf_value_at(i->file, k);
        json_object_setn_new(metadata, v->key.data, v->key.length, value_json(v));
    }
    for (size_t k = 0; k < gguf_tensor_count(i->file); k++) {
        const gguf_tensor *t = gguf_tensor_at(i->file, k);
        json_t *shape = json_array();
        for (uint32_t d = 0; d < t->dims; d++)
            json_array_append_new(shape, json_integer((json_int_t)t->shape[d]));
        json_array_append_new(tensors,
                              json_pack("{s:o,s:s,s:o,s:I,s:I}", "name", json_text(t->name), "type",
                                        type_name(t->type), "shape", shape, "offset",
                                        (json_int_t)t->offset, "bytes", (json_int_t)t->bytes));
    }
    bool sound = json_array_size(i->problems) == 0;
    json_t *memory = sound ? json_pack("{s:I,s:I,s:I,s:I}", "weights", (json_int_t)i->weights,
                                       "context", (json_int_t)i->context, "kv_f16",
                                       (json_int_t)i->kv[0], "kv_q8_0", (json_int_t)i->kv[1])
                           : json_null();
    json_t *root =
        json_pack("{s:s,s:I,s:I,s:b,s:O,s:o,s:o,s:o,s:o}", "file", gguf_name(i->file), "version",
                  (json_int_t)gguf_version(i->file), "bytes", (json_int_t)gguf_file_bytes(i->file),
                  "supported", sound, "problems", i->problems, "metadata", metadata, "tensors",
                  tensors, "shape", sound ? shape_json(&i->shape) : json_null(), "memory", memory);
    json_dumpf(root, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    printf("\n");
    json_decref(root);
}

int cmd_model_info(int argc, char **argv)
{
    bool tensors = false, json = false;
    int context = 0, positional, code;
    const args_option options[] = {{"--context", ARGS_COUNT, &context},
                                   {"--tensors", ARGS_FLAG, &tensors},
                                   {"--json", ARGS_FLAG, &json},
                                   {NULL, ARGS_FLAG, NULL}};
    if (!args_parse(argc, argv, options, help, &positional, &code))
        return code;
    if (positional != 1)
        return cli_usage("model info", "expected one GGUF file");
    info i = {.context = (size_t)context};
    error err = {0};
    if (gguf_open(argv[1], &i.file, &err) != STATUS_OK)
        return cli_fail(&err);
    find_problems(&i);
    estimate(&i);
    if (json)
        print_json(&i);
    else
        print_text(&i, tensors);
    code = json_array_size(i.problems) > 0 ? 3 : 0;
    json_decref(i.problems);
    gguf_close(i.file);
    return code;
}
