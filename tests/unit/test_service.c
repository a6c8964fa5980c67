/* Unit tests of the service's parts that need no server: configuration, keys, limits, masks,
 * stores. */
#include "tests/unit/unit.h"

#include <time.h>

#include "core/clock.h"
#include "core/utf8.h"
#include "service/audit.h"
#include "service/config.h"
#include "service/feedback.h"
#include "service/jobs.h"
#include "service/keys.h"
#include "service/limits.h"
#include "service/mask.h"
#include "service/recent.h"

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/vouch-service-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static const char *in_folder(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void config_reads_and_names_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
    } bad[] = {
        {"{\"workers\": -1}", "/workers"},
        {"{\"workers\": \"two\"}", "/workers"},
        {"{\"listn\": \"x\"}", "/listn"},
        {"{\"listen\": \"nowhere\"}", "nowhere"},
        {"{\"graphs\": [{\"name\": \"a b\", \"path\": \"x.kg\"}]}", "/graphs/0"},
        {"{\"graphs\": [{\"name\": \"a\"}]}", "/graphs/0"},
        {"{\"graphs\": [{\"name\": \"a\", \"path\": \"x\", \"pth\": 1}]}", "pth"},
        {"{\"feedback_store\": \"some\"}", "/feedback_store"},
        {"{\"cors_origins\": [1]}", "/cors_origins"},
        {"[]", "/"},
        {"{\"workers\": 1, \"workers\": 2}", "duplicate"},
        {"{", "config.json:1"},
    };
    const char *path = in_folder("config.json");
    for (size_t i = 0; i < CORE_COUNT(bad); i++) {
        error err = {0};
        char text[1024];
        service_config *c = NULL;
        write_file(path, bad[i].text);
        assert_int_not_equal(service_config_read(path, &c, &err), STATUS_OK);
        error_describe(&err, text, sizeof text);
        if (strstr(text, bad[i].expected) == NULL)
            fail_msg("'%s' does not name '%s'", text, bad[i].expected);
    }
    error err = {0};
    service_config *c = NULL;
    write_file(path,
               "{\"listen\": \"[::1]:9\", \"data_dir\": \"d\", \"workers\": 3,"
               " \"graphs\": [{\"name\": \"med\", \"path\": \"/x/med.kg\", \"model\": \"none\"}]}");
    assert_int_equal(service_config_read(path, &c, &err), STATUS_OK);
    assert_string_equal(c->data_dir, in_folder("d"));
    assert_string_equal(c->graphs[0].model, "none");
    assert_int_equal(service_config_add_graph(c, "law=law.kg", &err), STATUS_OK);
    assert_int_equal(service_config_add_graph(c, "samples/x.kg", &err), STATUS_OK);
    assert_string_equal(c->graphs[2].name, "x");
    assert_int_equal(service_config_add_graph(c, "a/b=law.kg", &err), STATUS_USAGE);
    service_config_free(c);
}

static void only_loopback_is_loopback(void **state)
{
    (void)state;
    assert_true(service_address_is_loopback("127.0.0.1"));
    assert_true(service_address_is_loopback("127.9.9.9"));
    assert_true(service_address_is_loopback("::1"));
    assert_false(service_address_is_loopback("0.0.0.0"));
    assert_false(service_address_is_loopback("128.0.0.1"));
    assert_false(service_address_is_loopback("::"));
}

static void keys_grant_roles_and_are_revoked(void **state)
{
    (void)state;
    error err = {0};
    char text[SERVICE_KEY_TEXT_BYTES], other[SERVICE_KEY_TEXT_BYTES];
    const char *path = in_folder("keys.json");
    assert_int_equal(service_keys_add(path, "med", ROLE_INGEST, "x", 5, text, &err), STATUS_OK);
    assert_int_equal(service_keys_add(path, "*", ROLE_ASK, NULL, 0, other, &err), STATUS_OK);
    service_keys *keys = NULL;
    assert_int_equal(service_keys_read(path, &keys, &err), STATUS_OK);
    const service_key *key = service_keys_find(keys, str_from(text));
    assert_non_null(key);
    assert_int_equal(service_key_role(key, "med"), ROLE_INGEST);
    assert_int_equal(service_key_role(key, "law"), ROLE_NONE);
    assert_int_equal(service_key_rate(key), 5);
    assert_int_equal(service_key_role(service_keys_find(keys, str_from(other)), "law"), ROLE_ASK);
    char wrong[SERVICE_KEY_TEXT_BYTES];
    strcpy(wrong, text);
    wrong[strlen(wrong) - 3] = wrong[strlen(wrong) - 3] == 'A' ? 'B' : 'A';
    assert_null(service_keys_find(keys, str_from(wrong)));
    assert_null(service_keys_find(keys, STR("")));
    assert_null(service_keys_find(keys, STR("vk_")));
    char id[16] = {0};
    memcpy(id, text + 3, 12);
    service_keys_free(keys);
    FILE *f = fopen(path, "r");
    char whole[4096] = {0};
    assert_true(fread(whole, 1, sizeof whole - 1, f) > 0);
    fclose(f);
    assert_null(strstr(whole, text + 16)); /* the secret is not in the file */
    assert_int_equal(service_keys_revoke(path, id, &err), STATUS_OK);
    assert_int_equal(service_keys_read(path, &keys, &err), STATUS_OK);
    assert_null(service_keys_find(keys, str_from(text)));
    assert_non_null(service_keys_find(keys, str_from(other)));
    service_keys_free(keys);
    assert_int_equal(service_keys_revoke(path, "nobody", &err), STATUS_NOT_FOUND);
}

static void limits_refill_over_a_minute(void **state)
{
    (void)state;
    service_limits *limits = service_limits_new();
    unsigned wait = 0;
    uint64_t now = 1000000000;
    for (int i = 0; i < 6; i++)
        assert_true(service_limits_take(limits, STR("a"), 6, now, &wait));
    assert_false(service_limits_take(limits, STR("a"), 6, now, &wait));
    assert_in_range(wait, 10, 11);
    assert_true(service_limits_take(limits, STR("b"), 6, now, &wait));
    assert_true(service_limits_take(limits, STR("a"), 0, now, &wait));
    assert_true(service_limits_take(limits, STR("a"), 6, now + 10000000001u, &wait));
    assert_false(service_limits_take(limits, STR("a"), 6, now + 10000000001u, &wait));
    service_limits_free(limits);
}

static void masks_hide_numbers_of_people_only(void **state)
{
    (void)state;
    static const char *const hidden[] = {
        "我的身份证是11010519491231002X，请问",
        "打13812345678找我",
        "+86 138-1234-5678",
        "call (212) 555-0199 now",
        "卡号6222 0202 0000 1234 567",
        "mail a.b@example.org ok",
        "SSN 078-05-1120",
        "座机 010-62345678",
    };
    static const char *const kept[] = {"第1077条", "2023-12-29",   "5000元",
                                       "1-2个月",  "ICD 10 A15.0", "pi is 3.14159265358979"};
    error err = {0};
    service_mask *mask = NULL;
    const char *more[] = {"病历号[0-9]+"};
    arena *a = arena_new(0);
    assert_int_equal(service_mask_new(more, 1, &mask, &err), STATUS_OK);
    for (size_t i = 0; i < CORE_COUNT(hidden); i++) {
        str out = service_mask_apply(mask, str_from(hidden[i]), a);
        if (str_find(out, STR("[…]"), 0) == STR_NONE)
            fail_msg("not masked: %s", hidden[i]);
        assert_true(utf8_valid(out.data, out.length));
    }
    for (size_t i = 0; i < CORE_COUNT(kept); i++)
        assert_true(str_equal(service_mask_apply(mask, str_from(kept[i]), a), str_from(kept[i])));
    assert_string_equal(service_mask_apply(mask, STR("病历号12 号"), a).data, "[…] 号");
    service_mask_free(mask);
    const char *broken[] = {"(["};
    assert_int_equal(service_mask_new(broken, 1, &mask, &err), STATUS_INVALID);
    arena_free(a);
}

static void recent_forgets_the_oldest_and_keeps_clients_apart(void **state)
{
    (void)state;
    service_recent *r = service_recent_new(2, 1000);
    arena *a = arena_new(0);
    str graph, json;
    service_recent_add(r, STR("1"), STR("c"), STR("g"), STR("{\"user\":\"u\"}"));
    service_recent_add(r, STR("2"), STR("c"), STR("g"), STR("{}"));
    assert_true(service_recent_get(r, STR("1"), STR("c"), a, &graph, &json));
    assert_string_equal(graph.data, "g");
    assert_false(service_recent_get(r, STR("1"), STR("d"), a, &graph, &json));
    service_recent_erase(r, STR("\"user\":\"u\""));
    assert_false(service_recent_get(r, STR("1"), STR("c"), a, &graph, &json));
    service_recent_add(r, STR("3"), STR("c"), STR("g"), STR("{}"));
    service_recent_add(r, STR("4"), STR("c"), STR("g"), STR("{}"));
    assert_false(service_recent_get(r, STR("2"), STR("c"), a, &graph, &json));
    assert_true(service_recent_get(r, STR("4"), STR("c"), a, &graph, &json));
    service_recent_free(r);
    arena_free(a);
}

static bool count_records(void *context, json_t *record)
{
    assert_true(json_is_object(record));
    (*(int *)context)++;
    return true;
}

static void feedback_is_kept_reported_and_erased(void **state)
{
    (void)state;
    error err = {0};
    service_feedback *f = NULL;
    int64_t id = 0;
    int count = 0;
    json_t *report = NULL;
    assert_int_equal(service_feedback_open(in_folder("feedback.db"), &f, &err), STATUS_OK);
    feedback_interaction i = {.answer_id = STR("a1"),
                              .graph = STR("g"),
                              .client = STR("-"),
                              .user = STR("u"),
                              .question = STR("q'); DROP TABLE judgement;--"),
                              .status = STR("abstained"),
                              .answer_json = STR("{\"values\":[]}"),
                              .at = 100};
    assert_int_equal(service_feedback_add(f, &i, &err), STATUS_OK);
    assert_int_equal(service_feedback_add(f, &i, &err), STATUS_OK);
    feedback_judgement j = {
        .answer_id = STR("a1"), .graph = STR("g"), .user = STR("u"), .rating = -1, .at = 110};
    assert_int_equal(service_feedback_judge(f, &j, &id, &err), STATUS_OK);
    assert_int_equal(id, 1);
    assert_int_equal(service_feedback_export(f, 0, count_records, &count, &err), STATUS_OK);
    assert_int_equal(count, 2);
    assert_int_equal(service_feedback_report(f, 0, 200, &report, &err), STATUS_OK);
    assert_int_equal(json_array_size(json_object_get(report, "unanswered")), 1);
    assert_int_equal(json_array_size(json_object_get(report, "judged_wrong")), 1);
    json_decref(report);
    uint64_t erased = 0;
    assert_int_equal(service_feedback_erase(f, STR("u"), &erased, &err), STATUS_OK);
    assert_int_equal(erased, 2);
    service_feedback_close(f);
}

static void audit_expires_and_erases(void **state)
{
    (void)state;
    error err = {0};
    service_audit *audit = NULL;
    uint64_t erased = 0;
    assert_int_equal(service_audit_open(in_folder("audit.log"), 1, &audit, &err), STATUS_OK);
    audit_entry e = {.request_id = STR("r"),
                     .user = STR("u\"1"),
                     .action = STR("ask"),
                     .detail = STR("\xff broken\n")};
    assert_int_equal(service_audit_append(audit, &e, &err), STATUS_OK);
    e.user = STR("v");
    assert_int_equal(service_audit_append(audit, &e, &err), STATUS_OK);
    assert_int_equal(service_audit_erase(audit, STR("u\"1"), &erased, &err), STATUS_OK);
    assert_int_equal(erased, 1);
    assert_int_equal(service_audit_append(audit, &e, &err), STATUS_OK);
    assert_int_equal(service_audit_expire(audit, clock_unix_seconds() + 3 * 86400, &err),
                     STATUS_OK);
    assert_int_equal(service_audit_erase(audit, STR("v"), &erased, &err), STATUS_OK);
    assert_int_equal(erased, 0);
    service_audit_close(audit);
}

static status run_fine(void *context, const job_request *job, json_t **report, error *err)
{
    (void)context;
    if (strcmp(job->source, "bad") == 0)
        return error_set(err, STATUS_SYNTAX, "line 3 is no triple");
    *report = json_pack("{s:s}", "source", job->source);
    return STATUS_OK;
}

static const char *wait_for(service_jobs *jobs, const char *id, json_t **job)
{
    error err = {0};
    for (int i = 0; i < 500; i++) {
        assert_int_equal(service_jobs_get(jobs, id, job, &err), STATUS_OK);
        const char *state = json_string_value(json_object_get(*job, "status"));
        if (strcmp(state, "queued") != 0 && strcmp(state, "running") != 0)
            return state;
        json_decref(*job);
        nanosleep(&(struct timespec){0, 10000000}, NULL);
    }
    fail_msg("the job does not end");
    return "";
}

static void jobs_run_once_per_key(void **state)
{
    (void)state;
    error err = {0};
    logger log = {.fd = -1};
    service_jobs *jobs = NULL;
    json_t *job = NULL;
    char id[33], again[33];
    assert_int_equal(service_jobs_open(folder, run_fine, NULL, &log, &jobs, &err), STATUS_OK);
    job_request r = {
        .graph = "g", .client = "c", .source = "good", .idempotency_key = "k", .fingerprint = "1"};
    assert_int_equal(service_jobs_add(jobs, &r, id, &err), STATUS_OK);
    assert_int_equal(service_jobs_add(jobs, &r, again, &err), STATUS_OK);
    assert_string_equal(id, again);
    r.fingerprint = "2";
    assert_int_equal(service_jobs_add(jobs, &r, again, &err), STATUS_EXISTS);
    assert_string_equal(wait_for(jobs, id, &job), "done");
    json_decref(job);
    r = (job_request){.graph = "g", .client = "c", .source = "bad"};
    error_clear(&err);
    assert_int_equal(service_jobs_add(jobs, &r, id, &err), STATUS_OK);
    assert_string_equal(wait_for(jobs, id, &job), "failed");
    assert_string_equal(json_string_value(json_object_get(job, "error")), "line 3 is no triple");
    json_decref(job);
    assert_int_equal(service_jobs_get(jobs, "nothing", &job, &err), STATUS_NOT_FOUND);
    service_jobs_close(jobs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config_reads_and_names_what_is_wrong),
        cmocka_unit_test(only_loopback_is_loopback),
        cmocka_unit_test(keys_grant_roles_and_are_revoked),
        cmocka_unit_test(limits_refill_over_a_minute),
        cmocka_unit_test(masks_hide_numbers_of_people_only),
        cmocka_unit_test(recent_forgets_the_oldest_and_keeps_clients_apart),
        cmocka_unit_test(feedback_is_kept_reported_and_erased),
        cmocka_unit_test(audit_expires_and_erases),
        cmocka_unit_test(jobs_run_once_per_key),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
