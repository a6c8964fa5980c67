/* See sidecar.h. Nothing here opens the graph's file or its -shm: closing them again would drop the
 * locks that SQLite holds on them in this process. */
#include "kg/sidecar.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define NAME "user.vouch.graph"
#define TRIES 50 /* of 20 ms, while another process puts them aside */

/* "device file -shm": the last so that a copy of the -shm, attribute and all, says nothing. */
static void mark_of(const struct stat *file, const struct stat *shm, char *out, size_t bytes)
{
    (void)snprintf(out, bytes, "%llu %llu %llu", (unsigned long long)file->st_dev,
                   (unsigned long long)file->st_ino, (unsigned long long)shm->st_ino);
}

static bool beside(const char *path, const char *tail, char *out, size_t bytes)
{
    return snprintf(out, bytes, "%s%s", path, tail) < (int)bytes;
}

/* Are the sidecars known to be another file's? */
static bool foreign(const char *shm_path, const struct stat *file)
{
    struct stat shm;
    char mark[80], wanted[80];
    unsigned long long device, inode, own;
    ssize_t n = getxattr(shm_path, NAME, mark, sizeof mark - 1);
    if (n <= 0 || stat(shm_path, &shm) != 0)
        return false;
    mark[n] = 0;
    if (sscanf(mark, "%llu %llu %llu", &device, &inode, &own) != 3 || own != shm.st_ino)
        return false;
    mark_of(file, &shm, wanted, sizeof wanted);
    return strcmp(mark, wanted) != 0;
}

static status put_aside(const char *path, const char *shm_path, error *err)
{
    char wal[4096], kept[4096];
    struct stat log;
    if (!beside(path, "-wal", wal, sizeof wal) || !beside(path, "-wal.replaced", kept, sizeof kept))
        return error_set(err, STATUS_USAGE, "%s: the path is too long", path);
    bool holds = stat(wal, &log) == 0 && log.st_size > 0;
    if ((holds ? rename(wal, kept) : unlink(wal)) != 0 && errno != ENOENT)
        return error_errno(err, errno == EACCES ? STATUS_DENIED : STATUS_IO, errno, wal);
    if (unlink(shm_path) != 0 && errno != ENOENT)
        return error_errno(err, errno == EACCES ? STATUS_DENIED : STATUS_IO, errno, shm_path);
    return STATUS_OK;
}

status kg_sidecar_clear(const char *path, const struct stat *file, error *err)
{
    char shm[4096], lock[4096];
    if (!beside(path, "-shm", shm, sizeof shm) || !beside(path, "-moving", lock, sizeof lock))
        return STATUS_OK;
    /* One process at a time: another's new sidecars are not to be taken for old ones. */
    for (int i = 0; foreign(shm, file) && i < TRIES; i++) {
        int fd = open(lock, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
        if (fd >= 0) {
            status code = foreign(shm, file) ? put_aside(path, shm, err) : STATUS_OK;
            (void)close(fd);
            (void)unlink(lock);
            return code;
        }
        if (errno != EEXIST)
            return STATUS_OK; /* a folder that we may not write: SQLite will tell */
        if (i + 1 == TRIES)
            (void)unlink(lock); /* left by a process that was killed */
        (void)nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    return STATUS_OK;
}

void kg_sidecar_mark(const char *path, const struct stat *file)
{
    char name[4096], mark[80];
    struct stat shm, now;
    if (!beside(path, "-shm", name, sizeof name) || stat(path, &now) != 0 ||
        now.st_ino != file->st_ino || now.st_dev != file->st_dev || stat(name, &shm) != 0)
        return;
    mark_of(file, &shm, mark, sizeof mark);
    (void)setxattr(name, NAME, mark, strlen(mark), XATTR_CREATE);
}
