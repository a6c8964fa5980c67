/* See chat.h. A template is written as a sequence of markers and text; text between two markers is
 * tokenized as one, as the reference does. */
#include "llm/chat.h"

#include <string.h>

typedef struct writer {
    const llm_tokenizer *t; /* NULL: render as text */
    llm_tokens *ids;
    buf *shown;
    buf plain; /* text since the last marker */
    error *err;
    status failed;
} writer;

static void flush(writer *w)
{
    if (w->t == NULL || w->plain.length == 0 || w->failed != STATUS_OK)
        return;
    w->failed = llm_tokenizer_encode(w->t, buf_str(&w->plain), 0, w->ids, w->err);
    buf_clear(&w->plain);
}

static void text(writer *w, str s)
{
    buf_add(w->t == NULL ? w->shown : &w->plain, s);
}

static void line(writer *w, const char *s)
{
    text(w, str_from(s));
}

/* A marker is its token where the vocabulary has one, and plain text elsewhere. */
static void marker(writer *w, const char *name)
{
    int32_t id = w->t == NULL ? LLM_TOKEN_NONE : llm_tokenizer_find(w->t, str_from(name));
    if (id == LLM_TOKEN_NONE) {
        line(w, name);
        return;
    }
    flush(w);
    llm_tokens_add(w->ids, id);
}

static void begin(writer *w)
{
    if (w->t != NULL && llm_tokenizer_bos(w->t) >= 0 && llm_tokenizer_adds_bos(w->t))
        llm_tokens_add(w->ids, llm_tokenizer_bos(w->t));
}

static bool is(str role, const char *name)
{
    return str_equal(role, str_from(name));
}

/* --- families; each writes all turns and opens the assistant's --- */

typedef void (*family)(writer *w, const llm_chat *chat, const llm_message *m, size_t count);

static void chatml(writer *w, const llm_chat *chat, const llm_message *m, size_t count)
{
    if (!str_empty(chat->default_system) && !is(m[0].role, "system")) {
        marker(w, "<|im_start|>");
        line(w, "system\n");
        text(w, chat->default_system);
        marker(w, "<|im_end|>");
        line(w, "\n");
    }
    for (size_t i = 0; i < count; i++) {
        marker(w, "<|im_start|>");
        text(w, m[i].role);
        line(w, "\n");
        text(w, m[i].content);
        marker(w, "<|im_end|>");
        line(w, "\n");
    }
    marker(w, "<|im_start|>");
    line(w, "assistant\n");
    if (chat->no_think) {
        marker(w, "<think>");
        line(w, "\n\n");
        marker(w, "</think>");
        line(w, "\n\n");
    }
}

/* llama-2 and mistral: the system text is part of the first user turn. */
static void instruct(writer *w, const llm_chat *chat, const llm_message *m, size_t count)
{
    bool llama = chat->kind == LLM_CHAT_LLAMA2;
    str system = {NULL, 0};
    bool first = true;
    for (size_t i = 0; i < count; i++) {
        if (is(m[i].role, "system")) {
            system = m[i].content;
        } else if (is(m[i].role, "user")) {
            if (!first && llama)
                marker(w, "<s>");
            line(w, "[INST] ");
            if (!str_empty(system)) {
                line(w, llama ? "<<SYS>>\n" : "");
                text(w, str_trim(system));
                line(w, llama ? "\n<</SYS>>\n\n" : "\n\n");
            }
            system = (str){NULL, 0};
            first = false;
            text(w, str_trim(m[i].content));
            line(w, " [/INST]");
        } else {
            line(w, " ");
            text(w, str_trim(m[i].content));
            line(w, llama ? " " : "");
            marker(w, "</s>");
        }
    }
}

static void llama3(writer *w, const llm_chat *chat, const llm_message *m, size_t count)
{
    (void)chat;
    for (size_t i = 0; i <= count; i++) {
        marker(w, "<|start_header_id|>");
        text(w, i < count ? m[i].role : STR("assistant"));
        marker(w, "<|end_header_id|>");
        line(w, "\n\n");
        if (i == count)
            break;
        text(w, str_trim(m[i].content));
        marker(w, "<|eot_id|>");
    }
}

static void role_marker(writer *w, str role)
{
    marker(w, is(role, "system") ? "<|system|>" : is(role, "user") ? "<|user|>" : "<|assistant|>");
}

/* phi-3's markers swallow the line break behind them: it is written for people only. */
static void phi3(writer *w, const llm_chat *chat, const llm_message *m, size_t count)
{
    (void)chat;
    const char *space = w->t == NULL ? "\n" : "";
    for (size_t i = 0; i < count; i++) {
        role_marker(w, m[i].role);
        line(w, space);
        text(w, m[i].content);
        marker(w, "<|end|>");
        line(w, space);
    }
    marker(w, "<|assistant|>");
    line(w, space);
}

static void zephyr(writer *w, const llm_chat *chat, const llm_message *m, size_t count)
{
    (void)chat;
    for (size_t i = 0; i < count; i++) {
        role_marker(w, m[i].role);
        line(w, "\n");
        text(w, m[i].content);
        marker(w, "</s>");
        line(w, "\n");
    }
    marker(w, "<|assistant|>");
    line(w, "\n");
}

/* gemma knows no system role: its text leads the first user turn. */
static void gemma(writer *w, const llm_chat *chat, const llm_message *m, size_t count)
{
    (void)chat;
    str system = {NULL, 0};
    for (size_t i = 0; i < count; i++) {
        if (is(m[i].role, "system")) {
            system = m[i].content;
            continue;
        }
        marker(w, "<start_of_turn>");
        line(w, is(m[i].role, "user") ? "user\n" : "model\n");
        if (!str_empty(system)) {
            text(w, str_trim(system));
            line(w, "\n\n");
        }
        system = (str){NULL, 0};
        text(w, str_trim(m[i].content));
        marker(w, "<end_of_turn>");
        line(w, "\n");
    }
    marker(w, "<start_of_turn>");
    line(w, "model\n");
}

static void plain(writer *w, const llm_chat *chat, const llm_message *m, size_t count)
{
    (void)chat;
    for (size_t i = 0; i < count; i++) {
        line(w, is(m[i].role, "system") ? "" : is(m[i].role, "user") ? "User: " : "Assistant: ");
        text(w, m[i].content);
        line(w, "\n");
    }
    line(w, "Assistant:");
}

static status write(writer *w, const llm_chat *chat, const llm_message *m, size_t count, error *err)
{
    static const family families[] = {plain,  chatml, instruct, instruct,
                                      llama3, phi3,   zephyr,   gemma};
    if (count == 0)
        return error_set(err, STATUS_USAGE, "a conversation needs a message");
    for (size_t i = 0; i < count; i++)
        if (!is(m[i].role, "system") && !is(m[i].role, "user") && !is(m[i].role, "assistant"))
            return error_set(err, STATUS_USAGE,
                             "message %zu has the role '%.*s'; roles are system, user, assistant",
                             i + 1, m[i].role.length > 40 ? 40 : STR_ARG(m[i].role));
    begin(w);
    families[chat->kind](w, chat, m, count);
    bool full = w->plain.failed;
    flush(w);
    buf_free(&w->plain);
    return full ? error_memory(err) : w->failed;
}

status llm_chat_encode(const llm_chat *chat, const llm_tokenizer *t, const llm_message *messages,
                       size_t count, llm_tokens *out, error *err)
{
    writer w = {.t = t, .ids = out, .err = err};
    status s = write(&w, chat, messages, count, err);
    return s == STATUS_OK && out->failed ? error_memory(err) : s;
}

status llm_chat_render(const llm_chat *chat, const llm_message *messages, size_t count, buf *out,
                       error *err)
{
    writer w = {.shown = out, .err = err};
    status s = write(&w, chat, messages, count, err);
    return s == STATUS_OK && out->failed ? error_memory(err) : s;
}

/* --- recognising --- */

static bool has(str s, const char *part)
{
    return str_find(s, str_from(part), 0) != STR_NONE;
}

/* The system text that a chatml template writes out: <|im_start|>system\nTEXT<|im_end|>. */
static str default_system(str t)
{
    static const char *const openings[] = {"<|im_start|>system\\n", "<|im_start|>system\n"};
    for (size_t i = 0; i < 2; i++) {
        for (size_t at = 0; (at = str_find(t, str_from(openings[i]), at)) != STR_NONE; at++) {
            size_t from = at + strlen(openings[i]);
            size_t end = str_find(t, STR("<|im_end|>"), from);
            if (end == STR_NONE)
                break;
            str found = str_slice(t, from, end);
            if (!str_empty(found) && !has(found, "'") && !has(found, "\"") && !has(found, "{") &&
                !has(found, "\\"))
                return found;
        }
    }
    return (str){NULL, 0};
}

static bool knows(const llm_tokenizer *t, const char *name)
{
    return t != NULL && llm_tokenizer_find(t, str_from(name)) != LLM_TOKEN_NONE;
}

llm_chat llm_chat_detect(str t, const llm_tokenizer *v)
{
    llm_chat chat = {.kind = LLM_CHAT_PLAIN, .known = true};
    bool none = str_empty(t);
    if (has(t, "<|im_start|>") || (none && knows(v, "<|im_start|>"))) {
        chat.kind = LLM_CHAT_CHATML;
        chat.default_system = default_system(t);
        chat.no_think = has(t, "enable_thinking");
    } else if (has(t, "<|start_header_id|>") || (none && knows(v, "<|start_header_id|>"))) {
        chat.kind = LLM_CHAT_LLAMA3;
    } else if (has(t, "[INST]")) {
        chat.kind = has(t, "<<SYS>>") ? LLM_CHAT_LLAMA2 : LLM_CHAT_MISTRAL;
    } else if ((has(t, "<|user|>") && has(t, "<|end|>")) || (none && knows(v, "<|end|>"))) {
        chat.kind = LLM_CHAT_PHI3;
    } else if (has(t, "<|user|>") || (has(t, "'<|' + message['role']"))) {
        chat.kind = LLM_CHAT_ZEPHYR;
    } else if (has(t, "<start_of_turn>") || (none && knows(v, "<start_of_turn>"))) {
        chat.kind = LLM_CHAT_GEMMA;
    } else {
        chat.known = false;
    }
    return chat;
}

const char *llm_chat_name(llm_chat_kind kind)
{
    static const char *const names[] = {"plain",   "chatml", "llama-2", "mistral",
                                        "llama-3", "phi-3",  "zephyr",  "gemma"};
    return names[kind];
}
