/* SPDX-License-Identifier: MIT */
/* What the tests of the engine share: the Scripted package loaded, handles made of it. */
#ifndef SCRIPTED_H
#define SCRIPTED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <sspi.h>
#include <sspi_queue.h>

#include "sspi_scripted.h"

/* The controls of sspi_scripted.h as functions; safe to call from any thread. */
struct scripted {
    void (*release)(int count);             /* lets that many blocked calls go on */
    int (*wait_blocked)(int count, int ms); /* until that many are blocked; 0: in time */
    int (*live_contexts)(void);
    int (*live_credentials)(void); /* without the one that the controls go through */
    int (*legs)(void);             /* that the package ran, since the start */
    int (*permits)(void);          /* of release, that no call has taken yet */
    int (*waiting)(void);          /* calls outside the package */
    int (*stopped)(void);          /* of those, since the start */
    int (*idle_calls)(void);       /* that were called again for nothing, since the start */
    void (*take_log)(char *log, int size);
};

extern const struct scripted *const scripted;

/* Longer than anything here takes, also under a sanitizer on a busy machine. */
#define PATIENCE_MS 30000

/* A cmocka group setup: loads the module through AddSecurityPackage. */
int scripted_setup(void **state);
/* The way back, where leaks are looked for. */
int scripted_teardown(void **state);
/* A teardown for each test: nothing of Scripted is alive any more, soon, and no release is
 * left over that a call of another test would take. */
int scripted_nothing_is_left(void **state);

/* A credential whose legs bring their own words: an initiator's target, an acceptor's token. */
CredHandle scripted_credential(void);
/* One leg of an initiator with this script; expects status. */
CtxtHandle scripted_context(CredHandle *credential, const char *script, SECURITY_STATUS status);
/* The same, asynchronously, into places that live as long as the test. */
struct scripted_leg {
    CtxtHandle context;
    SecBuffer buffer;
    SecBufferDesc output;
    unsigned char token[4096];
    uint32_t attributes;
    TimeStamp expiry;
};
SECURITY_STATUS scripted_submit_leg(SspiAsyncContext *async, CredHandle *credential,
                                    CtxtHandle *context, const char *script,
                                    struct scripted_leg *leg);
SECURITY_STATUS scripted_submit_acquire(SspiAsyncContext *async, const char *script,
                                        CredHandle *credential);

/* Waits until the value of a counter is as wanted. */
void scripted_eventually(int (*value)(void), int wanted);

/* Gives the other threads half a second to fall asleep; this one is the process's first. For
 * the sake of AddressSanitizer, which minds what they are in the midst of. */
void scripted_let_others_sleep(void);

#define assert_status(actual, expected)                                                        \
    scripted_assert_status((actual), (expected), #actual, __FILE__, __LINE__)
void scripted_assert_status(SECURITY_STATUS actual, SECURITY_STATUS expected, const char *text,
                            const char *file, int line);

#endif
