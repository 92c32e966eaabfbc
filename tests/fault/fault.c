/* SPDX-License-Identifier: MIT */
#include "fault.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default"))) /* modules find these */

static atomic_ulong requests;
static atomic_ulong doomed;
static _Atomic(const char *) hit;

void fault_arm(unsigned long n)
{
    atomic_store(&doomed, 0);
    atomic_store(&hit, NULL);
    atomic_store(&requests, 0);
    atomic_store(&doomed, n);
}

unsigned long fault_requests(void)
{
    return atomic_load(&requests);
}

const char *fault_hit(void)
{
    return atomic_load(&hit);
}

static bool fails(const char *what, int error)
{
    if (atomic_fetch_add(&requests, 1) + 1 != atomic_load(&doomed))
        return false;
    atomic_store(&hit, what);
    errno = error;
    return true;
}

#if defined(__SANITIZE_ADDRESS__)
int __lsan_do_recoverable_leak_check(void);
#else
static int __lsan_do_recoverable_leak_check(void)
{
    return 0;
}
#endif

/* A thread that starts or ends just now has memory of the sanitizer's own that looks lost:
 * what is lost stays so. */
bool fault_leaks(void)
{
    for (int i = 0; i < 5; i++) {
        if (__lsan_do_recoverable_leak_check() == 0)
            return false;
        usleep(50000);
    }
    return true;
}

/* NAME as the linker calls it, failing with VALUE. */
#define WRAP(type, name, parameters, arguments, value, error)                                  \
    type __real_##name parameters;                                                             \
    EXPORT type __wrap_##name parameters;                                                      \
    type __wrap_##name parameters                                                              \
    {                                                                                          \
        return fails(#name, error) ? (value) : __real_##name arguments;                        \
    }

WRAP(void *, malloc, (size_t size), (size), NULL, ENOMEM)
WRAP(void *, calloc, (size_t count, size_t size), (count, size), NULL, ENOMEM)
WRAP(void *, realloc, (void *memory, size_t size), (memory, size), NULL, ENOMEM)
WRAP(char *, strdup, (const char *text), (text), NULL, ENOMEM)
WRAP(char *, strndup, (const char *text, size_t most), (text, most), NULL, ENOMEM)
WRAP(int, eventfd, (unsigned start, int flags), (start, flags), -1, EMFILE)
WRAP(int, epoll_create1, (int flags), (flags), -1, EMFILE)
WRAP(FILE *, fopen, (const char *path, const char *mode), (path, mode), NULL, EMFILE)
WRAP(DIR *, opendir, (const char *path), (path), NULL, EMFILE)
WRAP(int, pthread_create,
     (pthread_t * thread, const pthread_attr_t *attributes, void *(*start)(void *),
      void *argument),
     (thread, attributes, start, argument), EAGAIN, EAGAIN)
