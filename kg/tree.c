/* See tree.h. Leaves are written as they fill; the pages above them, which hold page numbers and
 * the keys between ("dividers"), level by level at the end, the topmost at the root's number. */
#include "kg/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/buf.h"

#define PAGE 4096u
#define LOCK_PAGE (0x40000000u / PAGE + 1) /* SQLite keeps the page at 1 GiB for its locks */
#define AHEAD 256u                         /* pages gathered for one write */
#define LEAF_HEAD 8u
#define INNER_HEAD 12u
#define TABLE_MOST (PAGE - 35)                    /* payload of a cell without overflow pages */
#define INDEX_MOST ((PAGE - 12) * 64 / 255 - 23)  /* the same in an index */
#define LOCAL_LEAST ((PAGE - 12) * 32 / 255 - 23) /* what stays of a payload with such pages */
#define CELL_MOST (TABLE_MOST + 9 + 9 + 4)
#define COLUMNS 40

struct kg_pages {
    int file;
    uint32_t next;  /* number of the page that comes next */
    uint32_t first; /* number of the first one gathered */
    size_t held;
    int cause; /* errno of the first failure */
    unsigned char ahead[AHEAD * PAGE];
};

struct kg_tree {
    kg_pages *pages;
    bool index, failed;
    uint32_t root;
    unsigned cells, content; /* of the leaf in hand: their number, where they begin */
    unsigned last_length;    /* of its last cell */
    int64_t last_number;     /* its last row's */
    unsigned char leaf[PAGE];
    unsigned char cell[CELL_MOST], held[CELL_MOST]; /* held: the divider behind the full leaf */
    size_t held_length;
    unsigned char head[COLUMNS * 9 + 1];
    size_t head_length;
    buf body;
    uint32_t *children; /* pages of the level below */
    size_t *ends;       /* of the divider behind each, in `dividers` */
    size_t child_count, child_capacity;
    buf dividers;
};

static void put16(unsigned char *at, unsigned value)
{
    at[0] = (unsigned char)(value >> 8);
    at[1] = (unsigned char)value;
}

static void put32(unsigned char *at, uint32_t value)
{
    put16(at, value >> 16);
    put16(at + 2, value & 0xffff);
}

static uint32_t get32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* SQLite's varint: big-endian groups of seven bits, the ninth byte whole. */
static size_t put_varint(unsigned char *at, uint64_t value)
{
    if (value < 0x80) {
        at[0] = (unsigned char)value;
        return 1;
    }
    if (value >> 56 != 0) {
        at[8] = (unsigned char)value;
        value >>= 8;
        for (int i = 7; i >= 0; i--, value >>= 7)
            at[i] = (unsigned char)(value | 0x80);
        return 9;
    }
    size_t n = 1;
    for (uint64_t rest = value >> 7; rest != 0; rest >>= 7)
        n++;
    for (size_t i = n; i-- > 0; value >>= 7)
        at[i] = (unsigned char)((value & 0x7f) | (i + 1 < n ? 0x80 : 0));
    return n;
}

/* --- the file ------------------------------------------------------------------------------- */
static void write_at(kg_pages *pages, const unsigned char *data, size_t length, uint64_t offset)
{
    while (length > 0 && pages->cause == 0) {
        ssize_t n = pwrite(pages->file, data, length, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            pages->cause = n < 0 ? errno : ENOSPC;
            return;
        }
        data += n;
        length -= (size_t)n;
        offset += (uint64_t)n;
    }
}

static void write_held(kg_pages *pages)
{
    write_at(pages, pages->ahead, pages->held * PAGE, (uint64_t)(pages->first - 1) * PAGE);
    pages->first += (uint32_t)pages->held;
    pages->held = 0;
}

static uint32_t put_page(kg_pages *pages, const unsigned char *data)
{
    if (pages->next == LOCK_PAGE) {
        write_held(pages);
        pages->first = ++pages->next;
    }
    memcpy(pages->ahead + pages->held++ * PAGE, data, PAGE);
    if (pages->held == AHEAD)
        write_held(pages);
    return pages->next++;
}

/* The number that put_page will give next, `later` calls from now. */
static uint32_t number_ahead(const kg_pages *pages, uint32_t later)
{
    uint32_t number = pages->next + later;
    return pages->next <= LOCK_PAGE && number >= LOCK_PAGE ? number + 1 : number;
}

status kg_pages_begin(int file, kg_pages **out, error *err)
{
    unsigned char head[100];
    kg_pages *pages = malloc(sizeof *pages);
    if (pages == NULL)
        return error_memory(err);
    if (pread(file, head, sizeof head, 0) != (ssize_t)sizeof head ||
        get32(head + 16) >> 16 != PAGE || head[20] != 0 || get32(head + 28) == 0) {
        free(pages);
        return error_set(err, STATUS_INTERNAL, "graph: the new file is not laid out as expected");
    }
    pages->file = file;
    pages->first = pages->next = get32(head + 28) + 1;
    pages->held = 0;
    pages->cause = 0;
    *out = pages;
    return STATUS_OK;
}

status kg_pages_end(kg_pages *pages, error *err)
{
    unsigned char count[4];
    if (pages == NULL)
        return STATUS_OK;
    write_held(pages);
    put32(count, pages->next - 1);
    write_at(pages, count, sizeof count, 28);
    int cause = pages->cause;
    free(pages);
    return cause == 0 ? STATUS_OK : error_errno(err, STATUS_IO, cause, "graph");
}

/* --- columns -------------------------------------------------------------------------------- */
static void begin_row(kg_tree *tree)
{
    tree->head_length = 1; /* its own length, which one byte holds */
    buf_clear(&tree->body);
}

static void put_type(kg_tree *tree, uint64_t type)
{
    if (tree->head_length + 9 <= sizeof tree->head)
        tree->head_length += put_varint(tree->head + tree->head_length, type);
    else
        tree->failed = true;
}

void kg_tree_null(kg_tree *tree)
{
    put_type(tree, 0);
}

static void put_number(kg_tree *tree, uint64_t value, size_t bytes)
{
    char data[8];
    for (size_t i = 0; i < bytes; i++)
        data[i] = (char)(value >> (8 * (bytes - 1 - i)));
    (void)buf_add(&tree->body, str_make(data, bytes));
}

void kg_tree_int(kg_tree *tree, int64_t value)
{
    static const unsigned char bytes[] = {0, 1, 2, 3, 4, 6, 8};
    if (value == 0 || value == 1) {
        put_type(tree, value == 0 ? 8 : 9);
        return;
    }
    size_t type = 1;
    for (; type < 6; type++) {
        int64_t half = INT64_C(1) << (8 * bytes[type] - 1);
        if (value >= -half && value < half)
            break;
    }
    put_type(tree, type);
    put_number(tree, (uint64_t)value, bytes[type]);
}

void kg_tree_real(kg_tree *tree, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_type(tree, 7);
    put_number(tree, bits, sizeof bits);
}

void kg_tree_text(kg_tree *tree, const char *data, size_t length)
{
    put_type(tree, 13 + 2 * (uint64_t)length);
    (void)buf_add(&tree->body, str_make(data, length));
}

void kg_tree_blob(kg_tree *tree, const void *data, size_t length)
{
    put_type(tree, 12 + 2 * (uint64_t)length);
    (void)buf_add(&tree->body, str_make(data, length));
}

/* --- cells ---------------------------------------------------------------------------------- */
static bool fits(const kg_tree *tree, size_t length)
{
    return LEAF_HEAD + 2 * (tree->cells + 1) + length <= tree->content;
}

static void empty_leaf(kg_tree *tree)
{
    memset(tree->leaf, 0, sizeof tree->leaf);
    tree->cells = 0;
    tree->content = PAGE;
}

static void add_cell(kg_tree *tree, const unsigned char *cell, size_t length)
{
    tree->content -= (unsigned)length;
    memcpy(tree->leaf + tree->content, cell, length);
    put16(tree->leaf + LEAF_HEAD + 2 * tree->cells++, tree->content);
    tree->last_length = (unsigned)length;
}

static void finish_leaf(kg_tree *tree)
{
    tree->leaf[0] = tree->index ? 10 : 13;
    put16(tree->leaf + 3, tree->cells);
    put16(tree->leaf + 5, tree->content);
}

static void add_child(kg_tree *tree, uint32_t page, const unsigned char *divider, size_t length)
{
    if (tree->child_count == tree->child_capacity) {
        size_t wider = tree->child_capacity == 0 ? 64 : tree->child_capacity * 2;
        uint32_t *children = realloc(tree->children, wider * sizeof *children);
        if (children != NULL)
            tree->children = children;
        size_t *ends = realloc(tree->ends, wider * sizeof *ends);
        if (ends != NULL)
            tree->ends = ends;
        tree->failed |= children == NULL || ends == NULL;
        if (tree->failed)
            return;
        tree->child_capacity = wider;
    }
    (void)buf_add(&tree->dividers, str_make((const char *)divider, length));
    tree->children[tree->child_count] = page;
    tree->ends[tree->child_count++] = tree->dividers.length;
}

static void close_leaf(kg_tree *tree, const unsigned char *divider, size_t length)
{
    finish_leaf(tree);
    add_child(tree, put_page(tree->pages, tree->leaf), divider, length);
    empty_leaf(tree);
}

/* The part of a payload that does not stay in its cell, as a chain of pages. */
static void put_overflow(kg_pages *pages, const char *data, size_t length)
{
    unsigned char page[PAGE];
    while (length > 0) {
        size_t part = length < PAGE - 4 ? length : PAGE - 4;
        memset(page, 0, sizeof page);
        put32(page, part < length ? number_ahead(pages, 1) : 0);
        memcpy(page + 4, data, part);
        (void)put_page(pages, page);
        data += part;
        length -= part;
    }
}

static size_t make_cell(kg_tree *tree, int64_t number)
{
    size_t head = tree->head_length, total = head + tree->body.length, local = total, length;
    size_t most = tree->index ? INDEX_MOST : TABLE_MOST;
    tree->head[0] = (unsigned char)head;
    if (total > most) {
        local = LOCAL_LEAST + (total - LOCAL_LEAST) % (PAGE - 4);
        local = local <= most ? local : LOCAL_LEAST;
    }
    length = put_varint(tree->cell, total);
    if (!tree->index)
        length += put_varint(tree->cell + length, (uint64_t)number);
    memcpy(tree->cell + length, tree->head, head);
    if (local > head)
        memcpy(tree->cell + length + head, tree->body.data, local - head);
    length += local;
    if (local < total) {
        put32(tree->cell + length, number_ahead(tree->pages, 0));
        length += 4;
        put_overflow(tree->pages, tree->body.data + (local - head), total - local);
    }
    return length;
}

void kg_tree_row(kg_tree *tree, int64_t number)
{
    unsigned char divider[9];
    tree->failed |= tree->body.failed || tree->head_length > 127;
    if (!tree->failed) {
        size_t length = make_cell(tree, number);
        if (tree->held_length > 0) {
            close_leaf(tree, tree->held, tree->held_length);
            tree->held_length = 0;
        }
        if (fits(tree, length)) {
            add_cell(tree, tree->cell, length);
        } else if (tree->index) { /* the cell between this leaf and the next */
            memcpy(tree->held, tree->cell, length);
            tree->held_length = length;
        } else {
            close_leaf(tree, divider, put_varint(divider, (uint64_t)tree->last_number));
            add_cell(tree, tree->cell, length);
        }
        tree->last_number = number;
    }
    begin_row(tree);
}

/* --- the levels above ----------------------------------------------------------------------- */
typedef struct level {
    const uint32_t *children;
    const size_t *ends;
    size_t count;
    const char *dividers;
} level;

static size_t divider_start(const level *l, size_t i)
{
    return i == 0 ? 0 : l->ends[i - 1];
}

/* How many children from `start` fit on one page; never leaves a single one for the last. */
static size_t range_end(const level *l, size_t start)
{
    size_t end = start + 1, used = INNER_HEAD;
    while (end < l->count) {
        used += 2 + 4 + l->ends[end - 1] - divider_start(l, end - 1);
        if (used > PAGE)
            break;
        end++;
    }
    return end + 1 == l->count && end - start > 2 ? end - 1 : end;
}

static void fill_inner(const kg_tree *tree, const level *l, size_t start, size_t end,
                       unsigned char *page)
{
    unsigned content = PAGE;
    memset(page, 0, PAGE);
    for (size_t i = start; i + 1 < end; i++) {
        size_t from = divider_start(l, i), length = l->ends[i] - from;
        content -= (unsigned)length + 4;
        put32(page + content, l->children[i]);
        memcpy(page + content + 4, l->dividers + from, length);
        put16(page + INNER_HEAD + 2 * (i - start), content);
    }
    page[0] = tree->index ? 2 : 5;
    put16(page + 3, (unsigned)(end - start - 1));
    put16(page + 5, content);
    put32(page + 8, l->children[end - 1]);
}

static void write_root(kg_tree *tree, const unsigned char *page)
{
    write_at(tree->pages, page, PAGE, (uint64_t)(tree->root - 1) * PAGE);
}

static void put_levels(kg_tree *tree)
{
    unsigned char page[PAGE];
    while (tree->child_count > 0 && !tree->failed && !tree->dividers.failed) {
        level l = {tree->children, tree->ends, tree->child_count, tree->dividers.data};
        char *dividers = tree->dividers.data;
        size_t end = range_end(&l, 0);
        if (end == l.count) {
            fill_inner(tree, &l, 0, end, page);
            write_root(tree, page);
            return;
        }
        tree->children = NULL;
        tree->ends = NULL;
        tree->child_count = tree->child_capacity = 0;
        tree->dividers = (buf){0};
        for (size_t start = 0; start < l.count; start = end) {
            end = range_end(&l, start);
            fill_inner(tree, &l, start, end, page);
            size_t from = divider_start(&l, end - 1);
            add_child(tree, put_page(tree->pages, page), (const unsigned char *)dividers + from,
                      l.ends[end - 1] - from);
        }
        free((void *)(uintptr_t)l.children);
        free((void *)(uintptr_t)l.ends);
        free(dividers);
    }
}

status kg_tree_begin(kg_pages *pages, kg_tree_kind kind, int64_t root, kg_tree **out, error *err)
{
    if (root < 2 || root >= pages->next)
        return error_set(err, STATUS_INTERNAL, "graph: a table has no root page");
    kg_tree *tree = calloc(1, sizeof *tree);
    if (tree == NULL)
        return error_memory(err);
    tree->pages = pages;
    tree->index = kind == KG_TREE_INDEX;
    tree->root = (uint32_t)root;
    empty_leaf(tree);
    begin_row(tree);
    *out = tree;
    return STATUS_OK;
}

/* A divider is held, but nothing came behind it: the leaf's last cell becomes the divider, and the
 * held one the only cell of the last leaf. */
static void place_held(kg_tree *tree)
{
    unsigned char last[CELL_MOST];
    size_t length = tree->last_length;
    memcpy(last, tree->leaf + tree->content, length);
    tree->content += (unsigned)length;
    tree->cells--;
    close_leaf(tree, last, length);
    add_cell(tree, tree->held, tree->held_length);
}

status kg_tree_end(kg_tree *tree, error *err)
{
    if (tree == NULL)
        return STATUS_OK;
    if (tree->held_length > 0)
        place_held(tree);
    finish_leaf(tree);
    if (tree->child_count == 0) {
        write_root(tree, tree->leaf);
    } else {
        add_child(tree, put_page(tree->pages, tree->leaf), NULL, 0);
        put_levels(tree);
    }
    int cause = tree->pages->cause;
    bool failed = tree->failed || tree->body.failed || tree->dividers.failed;
    buf_free(&tree->body);
    buf_free(&tree->dividers);
    free(tree->children);
    free(tree->ends);
    free(tree);
    if (failed)
        return error_memory(err);
    return cause == 0 ? STATUS_OK : error_errno(err, STATUS_IO, cause, "graph");
}
