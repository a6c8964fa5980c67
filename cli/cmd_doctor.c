/* `vouch doctor`: is this machine, this build and this graph fit to answer? Each finding is one
 * line: ok, note or bad; exit 0 unless something is bad. */
#include <errno.h>
#include <jansson.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <utf8proc.h>
#include <zlib.h>

#include "cli/commands.h"
#include "cli/graph.h"
#include "core/version.h"

typedef struct doctor {
    json_t *list; /* NULL: print */
    bool bad;
} doctor;

static void say(doctor *d, const char *level, const char *topic, const char *format, ...)
    CORE_PRINTF(4, 5);

static void say(doctor *d, const char *level, const char *topic, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    d->bad |= strcmp(level, "bad") == 0;
    if (d->list == NULL) {
        printf("%-5s %-10s %s\n", level, topic, text);
        return;
    }
    json_t *item = json_object();
    json_object_set_new(item, "level", json_string(level));
    json_object_set_new(item, "topic", json_string(topic));
    json_object_set_new(item, "text", json_string(text));
    json_array_append_new(d->list, item);
}

static void machine(doctor *d)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN), page = sysconf(_SC_PAGESIZE);
    long pages = sysconf(_SC_PHYS_PAGES);
    double gib = (double)pages * (double)page / (1024.0 * 1024 * 1024);
    say(d, gib < 1 ? "note" : "ok", "machine", "%ld cores, %.1f GiB of memory", cores, gib);
    char line[4096];
    FILE *cpu = fopen("/proc/cpuinfo", "r");
    bool told = false;
    while (cpu != NULL && !told && fgets(line, sizeof line, cpu) != NULL) {
        if (strncmp(line, "flags", 5) != 0 && strncmp(line, "Features", 8) != 0)
            continue;
        told = true;
        bool avx2 = strstr(line, " avx2") != NULL, avx512 = strstr(line, " avx512f") != NULL;
        bool neon = strstr(line, " asimd") != NULL;
        say(d, avx2 || neon ? "ok" : "note", "cpu", "vector instructions: %s",
            avx512 ? "AVX-512"
            : avx2 ? "AVX2"
            : neon ? "NEON"
                   : "none that vouch uses; models run slowly");
    }
    if (cpu != NULL)
        (void)fclose(cpu);
}

static void libraries(doctor *d)
{
    bool fts = sqlite3_compileoption_used("ENABLE_FTS5") != 0;
    say(d, fts ? "ok" : "bad", "sqlite", "%s%s", sqlite3_libversion(),
        fts ? " with FTS5" : " lacks FTS5: install Debian's libsqlite3-0");
    say(d, sqlite3_threadsafe() != 0 ? "ok" : "bad", "sqlite", "thread-safe: %s",
        sqlite3_threadsafe() != 0 ? "yes" : "no; install Debian's libsqlite3-0");
    say(d, "ok", "libraries", "jansson %s, utf8proc %s, zlib %s", jansson_version_str(),
        utf8proc_version(), zlibVersion());
}

static void disk(doctor *d, const char *where)
{
    struct statvfs info;
    char folder[4096];
    const char *slash = strrchr(where, '/');
    (void)snprintf(folder, sizeof folder, "%.*s",
                   slash == NULL ? 1 : (int)(slash - where) + (slash == where),
                   slash == NULL ? "." : where);
    if (statvfs(folder, &info) != 0) {
        say(d, "bad", "disk", "%s: %s", folder, strerror(errno));
        return;
    }
    double gib = (double)info.f_bavail * (double)info.f_frsize / (1024.0 * 1024 * 1024);
    say(d, gib < 0.5 ? "bad" : gib < 5 ? "note" : "ok", "disk", "%s: %.1f GiB free", folder, gib);
    say(d, access(folder, W_OK) == 0 ? "ok" : "note", "disk", "%s: %s", folder,
        access(folder, W_OK) == 0 ? "writable" : "not writable: graphs there can only be read");
}

static void complain(void *context, const char *what)
{
    say(context, "bad", "graph", "%s", what);
}

static void graph(doctor *d, const char *path)
{
    error err = {0};
    graph_view view = {0};
    kg_totals totals = {0};
    graph_arguments arguments = {.path = path, .lang = ""};
    if (graph_open(&arguments, &view, &err) != STATUS_OK ||
        kg_read_totals(view.read, &totals, &err) != STATUS_OK) {
        say(d, "bad", "graph", "%s", err.message);
        if (view.read != NULL)
            graph_close(&view);
        return;
    }
    say(d, totals.statements > 0 ? "ok" : "note", "graph",
        "%s: %llu statements, %llu entities, version %llu", path,
        (unsigned long long)totals.statements, (unsigned long long)totals.entities,
        (unsigned long long)totals.version);
    if (kg_check(view.store, complain, d, &err) == STATUS_OK)
        say(d, "ok", "graph", "%s: every rule holds", path);
    graph_close(&view);
}

static void model(doctor *d, const char *path)
{
    char magic[4] = {0};
    if (path == NULL) {
        say(d, "note", "model", "no --model given; 'vouch model info FILE' tells about one");
        return;
    }
    FILE *file = fopen(path, "rb");
    bool read = file != NULL && fread(magic, 1, 4, file) == 4;
    if (file != NULL)
        (void)fclose(file);
    if (!read)
        say(d, "bad", "model", "%s: cannot be read", path);
    else
        say(d, memcmp(magic, "GGUF", 4) == 0 ? "ok" : "bad", "model", "%s: %s", path,
            memcmp(magic, "GGUF", 4) == 0 ? "a GGUF file" : "is no GGUF file");
}

int cmd_doctor(int argc, char **argv)
{
    doctor d = {0};
    const char *graph_path = NULL, *model_path = NULL;
    bool json = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            printf("usage: vouch doctor [--graph G.kg] [--model M.gguf] [--json]\n\nChecks the "
                   "machine, the libraries, the disk, and the graph and model if given.\n\n"
                   "  --json    the findings as JSON (schemas/graph.schema.json)\n\n"
                   "exit status: 0 all is well, 2 usage, 3 something is bad\n");
            return 0;
        }
        if (strcmp(argv[i], "--json") == 0)
            json = true;
        else if (strcmp(argv[i], "--graph") == 0 && i + 1 < argc)
            graph_path = argv[++i];
        else if (strcmp(argv[i], "--model") == 0 && i + 1 < argc)
            model_path = argv[++i];
        else
            return cli_usage("doctor", "argument '%s' is unknown or lacks its value", argv[i]);
    }
    d.list = json ? json_array() : NULL;
    say(&d, "ok", "vouch", "%s", VOUCH_VERSION);
    machine(&d);
    libraries(&d);
    disk(&d, graph_path == NULL ? "./x" : graph_path);
    if (graph_path != NULL)
        graph(&d, graph_path);
    model(&d, model_path);
    if (json) {
        json_t *root = json_object();
        json_object_set_new(root, "ok", json_boolean(!d.bad));
        json_object_set_new(root, "findings", d.list);
        (void)graph_print_json(root);
    }
    return d.bad ? 3 : 0;
}
