/* Decoding: token ids back to valid UTF-8, whole or token by token. See tokenizer.h. */
#include "core/utf8.h"
#include "llm/tokenizer.h"

/* Whether the n bytes can still become one character (RFC 3629, table 3-7 of Unicode): 1 = they
 * are one, 0 = incomplete, -1 = never. */
static int character_state(const char *data, unsigned n)
{
    unsigned char first = (unsigned char)data[0];
    if (first < 0x80)
        return n == 1 ? 1 : -1;
    unsigned needed = first >= 0xc2 && first <= 0xdf   ? 2
                      : (first & 0xf0) == 0xe0         ? 3
                      : first >= 0xf0 && first <= 0xf4 ? 4
                                                       : 0;
    if (needed == 0 || n > needed)
        return -1;
    for (unsigned i = 1; i < n; i++) {
        unsigned char c = (unsigned char)data[i], low = 0x80, high = 0xbf;
        if (i == 1 && first == 0xe0)
            low = 0xa0;
        if (i == 1 && first == 0xed)
            high = 0x9f;
        if (i == 1 && first == 0xf0)
            low = 0x90;
        if (i == 1 && first == 0xf4)
            high = 0x8f;
        if (c < low || c > high)
            return -1;
    }
    return n == needed;
}

static void add_byte(llm_decoder *d, char byte, buf *out)
{
    d->pending[d->pending_length++] = byte;
    int state = character_state(d->pending, d->pending_length);
    if (state < 0 && d->pending_length > 1) {
        /* What waited will never be a character; the new byte may start one. */
        buf_add_codepoint(out, UTF8_REPLACEMENT);
        d->pending[0] = byte;
        d->pending_length = 1;
        state = character_state(d->pending, 1);
    }
    if (state == 0)
        return;
    if (state < 0)
        buf_add_codepoint(out, UTF8_REPLACEMENT);
    else
        buf_add(out, str_make(d->pending, d->pending_length));
    d->pending_length = 0;
}

bool llm_decoder_add_bytes(llm_decoder *d, str bytes, buf *out)
{
    if (d->pending_length == 0 && utf8_valid(bytes.data, bytes.length)) {
        buf_add(out, bytes);
        return !out->failed;
    }
    for (size_t i = 0; i < bytes.length; i++)
        add_byte(d, bytes.data[i], out);
    return !out->failed;
}

bool llm_decoder_add(llm_decoder *d, const llm_tokenizer *t, int32_t id, bool special, buf *out)
{
    str piece = llm_tokenizer_piece(t, id, special);
    if (str_empty(piece))
        return !out->failed;
    if (!d->started && !d->keep_leading && llm_tokenizer_kind(t) == LLM_TOKENIZER_SPM &&
        llm_tokenizer_prefixes_space(t) && piece.data[0] == ' ')
        piece = str_slice(piece, 1, piece.length);
    d->started = true;
    return llm_decoder_add_bytes(d, piece, out);
}

bool llm_decoder_finish(llm_decoder *d, buf *out)
{
    if (d->pending_length > 0)
        buf_add_codepoint(out, UTF8_REPLACEMENT);
    d->pending_length = 0;
    return !out->failed;
}

status llm_tokenizer_decode(const llm_tokenizer *t, const int32_t *ids, size_t count, bool special,
                            buf *out, error *err)
{
    llm_decoder d = {0};
    for (size_t i = 0; i < count; i++)
        llm_decoder_add(&d, t, ids[i], special, out);
    llm_decoder_finish(&d, out);
    return out->failed ? error_memory(err) : STATUS_OK;
}
