/* SPDX-License-Identifier: MIT */
/* The handshake of the package NTLM, both sides of it: who gets in, and what is agreed on. */
#include "ntlm/message.h"
#include "ntlm_pair.h"

#include <pthread.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SEALED    (ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY)
#define INTEGRITY (ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT)

static const sspia_identity alice = {
    .user = "alice", .domain = "TEST", .password = "correct horse"};

static void expect_name(realm_side *side, const char *expected)
{
    SecPkgContext_NamesA names;

    assert_int_equal(
        side->package->query_context(side->context, SECPKG_ATTR_NAMES, &names, &side->report),
        SEC_E_OK);
    assert_string_equal(names.sUserName, expected);
    realm_host_free(names.sUserName);
}

/* Wrong would be: two sides that disagree on who it is, on what was agreed on, or on the key.
 */
static void both_sides_agree(void **state)
{
    ntlm_pair pair;
    SecPkgContext_SessionKey keys[2];

    (void)state;
    assert_int_equal(
        ntlm_pair_connect(&pair, &alice, &alice,
                          INTEGRITY | ISC_REQ_CONFIDENTIALITY | ISC_REQ_CONNECTION),
        SEC_E_OK);
    assert_int_equal(pair.initiator.attributes,
                     ISC_RET_INTEGRITY | ISC_RET_REPLAY_DETECT | ISC_RET_SEQUENCE_DETECT |
                         ISC_RET_CONFIDENTIALITY | ISC_RET_CONNECTION);
    assert_int_equal(pair.acceptor.attributes, ASC_RET_INTEGRITY | ASC_RET_REPLAY_DETECT |
                                                   ASC_RET_SEQUENCE_DETECT |
                                                   ASC_RET_CONFIDENTIALITY);
    expect_name(&pair.initiator, "TEST\\alice");
    expect_name(&pair.acceptor, "TEST\\alice");
    for (int i = 0; i < 2; i++) {
        realm_side *side = i == 0 ? &pair.initiator : &pair.acceptor;

        assert_int_equal(side->package->query_context(side->context, SECPKG_ATTR_SESSION_KEY,
                                                      &keys[i], &side->report),
                         SEC_E_OK);
        assert_int_equal(keys[i].SessionKeyLength, 16);
    }
    assert_memory_equal(keys[0].SessionKey, keys[1].SessionKey, 16);
    realm_host_free(keys[0].SessionKey);
    realm_host_free(keys[1].SessionKey);
    ntlm_pair_end(&pair);
}

/* Wrong would be: a way in without the password, or one that says which part was wrong. */
static void wrong_password_and_unknown_user_look_the_same(void **state)
{
    static const sspia_identity others[] = {
        {.user = "alice", .domain = "TEST", .password = "another"},
        {.user = "mallory", .domain = "TEST", .password = "correct horse"},
        {.user = "alice", .domain = "ELSEWHERE", .password = "correct horse"},
    };
    ntlm_pair pair;

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_int_equal(ntlm_pair_connect(&pair, &others[i], &alice, 0), SEC_E_LOGON_DENIED);
        assert_string_equal(pair.acceptor.report.text, "unknown user or wrong password");
        ntlm_pair_end(&pair);
    }
}

/* Wrong would be: case or the way of writing that decides who gets in. */
static void names_are_compared_without_case(void **state)
{
    static const struct {
        sspia_identity client;
        const char *name;
    } cases[] = {
        {{.user = "ALICE", .domain = "test", .password = "correct horse"}, "test\\ALICE"},
        {{.user = "TEST\\alice", .password = "correct horse"}, "TEST\\alice"},
        {{.user = "alice@test", .password = "correct horse"}, "test\\alice"},
        {{.user = "alice", .password = "correct horse"}, "alice"},
    };
    const sspia_identity anywhere = {.user = "alice", .password = "correct horse"};
    ntlm_pair pair;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(ntlm_pair_connect(&pair, &cases[i].client, &alice, 0), SEC_E_OK);
        expect_name(&pair.acceptor, cases[i].name);
        ntlm_pair_end(&pair);
        assert_int_equal(ntlm_pair_connect(&pair, &cases[i].client, &anywhere, 0), SEC_E_OK);
        ntlm_pair_end(&pair);
    }
}

/* Wrong would be: letters beyond ASCII that the two sides turn into different capitals. */
static void names_beyond_ascii_work(void **state)
{
    const sspia_identity client = {.user = "J\u00f6rg\u0437",
                                   .domain = "stra\u00dfe",
                                   .password = "gr\u00fc\u00dfe \U0001f511"};
    const sspia_identity server = {.user = "J\u00d6RG\u0417",
                                   .domain = "STRA\u00dfE",
                                   .password = "gr\u00fc\u00dfe \U0001f511"};
    ntlm_pair pair;

    (void)state;
    assert_int_equal(ntlm_pair_connect(&pair, &client, &server, 0), SEC_E_OK);
    expect_name(&pair.acceptor, "stra\u00dfe\\J\u00f6rg\u0437");
    ntlm_pair_end(&pair);
}

/* Wrong would be: a flag that nobody asked for, or one that was not agreed on. */
static void flags_say_what_was_agreed_on(void **state)
{
    static const struct {
        uint64_t requested;
        uint32_t initiator, acceptor;
    } cases[] = {
        {0, 0, 0},
        {ISC_REQ_INTEGRITY, ISC_RET_INTEGRITY,
         ASC_RET_INTEGRITY | ASC_RET_REPLAY_DETECT | ASC_RET_SEQUENCE_DETECT},
        {ISC_REQ_REPLAY_DETECT, ISC_RET_INTEGRITY | ISC_RET_REPLAY_DETECT,
         ASC_RET_INTEGRITY | ASC_RET_REPLAY_DETECT | ASC_RET_SEQUENCE_DETECT},
        {ISC_REQ_REPLAY_DETECT | ISC_REQ_NO_INTEGRITY, 0, 0},
        {ISC_REQ_IDENTIFY, ISC_RET_IDENTIFY, ASC_RET_IDENTIFY},
        {ISC_REQ_MUTUAL_AUTH | ISC_REQ_DELEGATE | ISC_REQ_USE_SESSION_KEY, 0, 0},
        {ISC_REQ_USE_DCE_STYLE, 0, 0},
    };
    ntlm_pair pair;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(ntlm_pair_connect(&pair, &alice, &alice, cases[i].requested),
                         SEC_E_OK);
        assert_int_equal(pair.initiator.attributes, cases[i].initiator);
        assert_int_equal(pair.acceptor.attributes, cases[i].acceptor);
        ntlm_pair_end(&pair);
    }
    assert_int_equal(ntlm_pair_connect(&pair, &alice, &alice, ISC_REQ_DATAGRAM),
                     SEC_E_UNSUPPORTED_FUNCTION);
    ntlm_pair_end(&pair);
}

/* Wrong would be: nobody let in where that was not asked for, or with somebody's name. */
static void anonymous_is_let_in_on_request_alone(void **state)
{
    const sspia_identity null_user = {.flags = SEC_WINNT_AUTH_IDENTITY_FLAGS_NULL_USER};
    ntlm_pair pair;

    (void)state;
    for (int way = 0; way < 2; way++) {
        const uint64_t flags = SEALED | (way == 0 ? ISC_REQ_NULL_SESSION : 0);
        const sspia_identity *client = way == 0 ? &alice : &null_user;
        char data[] = "data";
        unsigned char token[16];

        assert_int_equal(ntlm_pair_connect(&pair, client, &alice, flags), SEC_E_LOGON_DENIED);
        assert_non_null(strstr(pair.acceptor.report.text, "ASC_REQ_ALLOW_NULL_SESSION"));
        ntlm_pair_end(&pair);
        assert_int_equal(ntlm_pair_acquire(&pair, client, &alice, flags), SEC_E_OK);
        pair.acceptor.flags = ASC_REQ_ALLOW_NULL_SESSION;
        assert_int_equal(realm_shake(&pair.initiator, &pair.acceptor), SEC_E_OK);
        assert_true(pair.initiator.attributes & ISC_RET_NULL_SESSION);
        assert_true(pair.acceptor.attributes & ASC_RET_NULL_SESSION);
        expect_name(&pair.acceptor, "NT AUTHORITY\\ANONYMOUS LOGON");
        assert_int_equal(ntlm_pair_seal(&pair.initiator, 0, data, 4, token), SEC_E_OK);
        assert_int_equal(ntlm_pair_unseal(&pair.acceptor, data, 4, token, NULL), SEC_E_OK);
        assert_string_equal(data, "data");
        ntlm_pair_end(&pair);
    }
}

typedef struct bound {
    SEC_CHANNEL_BINDINGS head;
    char data[24];
} bound;

static const bound here = {
    {.cbApplicationDataLength = 24, .dwApplicationDataOffset = sizeof(SEC_CHANNEL_BINDINGS)},
    "tls-server-end-point:aa"};
static const bound there = {
    {.cbApplicationDataLength = 24, .dwApplicationDataOffset = sizeof(SEC_CHANNEL_BINDINGS)},
    "tls-server-end-point:bb"};

static SECURITY_STATUS connect_bound(ntlm_pair *pair, const bound *client, const bound *server,
                                     uint64_t flags)
{
    assert_int_equal(ntlm_pair_acquire(pair, &alice, &alice, 0), SEC_E_OK);
    pair->initiator.bindings = client;
    pair->initiator.bindings_size = sizeof *client;
    pair->acceptor.bindings = server;
    pair->acceptor.bindings_size = sizeof *server;
    pair->acceptor.flags = flags;
    return realm_shake(&pair->initiator, &pair->acceptor);
}

/* Wrong would be: a client of another connection, passed on by somebody in between. */
static void bindings_must_be_the_same(void **state)
{
    static const struct {
        const bound *client, *server;
        uint64_t flags;
        SECURITY_STATUS status;
    } cases[] = {
        {&here, &here, 0, SEC_E_OK},
        {&here, &there, 0, SEC_E_BAD_BINDINGS},
        {&here, &there, ASC_REQ_ALLOW_MISSING_BINDINGS, SEC_E_BAD_BINDINGS},
        {NULL, &here, 0, SEC_E_BAD_BINDINGS},
        {NULL, &here, ASC_REQ_ALLOW_MISSING_BINDINGS, SEC_E_OK},
        {&here, NULL, 0, SEC_E_OK},
    };
    ntlm_pair pair;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(connect_bound(&pair, cases[i].client, cases[i].server, cases[i].flags),
                         cases[i].status);
        ntlm_pair_end(&pair);
    }
}

/* Wrong would be: offsets of the caller's that lead out of its buffer. */
static void malformed_bindings_are_refused(void **state)
{
    bound broken = here;
    ntlm_pair pair;

    (void)state;
    broken.head.cbApplicationDataLength = 25;
    assert_int_equal(connect_bound(&pair, &broken, NULL, 0), SEC_E_INVALID_PARAMETER);
    ntlm_pair_end(&pair);
    broken.head.cbApplicationDataLength = 8;
    broken.head.dwApplicationDataOffset = 8;
    assert_int_equal(connect_bound(&pair, NULL, &broken, 0), SEC_E_INVALID_PARAMETER);
    ntlm_pair_end(&pair);
}

/* Wrong would be: a server that cannot tell for whom its client took it. */
static void target_reaches_the_acceptor(void **state)
{
    static const struct {
        const char *named, *arrives;
    } cases[] = {
        {"HTTP/localhost", "HTTP/localhost"},
        {"HTTP@localhost", "HTTP/localhost"},
        {"alice@SSPI.TEST", "alice@SSPI.TEST"},
        {"cifs/f\u00fcnf", "cifs/f\u00fcnf"},
    };
    ntlm_pair pair;
    SecPkgContext_ClientSpecifiedTarget target;
    SecPkgContext_NativeNamesA names;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(ntlm_pair_acquire(&pair, &alice, &alice, 0), SEC_E_OK);
        pair.initiator.target = cases[i].named;
        assert_int_equal(realm_shake(&pair.initiator, &pair.acceptor), SEC_E_OK);
        assert_int_equal(pair.acceptor.package->query_context(pair.acceptor.context,
                                                              SECPKG_ATTR_NATIVE_NAMES, &names,
                                                              &pair.acceptor.report),
                         SEC_E_OK);
        assert_string_equal(names.sClientName, "TEST\\alice");
        assert_string_equal(names.sServerName, cases[i].arrives);
        realm_host_free(names.sClientName);
        realm_host_free(names.sServerName);
        assert_int_equal(pair.acceptor.package->query_context(
                             pair.acceptor.context, SECPKG_ATTR_CLIENT_SPECIFIED_TARGET,
                             &target, &pair.acceptor.report),
                         SEC_E_OK);
        assert_int_equal(target.sTargetName[0], cases[i].arrives[0]);
        realm_host_free(target.sTargetName);
        ntlm_pair_end(&pair);
    }
    assert_int_equal(ntlm_pair_acquire(&pair, &alice, &alice, 0), SEC_E_OK);
    pair.initiator.target = NULL;
    assert_int_equal(realm_shake(&pair.initiator, &pair.acceptor), SEC_E_OK);
    assert_int_equal(pair.acceptor.package->query_context(pair.acceptor.context,
                                                          SECPKG_ATTR_CLIENT_SPECIFIED_TARGET,
                                                          &target, &pair.acceptor.report),
                     SEC_E_UNSUPPORTED_FUNCTION);
    ntlm_pair_end(&pair);
}

/* The offer of the acceptor's first leg, with 32 bytes as of curl; flags little-endian. */
static SECURITY_STATUS offer(ntlm_pair *pair, uint32_t flags)
{
    unsigned char message[32] = "NTLMSSP\0\1";

    for (int i = 0; i < 4; i++)
        message[12 + i] = (unsigned char)(flags >> (8 * i));
    assert_int_equal(ntlm_pair_acquire(pair, &alice, &alice, 0), SEC_E_OK);
    return realm_side_step(&pair->acceptor, message, sizeof message);
}

static uint32_t flags_of_challenge(const realm_side *acceptor)
{
    const unsigned char *place = (const unsigned char *)acceptor->token.data + 20;

    return place[0] | (uint32_t)place[1] << 8 | (uint32_t)place[2] << 16 |
           (uint32_t)place[3] << 24;
}

/* Wrong would be: to turn away what MS-NLMP lets a client leave out, or a client that offers
 * two kinds of text to be taken for one of OEM. */
static void short_and_ambiguous_offers_are_taken(void **state)
{
    ntlm_pair pair;

    (void)state;
    assert_int_equal(offer(&pair, NTLM_OEM | NTLM_UNICODE | NTLM_EXTENDED),
                     SEC_I_CONTINUE_NEEDED);
    assert_int_equal(flags_of_challenge(&pair.acceptor) & (NTLM_OEM | NTLM_UNICODE),
                     NTLM_UNICODE);
    ntlm_pair_end(&pair);
    assert_int_equal(offer(&pair, NTLM_OEM | NTLM_EXTENDED | NTLM_REQUEST_TARGET),
                     SEC_I_CONTINUE_NEEDED);
    assert_int_equal(flags_of_challenge(&pair.acceptor) & (NTLM_OEM | NTLM_UNICODE), NTLM_OEM);
    ntlm_pair_end(&pair);
}

/* Wrong would be: a weak offer taken, or turned away without saying why. */
static void weak_offers_are_refused(void **state)
{
    ntlm_pair pair;

    (void)state;
    assert_int_equal(offer(&pair, NTLM_UNICODE | NTLM_NTLM), SEC_E_ALGORITHM_MISMATCH);
    assert_non_null(strstr(pair.acceptor.report.text, "NTLMv1"));
    ntlm_pair_end(&pair);
    assert_int_equal(offer(&pair, NTLM_UNICODE | NTLM_EXTENDED | NTLM_SIGN),
                     SEC_E_ALGORITHM_MISMATCH);
    assert_non_null(strstr(pair.acceptor.report.text, "56 or 40 bits"));
    ntlm_pair_end(&pair);
    assert_int_equal(offer(&pair, NTLM_EXTENDED), SEC_E_INVALID_TOKEN);
    ntlm_pair_end(&pair);
}

/* Wrong would be: LM's or NTLMv1's answer let in, or refused as if the password were wrong. */
static void old_responses_are_refused_by_name(void **state)
{
    static const struct {
        size_t lm, nt;
    } cases[] = {{24, 24}, {24, 0}};
    ntlm_pair pair;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned char response[24] = {1};
        unsigned char user[] = {'a', 0};
        ntlm_authenticate answer = {.flags = NTLM_UNICODE | NTLM_EXTENDED,
                                    .user = {user, 2},
                                    .lm_response = {response, cases[i].lm},
                                    .nt_response = {response, cases[i].nt}};
        unsigned char message[256];

        assert_int_equal(offer(&pair, NTLM_UNICODE | NTLM_EXTENDED), SEC_I_CONTINUE_NEEDED);
        ntlm_message_write_authenticate(message, &answer);
        assert_int_equal(
            realm_side_step(&pair.acceptor, message, ntlm_message_authenticate_size(&answer)),
            SEC_E_LOGON_DENIED);
        assert_non_null(strstr(pair.acceptor.report.text, "use NTLMv2"));
        ntlm_pair_end(&pair);
    }
}

/* Wrong would be: a credential for the other side, or a kind of use that means nothing. */
static void credential_is_for_its_side(void **state)
{
    ntlm_pair pair;
    realm_side side = {.flags = 0};

    (void)state;
    assert_int_equal(ntlm_pair_acquire(&pair, &alice, &alice, 0), SEC_E_OK);
    pair.initiator.initiator = false;
    assert_int_equal(realm_side_step(&pair.initiator, "NTLMSSP", 8), SEC_E_NO_CREDENTIALS);
    pair.acceptor.initiator = true;
    assert_int_equal(realm_side_step(&pair.acceptor, NULL, 0), SEC_E_NO_CREDENTIALS);
    ntlm_pair_end(&pair);
    assert_int_equal(realm_side_acquire(&side, "NTLM", 0, NULL, &alice),
                     SEC_E_INVALID_PARAMETER);
    assert_int_equal(realm_side_acquire(&side, "NTLM", 8, NULL, &alice),
                     SEC_E_INVALID_PARAMETER);
}

/* Wrong would be: to log on as nobody where Windows takes the process's user. */
static void password_without_a_user_is_the_process_users(void **state)
{
    const struct passwd *own = getpwuid(geteuid());
    sspia_identity server = {.domain = "TEST", .password = "of its own"};
    const sspia_identity client = {.domain = "TEST", .password = "of its own"};
    ntlm_pair pair;

    (void)state;
    assert_non_null(own);
    server.user = own->pw_name;
    assert_int_equal(ntlm_pair_connect(&pair, &client, &server, 0), SEC_E_OK);
    ntlm_pair_end(&pair);
    assert_int_equal(ntlm_pair_acquire(&pair, &alice, &client, 0), SEC_E_INVALID_PARAMETER);
    ntlm_pair_end(&pair);
}

#define THREADS 4

static void *shake_often(void *shared)
{
    const ntlm_pair *credentials = shared;
    intptr_t failures = 0;

    for (int i = 0; i < 100; i++) {
        ntlm_pair own = {.initiator = credentials->initiator,
                         .acceptor = credentials->acceptor};
        char data[] = "data";
        unsigned char token[16];

        if (realm_shake(&own.initiator, &own.acceptor) != SEC_E_OK ||
            ntlm_pair_seal(&own.initiator, 0, data, 4, token) != SEC_E_OK ||
            ntlm_pair_unseal(&own.acceptor, data, 4, token, NULL) != SEC_E_OK)
            failures++;
        realm_side_reset(&own.initiator);
        realm_side_reset(&own.acceptor);
    }
    return (void *)failures;
}

/* Wrong would be: threads that disturb each other over one credential, or over a user file that
 * is being read anew. ThreadSanitizer sees more. */
static void threads_share_a_credential(void **state)
{
    char path[] = "/tmp/ntlm_handshake.XXXXXX";
    const sspia_identity server = {.ntlm_user_file = path};
    pthread_t threads[THREADS];
    ntlm_pair pair;
    int file = mkstemp(path);

    (void)state;
    assert_true(file >= 0);
    assert_int_equal(dprintf(file, "TEST:alice:correct horse\n"), 25);
    assert_int_equal(ntlm_pair_acquire(&pair, &alice, &server, SEALED), SEC_E_OK);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, shake_often, &pair), 0);
    for (int i = 0; i < 50; i++)
        assert_int_equal(dprintf(file, "TEST:bob%d:x\n", i % 10), 12);
    for (int i = 0; i < THREADS; i++) {
        void *failures;

        assert_int_equal(pthread_join(threads[i], &failures), 0);
        assert_null(failures);
    }
    close(file);
    unlink(path);
    ntlm_pair_end(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides_agree),
        cmocka_unit_test(wrong_password_and_unknown_user_look_the_same),
        cmocka_unit_test(names_are_compared_without_case),
        cmocka_unit_test(names_beyond_ascii_work),
        cmocka_unit_test(flags_say_what_was_agreed_on),
        cmocka_unit_test(anonymous_is_let_in_on_request_alone),
        cmocka_unit_test(bindings_must_be_the_same),
        cmocka_unit_test(malformed_bindings_are_refused),
        cmocka_unit_test(target_reaches_the_acceptor),
        cmocka_unit_test(short_and_ambiguous_offers_are_taken),
        cmocka_unit_test(weak_offers_are_refused),
        cmocka_unit_test(old_responses_are_refused_by_name),
        cmocka_unit_test(credential_is_for_its_side),
        cmocka_unit_test(password_without_a_user_is_the_process_users),
        cmocka_unit_test(threads_share_a_credential),
    };

    realm_host_load();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
