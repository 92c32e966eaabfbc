/* SPDX-License-Identifier: MIT */
/*
 * Row "frozen-kdc": how long a delete takes that is waited for, while 32 handshakes of the same
 * package hang in a KDC that takes connections and answers nothing, against the same without
 * them. libkrb5 waits for that KDC by itself: nobody tells it that there is no answer to come.
 *
 * A round is: complete Kerberos contexts are made; the KDC is frozen and 32 first legs are
 * submitted that need a ticket (ours), or not (theirs); the contexts are deleted one by one;
 * the KDC answers again and all legs end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sspi.h>
#include <sspi_queue.h>

#include "handshake.h"
#include "kdc.h"
#include "measure.h"

#define ROW         "frozen-kdc"
#define HANGING     32
#define ROUNDS_MOST 64
#define PATIENCE_MS 60000
#define ISC                                                                                    \
    (ISC_REQ_MUTUAL_AUTH | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT |                   \
     ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY | ISC_REQ_ALLOCATE_MEMORY)

static char package[] = "Kerberos", target[] = "HTTP@localhost";

static CredHandle initiator, acceptor;

struct hanging {
    SspiAsyncContext *async;
    CtxtHandle context;
    SecBuffer token;
    SecBufferDesc tokens;
};

static struct hanging legs[HANGING];
static CredHandle without_tickets;

static void expect(SECURITY_STATUS status, SECURITY_STATUS expected, const char *what)
{
    char message[512] = "";

    if (status == expected)
        return;
    sspia_last_message(message, sizeof(message));
    measure_fail("%s: %s (%s)", what, sspia_status_name(status), message);
}

static void rest(long milliseconds)
{
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};

    nanosleep(&time, NULL);
}

/* ---- What hangs ------------------------------------------------------------------------- */

/* By password: the credential has a ticket cache to itself, with no ticket for any service. */
static void acquire_without_tickets(void)
{
    char *password = handshake_value("ALICE_PASSWORD");
    SEC_WINNT_AUTH_IDENTITY_A alice = {
        .User = (unsigned char *)"alice",
        .UserLength = 5,
        .Password = (unsigned char *)password,
        .PasswordLength = (uint32_t)strlen(password),
        .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI,
    };

    expect(AcquireCredentialsHandleA(NULL, package, SECPKG_CRED_OUTBOUND, NULL, &alice, NULL,
                                     NULL, &without_tickets, NULL),
           SEC_E_OK, "acquire by password");
}

static void hang(void)
{
    kdc_freeze();
    for (int i = 0; i < HANGING; i++) {
        struct hanging *leg = &legs[i];

        leg->token = (SecBuffer){0, SECBUFFER_TOKEN, NULL};
        leg->tokens = (SecBufferDesc){SECBUFFER_VERSION, 1, &leg->token};
        leg->async = SspiCreateAsyncContext();
        expect(SspiInitializeSecurityContextAsyncA(leg->async, &without_tickets, NULL, target,
                                                   ISC, 0, SECURITY_NATIVE_DREP, NULL, 0,
                                                   &leg->context, &leg->tokens, NULL, NULL),
               SEC_E_OK, "submit");
    }
    rest(200); /* now they are all inside */
}

static void expect_hanging(void)
{
    for (int i = 0; i < HANGING; i++)
        expect(SspiGetAsyncCallStatus(legs[i].async), SEC_I_ASYNC_CALL_PENDING, "hanging leg");
}

/* What was kept waiting goes on as if nothing had been. */
static void let_go(void)
{
    kdc_thaw();
    for (int i = 0; i < HANGING; i++) {
        expect(sspia_async_wait(legs[i].async, PATIENCE_MS), SEC_I_CONTINUE_NEEDED,
               "leg after the thaw");
        SspiFreeAsyncContext(legs[i].async);
        expect(DeleteSecurityContext(&legs[i].context), SEC_E_OK, "delete");
        FreeContextBuffer(legs[i].token.pvBuffer);
    }
}

/* ---- What must not notice --------------------------------------------------------------- */

static void acquire(void)
{
    sspia_auth_identity client = {.version = SSPIA_AUTH_IDENTITY_VERSION,
                                  .size = sizeof(client)};
    sspia_auth_identity server = client;

    client.credential_cache = handshake_value("CCACHE");
    server.keytab = handshake_value("KEYTAB");
    expect(AcquireCredentialsHandleA(NULL, package, SECPKG_CRED_OUTBOUND, NULL, &client, NULL,
                                     NULL, &initiator, NULL),
           SEC_E_OK, "acquire");
    expect(AcquireCredentialsHandleA(NULL, package, SECPKG_CRED_INBOUND, NULL, &server, NULL,
                                     NULL, &acceptor, NULL),
           SEC_E_OK, "acquire");
}

/* Two complete contexts. */
static void shake(CtxtHandle *client, CtxtHandle *server)
{
    SecBuffer request = {0, SECBUFFER_TOKEN, NULL}, reply = {0, SECBUFFER_TOKEN, NULL};
    SecBuffer nothing = {0, SECBUFFER_TOKEN, NULL};
    SecBufferDesc requests = {SECBUFFER_VERSION, 1, &request};
    SecBufferDesc replies = {SECBUFFER_VERSION, 1, &reply};
    SecBufferDesc nothings = {SECBUFFER_VERSION, 1, &nothing};
    uint32_t flags;

    expect(InitializeSecurityContextA(&initiator, NULL, target, ISC, 0, SECURITY_NATIVE_DREP,
                                      NULL, 0, client, &requests, &flags, NULL),
           SEC_I_CONTINUE_NEEDED, "initialize");
    expect(AcceptSecurityContext(&acceptor, NULL, &requests, ASC_REQ_ALLOCATE_MEMORY,
                                 SECURITY_NATIVE_DREP, server, &replies, &flags, NULL),
           SEC_E_OK, "accept");
    expect(InitializeSecurityContextA(&initiator, client, target, ISC, 0, SECURITY_NATIVE_DREP,
                                      &replies, 0, client, &nothings, &flags, NULL),
           SEC_E_OK, "initialize");
    FreeContextBuffer(request.pvBuffer);
    FreeContextBuffer(reply.pvBuffer);
    FreeContextBuffer(nothing.pvBuffer);
}

/* One after the other, each waited for. */
static void time_deletes(CtxtHandle *contexts, double *samples, long count)
{
    SspiAsyncContext *async = SspiCreateAsyncContext();

    for (long i = 0; i < count; i++) {
        double begun = measure_now();

        expect(SspiDeleteSecurityContextAsync(async, &contexts[i]), SEC_E_OK, "submit");
        expect(sspia_async_wait(async, PATIENCE_MS), SEC_E_OK, "delete");
        samples[i] = (measure_now() - begun) / 1e3;
        SspiReinitAsyncContext(async);
    }
    SspiFreeAsyncContext(async);
}

/* ---- Rounds ----------------------------------------------------------------------------- */

struct quantiles {
    double p50, p99;
};

static struct quantiles one_round(bool frozen, long count)
{
    CtxtHandle *contexts = calloc((size_t)count, sizeof(*contexts));
    double *samples = calloc((size_t)count, sizeof(*samples));
    struct quantiles result;

    if (contexts == NULL || samples == NULL)
        measure_fail("no memory");
    for (long i = 0; i < count; i += 2)
        shake(&contexts[i], &contexts[i + 1]);
    acquire_without_tickets(); /* in both, so that both have the same past */
    if (frozen)
        hang();
    else
        rest(200);
    time_deletes(contexts, samples, count);
    if (frozen) {
        expect_hanging();
        let_go();
    }
    expect(FreeCredentialsHandle(&without_tickets), SEC_E_OK, "free");
    result.p50 = measure_quantile(samples, count, 0.5);
    result.p99 = measure_quantile(samples, count, 0.99);
    free(contexts);
    free(samples);
    return result;
}

static void measure(void)
{
    static struct quantiles frozen[ROUNDS_MOST], free_[ROUNDS_MOST];
    double ours[ROUNDS_MOST], theirs[ROUNDS_MOST];
    long count = measure_count(4000);
    int rounds = measure_rounds();
    struct comparison comparison = {
        .row = ROW, .peer = "the same without the freeze", .unit = "us"};

    one_round(false, count);
    for (int i = 0; i < rounds; i++) {
        bool first = measure_ours_is_first(i);

        if (first)
            frozen[i] = one_round(true, count);
        free_[i] = one_round(false, count);
        if (!first)
            frozen[i] = one_round(true, count);
    }
    for (int p99 = 0; p99 < 2; p99++) {
        for (int i = 0; i < rounds; i++) {
            ours[i] = p99 ? frozen[i].p99 : frozen[i].p50;
            theirs[i] = p99 ? free_[i].p99 : free_[i].p50;
        }
        comparison.case_ = p99 ? "p99" : "p50";
        measure_print(&comparison, ours, theirs, rounds);
    }
}

int main(int argc, char **argv)
{
    measure_options(argc, argv);
    if (!measure_wants(ROW))
        return 0;
    if (!handshake_possible(HANDSHAKE_KERBEROS))
        return 77;
    kdc_open();
    acquire();
    measure();
    expect(FreeCredentialsHandle(&initiator), SEC_E_OK, "free");
    expect(FreeCredentialsHandle(&acceptor), SEC_E_OK, "free");
    return 0;
}
