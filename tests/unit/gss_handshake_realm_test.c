/* SPDX-License-Identifier: MIT */
/* Handshakes of the gss package: where credentials come from, what is agreed on, what can be
 * asked of the result. */
#include "realm_talk.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define SEALED                                                                                 \
    (ISC_REQ_MUTUAL_AUTH | ISC_REQ_CONFIDENTIALITY | ISC_REQ_REPLAY_DETECT |                   \
     ISC_REQ_SEQUENCE_DETECT)

static sspia_identity nothing;
static sspia_identity cache;
static sspia_identity client_keys;
static sspia_identity password;
static sspia_identity nt_password;
static sspia_identity user_file;
static sspia_identity server;

static int read_realm(void **state)
{
    (void)state;
    cache.credential_cache = realm_host_env("CCACHE");
    client_keys.client_keytab = realm_host_env("CLIENT_KEYTAB");
    password.user = "alice";
    password.password = realm_host_env("ALICE_PASSWORD");
    nt_password = password;
    nt_password.domain = "TEST";
    user_file.ntlm_user_file = realm_host_env("NTLM_USER_FILE");
    server.keytab = realm_host_env("KEYTAB");
    server.ntlm_user_file = realm_host_env("NTLM_USER_FILE");
    return 0;
}

static void connect_sides(realm_side *initiator, realm_side *acceptor, const char *package,
                          const sspia_identity *client)
{
    if (initiator->target == NULL)
        initiator->target = "HTTP/localhost";
    assert_int_equal(realm_side_acquire(initiator, package, SECPKG_CRED_OUTBOUND, NULL, client),
                     SEC_E_OK);
    assert_int_equal(realm_side_acquire(acceptor, package, SECPKG_CRED_INBOUND, NULL, &server),
                     SEC_E_OK);
    assert_int_equal(realm_shake(initiator, acceptor), SEC_E_OK);
}

static void disconnect(realm_side *initiator, realm_side *acceptor)
{
    realm_side_release(initiator);
    realm_side_release(acceptor);
    assert_int_equal(realm_host_blocks(), 0);
}

static char *name_of(realm_side *side)
{
    static char copy[256];
    SecPkgContext_NamesA names = {NULL};

    assert_int_equal(
        side->package->query_context(side->context, SECPKG_ATTR_NAMES, &names, &side->report),
        SEC_E_OK);
    snprintf(copy, sizeof copy, "%s", names.sUserName);
    realm_host_free(names.sUserName);
    return copy;
}

/* Wrong would be: an identity that leads to another account than the one it names, or to the
 * process's own. */
static void identities_lead_to_the_account_they_name(void **state)
{
    const char *secret = realm_host_env("ALICE_PASSWORD");
    const char *users = realm_host_env("NTLM_USER_FILE");
    const struct {
        const char *package;
        sspia_identity client;
        const char *principal;
        const char *target;
        const char *name;
        const char *chosen;
    } cases[] = {
        {"Kerberos", nothing, NULL, "HTTP/localhost", "alice@SSPI.TEST", NULL},
        {"Kerberos", nothing, "alice", "HTTP/localhost", "alice@SSPI.TEST", NULL},
        {"Kerberos", cache, NULL, "HTTP@localhost", "alice@SSPI.TEST", NULL},
        {"Kerberos", cache, NULL, "HTTP/localhost@SSPI.TEST", "alice@SSPI.TEST", NULL},
        {"Kerberos", client_keys, NULL, "host/localhost", "alice@SSPI.TEST", NULL},
        {"Kerberos", password, NULL, "host/localhost", "alice@SSPI.TEST", NULL},
        {"Kerberos",
         {.user = "alice@SSPI.TEST", .password = secret},
         NULL,
         "host/localhost",
         "alice@SSPI.TEST",
         NULL},
        {"Kerberos",
         {.user = "alice@sspi.test", .password = secret},
         NULL,
         "host/localhost",
         "alice@SSPI.TEST",
         NULL},
        {"Kerberos",
         {.user = "sspi.test\\alice", .password = secret},
         NULL,
         "host/localhost",
         "alice@SSPI.TEST",
         NULL},
        {"Kerberos",
         {.user = "alice", .domain = "sspi.test", .password = secret},
         NULL,
         "host/localhost",
         "alice@SSPI.TEST",
         NULL},
        {"Kerberos",
         {.user = "bob", .password = realm_host_env("BOB_PASSWORD")},
         NULL,
         "HTTP/localhost",
         "bob@SSPI.TEST",
         NULL},
        {"NTLM", nt_password, NULL, "HTTP/localhost", "TEST\\alice", NULL},
        {"NTLM", nt_password, NULL, NULL, "TEST\\alice", NULL},
        {"NTLM", nt_password, NULL, "alice@SSPI.TEST", "TEST\\alice", NULL},
        {"NTLM", {.user = "TEST\\alice", .password = secret}, NULL, "x", "TEST\\alice", NULL},
        {"NTLM", password, NULL, "HTTP/localhost", "alice", NULL},
        {"NTLM", user_file, NULL, "HTTP/localhost", "TEST\\alice", NULL},
        {"NTLM", user_file, "bob", "HTTP/localhost", "TEST\\bob", NULL},
        {"NTLM",
         {.user = "BOB", .domain = "test", .ntlm_user_file = users},
         NULL,
         "HTTP/localhost",
         "TEST\\BOB",
         NULL},
        {"Negotiate", nothing, NULL, "HTTP/localhost", "alice@SSPI.TEST", "Kerberos"},
        {"Negotiate", cache, NULL, "HTTP/localhost", "alice@SSPI.TEST", "Kerberos"},
        {"Negotiate", client_keys, NULL, "HTTP/localhost", "alice@SSPI.TEST", "Kerberos"},
        {"Negotiate", password, NULL, "HTTP/localhost", "alice@SSPI.TEST", "Kerberos"},
        {"Negotiate", password, NULL, NULL, "alice", "NTLM"},
        {"Negotiate", password, NULL, "HTTP/nobody.localhost", "alice", "NTLM"},
        {"Negotiate", nt_password, NULL, "HTTP/localhost", "TEST\\alice", "NTLM"},
        {"Negotiate",
         {.user = "alice", .password = secret, .package_list = "kerberos"},
         NULL,
         "HTTP/localhost",
         "alice@SSPI.TEST",
         "Kerberos"},
        {"Negotiate",
         {.user = "alice", .domain = "TEST", .password = secret, .package_list = "ntlm"},
         NULL,
         "HTTP/localhost",
         "TEST\\alice",
         "NTLM"},
        {"Negotiate",
         {.user = "alice", .domain = "TEST", .password = secret, .package_list = " !Kerberos"},
         NULL,
         "HTTP/localhost",
         "TEST\\alice",
         "NTLM"},
        {"Negotiate",
         {.user = "alice", .ntlm_user_file = users, .credential_cache = "FILE:/nonexistent"},
         NULL,
         "HTTP/localhost",
         "TEST\\alice",
         "NTLM"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        realm_side initiator = {.target = cases[i].target, .flags = SEALED};
        realm_side acceptor = {.flags = 0};

        assert_int_equal(realm_side_acquire(&initiator, cases[i].package, SECPKG_CRED_OUTBOUND,
                                            cases[i].principal, &cases[i].client),
                         SEC_E_OK);
        assert_int_equal(
            realm_side_acquire(&acceptor, cases[i].package, SECPKG_CRED_INBOUND, NULL, &server),
            SEC_E_OK);
        if (realm_shake(&initiator, &acceptor) != SEC_E_OK)
            fail_msg("case %zu: %s / %s", i, initiator.report.text, acceptor.report.text);
        assert_string_equal(name_of(&acceptor), cases[i].name);
        if (cases[i].chosen != NULL) {
            uint32_t how = 99;

            assert_string_equal(initiator.package->negotiated(initiator.context, &how),
                                cases[i].chosen);
            assert_int_equal(how, SECPKG_NEGOTIATION_COMPLETE);
            assert_string_equal(acceptor.package->negotiated(acceptor.context, &how),
                                cases[i].chosen);
        }
        realm_talk(&initiator, &acceptor);
        realm_talk(&acceptor, &initiator);
        disconnect(&initiator, &acceptor);
    }
}

/* Wrong would be: keys of a service the acceptor was not told to be. */
static void principals_choose_the_acceptors_keys(void **state)
{
    static const struct {
        const char *principal;
        const char *target;
        SECURITY_STATUS status;
    } cases[] = {
        {NULL, "host/localhost", SEC_E_OK},
        {"HTTP/localhost", "HTTP/localhost", SEC_E_OK},
        {"HTTP@localhost", "HTTP/localhost", SEC_E_OK},
        {"HTTP/localhost@SSPI.TEST", "HTTP/localhost", SEC_E_OK},
        {"HTTP", "HTTP/localhost", SEC_E_OK},
        {"host/localhost", "HTTP/localhost", SEC_E_WRONG_PRINCIPAL},
        {"host", "HTTP/localhost", SEC_E_WRONG_PRINCIPAL},
    };

    (void)state;
    for (size_t i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
        size_t c = i / 2;
        const char *package = i % 2 == 0 ? "Kerberos" : "Negotiate";
        realm_side initiator = {.target = cases[c].target};
        realm_side acceptor = {.flags = 0};

        assert_int_equal(
            realm_side_acquire(&initiator, package, SECPKG_CRED_OUTBOUND, NULL, &cache),
            SEC_E_OK);
        assert_int_equal(realm_side_acquire(&acceptor, package, SECPKG_CRED_INBOUND,
                                            cases[c].principal, &server),
                         SEC_E_OK);
        assert_int_equal(realm_shake(&initiator, &acceptor), cases[c].status);
        disconnect(&initiator, &acceptor);
    }
}

/* Wrong would be: a bit of the initiator's table in the acceptor's word, or the reverse; a
 * flag reported that was not agreed on. */
static void flags_are_translated_both_ways(void **state)
{
    static const struct {
        uint32_t isc;
        uint32_t asc;
        uint32_t implied_isc;
        uint32_t implied_asc;
        bool ntlm;
    } bits[] = {
        {ISC_REQ_MUTUAL_AUTH, ASC_RET_MUTUAL_AUTH, 0, 0, false},
        {ISC_REQ_REPLAY_DETECT, ASC_RET_REPLAY_DETECT, ISC_RET_INTEGRITY, ASC_RET_INTEGRITY,
         true},
        {ISC_REQ_SEQUENCE_DETECT, ASC_RET_SEQUENCE_DETECT, ISC_RET_INTEGRITY, ASC_RET_INTEGRITY,
         true},
        {ISC_REQ_CONFIDENTIALITY, ASC_RET_CONFIDENTIALITY, ISC_RET_INTEGRITY, ASC_RET_INTEGRITY,
         true},
        {ISC_REQ_INTEGRITY, ASC_RET_INTEGRITY, 0, 0, true},
        {ISC_REQ_IDENTIFY, ASC_RET_IDENTIFY, 0, 0, false},
        {ISC_REQ_EXTENDED_ERROR, ASC_RET_EXTENDED_ERROR, 0, 0, false},
        {ISC_REQ_USE_DCE_STYLE, ASC_RET_USED_DCE_STYLE, ISC_RET_MUTUAL_AUTH,
         ASC_RET_MUTUAL_AUTH, false},
        {0, 0, 0, 0, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++) {
        realm_side initiator = {.flags = bits[i].isc};
        realm_side acceptor = {.flags = ASC_REQ_SEQUENCE_DETECT};
        uint32_t order = ASC_RET_REPLAY_DETECT | ASC_RET_SEQUENCE_DETECT;
        SecPkgContext_Flags queried;

        connect_sides(&initiator, &acceptor, "Kerberos", &cache);
        assert_int_equal(initiator.attributes, bits[i].isc | bits[i].implied_isc);
        assert_int_equal(acceptor.attributes, bits[i].asc | bits[i].implied_asc);
        assert_int_equal(acceptor.package->query_context(acceptor.context, SECPKG_ATTR_FLAGS,
                                                         &queried, &acceptor.report),
                         SEC_E_OK);
        assert_int_equal(queried.Flags, acceptor.attributes);
        disconnect(&initiator, &acceptor);

        initiator = (realm_side){.flags = bits[i].isc};
        acceptor = (realm_side){.flags = ASC_REQ_SEQUENCE_DETECT};
        connect_sides(&initiator, &acceptor, "NTLM", &nt_password);
        if (bits[i].ntlm) {
            assert_int_equal(initiator.attributes, bits[i].isc | bits[i].implied_isc);
            assert_int_equal(acceptor.attributes & ~order,
                             (bits[i].asc | bits[i].implied_asc) & ~order);
            assert_int_equal(acceptor.attributes & order,
                             acceptor.attributes & ASC_RET_INTEGRITY ? order : 0);
        } else { /* NTLM has no such thing, whatever gss-ntlmssp says */
            assert_int_equal(initiator.attributes & bits[i].isc & ~ISC_RET_IDENTIFY, 0);
        }
        disconnect(&initiator, &acceptor);
    }
}

/* Wrong would be: tickets handed to a server that is not sure to be the right one. */
static void delegation_needs_mutual_authentication(void **state)
{
    static const char *const packages[] = {"Kerberos", "Negotiate"};

    (void)state;
    for (int i = 0; i < 4; i++) {
        bool mutual = i < 2;
        realm_side initiator = {.flags = ISC_REQ_DELEGATE | (mutual ? ISC_REQ_MUTUAL_AUTH : 0)};
        realm_side acceptor = {.flags = 0};

        connect_sides(&initiator, &acceptor, packages[i % 2], &cache);
        assert_int_equal(initiator.attributes & ISC_RET_DELEGATE,
                         mutual ? ISC_RET_DELEGATE : 0);
        assert_int_equal(acceptor.attributes & ASC_RET_DELEGATE, mutual ? ASC_RET_DELEGATE : 0);
        disconnect(&initiator, &acceptor);
    }
}

/* Wrong would be: a channel that is not the peer's accepted, or bindings that are missing. */
static void channel_bindings_must_match(void **state)
{
    struct {
        SEC_CHANNEL_BINDINGS head;
        char data[24];
    } ours = {{.cbApplicationDataLength = 24, .dwApplicationDataOffset = sizeof ours.head},
              "tls-server-end-point:abc"},
      others = ours, cut = ours, wild = ours;
    const struct {
        const void *initiator;
        const void *acceptor;
        uint64_t flags;
        SECURITY_STATUS status;
    } cases[] = {
        {&ours, &ours, 0, SEC_E_OK},
        {&ours, NULL, 0, SEC_E_OK},
        {NULL, &ours, ASC_REQ_ALLOW_MISSING_BINDINGS, SEC_E_OK},
        {NULL, &ours, 0, SEC_E_BAD_BINDINGS},
        {&others, &ours, 0, SEC_E_BAD_BINDINGS},
        {&others, &ours, ASC_REQ_ALLOW_MISSING_BINDINGS, SEC_E_BAD_BINDINGS},
        {&cut, &ours, 0, SEC_E_INVALID_PARAMETER},
        {&wild, &ours, 0, SEC_E_INVALID_PARAMETER},
        {&ours, &cut, 0, SEC_E_INVALID_PARAMETER},
    };
    static const char *const packages[] = {"Kerberos", "NTLM", "Negotiate"};

    (void)state;
    others.data[23] = 'x';
    cut.head.cbApplicationDataLength = 25;
    wild.head.dwApplicationDataOffset = 0xfffffff0u;
    for (size_t i = 0; i < 4 * sizeof cases / sizeof cases[0]; i++) {
        size_t c = i / 4;
        bool inner_ntlm = i % 4 == 3;
        const char *package = inner_ntlm ? "Negotiate" : packages[i % 4];
        bool ntlm = inner_ntlm || strcmp(package, "NTLM") == 0;
        realm_side initiator = {.target = "HTTP/localhost",
                                .flags = SEALED,
                                .bindings = cases[c].initiator,
                                .bindings_size = sizeof ours};
        realm_side acceptor = {.flags = cases[c].flags,
                               .bindings = cases[c].acceptor,
                               .bindings_size = sizeof ours};

        assert_int_equal(realm_side_acquire(&initiator, package, SECPKG_CRED_OUTBOUND, NULL,
                                            ntlm ? &nt_password : &cache),
                         SEC_E_OK);
        assert_int_equal(
            realm_side_acquire(&acceptor, package, SECPKG_CRED_INBOUND, NULL, &server),
            SEC_E_OK);
        if (realm_shake(&initiator, &acceptor) != cases[c].status)
            fail_msg("case %zu, %s: %08x %s / %08x %s", c, package, (unsigned)initiator.status,
                     initiator.report.text, (unsigned)acceptor.status, acceptor.report.text);
        disconnect(&initiator, &acceptor);
    }
}

/* Wrong would be: a Negotiate acceptor that only understands SPNEGO; Windows clients send
 * plain tokens, and curl --ntlm one that is shorter than gss-ntlmssp expects. */
static void negotiate_accepts_plain_tokens(void **state)
{
    const unsigned char negotiate_message[32] = "NTLMSSP\0\1\0\0\0\x06\x82\x08\xa2";
    const char *const packages[] = {"Kerberos", "NTLM"};
    realm_side acceptor = {.flags = 0};

    (void)state;
    for (int i = 0; i < 2; i++) {
        realm_side initiator = {.target = "HTTP/localhost", .flags = SEALED};

        assert_int_equal(realm_side_acquire(&initiator, packages[i], SECPKG_CRED_OUTBOUND, NULL,
                                            i == 0 ? &password : &nt_password),
                         SEC_E_OK);
        assert_int_equal(
            realm_side_acquire(&acceptor, "Negotiate", SECPKG_CRED_INBOUND, NULL, &server),
            SEC_E_OK);
        assert_int_equal(realm_shake(&initiator, &acceptor), SEC_E_OK);
        realm_talk(&initiator, &acceptor);
        disconnect(&initiator, &acceptor);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(realm_side_acquire(&acceptor, i == 0 ? "NTLM" : "Negotiate",
                                            SECPKG_CRED_INBOUND, NULL, &server),
                         SEC_E_OK);
        assert_int_equal(
            realm_side_step(&acceptor, negotiate_message, sizeof negotiate_message),
            SEC_I_CONTINUE_NEEDED);
        assert_true(acceptor.token.size > 32);
        realm_side_release(&acceptor);
    }
}

/* Wrong would be: a user whom nobody knows taken for a message that was altered, or a system
 * where there is nobody to ask taken for either. */
static void default_users_are_asked(void **state)
{
    const struct {
        const char *user;
        const char *password;
        bool no_file;
        SECURITY_STATUS status;
        const char *text;
    } cases[] = {
        {"alice", realm_host_env("ALICE_PASSWORD"), false, SEC_E_OK, ""},
        {"alice", "not-the-password", false, SEC_E_LOGON_DENIED, "user"},
        {"nobody", "not-the-password", false, SEC_E_LOGON_DENIED, "user"},
        {"alice", realm_host_env("ALICE_PASSWORD"), true, SEC_E_NO_AUTHENTICATING_AUTHORITY,
         "ntlm_user_file"},
    };
    char *users = strdup(realm_host_env("NTLM_USER_FILE"));

    (void)state;
    for (size_t i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
        size_t c = i / 2;
        const char *package = i % 2 == 0 ? "NTLM" : "Negotiate";
        sspia_identity client = {.user = cases[c].user,
                                 .domain = "TEST",
                                 .password = cases[c].password,
                                 .package_list = "ntlm"};
        realm_side initiator = {.target = "HTTP/localhost", .flags = SEALED};
        realm_side acceptor = {.flags = 0};

        if (cases[c].no_file)
            unsetenv("NTLM_USER_FILE");
        assert_int_equal(
            realm_side_acquire(&initiator, package, SECPKG_CRED_OUTBOUND, NULL, &client),
            SEC_E_OK);
        assert_int_equal(
            realm_side_acquire(&acceptor, package, SECPKG_CRED_INBOUND, NULL, NULL), SEC_E_OK);
        if (realm_shake(&initiator, &acceptor) != cases[c].status ||
            (cases[c].status != SEC_E_OK && acceptor.status != cases[c].status))
            fail_msg("case %zu, %s: %08x %s / %08x %s", c, package, (unsigned)initiator.status,
                     initiator.report.text, (unsigned)acceptor.status, acceptor.report.text);
        if (cases[c].status != SEC_E_OK)
            assert_non_null(strstr(acceptor.report.text, cases[c].text));
        disconnect(&initiator, &acceptor);
        setenv("NTLM_USER_FILE", users, 1);
    }
    free(users);
}

/* Wrong would be: a password that an acceptor was given and that nobody looks at, so that
 * whoever the process's default file names can log on. */
static void a_password_makes_an_account_for_acceptors(void **state)
{
    const char *secret = realm_host_env("ALICE_PASSWORD");
    const sspia_identity alice = {.user = "alice", .domain = "TEST", .password = secret};
    const sspia_identity bob = {
        .user = "bob", .domain = "TEST", .password = realm_host_env("BOB_PASSWORD")};
    const sspia_identity new_user = {.user = "new", .domain = "OTHER", .password = "secret"};
    const struct {
        sspia_identity server;
        sspia_identity client;
        SECURITY_STATUS status;
        const char *name;
    } cases[] = {
        {alice, alice, SEC_E_OK, "TEST\\alice"},
        {{.user = "TEST\\alice", .password = secret}, alice, SEC_E_OK, "TEST\\alice"},
        {{.user = "alice@TEST", .password = secret}, alice, SEC_E_OK, "TEST\\alice"},
        {{.user = "alice", .password = secret}, alice, SEC_E_OK, "TEST\\alice"},
        {{.user = "ALICE", .domain = "TEST", .password = secret},
         alice,
         SEC_E_OK,
         "TEST\\alice"},
        {new_user, new_user, SEC_E_OK, "OTHER\\new"},
        {alice,
         {.user = "alice", .domain = "TEST", .password = "not-the-password"},
         SEC_E_LOGON_DENIED,
         NULL},
        {alice,
         {.user = "alice", .domain = "OTHER", .password = secret},
         SEC_E_LOGON_DENIED,
         NULL},
        {alice, bob, SEC_E_LOGON_DENIED, NULL},
        {new_user, alice, SEC_E_LOGON_DENIED, NULL},
    };

    (void)state;
    for (size_t i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
        size_t c = i / 2;
        const char *package = i % 2 == 0 ? "NTLM" : "Negotiate";
        sspia_identity client = cases[c].client;
        realm_side initiator = {.target = "HTTP/localhost", .flags = SEALED};
        realm_side acceptor = {.flags = 0};

        client.package_list = "ntlm";
        assert_int_equal(
            realm_side_acquire(&initiator, package, SECPKG_CRED_OUTBOUND, NULL, &client),
            SEC_E_OK);
        if (realm_side_acquire(&acceptor, package, SECPKG_CRED_INBOUND, NULL,
                               &cases[c].server) != SEC_E_OK)
            fail_msg("case %zu, %s: %s", c, package, acceptor.report.text);
        if (realm_shake(&initiator, &acceptor) != cases[c].status)
            fail_msg("case %zu, %s: %08x %s / %08x %s", c, package, (unsigned)initiator.status,
                     initiator.report.text, (unsigned)acceptor.status, acceptor.report.text);
        if (cases[c].status == SEC_E_OK) {
            assert_string_equal(name_of(&acceptor), cases[c].name);
            realm_talk(&initiator, &acceptor);
        }
        disconnect(&initiator, &acceptor);
    }
}

/* Wrong would be: an acceptor of Negotiate with a keytab that lets in the users of the default
 * file, or one with a user file that takes tickets for the default keytab. */
static void naming_one_source_excludes_the_others_default(void **state)
{
    const sspia_identity keys = {.keytab = realm_host_env("KEYTAB")};
    const sspia_identity users = {.ntlm_user_file = realm_host_env("NTLM_USER_FILE")};
    const sspia_identity account = {
        .user = "alice", .domain = "TEST", .password = realm_host_env("ALICE_PASSWORD")};
    sspia_identity keys_and_account = account;
    const struct {
        const sspia_identity *server;
        uint32_t use;
        bool kerberos;
        bool ntlm;
    } cases[] = {
        {NULL, SECPKG_CRED_INBOUND, true, true},
        {&server, SECPKG_CRED_INBOUND, true, true},
        {&keys, SECPKG_CRED_INBOUND, true, false},
        {&users, SECPKG_CRED_INBOUND, false, true},
        {&account, SECPKG_CRED_INBOUND, false, true},
        {&keys_and_account, SECPKG_CRED_INBOUND, true, true},
        {&account, SECPKG_CRED_BOTH, true, true},
        {&keys, SECPKG_CRED_BOTH, true, false},
    };

    (void)state;
    keys_and_account.keytab = keys.keytab;
    for (size_t i = 0; i < 4 * sizeof cases / sizeof cases[0]; i++) {
        size_t c = i / 4;
        bool ntlm = i % 2 == 1;
        /* In SPNEGO, and without it. */
        const char *package = i % 4 < 2 ? "Negotiate" : ntlm ? "NTLM" : "Kerberos";
        realm_side initiator = {.target = "HTTP/localhost", .flags = SEALED};
        realm_side acceptor = {.flags = 0};
        SECURITY_STATUS wanted =
            (ntlm ? cases[c].ntlm : cases[c].kerberos) ? SEC_E_OK : SEC_E_NO_CREDENTIALS;
        SECURITY_STATUS status;

        assert_int_equal(realm_side_acquire(&initiator, package, SECPKG_CRED_OUTBOUND, NULL,
                                            ntlm ? &nt_password : &cache),
                         SEC_E_OK);
        assert_int_equal(
            realm_side_acquire(&acceptor, "Negotiate", cases[c].use, NULL, cases[c].server),
            SEC_E_OK);
        acceptor.initiator = false;
        status = realm_shake(&initiator, &acceptor);
        if (wanted == SEC_E_OK ? status != SEC_E_OK : acceptor.status != wanted)
            fail_msg("case %zu, %s, %d: %08x %s / %08x %s", c, package, ntlm,
                     (unsigned)initiator.status, initiator.report.text,
                     (unsigned)acceptor.status, acceptor.report.text);
        disconnect(&initiator, &acceptor);
    }
}

static bool offers(const realm_side *side, const char *oid)
{
    return memmem(side->token.data, side->token.size, oid, strlen(oid)) != NULL;
}

/* Wrong would be: a greeting (MS-SPNG 2.2.1, NegTokenInit2) that offers less than the acceptor
 * can do, or more; or an acceptor that then refuses what it has offered. */
static void an_acceptor_that_speaks_first_offers_what_it_has(void **state)
{
    static const char spnego[] = "\x06\x06\x2b\x06\x01\x05\x05\x02";
    static const char kerberos[] = "\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02";
    static const char ntlmssp[] = "\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a";
    const sspia_identity keys = {.keytab = realm_host_env("KEYTAB")};
    const struct {
        const sspia_identity *server;
        bool no_keytab;
        bool kerberos;
        bool ntlm;
    } cases[] = {
        {&server, false, true, true},  {&nothing, false, true, true},
        {&nothing, true, false, true}, {&user_file, true, false, true},
        {&keys, false, true, false},
    };

    (void)state;
    for (size_t i = 0; i < 4 * sizeof cases / sizeof cases[0]; i++) {
        size_t c = i / 4;
        bool ntlm = i % 2 == 1;
        bool hears = i % 4 < 2; /* as clients of SMB do; those of LDAP need not */
        realm_side initiator = {.target = "HTTP/localhost", .flags = SEALED};
        realm_side acceptor = {.flags = 0};

        if (cases[c].no_keytab)
            setenv("KRB5_KTNAME", "FILE:/nonexistent", 1);
        assert_int_equal(realm_side_acquire(&initiator, "Negotiate", SECPKG_CRED_OUTBOUND, NULL,
                                            ntlm ? &nt_password : &cache),
                         SEC_E_OK);
        assert_int_equal(realm_side_acquire(&acceptor, "Negotiate", SECPKG_CRED_INBOUND, NULL,
                                            cases[c].server),
                         SEC_E_OK);
        if (realm_side_step(&acceptor, NULL, 0) != SEC_I_CONTINUE_NEEDED)
            fail_msg("case %zu: %08x %s", c, (unsigned)acceptor.status, acceptor.report.text);
        assert_true(offers(&acceptor, spnego));
        assert_true(offers(&acceptor, kerberos) == cases[c].kerberos);
        assert_true(offers(&acceptor, ntlmssp) == cases[c].ntlm);
        if (ntlm ? cases[c].ntlm : cases[c].kerberos) {
            if (!hears)
                acceptor.token.size = 0;
            if (realm_shake(&initiator, &acceptor) != SEC_E_OK)
                fail_msg("case %zu, %d: %s / %s", c, ntlm, initiator.report.text,
                         acceptor.report.text);
            realm_talk(&initiator, &acceptor);
            realm_talk(&acceptor, &initiator);
        } else {
            assert_int_equal(realm_side_step(&acceptor, NULL, 0), SEC_E_INVALID_TOKEN);
        }
        disconnect(&initiator, &acceptor);
        unsetenv("KRB5_KTNAME");
    }
}

/* Wrong would be: a greeting that offers nothing. */
static void an_acceptor_with_nothing_has_no_greeting(void **state)
{
    const sspia_identity lacking = {.keytab = "FILE:/nonexistent"};
    realm_side acceptor = {.flags = 0};

    (void)state;
    assert_int_equal(
        realm_side_acquire(&acceptor, "Negotiate", SECPKG_CRED_INBOUND, NULL, &lacking),
        SEC_E_OK);
    assert_int_equal(realm_side_step(&acceptor, NULL, 0), SEC_E_NO_CREDENTIALS);
    assert_non_null(strstr(acceptor.report.text, "/nonexistent"));
    realm_side_release(&acceptor);
    assert_int_equal(realm_host_blocks(), 0);
}

/* Wrong would be: answers that differ between the sides, or that leak. */
static void attributes_agree_on_both_sides(void **state)
{
    static const char *const packages[] = {"Kerberos", "NTLM", "Negotiate"};

    (void)state;
    for (int p = 0; p < 3; p++) {
        bool ntlm = p == 1;
        realm_side sides[2] = {{.flags = SEALED}, {.flags = 0}};
        SecPkgContext_SessionKey keys[2];
        SecPkgContext_Lifespan spans[2];
        SecPkgContext_NativeNamesA natives[2];
        SecPkgContext_KeyInfoA infos[2];
        SecPkgContext_AuthorityA authority;
        SecPkgContext_ClientSpecifiedTarget target;
        SecPkgCredentials_NamesA owner;
        sspia_report report;
        int64_t expiry;

        connect_sides(&sides[0], &sides[1], packages[p], ntlm ? &nt_password : &cache);
        for (int i = 0; i < 2; i++) {
            const sspia_package *package = sides[i].package;
            void *context = sides[i].context;

            assert_int_equal(
                package->query_context(context, SECPKG_ATTR_SESSION_KEY, &keys[i], &report),
                SEC_E_OK);
            assert_int_equal(
                package->query_context(context, SECPKG_ATTR_LIFESPAN, &spans[i], &report),
                SEC_E_OK);
            assert_int_equal(
                package->query_context(context, SECPKG_ATTR_NATIVE_NAMES, &natives[i], &report),
                SEC_E_OK);
            assert_int_equal(
                package->query_context(context, SECPKG_ATTR_KEY_INFO, &infos[i], &report),
                SEC_E_OK);
            assert_int_equal(
                package->query_context(context, SECPKG_ATTR_AUTHORITY, &authority, &report),
                SEC_E_OK);
            assert_string_equal(authority.sAuthorityName, ntlm ? "TEST" : "SSPI.TEST");
            realm_host_free(authority.sAuthorityName);
            assert_int_equal(package->query_context(context,
                                                    SECPKG_ATTR_CLIENT_SPECIFIED_TARGET,
                                                    &target, &report),
                             SEC_E_OK);
            assert_memory_equal(target.sTargetName, u"HTTP/localhost",
                                sizeof u"HTTP/localhost");
            realm_host_free(target.sTargetName);
            assert_int_equal(
                package->query_context(context, SECPKG_ATTR_USER_FLAGS, &target, &report),
                SEC_E_UNSUPPORTED_FUNCTION);
        }
        assert_int_equal(keys[0].SessionKeyLength, keys[1].SessionKeyLength);
        assert_memory_equal(keys[0].SessionKey, keys[1].SessionKey, keys[0].SessionKeyLength);
        assert_int_equal(keys[0].SessionKeyLength, ntlm ? 16 : 32);
        assert_int_equal(infos[0].KeySize, ntlm ? 128 : 256);
        assert_string_equal(infos[0].sEncryptAlgorithmName,
                            ntlm ? "RSADSI RC4" : "AES256-CTS-HMAC-SHA1-96");
        assert_string_equal(infos[0].sSignatureAlgorithmName, infos[1].sSignatureAlgorithmName);
        assert_string_equal(natives[0].sClientName, natives[1].sClientName);
        expiry = (int64_t)spans[0].tsExpiry.HighPart << 32 | spans[0].tsExpiry.LowPart;
        if (ntlm) {
            assert_int_equal(expiry, INT64_MAX);
        } else {
            time_t now = time(NULL);
            struct tm local;
            int64_t today;

            localtime_r(&now, &local);
            today = ((int64_t)now + 11644473600 + local.tm_gmtoff) * 10000000;
            assert_true(expiry > today && expiry < today + (int64_t)11 * 3600 * 10000000);
            assert_string_equal(natives[1].sServerName, "HTTP/localhost@SSPI.TEST");
        }
        assert_int_equal(sides[0].package->query_credential(
                             sides[0].credential, SECPKG_CRED_ATTR_NAMES, &owner, &report),
                         SEC_E_OK);
        assert_string_equal(owner.sUserName, ntlm ? "TEST\\alice" : "alice@SSPI.TEST");
        realm_host_free(owner.sUserName);
        for (int i = 0; i < 2; i++) {
            realm_host_free(keys[i].SessionKey);
            realm_host_free(natives[i].sClientName);
            realm_host_free(natives[i].sServerName);
            realm_host_free(infos[i].sEncryptAlgorithmName);
            realm_host_free(infos[i].sSignatureAlgorithmName);
        }
        disconnect(&sides[0], &sides[1]);
    }
}

/* Wrong would be: an exported context that is gone, or one that the copy differs from. */
static void export_leaves_the_source_usable(void **state)
{
    static const char *const packages[] = {"Kerberos", "NTLM", "Negotiate", "Negotiate"};

    (void)state;
    for (int p = 0; p < 8; p++) {
        bool ntlm = p % 4 == 1 || p % 4 == 3;
        realm_side sides[2] = {{.flags = SEALED}, {.flags = 0}};
        int which = p / 4;
        realm_side copy;
        sspia_bytes packed = {NULL, 0};
        sspia_report report = {""};

        connect_sides(&sides[0], &sides[1], packages[p % 4], ntlm ? &nt_password : &cache);
        realm_talk(&sides[0], &sides[1]);
        realm_talk(&sides[1], &sides[0]);
        copy = sides[which];
        copy.context = NULL;
        copy.token.data = NULL;
        assert_int_equal(
            copy.package->export_context(sides[which].context, 0, &packed, &report), SEC_E_OK);
        assert_int_equal(
            copy.package->import_context(packed.data, packed.size, &copy.context, &report),
            SEC_E_OK);
        realm_talk(&sides[which], &sides[!which]);
        realm_talk(&sides[!which], &sides[which]);
        realm_side_reset(&sides[which]);
        realm_host_free(packed.data);

        /* The copy goes on from the moment of the export; to the peer these are repeats, so
         * another pair shows that it talks: export with DELETE_OLD. */
        assert_string_equal(name_of(&copy), ntlm ? "TEST\\alice" : "alice@SSPI.TEST");
        realm_side_reset(&copy);
        disconnect(&sides[0], &sides[1]);

        sides[0] = (realm_side){.flags = SEALED};
        sides[1] = (realm_side){.flags = 0};
        connect_sides(&sides[0], &sides[1], packages[p % 4], ntlm ? &nt_password : &cache);
        realm_talk(&sides[0], &sides[1]);
        assert_int_equal(copy.package->export_context(sides[which].context,
                                                      SECPKG_CONTEXT_EXPORT_DELETE_OLD, &packed,
                                                      &report),
                         SEC_E_OK);
        realm_side_reset(&sides[which]);
        assert_int_equal(copy.package->import_context(packed.data, packed.size,
                                                      &sides[which].context, &report),
                         SEC_E_OK);
        realm_talk(&sides[0], &sides[1]);
        realm_talk(&sides[1], &sides[0]);
        for (size_t cut = 0; cut < packed.size; cut += cut < 80 ? 1 : 37) {
            void *none = NULL;

            assert_int_equal(copy.package->import_context(packed.data, cut, &none, &report),
                             SEC_E_INVALID_TOKEN);
        }
        for (size_t i = 0; i < packed.size; i += i < 80 ? 1 : 37) {
            void *none = NULL;

            ((unsigned char *)packed.data)[i] ^= 1;
            assert_int_equal(
                copy.package->import_context(packed.data, packed.size, &none, &report),
                SEC_E_INVALID_TOKEN);
            ((unsigned char *)packed.data)[i] ^= 1;
        }
        assert_int_equal(realm_host_package(p % 4 == 0 ? "NTLM" : "Kerberos")
                             ->import_context(packed.data, packed.size, &copy.context, &report),
                         SEC_E_INVALID_TOKEN);
        realm_host_free(packed.data);
        disconnect(&sides[0], &sides[1]);
    }
}

/* Wrong would be: a GSS credential shared by two handshakes, a race in the pool. */
#define THREADS 4
#define ROUNDS  40

typedef struct crowd {
    realm_side initiator; /* the credentials, shared */
    realm_side acceptor;
    int failures;
} crowd;

static void *shake_often(void *argument)
{
    crowd *shared = argument;
    int failures = 0;

    for (int i = 0; i < ROUNDS; i++) {
        realm_side initiator = shared->initiator;
        realm_side acceptor = shared->acceptor;

        failures += realm_shake(&initiator, &acceptor) != SEC_E_OK;
        realm_side_reset(&initiator);
        realm_side_reset(&acceptor);
    }
    __atomic_fetch_add(&shared->failures, failures, __ATOMIC_RELAXED);
    return NULL;
}

static void one_credential_serves_many_threads(void **state)
{
    static const char *const packages[] = {"Kerberos", "NTLM", "Negotiate"};

    (void)state;
    for (int p = 0; p < 3; p++) {
        crowd shared = {.initiator = {.target = "HTTP/localhost", .flags = SEALED}};
        pthread_t threads[THREADS];

        assert_int_equal(realm_side_acquire(&shared.initiator, packages[p],
                                            SECPKG_CRED_OUTBOUND, NULL,
                                            p == 1 ? &nt_password : &password),
                         SEC_E_OK);
        assert_int_equal(realm_side_acquire(&shared.acceptor, packages[p], SECPKG_CRED_INBOUND,
                                            NULL, &server),
                         SEC_E_OK);
        for (int i = 0; i < THREADS; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, shake_often, &shared), 0);
        for (int i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);
        assert_int_equal(shared.failures, 0);
        disconnect(&shared.initiator, &shared.acceptor);
    }
}

/* Wrong would be: a credential that dies before its contexts are done with it. */
static void contexts_outlive_their_credential(void **state)
{
    realm_side initiator = {.target = "HTTP/localhost", .flags = SEALED};
    realm_side acceptor = {.flags = 0};

    (void)state;
    assert_int_equal(
        realm_side_acquire(&initiator, "Kerberos", SECPKG_CRED_OUTBOUND, NULL, &password),
        SEC_E_OK);
    assert_int_equal(
        realm_side_acquire(&acceptor, "Kerberos", SECPKG_CRED_INBOUND, NULL, &server),
        SEC_E_OK);
    assert_int_equal(realm_side_step(&initiator, NULL, 0), SEC_I_CONTINUE_NEEDED);
    initiator.package->release(initiator.credential);
    initiator.credential = NULL;
    assert_int_equal(realm_side_step(&acceptor, initiator.token.data, initiator.token.size),
                     SEC_E_OK);
    acceptor.package->release(acceptor.credential);
    acceptor.credential = NULL;
    assert_int_equal(realm_side_step(&initiator, acceptor.token.data, acceptor.token.size),
                     SEC_E_OK);
    realm_talk(&initiator, &acceptor);
    disconnect(&initiator, &acceptor);
}

/* The realm's configuration, with tickets that live so many seconds. */
static void write_configuration(const char *path, const char *original, int lifetime)
{
    FILE *from = fopen(original, "r");
    FILE *to = fopen(path, "w");
    char line[256];

    assert_non_null(from);
    assert_non_null(to);
    while (fgets(line, sizeof line, from) != NULL) {
        fputs(line, to);
        if (strcmp(line, "[libdefaults]\n") == 0)
            fprintf(to, "    ticket_lifetime = %ds\n    clockskew = 1\n", lifetime);
    }
    fclose(from);
    fclose(to);
}

/* Connects with a ticket that ends soon; but a ticket that ends before the handshake does is of
 * no use, and how long that takes is the machine's affair. */
static void connect_with_short_ticket(realm_side *initiator, realm_side *acceptor,
                                      const char *path, const char *original)
{
    for (int lifetime = 2; lifetime <= 64; lifetime *= 2) {
        write_configuration(path, original, lifetime);
        assert_int_equal(
            realm_side_acquire(initiator, "Negotiate", SECPKG_CRED_OUTBOUND, NULL, &password),
            SEC_E_OK);
        assert_int_equal(
            realm_side_acquire(acceptor, "Negotiate", SECPKG_CRED_INBOUND, NULL, &server),
            SEC_E_OK);
        if (realm_shake(initiator, acceptor) == SEC_E_OK &&
            initiator->expiry <= (int64_t)time(NULL) + lifetime)
            return;
        realm_side_release(initiator);
        realm_side_release(acceptor);
    }
    fail_msg("no handshake ended before its ticket");
}

/* Wrong would be: a credential with a password that is of no use once its ticket ended. */
static void expired_tickets_are_renewed(void **state)
{
    char path[512];
    char *original = strdup(realm_host_env("KRB5_CONFIG"));
    realm_side initiator = {.target = "HTTP/localhost", .flags = SEALED};
    realm_side acceptor = {.flags = 0};

    (void)state;
    snprintf(path, sizeof path, "%s/short.conf", realm_host_env("REALM_DIR"));
    setenv("KRB5_CONFIG", path, 1);
    connect_with_short_ticket(&initiator, &acceptor, path, original);
    while ((int64_t)time(NULL) <= initiator.expiry + 1) /* the clock skew */
        sleep(1);
    realm_side_reset(&initiator);
    realm_side_reset(&acceptor);
    write_configuration(path, original, 3600);
    assert_int_equal(realm_shake(&initiator, &acceptor), SEC_E_OK);
    assert_string_equal(name_of(&acceptor), "alice@SSPI.TEST");
    assert_true(initiator.expiry > (int64_t)time(NULL) + 600);
    setenv("KRB5_CONFIG", original, 1);
    free(original);
    disconnect(&initiator, &acceptor);
}

/* Wrong would be: whoever asks for a name pays for what GSSAPI reads to tell it, although the
 * leg was told of that. */
static void names_are_looked_up_within_the_leg(void **state)
{
    static const char *const packages[] = {"Kerberos", "Negotiate"};

    (void)state;
    for (size_t i = 0; i < sizeof packages / sizeof packages[0]; i++) {
        realm_side initiator = {.flags = SEALED};
        realm_side acceptor = {.flags = SEALED | SSPIA_REQ_NAMES};
        char *path = strdup(realm_host_env("KRB5_CONFIG"));

        assert_non_null(path);
        connect_sides(&initiator, &acceptor, packages[i], &cache);
        setenv("KRB5_CONFIG", "/nonexistent/krb5.conf", 1); /* no name is looked up any more */
        assert_string_equal(name_of(&acceptor), "alice@SSPI.TEST");
        assert_string_equal(name_of(&acceptor), "alice@SSPI.TEST");
        setenv("KRB5_CONFIG", path, 1);
        free(path);
        realm_talk(&initiator, &acceptor);
        disconnect(&initiator, &acceptor);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identities_lead_to_the_account_they_name),
        cmocka_unit_test(principals_choose_the_acceptors_keys),
        cmocka_unit_test(flags_are_translated_both_ways),
        cmocka_unit_test(delegation_needs_mutual_authentication),
        cmocka_unit_test(channel_bindings_must_match),
        cmocka_unit_test(negotiate_accepts_plain_tokens),
        cmocka_unit_test(default_users_are_asked),
        cmocka_unit_test(a_password_makes_an_account_for_acceptors),
        cmocka_unit_test(naming_one_source_excludes_the_others_default),
        cmocka_unit_test(an_acceptor_that_speaks_first_offers_what_it_has),
        cmocka_unit_test(an_acceptor_with_nothing_has_no_greeting),
        cmocka_unit_test(attributes_agree_on_both_sides),
        cmocka_unit_test(names_are_looked_up_within_the_leg),
        cmocka_unit_test(export_leaves_the_source_usable),
        cmocka_unit_test(one_credential_serves_many_threads),
        cmocka_unit_test(contexts_outlive_their_credential),
        cmocka_unit_test(expired_tickets_are_renewed),
    };

    realm_host_load();
    return cmocka_run_group_tests(tests, read_realm, NULL);
}
