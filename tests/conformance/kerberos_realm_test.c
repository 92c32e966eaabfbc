/* SPDX-License-Identifier: MIT */
/* The contracts of calls and handles, with real handshakes: Kerberos, NTLM, Negotiate. */
#include <stdlib.h>

#include "scripted.h"
#include "side.h"

#define MOST_LEGS 8

enum source {
    TICKETS,        /* of alice */
    NO_TICKETS,     /* a cache that does not exist */
    PASSWORD,       /* of alice, for Kerberos */
    WRONG_PASSWORD, /* for Kerberos */
    NO_KDC,         /* an account of a realm whose KDC refuses connections */
    NTLM_PASSWORD,
    NTLM_WRONG_PASSWORD,
    NTLM_NOBODY, /* no such user */
    KEYS,        /* of the services */
    STALE_KEYS,
    USERS, /* NTLM's */
};

static struct login *login_of(struct login *login, enum source source)
{
    static char no_tickets[512];

    snprintf(no_tickets, sizeof(no_tickets), "FILE:%s/none", realm_value("REALM_DIR"));
    login_init(login);
    switch (source) {
    case TICKETS:
        login->identity.credential_cache = realm_value("CCACHE");
        break;
    case NO_TICKETS:
        login->identity.credential_cache = no_tickets;
        break;
    case PASSWORD:
        login_as(login, "SSPI.TEST", "alice", realm_value("ALICE_PASSWORD"), "Kerberos");
        break;
    case WRONG_PASSWORD:
        login_as(login, "SSPI.TEST", "alice", "wrong", "Kerberos");
        break;
    case NO_KDC:
        login_as(login, "REFUSED.TEST", "alice", "wrong", "Kerberos");
        break;
    case NTLM_PASSWORD:
        login_as(login, "TEST", "alice", realm_value("ALICE_PASSWORD"), "NTLM");
        break;
    case NTLM_WRONG_PASSWORD:
        login_as(login, "TEST", "alice", "wrong", "NTLM");
        break;
    case NTLM_NOBODY:
        login_as(login, "TEST", "nobody", "wrong", "NTLM");
        break;
    case KEYS:
        login->identity.keytab = realm_value("KEYTAB");
        break;
    case STALE_KEYS:
        login->identity.keytab = realm_value("STALE_KEYTAB");
        break;
    case USERS:
        login->identity.ntlm_user_file = realm_value("NTLM_USER_FILE");
        break;
    }
    return login;
}

static bool is_ntlm(enum source source)
{
    return source == NTLM_PASSWORD || source == NTLM_WRONG_PASSWORD || source == NTLM_NOBODY ||
           source == USERS;
}

static bool has_ntlm(void)
{
    PSecPkgInfoA info = NULL;

    if (QuerySecurityPackageInfoA("NTLM", &info) != SEC_E_OK)
        return false;
    FreeContextBuffer(info);
    return true;
}

/* ---- The same inputs, synchronously and not ---------------------------------------- */

static const struct scenario {
    const char *package;
    enum source initiator;
    enum source acceptor;
    const char *target;
    SECURITY_STATUS shaken; /* the status that ends the handshake */
    bool garbage;           /* the acceptor is sent some instead of a token */
} scenarios[] = {
    {"Kerberos", TICKETS, KEYS, "HTTP@localhost", SEC_E_OK, false},
    {"Kerberos", PASSWORD, KEYS, "host/localhost", SEC_E_OK, false},
    {"Kerberos", WRONG_PASSWORD, KEYS, "HTTP@localhost", SEC_E_LOGON_DENIED, false},
    {"Kerberos", NO_TICKETS, KEYS, "HTTP@localhost", SEC_E_NO_CREDENTIALS, false},
    {"Kerberos", TICKETS, KEYS, "nosuch@localhost", SEC_E_TARGET_UNKNOWN, false},
    {"Kerberos", NO_KDC, KEYS, "HTTP@localhost", SEC_E_NO_AUTHENTICATING_AUTHORITY, false},
    {"Kerberos", TICKETS, STALE_KEYS, "HTTP@localhost", SEC_E_WRONG_PRINCIPAL, false},
    {"Kerberos", TICKETS, KEYS, "HTTP@localhost", SEC_E_INVALID_TOKEN, true},
    {"Negotiate", TICKETS, KEYS, "HTTP@localhost", SEC_E_OK, false},
    {"Negotiate", PASSWORD, KEYS, "host/localhost", SEC_E_OK, false},
    {"Negotiate", WRONG_PASSWORD, KEYS, "HTTP@localhost", SEC_E_LOGON_DENIED, false},
    {"Negotiate", TICKETS, KEYS, "HTTP@localhost", SEC_E_INVALID_TOKEN, true},
    {"NTLM", NTLM_PASSWORD, USERS, "HTTP@localhost", SEC_E_OK, false},
    {"NTLM", NTLM_WRONG_PASSWORD, USERS, "HTTP@localhost", SEC_E_LOGON_DENIED, false},
    {"NTLM", NTLM_NOBODY, USERS, "HTTP@localhost", SEC_E_LOGON_DENIED, false},
    {"NTLM", NTLM_PASSWORD, USERS, "HTTP@localhost", SEC_E_INVALID_TOKEN, true},
    {"Negotiate", NTLM_PASSWORD, USERS, "HTTP@localhost", SEC_E_OK, false},
    {"Negotiate", NTLM_WRONG_PASSWORD, USERS, "HTTP@localhost", SEC_E_LOGON_DENIED, false},
};

/* What one call gave its caller. */
struct outcome {
    SECURITY_STATUS status;
    uint32_t attributes;
    int64_t expiry;
    uint32_t token;
    char message[512];
};

struct trace {
    unsigned count;
    struct outcome outcomes[3 + 2 * MOST_LEGS];
    SECURITY_STATUS shaken;
};

static void note(struct trace *trace, const struct side *side)
{
    struct outcome *outcome = &trace->outcomes[trace->count++];

    outcome->status = side->status;
    outcome->attributes = side->attributes;
    outcome->expiry = (int64_t)side->expiry.HighPart << 32 | side->expiry.LowPart;
    outcome->token = side->token.cbBuffer;
    memcpy(outcome->message, side->message, sizeof(outcome->message));
}

static void trace_legs(struct trace *trace, struct side *initiator, struct side *acceptor,
                       bool garbage)
{
    static char nonsense[] = "this is not a token, whatever it is taken for";
    const SecBuffer wrong = {sizeof(nonsense), SECBUFFER_TOKEN, nonsense};
    const SecBuffer *token = NULL;
    struct side *turn = initiator;

    for (int leg = 0; leg < MOST_LEGS; leg++) {
        trace->shaken = side_step(turn, token);
        note(trace, turn);
        if (trace->shaken < 0 || (trace->shaken == SEC_E_OK && turn->token.cbBuffer == 0))
            return;
        token = garbage ? &wrong : &turn->token;
        turn = turn == initiator ? acceptor : initiator;
    }
}

static void trace_scenario(const struct scenario *scenario, bool asynchronous,
                           struct trace *trace)
{
    struct side initiator, acceptor;
    struct login login;

    memset(trace, 0, sizeof(*trace));
    side_init(&initiator, true, asynchronous);
    side_init(&acceptor, false, asynchronous);
    initiator.target = (char *)(uintptr_t)scenario->target;
    assert_status(
        side_acquire(&initiator, scenario->package, login_of(&login, scenario->initiator)),
        SEC_E_OK);
    note(trace, &initiator);
    assert_status(
        side_acquire(&acceptor, scenario->package, login_of(&login, scenario->acceptor)),
        SEC_E_OK);
    note(trace, &acceptor);
    trace_legs(trace, &initiator, &acceptor, scenario->garbage);
    if (trace->shaken == SEC_E_OK) {
        assert_true(sides_send(&initiator, &acceptor, "to the acceptor"));
        assert_true(sides_send(&acceptor, &initiator, "to the initiator"));
    }
    assert_true(side_release(&initiator));
    assert_true(side_release(&acceptor));
}

/* Wrong would be: an asynchronous call with another status, flag, expiry, token or message
 * than the synchronous one. */
static void asynchronous_results_equal_synchronous_ones(void **state)
{
    struct trace sync, async;

    (void)state;
    for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
        const struct scenario *scenario = &scenarios[i];

        if (is_ntlm(scenario->initiator) && !has_ntlm())
            continue;
        trace_scenario(scenario, false, &sync);
        trace_scenario(scenario, true, &async);
        if (sync.shaken != scenario->shaken)
            print_error("scenario %zu: %s\n", i, sync.outcomes[sync.count - 1].message);
        assert_status(sync.shaken, scenario->shaken);
        assert_int_equal(async.count, sync.count);
        for (unsigned call = 0; call < sync.count; call++) {
            const struct outcome *one = &sync.outcomes[call];
            const struct outcome *other = &async.outcomes[call];
            int64_t apart = one->expiry - other->expiry;

            assert_status(other->status, one->status);
            assert_int_equal(other->attributes, one->attributes);
            /* Of two tickets, minutes apart at most, whatever the machine does meanwhile. */
            assert_true(apart < 3000000000 && apart > -3000000000);
            assert_int_equal(other->token == 0, one->token == 0);
            assert_string_equal(other->message, one->message);
            assert_int_equal(one->message[0] != '\0', one->status < 0);
        }
    }
}

/* ---- Handshakes that succeed, of each kind ------------------------------------------ */

static const struct kind {
    const char *package;
    enum source initiator;
    enum source acceptor;
} kinds[] = {
    {"Kerberos", TICKETS, KEYS},
    {"Negotiate", TICKETS, KEYS},
    {"NTLM", NTLM_PASSWORD, USERS},
    {"Negotiate", NTLM_PASSWORD, USERS},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

struct pair {
    struct side initiator, acceptor;
};

/* False if this system does not have the kind. */
static bool begin(struct pair *pair, const struct kind *kind, bool asynchronous)
{
    struct login login;

    if (is_ntlm(kind->initiator) && !has_ntlm())
        return false;
    side_init(&pair->initiator, true, asynchronous);
    side_init(&pair->acceptor, false, asynchronous);
    assert_status(
        side_acquire(&pair->initiator, kind->package, login_of(&login, kind->initiator)),
        SEC_E_OK);
    assert_status(
        side_acquire(&pair->acceptor, kind->package, login_of(&login, kind->acceptor)),
        SEC_E_OK);
    return true;
}

static void end(struct pair *pair)
{
    assert_true(side_release(&pair->initiator));
    assert_true(side_release(&pair->acceptor));
}

/* Deletes one side's context asynchronously; its copies must be dead then. */
static void delete_for_good(struct side *side)
{
    SspiAsyncContext *async = SspiCreateAsyncContext();
    CtxtHandle copy = side->context;
    SecPkgContext_Sizes sizes;

    if (side->started) {
        assert_status(SspiDeleteSecurityContextAsync(async, &side->context), SEC_E_OK);
        assert_status(QueryContextAttributesA(&copy, SECPKG_ATTR_SIZES, &sizes),
                      SEC_E_INVALID_HANDLE);
        assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_OK);
        assert_int_equal(SspiReinitAsyncContext(async), STATUS_SUCCESS);
        assert_status(SspiDeleteSecurityContextAsync(async, &copy), SEC_E_OK);
        assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_E_INVALID_HANDLE);
    }
    SspiFreeAsyncContext(async);
    side->started = false;
    FreeContextBuffer(side->token.pvBuffer);
    side->token.pvBuffer = NULL;
}

/* Wrong would be: a context after a number of legs that cannot be deleted, or leaks. */
static void deletes_work_after_any_leg(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        SECURITY_STATUS status = SEC_I_CONTINUE_NEEDED;
        struct pair pair;

        if (!begin(&pair, &kinds[i], false))
            continue;
        for (unsigned legs = 1; status == SEC_I_CONTINUE_NEEDED && legs < MOST_LEGS; legs++) {
            status = sides_shake(&pair.initiator, &pair.acceptor, legs);
            delete_for_good(&pair.initiator);
            delete_for_good(&pair.acceptor);
        }
        assert_status(status, SEC_E_OK);
        end(&pair);
    }
}

/* Wrong would be: a context that a bad token has broken and that stays for ever. */
static void deletes_work_after_a_failed_leg(void **state)
{
    static char nonsense[] = "nonsense";
    const SecBuffer wrong = {sizeof(nonsense), SECBUFFER_TOKEN, nonsense};

    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct pair pair;

        if (!begin(&pair, &kinds[i], false))
            continue;
        assert_status(side_step(&pair.initiator, NULL), SEC_I_CONTINUE_NEEDED);
        assert_true(side_step(&pair.initiator, &wrong) < 0);
        assert_true(side_step(&pair.initiator, &wrong) < 0);
        delete_for_good(&pair.initiator);
        end(&pair);
    }
}

/* Wrong would be: a delete that overtakes the leg before it, or breaks into it. */
static void deletes_wait_for_the_leg_before_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        SspiAsyncContext *leg = SspiCreateAsyncContext();
        SspiAsyncContext *delete = SspiCreateAsyncContext();
        SecBuffer input, output = {0, SECBUFFER_TOKEN, NULL};
        SecBufferDesc inputs = {SECBUFFER_VERSION, 1, &input};
        SecBufferDesc outputs = {SECBUFFER_VERSION, 1, &output};
        uint32_t attributes;
        struct pair pair;

        if (begin(&pair, &kinds[i], false)) {
            assert_status(sides_shake(&pair.initiator, &pair.acceptor, 2),
                          SEC_I_CONTINUE_NEEDED);
            input = pair.acceptor.token;
            assert_status(
                SspiInitializeSecurityContextAsyncA(
                    leg, &pair.initiator.credential, &pair.initiator.context,
                    pair.initiator.target, pair.initiator.wanted | ISC_REQ_ALLOCATE_MEMORY, 0,
                    SECURITY_NATIVE_DREP, &inputs, 0, NULL, &outputs, &attributes, NULL),
                SEC_E_OK);
            assert_status(SspiDeleteSecurityContextAsync(delete, &pair.initiator.context),
                          SEC_E_OK);
            pair.initiator.started = false;
            assert_status(sspia_async_wait(delete, PATIENCE_MS), SEC_E_OK);
            /* It did finish, and first. */
            assert_true(SspiGetAsyncCallStatus(leg) == SEC_E_OK ||
                        SspiGetAsyncCallStatus(leg) == SEC_I_CONTINUE_NEEDED);
            assert_true(attributes & ISC_RET_CONFIDENTIALITY);
            FreeContextBuffer(output.pvBuffer);
            end(&pair);
        }
        SspiFreeAsyncContext(leg);
        SspiFreeAsyncContext(delete);
    }
}

/* ---- A token that does not fit ------------------------------------------------------ */

static SECURITY_STATUS accept_into(struct pair *pair, const SecBuffer *token, uint32_t room,
                                   SecBuffer *output, CtxtHandle *context)
{
    SecBuffer input = *token;
    SecBufferDesc inputs = {SECBUFFER_VERSION, 1, &input};
    SecBufferDesc outputs = {SECBUFFER_VERSION, 1, output};

    output->cbBuffer = room;
    output->BufferType = SECBUFFER_TOKEN;
    return AcceptSecurityContext(&pair->acceptor.credential, NULL, &inputs, 0,
                                 SECURITY_NATIVE_DREP, context, &outputs, NULL, NULL);
}

/* Wrong would be: an AP-REQ that the retry takes for a replay of itself. The third time it
 * is one, and must be refused. */
static void a_retried_ap_req_is_no_replay(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) { /* those with Kerberos */
        unsigned char memory[4096];
        SecBuffer output = {0, SECBUFFER_TOKEN, memory};
        SecBuffer request;
        CtxtHandle again;
        struct pair pair;
        uint32_t needed;

        assert_true(begin(&pair, &kinds[i], false));
        assert_status(side_step(&pair.initiator, NULL), SEC_I_CONTINUE_NEEDED);
        request = pair.initiator.token;
        assert_status(accept_into(&pair, &request, 1, &output, &pair.acceptor.context),
                      SEC_E_BUFFER_TOO_SMALL);
        needed = output.cbBuffer;
        assert_true(needed > 1 && needed <= sizeof(memory));
        assert_status(accept_into(&pair, &request, needed, &output, &pair.acceptor.context),
                      SEC_E_OK);
        pair.acceptor.started = true;
        assert_int_equal(output.cbBuffer, needed);
        assert_status(accept_into(&pair, &request, sizeof(memory), &output, &again),
                      SEC_E_OUT_OF_SEQUENCE);
        end(&pair);
    }
}

/* Wrong would be: an answer of the retried leg that the initiator refuses. */
static void a_retried_leg_gives_the_same_answer(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        unsigned char memory[4096];
        SecBuffer output = {0, SECBUFFER_TOKEN, memory};
        SECURITY_STATUS status;
        struct pair pair;

        if (!begin(&pair, &kinds[i], false))
            continue;
        assert_status(side_step(&pair.initiator, NULL), SEC_I_CONTINUE_NEEDED);
        assert_status(
            accept_into(&pair, &pair.initiator.token, 1, &output, &pair.acceptor.context),
            SEC_E_BUFFER_TOO_SMALL);
        status = accept_into(&pair, &pair.initiator.token, output.cbBuffer, &output,
                             &pair.acceptor.context);
        assert_true(status == SEC_E_OK || status == SEC_I_CONTINUE_NEEDED);
        pair.acceptor.started = true;
        assert_true(side_step(&pair.initiator, &output) >= 0);
        if (pair.initiator.token.cbBuffer > 0)
            status = side_step(&pair.acceptor, &pair.initiator.token);
        if (status == SEC_E_OK && pair.initiator.status == SEC_I_CONTINUE_NEEDED)
            assert_status(side_step(&pair.initiator, &pair.acceptor.token), SEC_E_OK);
        assert_status(status, SEC_E_OK);
        assert_true(sides_send(&pair.initiator, &pair.acceptor, "well"));
        end(&pair);
    }
}

/* ---- Export ------------------------------------------------------------------------- */

/* Wrong would be: a source that export destroys (as gss_export_sec_context does), or a copy
 * that cannot read what the source can. */
static void export_leaves_the_source_usable(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        SecBuffer packed = {0, SECBUFFER_EMPTY, NULL};
        SecPkgContext_NamesA names;
        struct pair pair;
        struct side copy;

        if (!begin(&pair, &kinds[i], false))
            continue;
        assert_status(sides_shake(&pair.initiator, &pair.acceptor, MOST_LEGS), SEC_E_OK);
        side_init(&copy, false, false);
        assert_status(ExportSecurityContext(&pair.acceptor.context, 0, &packed, NULL),
                      SEC_E_OK);
        assert_status(ImportSecurityContextA((char *)(uintptr_t)kinds[i].package, &packed, NULL,
                                             &copy.context),
                      SEC_E_OK);
        copy.started = true;
        assert_status(FreeContextBuffer(packed.pvBuffer), SEC_E_OK);
        assert_status(QueryContextAttributesA(&copy.context, SECPKG_ATTR_NAMES, &names),
                      SEC_E_OK);
        assert_non_null(strstr(names.sUserName, "alice"));
        assert_status(FreeContextBuffer(names.sUserName), SEC_E_OK);
        /* First the source goes on, both ways. */
        assert_true(sides_send(&pair.initiator, &pair.acceptor, "to the source"));
        assert_true(sides_send(&pair.acceptor, &pair.initiator, "from the source"));
        assert_true(side_delete(&copy));

        /* Then the copy takes over, and the source is deleted. */
        assert_status(ExportSecurityContext(&pair.acceptor.context, 0, &packed, NULL),
                      SEC_E_OK);
        assert_true(side_delete(&pair.acceptor));
        assert_status(ImportSecurityContextA((char *)(uintptr_t)kinds[i].package, &packed, NULL,
                                             &copy.context),
                      SEC_E_OK);
        copy.started = true;
        assert_status(FreeContextBuffer(packed.pvBuffer), SEC_E_OK);
        assert_true(sides_send(&pair.initiator, &copy, "to the copy"));
        assert_true(sides_send(&copy, &pair.initiator, "from the copy"));
        assert_true(side_delete(&copy));
        end(&pair);
    }
}

/* Wrong would be: another mechanism than the one that peers know by this name, or a name for
 * what is none. */
static void packages_have_the_oids_of_their_mechanisms(void **state)
{
    char message[512];

    (void)state;
    assert_string_equal(sspia_package_oid("Kerberos"), "1.2.840.113554.1.2.2");
    assert_string_equal(sspia_package_oid("negotiate"), "1.3.6.1.5.5.2");
    if (has_ntlm())
        assert_string_equal(sspia_package_oid("NTLM"), "1.3.6.1.4.1.311.2.2.10");
    assert_null(sspia_package_oid("Schannel"));
    sspia_last_message(message, sizeof(message));
    assert_non_null(strstr(message, "object identifier"));
    assert_null(sspia_package_oid("Nothing"));
    assert_null(sspia_package_oid(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asynchronous_results_equal_synchronous_ones),
        cmocka_unit_test(deletes_work_after_any_leg),
        cmocka_unit_test(deletes_work_after_a_failed_leg),
        cmocka_unit_test(deletes_wait_for_the_leg_before_them),
        cmocka_unit_test(a_retried_ap_req_is_no_replay),
        cmocka_unit_test(a_retried_leg_gives_the_same_answer),
        cmocka_unit_test(export_leaves_the_source_usable),
        cmocka_unit_test(packages_have_the_oids_of_their_mechanisms),
    };

    realm_value("REALM_DIR");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
