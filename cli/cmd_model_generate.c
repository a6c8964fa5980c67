/* vouch model generate: lets a model, here or behind a URL, go on with a text or answer. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/commands.h"
#include "cli/model.h"
#include "llm/local.h"

static const char help[] =
    "usage: vouch model generate MODEL [PROMPT] [OPTIONS]\n"
    "\n"
    "MODEL is a GGUF file, or the base URL of an OpenAI-compatible endpoint (http://host/v1#name;\n"
    "its key comes from VOUCH_API_KEY). PROMPT is read from standard input when it is not given.\n"
    "The text goes to standard output as it comes.\n"
    "\n"
    "  --chat              PROMPT is a user's message, written as the model's template wants it\n"
    "  --system TEXT       a system message (implies --chat)\n"
    "  --max-tokens N      default 256; 0 = as many as fit\n"
    "  --temperature T     0 = greedy (default)     --seed N    same seed, same text\n"
    "  --top-k N  --top-p P  --min-p P  --repeat-penalty X\n"
    "  --stop TEXT         end before this text\n"
    "  --grammar FILE      the text follows this grammar (EBNF, see docs); local models only\n"
    "  --schema FILE       the text is JSON that this JSON Schema allows\n"
    "  --special           names of control tokens in PROMPT are those tokens\n"
    "  --logprobs N        with --json: log-probabilities, and of the N best at each token\n"
    "  --json              {model, text, finish, usage, tokens} at the end instead of the text\n"
    "                      (schemas/model-generate.schema.json)\n"
    "\n"
    "exit status: 0 done, 1 the constraint left nothing to say, 2 usage, 3 bad data, 4 internal\n";

#define MOST_INPUT ((size_t)64 << 20)

typedef struct generate_options {
    const char *system, *temperature, *top_p, *min_p, *repeat, *seed, *stop, *grammar, *schema;
    int max_tokens, top_k, logprobs;
    bool chat, special, json;
} generate_options;

static bool number(const char *name, const char *text, float *out, int *code)
{
    double value;
    if (text == NULL)
        return true;
    if (!str_to_double(str_from(text), &value)) {
        *code = cli_usage("model generate", "%s needs a number, not '%s'", name, text);
        return false;
    }
    *out = (float)value;
    return true;
}

static bool fill_sampling(const generate_options *o, llm_sampling *s, int *code)
{
    int64_t seed = 0;
    if (o->seed != NULL && (!str_to_i64(str_from(o->seed), &seed) || seed < 0)) {
        *code = cli_usage("model generate", "--seed needs a whole number, not '%s'", o->seed);
        return false;
    }
    s->seed = (uint64_t)seed;
    s->top_k = (uint32_t)o->top_k;
    return number("--temperature", o->temperature, &s->temperature, code) &&
           number("--top-p", o->top_p, &s->top_p, code) &&
           number("--min-p", o->min_p, &s->min_p, code) &&
           number("--repeat-penalty", o->repeat, &s->repeat_penalty, code);
}

static status read_file(const char *path, buf *out, error *err)
{
    if (path == NULL)
        return STATUS_OK;
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return error_set_at(err, STATUS_NOT_FOUND, path, 0, 0, "cannot be read");
    char part[8192];
    for (size_t n; (n = fread(part, 1, sizeof part, f)) > 0 && out->length < MOST_INPUT;)
        buf_add(out, str_make(part, n));
    bool bad = ferror(f) != 0;
    (void)fclose(f);
    if (bad)
        return error_set_at(err, STATUS_IO, path, 0, 0, "cannot be read");
    return out->failed ? error_memory(err) : STATUS_OK;
}

static bool print_text(void *user, str text)
{
    (void)user;
    return fwrite(text.data, 1, text.length, stdout) == text.length && fflush(stdout) == 0;
}

/* Text of a token for JSON, which takes valid UTF-8 only. */
static json_t *piece_value(const llm_result *r, const llm_said *s)
{
    llm_decoder d = {0};
    buf shown = {0};
    if (s->length > 0)
        llm_decoder_add_bytes(&d, str_make(r->pieces.data + s->from, s->length), &shown);
    llm_decoder_finish(&d, &shown);
    json_t *value = json_stringn(shown.data == NULL ? "" : shown.data, shown.length);
    buf_free(&shown);
    return value;
}

static json_t *said_value(const llm_result *r, const llm_said *s)
{
    json_t *value = json_object();
    if (s->token >= 0)
        json_object_set_new(value, "id", json_integer(s->token));
    json_object_set_new(value, "text", piece_value(r, s));
    json_object_set_new(value, "logprob",
                        isfinite(s->logprob) ? json_real((double)s->logprob) : json_null());
    return value;
}

static json_t *tokens_value(const llm_result *r)
{
    json_t *list = json_array();
    for (size_t i = 0; i < r->said_count; i++) {
        json_t *token = said_value(r, &r->said[i]), *top = json_array();
        for (size_t k = i * r->top_per_token; k < (i + 1) * r->top_per_token; k++)
            if (k < r->top_count && r->top[k].length > 0)
                json_array_append_new(top, said_value(r, &r->top[k]));
        json_object_set_new(token, "top", top);
        json_array_append_new(list, token);
    }
    return list;
}

static void print_json(const llm *model, const llm_result *r)
{
    str name = llm_name(model);
    json_t *root =
        json_pack("{s:s%,s:s%,s:s,s:{s:I,s:I,s:I}}", "model", name.data, name.length, "text",
                  r->text.data == NULL ? "" : r->text.data, r->text.length, "finish",
                  llm_finish_name(r->finish), "usage", "prompt_tokens",
                  (json_int_t)r->prompt_tokens, "cached_tokens", (json_int_t)r->cached_tokens,
                  "completion_tokens", (json_int_t)r->completion_tokens);
    if (r->said_count > 0)
        json_object_set_new(root, "tokens", tokens_value(r));
    json_dumpf(root, stdout, JSON_INDENT(2));
    printf("\n");
    json_decref(root);
}

/* The template's fallback is worth a word. */
static void warn_of_fallback(const llm *model, bool chat)
{
    if (chat && llm_vocabulary(model) != NULL && !llm_local_chat(model).known)
        fprintf(stderr, "vouch: model generate: the file's chat template is not one that vouch "
                        "knows; the conversation is written as 'User: ... Assistant:'\n");
}

static int run(const char *where, str prompt, const generate_options *o, llm_request *q)
{
    error err = {0};
    llm *model = NULL;
    llm_result result = {0};
    buf grammar = {0}, schema = {0};
    const llm_message messages[] = {{STR("system"), str_from(o->system)}, {STR("user"), prompt}};
    const str stop = str_from(o->stop);
    bool chat = o->chat || o->system != NULL;
    status s = read_file(o->grammar, &grammar, &err);
    if (s == STATUS_OK)
        s = read_file(o->schema, &schema, &err);
    if (s == STATUS_OK)
        s = llm_open(str_from(where), &model, &err);
    if (s == STATUS_OK) {
        warn_of_fallback(model, chat);
        q->messages = chat ? messages + (o->system == NULL) : NULL;
        q->message_count = !chat ? 0 : o->system == NULL ? 1 : 2;
        q->prompt = prompt;
        q->grammar = buf_str(&grammar);
        q->json_schema = buf_str(&schema);
        q->stop = &stop;
        q->stop_count = o->stop != NULL;
        q->on_text = o->json ? NULL : print_text;
        s = llm_generate(model, q, &result, &err);
    }
    if (s == STATUS_OK && o->json)
        print_json(model, &result);
    else if (s == STATUS_OK || result.text.length > 0)
        printf("\n");
    int code = s != STATUS_OK ? cli_fail(&err) : result.finish == LLM_FINISH_CONSTRAINT ? 1 : 0;
    if (code == 1 && !o->json)
        fprintf(stderr, "vouch: model generate: the constraint left nothing that the model may "
                        "say; the text is not complete\n");
    llm_result_free(&result);
    llm_close(model);
    buf_free(&grammar);
    buf_free(&schema);
    return code;
}

int cmd_model_generate(int argc, char **argv)
{
    generate_options o = {.max_tokens = 256, .logprobs = -1};
    const args_option options[] = {{"--chat", ARGS_FLAG, &o.chat},
                                   {"--system", ARGS_TEXT, &o.system},
                                   {"--max-tokens", ARGS_COUNT, &o.max_tokens},
                                   {"--temperature", ARGS_TEXT, &o.temperature},
                                   {"--seed", ARGS_TEXT, &o.seed},
                                   {"--top-k", ARGS_COUNT, &o.top_k},
                                   {"--top-p", ARGS_TEXT, &o.top_p},
                                   {"--min-p", ARGS_TEXT, &o.min_p},
                                   {"--repeat-penalty", ARGS_TEXT, &o.repeat},
                                   {"--stop", ARGS_TEXT, &o.stop},
                                   {"--grammar", ARGS_TEXT, &o.grammar},
                                   {"--schema", ARGS_TEXT, &o.schema},
                                   {"--special", ARGS_FLAG, &o.special},
                                   {"--logprobs", ARGS_COUNT, &o.logprobs},
                                   {"--json", ARGS_FLAG, &o.json},
                                   {NULL, ARGS_FLAG, NULL}};
    int positional, code = 2;
    if (!args_parse(argc, argv, options, help, &positional, &code))
        return code;
    if (positional < 1 || positional > 2)
        return cli_usage("model generate", "expected a model and at most one prompt");
    llm_request q = llm_request_default();
    if (!fill_sampling(&o, &q.sampling, &code))
        return code;
    q.max_tokens = (size_t)o.max_tokens;
    q.parse_special = o.special;
    q.logprobs = o.logprobs >= 0;
    q.top_logprobs = o.logprobs > 0 ? (size_t)o.logprobs : 0;
    char *input = NULL;
    size_t length = 0;
    if (positional == 1 && !args_read_stdin("model generate", MOST_INPUT, &input, &length))
        return 3;
    code = run(argv[1], positional == 2 ? str_from(argv[2]) : str_make(input, length), &o, &q);
    free(input);
    return code;
}
