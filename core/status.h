/* The one status enum of the project. Every fallible call returns it, leaves its out-parameters
 * untouched on failure, and describes the failure in a trailing `error *` (core/error.h). */
#ifndef VOUCH_CORE_STATUS_H
#define VOUCH_CORE_STATUS_H

typedef enum status {
    STATUS_OK = 0,
    STATUS_USAGE,       /* the caller asked for something that makes no sense */
    STATUS_SYNTAX,      /* input text or file does not parse */
    STATUS_INVALID,     /* input parses, but breaks a rule (schema, range, invariant) */
    STATUS_UNSUPPORTED, /* valid, but vouch does not do it */
    STATUS_NOT_FOUND,   /* no such file, term, graph, key */
    STATUS_EXISTS,      /* it is there already */
    STATUS_BUSY,        /* someone else holds it; try again */
    STATUS_LIMIT,       /* a bound (size, depth, rows, time, memory) was reached */
    STATUS_CANCELLED,   /* the caller asked to stop */
    STATUS_DENIED,      /* permission or policy forbids it */
    STATUS_IO,          /* the operating system failed to read or write */
    STATUS_NET,         /* a remote end failed */
    STATUS_CORRUPT,     /* a file of ours is damaged */
    STATUS_MEMORY,      /* out of memory */
    STATUS_INTERNAL     /* a bug in vouch */
} status;

/* A stable lower-case word for each status ("ok", "syntax", ...); never NULL. */
const char *status_name(status code);

/* The process exit code that a command gives for a status: 0 done, 2 usage, 3 bad data,
 * 4 internal. (1, no answer, is decided by the command itself.) */
int status_exit_code(status code);

#endif
