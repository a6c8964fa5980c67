/* vouch model tokenize: the tokens of a text, as a model's vocabulary gives them. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/commands.h"
#include "cli/model.h"
#include "core/utf8.h"
#include "llm/tokenizer_gguf.h"

static const char help[] =
    "usage: vouch model tokenize M.gguf [TEXT] [--ends] [--special] [--ids] [--json]\n"
    "\n"
    "Shows the tokens of TEXT, or of standard input: one line per token, its id and its text.\n"
    "\n"
    "  --ends     with BOS and EOS where the vocabulary puts them\n"
    "  --special  names of control tokens in the text (such as <|im_end|>) become those tokens\n"
    "  --ids      the ids alone, on one line\n"
    "  --json     {count, tokens: [{id, text}]}; text that is no UTF-8 by itself has U+FFFD in "
    "it\n"
    "             (schemas/model-tokenize.schema.json)\n";

#define MOST_INPUT ((size_t)64 << 20)

/* The token's own text: its bytes, with what is no character shown as U+FFFD. */
static void show_piece(const llm_tokenizer *t, int32_t id, buf *out)
{
    llm_decoder d = {0};
    buf_clear(out);
    llm_decoder_add_bytes(&d, llm_tokenizer_piece(t, id, true), out);
    llm_decoder_finish(&d, out);
}

static void print_ids(const llm_tokens *list)
{
    for (size_t i = 0; i < list->count; i++)
        printf("%s%d", i == 0 ? "" : " ", (int)list->ids[i]);
    printf("\n");
}

static void print_lines(const llm_tokenizer *t, const llm_tokens *list)
{
    buf piece = {0};
    for (size_t i = 0; i < list->count; i++) {
        show_piece(t, list->ids[i], &piece);
        json_t *quoted = json_stringn(piece.data == NULL ? "" : piece.data, piece.length);
        char *text = json_dumps(quoted, JSON_ENCODE_ANY);
        printf("%7d  %s\n", (int)list->ids[i], text == NULL ? "" : text);
        free(text);
        json_decref(quoted);
    }
    printf("%zu tokens\n", list->count);
    buf_free(&piece);
}

static void print_json(const llm_tokenizer *t, const llm_tokens *list)
{
    buf piece = {0};
    json_t *tokens = json_array();
    for (size_t i = 0; i < list->count; i++) {
        show_piece(t, list->ids[i], &piece);
        json_t *token = json_object();
        json_object_set_new(token, "id", json_integer(list->ids[i]));
        json_object_set_new(token, "text",
                            json_stringn(piece.data == NULL ? "" : piece.data, piece.length));
        json_array_append_new(tokens, token);
    }
    json_t *root = json_pack("{s:I,s:o}", "count", (json_int_t)list->count, "tokens", tokens);
    json_dumpf(root, stdout, JSON_INDENT(2));
    printf("\n");
    json_decref(root);
    buf_free(&piece);
}

static status open_tokenizer(const char *path, llm_tokenizer **out, error *err)
{
    gguf *file = NULL;
    status s = gguf_open(path, &file, err);
    if (s == STATUS_OK)
        s = llm_tokenizer_from_gguf(file, out, err);
    gguf_close(file);
    return s;
}

int cmd_model_tokenize(int argc, char **argv)
{
    bool ends = false, special = false, ids = false, json = false;
    const args_option options[] = {{"--ends", ARGS_FLAG, &ends},
                                   {"--special", ARGS_FLAG, &special},
                                   {"--ids", ARGS_FLAG, &ids},
                                   {"--json", ARGS_FLAG, &json},
                                   {NULL, ARGS_FLAG, NULL}};
    int positional, code;
    if (!args_parse(argc, argv, options, help, &positional, &code))
        return code;
    if (positional < 1 || positional > 2)
        return cli_usage("model tokenize", "expected a GGUF file and at most one text");
    char *input = NULL;
    size_t length = positional == 2 ? strlen(argv[2]) : 0;
    if (positional == 1 && !args_read_stdin("model tokenize", MOST_INPUT, &input, &length))
        return 3;
    str text = str_make(positional == 2 ? argv[2] : input, length);
    llm_tokenizer *t = NULL;
    llm_tokens list = {0};
    error err = {0};
    unsigned flags = (ends ? LLM_ENCODE_ENDS : 0) | (special ? LLM_ENCODE_SPECIAL : 0);
    status s = open_tokenizer(argv[1], &t, &err);
    if (s == STATUS_OK)
        s = llm_tokenizer_encode(t, text, flags, &list, &err);
    if (s == STATUS_OK && json)
        print_json(t, &list);
    else if (s == STATUS_OK && ids)
        print_ids(&list);
    else if (s == STATUS_OK)
        print_lines(t, &list);
    llm_tokens_free(&list);
    llm_tokenizer_free(t);
    free(input);
    return s == STATUS_OK ? 0 : cli_fail(&err);
}
