/* SPDX-License-Identifier: MIT */
/* What the tests of the engine share: the Probe package loaded, handles made of it. */
#ifndef PROBE_H
#define PROBE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <sspi.h>
#include <sspi_queue.h>

#include "probe_package.h"

extern const struct probe *probe;

/* Longer than anything here takes, also under a sanitizer on a busy machine. */
#define PATIENCE_MS 30000

/* A cmocka group setup: loads the module through AddSecurityPackage. */
int probe_setup(void **state);
/* A teardown for each test: nothing of Probe is alive any more, soon. */
int probe_nothing_is_left(void **state);

CredHandle probe_credential(void);
/* One leg of an initiator with this script; expects status. */
CtxtHandle probe_context(CredHandle *credential, const char *script, SECURITY_STATUS status);
/* The same, asynchronously, into places that live as long as the test. */
struct probe_leg {
    CtxtHandle context;
    SecBuffer buffer;
    SecBufferDesc output;
    unsigned char token[4096];
    uint32_t attributes;
    TimeStamp expiry;
};
SECURITY_STATUS probe_submit_leg(SspiAsyncContext *async, CredHandle *credential,
                                 CtxtHandle *context, const char *script,
                                 struct probe_leg *leg);
SECURITY_STATUS probe_submit_acquire(SspiAsyncContext *async, const char *script,
                                     CredHandle *credential);

/* Waits until the value of a counter is as wanted. */
void probe_eventually(int (*value)(void), int wanted);

#define assert_status(actual, expected)                                                        \
    probe_assert_status((actual), (expected), #actual, __FILE__, __LINE__)
void probe_assert_status(SECURITY_STATUS actual, SECURITY_STATUS expected, const char *text,
                         const char *file, int line);

#endif
