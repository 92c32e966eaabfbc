/* SPDX-License-Identifier: MIT */
/*
 * A KDC that takes connections and says nothing. libkrb5 waits for it for half a minute and
 * cannot be told to stop; nobody but the call concerned may notice.
 */
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "scripted.h"
#include "side.h"

#define PROMPT_MS 5000 /* far less than libkrb5's patience, far more than is needed */
#define READY     8

static pid_t kdc(void)
{
    return (pid_t)strtol(realm_value("KDC_PID"), NULL, 10);
}

static void freeze(void)
{
    assert_int_equal(kill(kdc(), SIGSTOP), 0);
}

static void thaw(void)
{
    assert_int_equal(kill(kdc(), SIGCONT), 0);
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int pending_now(void)
{
    sspia_pool_counts counts = {.size = sizeof(counts)};

    assert_status(sspia_pool_stats(&counts), SEC_E_OK);
    return (int)counts.pending;
}

/* The KDC answers again, and every call ends. */
static int thaw_and_wait(void **state)
{
    (void)state;
    thaw();
    scripted_eventually(pending_now, 0);
    return 0;
}

static bool has_ntlm(void)
{
    PSecPkgInfoA info = NULL;

    if (QuerySecurityPackageInfoA("NTLM", &info) != SEC_E_OK)
        return false;
    FreeContextBuffer(info);
    return true;
}

/* ---- What must go on ---------------------------------------------------------------- */

struct bystanders {
    struct side initiators[READY], acceptors[READY];
    bool ntlm;
    struct side ntlm_initiator, ntlm_acceptor;
};

/* Complete Kerberos contexts and NTLM credentials, made while the KDC answers. */
static void prepare(struct bystanders *all)
{
    struct login login;

    for (int i = 0; i < READY; i++) {
        side_init(&all->initiators[i], true, false);
        side_init(&all->acceptors[i], false, false);
        assert_status(side_acquire(&all->initiators[i], "Kerberos", NULL), SEC_E_OK);
        assert_status(side_acquire(&all->acceptors[i], "Kerberos", NULL), SEC_E_OK);
        assert_status(sides_shake(&all->initiators[i], &all->acceptors[i], 8), SEC_E_OK);
    }
    all->ntlm = has_ntlm();
    if (!all->ntlm)
        return;
    side_init(&all->ntlm_initiator, true, true);
    side_init(&all->ntlm_acceptor, false, true);
    login_init(&login);
    login_as(&login, "TEST", "alice", realm_value("ALICE_PASSWORD"), "NTLM");
    assert_status(side_acquire(&all->ntlm_initiator, "NTLM", &login), SEC_E_OK);
    login_init(&login);
    login.identity.ntlm_user_file = realm_value("NTLM_USER_FILE");
    assert_status(side_acquire(&all->ntlm_acceptor, "NTLM", &login), SEC_E_OK);
}

/* They delete, shake hands by NTLM, and by Kerberos with tickets that they have. */
static void go_on(struct bystanders *all)
{
    int64_t begun = now_ms();
    SspiAsyncContext *async[READY];
    struct side cached, keys;

    for (int i = 0; i < READY; i++) {
        async[i] = SspiCreateAsyncContext();
        assert_status(SspiDeleteSecurityContextAsync(async[i], &all->initiators[i].context),
                      SEC_E_OK);
        all->initiators[i].started = false;
    }
    for (int i = 0; i < READY; i++) {
        assert_status(sspia_async_wait(async[i], PROMPT_MS), SEC_E_OK);
        SspiFreeAsyncContext(async[i]);
        assert_true(side_release(&all->initiators[i]));
        assert_true(side_release(&all->acceptors[i]));
    }
    side_init(&cached, true, true);
    side_init(&keys, false, true);
    assert_status(side_acquire(&cached, "Kerberos", NULL), SEC_E_OK);
    assert_status(side_acquire(&keys, "Kerberos", NULL), SEC_E_OK);
    assert_status(sides_shake(&cached, &keys, 8), SEC_E_OK);
    assert_true(side_release(&cached));
    assert_true(side_release(&keys));
    if (all->ntlm) {
        assert_status(sides_shake(&all->ntlm_initiator, &all->ntlm_acceptor, 8), SEC_E_OK);
        assert_true(side_release(&all->ntlm_initiator));
        assert_true(side_release(&all->ntlm_acceptor));
    }
    assert_in_range(now_ms() - begun, 0, PROMPT_MS);
}

/* ---- What hangs --------------------------------------------------------------------- */

static void cancel_at_once(SspiAsyncContext *async, const char *operation)
{
    char message[512];
    int64_t begun;

    assert_status(SspiGetAsyncCallStatus(async), SEC_I_ASYNC_CALL_PENDING);
    begun = now_ms();
    assert_status(sspia_async_cancel(async), SEC_E_OK);
    assert_status(sspia_async_wait(async, PROMPT_MS), SEC_E_UNFINISHED_CONTEXT_DELETED);
    assert_in_range(now_ms() - begun, 0, PROMPT_MS);
    assert_true(sspia_async_message(async, message, sizeof(message)) > 0);
    assert_non_null(strstr(message, operation));
    assert_non_null(strstr(message, "SEC_E_UNFINISHED_CONTEXT_DELETED"));
    assert_status(sspia_async_cancel(async), SEC_E_NO_CONTEXT);
    assert_int_equal(SspiReinitAsyncContext(async), STATUS_SUCCESS);
}

static void password_of_alice(struct login *login)
{
    login_init(login);
    login_as(login, "SSPI.TEST", "alice", realm_value("ALICE_PASSWORD"), "Kerberos");
}

/* A first leg that logs on with alice's password. */
struct logon {
    CredHandle credential;
    CtxtHandle context;
    SecBuffer token;
    SecBufferDesc tokens;
};

static void submit_logon(SspiAsyncContext *async, const char *package, struct logon *logon)
{
    struct login login;

    password_of_alice(&login);
    memset(logon, 0, sizeof(*logon));
    memset(&logon->context, 0x5a, sizeof(logon->context));
    logon->token = (SecBuffer){0, SECBUFFER_TOKEN, NULL};
    logon->tokens = (SecBufferDesc){SECBUFFER_VERSION, 1, &logon->token};
    assert_status(AcquireCredentialsHandleA(NULL, (char *)(uintptr_t)package,
                                            SECPKG_CRED_OUTBOUND, NULL, &login.identity, NULL,
                                            NULL, &logon->credential, NULL),
                  SEC_E_OK);
    assert_status(SspiInitializeSecurityContextAsyncA(
                      async, &logon->credential, NULL, (char[]){"HTTP@localhost"},
                      ISC_REQ_ALLOCATE_MEMORY | ISC_REQ_MUTUAL_AUTH, 0, SECURITY_NATIVE_DREP,
                      NULL, 0, &logon->context, &logon->tokens, NULL, NULL),
                  SEC_E_OK);
}

/* Wrong would be: an acquire that asks the KDC, for tickets or for a name, and so waits for it
 * (until libkrb5 gives up, and it fails); or a credential that is of no use afterwards. */
static void acquire_asks_no_kdc(void **state)
{
    static const char *const packages[] = {"Kerberos", "Negotiate"};

    (void)state;
    for (int i = 0; i < 4; i++) {
        struct side initiator, acceptor;
        SecPkgCredentials_NamesA names;
        struct login login;

        freeze();
        side_init(&initiator, true, i < 2);
        side_init(&acceptor, false, i < 2);
        password_of_alice(&login);
        assert_status(side_acquire(&initiator, packages[i % 2], &login), SEC_E_OK);
        assert_status(side_acquire(&acceptor, packages[i % 2], NULL), SEC_E_OK);
        assert_status(
            QueryCredentialsAttributesA(&initiator.credential, SECPKG_CRED_ATTR_NAMES, &names),
            SEC_E_OK);
        assert_string_equal(names.sUserName, "alice@SSPI.TEST");
        assert_status(FreeContextBuffer(names.sUserName), SEC_E_OK);
        thaw();
        assert_status(sides_shake(&initiator, &acceptor, 8), SEC_E_OK);
        assert_true(side_release(&initiator));
        assert_true(side_release(&acceptor));
    }
}

/* Wrong would be: deletes, NTLM or cached tickets that wait for the KDC; a cancel that does;
 * a result that is written after the cancel. */
static void a_hanging_logon_hangs_alone(void **state)
{
    static const char *const packages[] = {"Kerberos", "Negotiate"};

    (void)state;
    for (int i = 0; i < 2; i++) {
        SspiAsyncContext *async = SspiCreateAsyncContext();
        struct bystanders all;
        struct logon logon;

        prepare(&all);
        freeze();
        submit_logon(async, packages[i], &logon);
        assert_status(sspia_async_wait(async, 200), SEC_I_ASYNC_CALL_PENDING);
        go_on(&all);
        cancel_at_once(async, "InitializeSecurityContext");
        thaw();
        scripted_eventually(pending_now, 0);
        assert_null(logon.token.pvBuffer);
        assert_int_equal(((unsigned char *)&logon.context)[0], 0x5a);
        assert_status(FreeCredentialsHandle(&logon.credential), SEC_E_OK);
        /* And the async context is as good as new. */
        submit_logon(async, packages[i], &logon);
        assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_I_CONTINUE_NEEDED);
        assert_status(DeleteSecurityContext(&logon.context), SEC_E_OK);
        assert_status(FreeContextBuffer(logon.token.pvBuffer), SEC_E_OK);
        assert_status(FreeCredentialsHandle(&logon.credential), SEC_E_OK);
        SspiFreeAsyncContext(async);
    }
}

/* Wrong would be: the same for a first leg that needs a ticket; a context that appears
 * after the cancel; a credential that is stuck. */
static void a_hanging_first_leg_hangs_alone(void **state)
{
    /* Nobody else in this program asks for their tickets. */
    static const char *const targets[] = {"etype-sha2@localhost", "etype-camellia@localhost"};
    static const char *const packages[] = {"Kerberos", "Negotiate"};

    (void)state;
    for (int i = 0; i < 2; i++) {
        SspiAsyncContext *async = SspiCreateAsyncContext();
        SecBuffer token = {0, SECBUFFER_TOKEN, NULL};
        SecBufferDesc tokens = {SECBUFFER_VERSION, 1, &token};
        struct side initiator, acceptor;
        struct bystanders all;
        CtxtHandle context;

        memset(&context, 0x5a, sizeof(context));
        prepare(&all);
        side_init(&initiator, true, true);
        side_init(&acceptor, false, true);
        initiator.target = (char *)(uintptr_t)targets[i];
        assert_status(side_acquire(&initiator, packages[i], NULL), SEC_E_OK);
        assert_status(side_acquire(&acceptor, packages[i], NULL), SEC_E_OK);
        freeze();
        assert_status(SspiInitializeSecurityContextAsyncA(
                          async, &initiator.credential, NULL, initiator.target,
                          ISC_REQ_ALLOCATE_MEMORY | ISC_REQ_MUTUAL_AUTH, 0,
                          SECURITY_NATIVE_DREP, NULL, 0, &context, &tokens, NULL, NULL),
                      SEC_E_OK);
        assert_status(sspia_async_wait(async, 200), SEC_I_ASYNC_CALL_PENDING);
        go_on(&all);
        cancel_at_once(async, "InitializeSecurityContext");
        thaw();
        scripted_eventually(pending_now, 0);
        assert_null(token.pvBuffer);
        assert_int_equal(((unsigned char *)&context)[0], 0x5a);
        /* The credential that hung works. */
        assert_status(sides_shake(&initiator, &acceptor, 8), SEC_E_OK);
        assert_true(side_release(&initiator));
        assert_true(side_release(&acceptor));
        SspiFreeAsyncContext(async);
    }
}

/* Wrong would be: handshakes with tickets that wait for one without, because they use the
 * same credential (GSSAPI serialises the use of one gss_cred_id_t). */
static void a_hanging_leg_does_not_lock_its_credential(void **state)
{
    SspiAsyncContext *async = SspiCreateAsyncContext();
    SecBuffer token = {0, SECBUFFER_TOKEN, NULL};
    SecBufferDesc tokens = {SECBUFFER_VERSION, 1, &token};
    char other[] = "etype-aes128@localhost";
    struct side initiator, acceptor;
    CtxtHandle context;

    (void)state;
    side_init(&initiator, true, true);
    side_init(&acceptor, false, true);
    assert_status(side_acquire(&initiator, "Kerberos", NULL), SEC_E_OK);
    assert_status(side_acquire(&acceptor, "Kerberos", NULL), SEC_E_OK);
    assert_status(sides_shake(&initiator, &acceptor, 8), SEC_E_OK); /* has a ticket now */
    assert_true(side_delete(&initiator));
    assert_true(side_delete(&acceptor));
    freeze();
    assert_status(SspiInitializeSecurityContextAsyncA(
                      async, &initiator.credential, NULL, other,
                      ISC_REQ_ALLOCATE_MEMORY | ISC_REQ_MUTUAL_AUTH, 0, SECURITY_NATIVE_DREP,
                      NULL, 0, &context, &tokens, NULL, NULL),
                  SEC_E_OK);
    assert_status(sspia_async_wait(async, 200), SEC_I_ASYNC_CALL_PENDING);
    for (int i = 0; i < 5; i++) {
        int64_t begun = now_ms();

        assert_status(sides_shake(&initiator, &acceptor, 8), SEC_E_OK);
        assert_true(side_delete(&initiator));
        assert_true(side_delete(&acceptor));
        assert_in_range(now_ms() - begun, 0, PROMPT_MS);
    }
    assert_status(SspiGetAsyncCallStatus(async), SEC_I_ASYNC_CALL_PENDING);
    thaw();
    /* Not cancelled, it comes to a good end. */
    assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_I_CONTINUE_NEEDED);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    assert_status(FreeContextBuffer(token.pvBuffer), SEC_E_OK);
    assert_true(side_release(&initiator));
    assert_true(side_release(&acceptor));
    SspiFreeAsyncContext(async);
}

static void never(SspiAsyncContext *async, void *data)
{
    (void)async;
    *(int *)data = 1;
}

/* Wrong would be: a free that waits for the KDC, a callback of a detached call, a context or
 * credential that nobody owns. */
static void freeing_a_hanging_call_detaches_it(void **state)
{
    static int called;
    SspiAsyncContext *async = SspiCreateAsyncContext();
    struct logon logon;
    int64_t begun;

    (void)state;
    assert_status(SspiSetAsyncNotifyCallback(async, never, &called), SEC_E_OK);
    freeze();
    submit_logon(async, "Kerberos", &logon);
    assert_status(sspia_async_wait(async, 100), SEC_I_ASYNC_CALL_PENDING);
    begun = now_ms();
    SspiFreeAsyncContext(async);
    assert_in_range(now_ms() - begun, 0, PROMPT_MS);
    assert_in_range(pending_now(), 0, 1);
    thaw();
    scripted_eventually(pending_now, 0);
    assert_int_equal(called, 0);
    assert_status(FreeCredentialsHandle(&logon.credential), SEC_E_OK);
}

static void submit_as(SspiAsyncContext *async, struct logon *logon, const char *target)
{
    logon->token = (SecBuffer){0, SECBUFFER_TOKEN, NULL};
    logon->tokens = (SecBufferDesc){SECBUFFER_VERSION, 1, &logon->token};
    assert_status(SspiInitializeSecurityContextAsyncA(
                      async, &logon->credential, NULL, (char *)(uintptr_t)target,
                      ISC_REQ_ALLOCATE_MEMORY, 0, SECURITY_NATIVE_DREP, NULL, 0,
                      &logon->context, &logon->tokens, NULL, NULL),
                  SEC_E_OK);
}

/* Wrong would be: a service that acts for a user, for whom libkrb5 asks the KDC by itself, and
 * a thread that waits on after the deadline. */
static void a_service_for_a_user_ends_at_its_deadline(void **state)
{
    static const char *const targets[] = {"HTTP@localhost", "host@localhost"};
    SspiAsyncContext *async = SspiCreateAsyncContext();
    struct logon logon;
    struct login login;
    int64_t begun;

    (void)state;
    login_init(&login);
    login.identity.client_keytab = realm_value("KEYTAB");
    login.identity.impersonate = "bob";
    assert_status(AcquireCredentialsHandleA(NULL, (char[]){"Kerberos"}, SECPKG_CRED_OUTBOUND,
                                            NULL, &login.identity, NULL, NULL,
                                            &logon.credential, NULL),
                  SEC_E_OK);
    /* Without tickets of the service's own, and with them. */
    for (int i = 0; i < 2; i++) {
        freeze();
        begun = now_ms();
        assert_status(sspia_async_set_deadline(async, 500), SEC_E_OK);
        submit_as(async, &logon, targets[i]);
        assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_SECURITY_QOS_FAILED);
        scripted_eventually(pending_now, 0);
        assert_in_range(now_ms() - begun, 0, PROMPT_MS);
        thaw();
        SspiReinitAsyncContext(async);
        assert_status(sspia_async_set_deadline(async, 0), SEC_E_OK);
        submit_as(async, &logon, targets[0]);
        assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_OK);
        SspiReinitAsyncContext(async);
        assert_status(DeleteSecurityContext(&logon.context), SEC_E_OK);
        assert_status(FreeContextBuffer(logon.token.pvBuffer), SEC_E_OK);
    }
    assert_status(FreeCredentialsHandle(&logon.credential), SEC_E_OK);
    SspiFreeAsyncContext(async);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(acquire_asks_no_kdc, thaw_and_wait),
        cmocka_unit_test_teardown(a_hanging_logon_hangs_alone, thaw_and_wait),
        cmocka_unit_test_teardown(a_hanging_first_leg_hangs_alone, thaw_and_wait),
        cmocka_unit_test_teardown(a_hanging_leg_does_not_lock_its_credential, thaw_and_wait),
        cmocka_unit_test_teardown(a_service_for_a_user_ends_at_its_deadline, thaw_and_wait),
        cmocka_unit_test_teardown(freeing_a_hanging_call_detaches_it, thaw_and_wait),
    };

    realm_value("REALM_DIR");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
