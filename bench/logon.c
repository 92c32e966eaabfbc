/* SPDX-License-Identifier: MIT */
#include "logon.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include <sspi_queue.h>

#include "handshake.h"
#include "measure.h"

#define PATIENCE_MS 60000
#define ISC         (ISC_REQ_MUTUAL_AUTH | ISC_REQ_CONFIDENTIALITY | ISC_REQ_ALLOCATE_MEMORY)

static struct logon *logons;
static int logon_count;
static CredHandle credential_of_all;
static sspia_queue *queue;
static long ended;

void logon_expect(SECURITY_STATUS status, SECURITY_STATUS expected, const char *what)
{
    char message[512] = "";

    if (status == expected)
        return;
    sspia_last_message(message, sizeof(message));
    measure_fail("%s: %s (%s)", what, sspia_status_name(status), message);
}

CredHandle logon_acquire(const char *ccache)
{
    sspia_auth_identity alice = {.version = SSPIA_AUTH_IDENTITY_VERSION,
                                 .size = sizeof(alice),
                                 .credential_cache = ccache};
    CredHandle made;

    logon_expect(AcquireCredentialsHandleA(NULL, "Kerberos", SECPKG_CRED_OUTBOUND, NULL, &alice,
                                           NULL, NULL, &made, NULL),
                 SEC_E_OK, "acquire");
    return made;
}

static void on_end(SspiAsyncContext *async, void *data)
{
    struct logon *logon = data;

    (void)async;
    logon->ended = measure_now();
    ended++;
}

struct logon *logons_open(int count)
{
    credential_of_all = logon_acquire(handshake_value("CCACHE"));
    queue = sspia_queue_create();
    logons = calloc((size_t)count, sizeof(*logons));
    logon_count = count;
    if (logons == NULL || queue == NULL)
        measure_fail("no memory");
    for (int i = 0; i < count; i++) {
        struct logon *logon = &logons[i];

        logon->async = SspiCreateAsyncContext();
        snprintf(logon->target, sizeof(logon->target), "HTTP@host%d.localhost", i);
        logon_expect(sspia_async_set_queue(logon->async, queue), SEC_E_OK, "queue");
        logon_expect(SspiSetAsyncNotifyCallback(logon->async, on_end, logon), SEC_E_OK,
                     "callback");
    }
    return logons;
}

void logons_close(void)
{
    for (int i = 0; i < logon_count; i++)
        SspiFreeAsyncContext(logons[i].async);
    free(logons);
    sspia_queue_free(queue);
    logon_expect(FreeCredentialsHandle(&credential_of_all), SEC_E_OK, "free");
}

void logon_submit(struct logon *logon, const CredHandle *credential, double at)
{
    CredHandle with = credential != NULL ? *credential : credential_of_all;

    logon->token = (SecBuffer){0, SECBUFFER_TOKEN, NULL};
    logon->tokens = (SecBufferDesc){SECBUFFER_VERSION, 1, &logon->token};
    logon_expect(at != 0 ? sspia_async_set_deadline_at(logon->async, (int64_t)at)
                         : sspia_async_set_deadline(logon->async, 0),
                 SEC_E_OK, "deadline");
    logon_expect(SspiInitializeSecurityContextAsyncA(
                     logon->async, &with, NULL, logon->target, ISC, 0, SECURITY_NATIVE_DREP,
                     NULL, 0, &logon->context, &logon->tokens, NULL, NULL),
                 SEC_E_OK, "submit");
}

void logons_begin(void)
{
    ended = 0;
}

long logons_ended(void)
{
    return ended;
}

void logons_take(int milliseconds)
{
    sspia_queue_dispatch(queue, 1024, milliseconds);
}

void logons_await(long count)
{
    while (ended < count) {
        if (sspia_queue_dispatch(queue, 1024, PATIENCE_MS) <= 0)
            measure_fail("completions are missing: %ld of %ld came", ended, count);
    }
}

double logons_lateness(int first, int step, double at)
{
    double worst = 0;

    for (int i = first; i < logon_count; i += step) {
        const double late_ms = (logons[i].ended - at) / 1e6;

        worst = late_ms > worst ? late_ms : worst;
    }
    return worst;
}

void logons_reinit(int first, int step, int count, SECURITY_STATUS expected)
{
    for (int i = first; i < count; i += step) {
        logon_expect(SspiGetAsyncCallStatus(logons[i].async), expected, "a logon");
        SspiReinitAsyncContext(logons[i].async);
    }
}

static long entries_of(const char *path)
{
    DIR *folder = opendir(path);
    long count = -2; /* "." and ".." */

    if (folder == NULL)
        measure_fail("%s cannot be read", path);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

long logons_files(void)
{
    return entries_of("/proc/self/fd") - 1; /* that of the folder */
}

long logons_threads(void)
{
    return entries_of("/proc/self/task");
}
