/* Backup and restoring. See store.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "kg/internal.h"

status kg_db_copy(kg_db *from, const char *to, error *err)
{
    char temporary[4096];
    if (snprintf(temporary, sizeof temporary, "%s-new-%ld", to, (long)getpid()) >=
        (int)sizeof temporary)
        return error_set(err, STATUS_USAGE, "%s: the path is too long", to);
    kg_db *target = NULL;
    (void)unlink(temporary);
    status code = kg_db_open(temporary, KG_DB_BUILD, 0, &target, err);
    sqlite3_backup *backup = code == STATUS_OK
                                 ? sqlite3_backup_init(target->handle, "main", from->handle, "main")
                                 : NULL;
    if (code == STATUS_OK) {
        int step = backup == NULL ? SQLITE_NOMEM : sqlite3_backup_step(backup, -1);
        sqlite3_backup_finish(backup);
        if (step != SQLITE_DONE)
            code = kg_db_error(target, step, to, err);
    }
    kg_db_close(target);
    int fd = code == STATUS_OK ? open(temporary, O_RDONLY | O_CLOEXEC) : -1;
    if (code == STATUS_OK && (fd < 0 || fsync(fd) != 0))
        code = error_errno(err, STATUS_IO, errno, to);
    if (fd >= 0)
        (void)close(fd);
    if (code == STATUS_OK && link(temporary, to) != 0)
        code = error_errno(err, errno == EEXIST ? STATUS_EXISTS : STATUS_IO, errno, to);
    (void)unlink(temporary);
    return code;
}

status kg_backup(kg_store *store, const char *to, error *err)
{
    if (access(to, F_OK) == 0)
        return error_set(err, STATUS_EXISTS, "%s: exists already; name a new file", to);
    kg_read *read = NULL;
    status code = kg_check_folder(to, err);
    if (code == STATUS_OK)
        code = kg_read_begin(store, &read, err);
    if (code == STATUS_OK)
        code = kg_db_copy(read->db, to, err);
    kg_read_end(read);
    return code;
}

status kg_restore(kg_store *store, const char *to, error *err)
{
    if (access(to, F_OK) != 0)
        return kg_backup(store, to, err);
    kg_read *read = NULL;
    kg_db *target = NULL;
    int version = 0;
    status code = kg_db_open(to, KG_DB_WRITE, store->options.wait_ms, &target, err);
    if (code == STATUS_OK)
        code = kg_db_verify(target, to, &version, err);
    if (code == STATUS_OK)
        code = kg_read_begin(store, &read, err);
    sqlite3_backup *backup =
        code == STATUS_OK ? sqlite3_backup_init(target->handle, "main", read->db->handle, "main")
                          : NULL;
    if (code == STATUS_OK) {
        int step = backup == NULL ? SQLITE_NOMEM : sqlite3_backup_step(backup, -1);
        sqlite3_backup_finish(backup);
        if (step != SQLITE_DONE)
            code = kg_db_error(target, step, to, err);
    }
    kg_read_end(read);
    kg_db_close(target);
    return code;
}
