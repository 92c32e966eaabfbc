/* SPDX-License-Identifier: MIT */
/* Handshakes through the public API of the library. */
#include "handshake.h"

#include <stdlib.h>
#include <string.h>

#include <schannel.h>
#include <sspi.h>
#include <sspi_queue.h>

#include "measure.h"

#define PATIENCE_MS 20000
#define TOKEN_SIZE  8192
#define FLIGHT_MOST 64

struct side {
    SspiAsyncContext *async;
    CtxtHandle context;
    bool started, done;
    SecBuffer token; /* what it has for the other side */
    unsigned char room[TOKEN_SIZE];
};

struct handshake {
    struct side side[2]; /* initiator, acceptor */
    int turn;
    int deleting;
};

static char *const packages[] = {"NTLM", "Kerberos", "Negotiate", "Negotiate", "Schannel"};

static char *target;
static CredHandle credentials[2];

/* Of ours_run_in_flight; its callbacks run on its own thread. */
static sspia_queue *queue;
static long to_begin, to_end;

static void expect(SECURITY_STATUS status, SECURITY_STATUS expected, const char *what,
                   SspiAsyncContext *async)
{
    char message[512] = "";

    if (status == expected)
        return;
    if (async == NULL || sspia_async_message(async, message, sizeof(message)) == 0)
        sspia_last_message(message, sizeof(message));
    measure_fail("%s: %s (%s)", what, sspia_status_name(status), message);
}

/* ---- Credentials ------------------------------------------------------------------------ */

static void acquire(char *package, uint32_t use, void *data)
{
    expect(AcquireCredentialsHandleA(NULL, package, use, NULL, data, NULL, NULL,
                                     &credentials[use == SECPKG_CRED_INBOUND], NULL),
           SEC_E_OK, "acquire", NULL);
}

static void acquire_tls(void)
{
    const char *file = handshake_value("TLS_CERTIFICATE");
    SCH_CREDENTIALS server = {.dwVersion = SCH_CREDENTIALS_VERSION};
    SCH_CREDENTIALS client = {.dwVersion = SCH_CREDENTIALS_VERSION};
    PCCERT_CONTEXT certificate;
    HCERTSTORE roots;

    expect(sspia_certificate_load_file(file, NULL, NULL, &certificate), SEC_E_OK, file, NULL);
    expect(sspia_roots_load_file(file, 0, &roots), SEC_E_OK, file, NULL);
    server.cCreds = 1;
    server.paCred = &certificate;
    client.hRootStore = roots;
    acquire(packages[HANDSHAKE_TLS], SECPKG_CRED_OUTBOUND, &client);
    acquire(packages[HANDSHAKE_TLS], SECPKG_CRED_INBOUND, &server);
    sspia_certificate_free(certificate);
    sspia_roots_free(roots);
}

static void acquire_logon(enum handshake_kind kind)
{
    sspia_auth_identity client = {.version = SSPIA_AUTH_IDENTITY_VERSION,
                                  .size = sizeof(client)};
    sspia_auth_identity server = client;
    SEC_WINNT_AUTH_IDENTITY_A alice = {
        .User = (unsigned char *)"alice",
        .UserLength = 5,
        .Domain = (unsigned char *)"TEST",
        .DomainLength = 4,
        .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI,
    };

    if (kind == HANDSHAKE_NTLM || kind == HANDSHAKE_NEGOTIATE_NTLM) {
        alice.Password = (unsigned char *)handshake_value("ALICE_PASSWORD");
        alice.PasswordLength = (uint32_t)strlen((char *)alice.Password);
        client.identity = &alice;
        server.ntlm_user_file = handshake_value("NTLM_USER_FILE");
    } else {
        client.credential_cache = handshake_value("CCACHE");
        server.keytab = handshake_value("KEYTAB");
    }
    acquire(packages[kind], SECPKG_CRED_OUTBOUND, &client);
    acquire(packages[kind], SECPKG_CRED_INBOUND, &server);
}

void ours_open(enum handshake_kind kind)
{
    target = kind == HANDSHAKE_TLS ? "localhost" : "HTTP@localhost";
    if (kind == HANDSHAKE_TLS)
        acquire_tls();
    else
        acquire_logon(kind);
}

void ours_close(void)
{
    for (int i = 0; i < 2; i++)
        expect(FreeCredentialsHandle(&credentials[i]), SEC_E_OK, "free", NULL);
}

/* ---- A leg ------------------------------------------------------------------------------ */

/* Submits the next leg or, synchronously, makes it. Tokens lie in our own memory: what a
 * program does that wants no allocation. */
static SECURITY_STATUS leg(struct handshake *handshake, bool synchronous)
{
    static const uint32_t isc = ISC_REQ_MUTUAL_AUTH | ISC_REQ_REPLAY_DETECT |
                                ISC_REQ_SEQUENCE_DETECT | ISC_REQ_CONFIDENTIALITY |
                                ISC_REQ_INTEGRITY;
    static const uint32_t asc =
        ASC_REQ_REPLAY_DETECT | ASC_REQ_SEQUENCE_DETECT | ASC_REQ_CONFIDENTIALITY;
    struct side *side = &handshake->side[handshake->turn];
    SecBuffer in = handshake->side[!handshake->turn].token;
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &in};
    SecBufferDesc output = {SECBUFFER_VERSION, 1, &side->token};
    CtxtHandle *context = side->started ? &side->context : NULL;
    SecBufferDesc *given = in.cbBuffer > 0 ? &input : NULL;
    uint32_t flags;

    side->token = (SecBuffer){sizeof(side->room), SECBUFFER_TOKEN, side->room};
    if (handshake->turn == 0)
        return synchronous
                   ? InitializeSecurityContextA(&credentials[0], context, target, isc, 0,
                                                SECURITY_NATIVE_DREP, given, 0, &side->context,
                                                &output, &flags, NULL)
                   : SspiInitializeSecurityContextAsyncA(
                         side->async, &credentials[0], context, target, isc, 0,
                         SECURITY_NATIVE_DREP, given, 0, &side->context, &output, NULL, NULL);
    return synchronous ? AcceptSecurityContext(&credentials[1], context, given, asc,
                                               SECURITY_NATIVE_DREP, &side->context, &output,
                                               &flags, NULL)
                       : SspiAcceptSecurityContextAsync(side->async, &credentials[1], context,
                                                        given, asc, SECURITY_NATIVE_DREP,
                                                        &side->context, &output, NULL, NULL);
}

static void submit_leg(struct handshake *handshake)
{
    expect(leg(handshake, false), SEC_E_OK, "submit", NULL);
}

/* Takes the status of a leg; false: the other side is to move. A server of TLS 1.3 has a
 * ticket left when both are done, which is not part of the handshake. */
static bool leg_done(struct handshake *handshake, SECURITY_STATUS status)
{
    struct side *side = &handshake->side[handshake->turn];

    if (status != SEC_I_CONTINUE_NEEDED)
        expect(status, SEC_E_OK, handshake->turn == 0 ? "initialize" : "accept", side->async);
    side->started = true;
    side->done = status == SEC_E_OK;
    handshake->turn = !handshake->turn;
    if (side->done && handshake->side[handshake->turn].done)
        return true;
    if (side->token.cbBuffer == 0)
        measure_fail("no token for a side that waits for one");
    return false;
}

static void begin(struct handshake *handshake)
{
    for (int i = 0; i < 2; i++) {
        handshake->side[i].started = handshake->side[i].done = false;
        handshake->side[i].token = (SecBuffer){0, SECBUFFER_TOKEN, NULL};
    }
    handshake->turn = 0;
}

static void submit_deletes(struct handshake *handshake)
{
    handshake->deleting = 2;
    for (int i = 0; i < 2; i++)
        expect(SspiDeleteSecurityContextAsync(handshake->side[i].async,
                                              &handshake->side[i].context),
               SEC_E_OK, "submit delete", NULL);
}

/* ---- One at a time ---------------------------------------------------------------------- */

static struct handshake *create(void)
{
    struct handshake *handshake = calloc(1, sizeof(*handshake));

    if (handshake == NULL)
        measure_fail("no memory");
    for (int i = 0; i < 2; i++)
        handshake->side[i].async = SspiCreateAsyncContext();
    return handshake;
}

static void destroy(struct handshake *handshake)
{
    for (int i = 0; i < 2; i++)
        SspiFreeAsyncContext(handshake->side[i].async);
    free(handshake);
}

static SECURITY_STATUS wait_for(SspiAsyncContext *async)
{
    SECURITY_STATUS status = sspia_async_wait(async, -1); /* as the peer waits: for ever */

    if (status < 0)
        expect(status, SEC_E_OK, "call", async);
    SspiReinitAsyncContext(async);
    return status;
}

void ours_run(long count)
{
    struct handshake *handshake = create();

    while (count-- > 0) {
        SspiAsyncContext *async;

        begin(handshake);
        do {
            async = handshake->side[handshake->turn].async;
            submit_leg(handshake);
        } while (!leg_done(handshake, wait_for(async)));
        submit_deletes(handshake);
        for (int i = 0; i < 2; i++)
            expect(wait_for(handshake->side[i].async), SEC_E_OK, "delete", NULL);
    }
    destroy(handshake);
}

void ours_run_synchronously(long count)
{
    struct handshake *handshake = create();

    while (count-- > 0) {
        begin(handshake);
        while (!leg_done(handshake, leg(handshake, true)))
            continue;
        for (int i = 0; i < 2; i++)
            expect(DeleteSecurityContext(&handshake->side[i].context), SEC_E_OK, "delete",
                   NULL);
    }
    destroy(handshake);
}

/* ---- Several at a time ------------------------------------------------------------------ */

static void on_completion(SspiAsyncContext *async, void *data)
{
    struct handshake *handshake = data;
    SECURITY_STATUS status = SspiGetAsyncCallStatus(async);

    if (status < 0)
        expect(status, SEC_E_OK, "call", async);
    SspiReinitAsyncContext(async);
    if (handshake->deleting == 0) {
        if (leg_done(handshake, status))
            submit_deletes(handshake);
        else
            submit_leg(handshake);
        return;
    }
    expect(status, SEC_E_OK, "delete", NULL);
    if (--handshake->deleting > 0)
        return;
    to_end--;
    if (to_begin-- > 0) {
        begin(handshake);
        submit_leg(handshake);
    }
}

void ours_run_in_flight(long count, int in_flight)
{
    struct handshake *handshakes[FLIGHT_MOST];

    queue = sspia_queue_create();
    to_begin = to_end = count;
    for (int i = 0; i < in_flight; i++) {
        handshakes[i] = create();
        for (int k = 0; k < 2; k++) {
            SspiAsyncContext *async = handshakes[i]->side[k].async;

            expect(sspia_async_set_queue(async, queue), SEC_E_OK, "queue", NULL);
            expect(SspiSetAsyncNotifyCallback(async, on_completion, handshakes[i]), SEC_E_OK,
                   "callback", NULL);
        }
        if (to_begin-- > 0) {
            begin(handshakes[i]);
            submit_leg(handshakes[i]);
        }
    }
    while (to_end > 0) {
        if (sspia_queue_dispatch(queue, 64, PATIENCE_MS) <= 0)
            measure_fail("no call completes");
    }
    for (int i = 0; i < in_flight; i++)
        destroy(handshakes[i]);
    sspia_queue_free(queue);
}

/* ---- Contexts that stay ----------------------------------------------------------------- */

static CtxtHandle kept[HANDSHAKES_KEPT][2];
static long kept_count;

void ours_keep(long count)
{
    struct handshake *handshake = create();

    for (kept_count = 0; kept_count < count; kept_count++) {
        begin(handshake);
        while (!leg_done(handshake, leg(handshake, true)))
            continue;
        for (int i = 0; i < 2; i++)
            kept[kept_count][i] = handshake->side[i].context;
    }
    destroy(handshake);
}

void ours_exchange(long count)
{
    unsigned char signature[16];
    unsigned char text[1024] = {0};
    SecBuffer buffers[2] = {{sizeof(signature), SECBUFFER_TOKEN, signature},
                            {sizeof(text), SECBUFFER_DATA, text}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};

    while (count-- > 0) {
        expect(EncryptMessage(&kept[0][0], 0, &message, 0), SEC_E_OK, "encrypt", NULL);
        expect(DecryptMessage(&kept[0][1], &message, 0, NULL), SEC_E_OK, "decrypt", NULL);
    }
}

void ours_let_go(void)
{
    while (kept_count-- > 0) {
        for (int i = 0; i < 2; i++)
            expect(DeleteSecurityContext(&kept[kept_count][i]), SEC_E_OK, "delete", NULL);
    }
}
