/* SPDX-License-Identifier: MIT */
/* What an initiator delegates, an acceptor can use: a credential of its own, for other servers.
 */
#include <stdlib.h>
#include <string.h>

#include "scripted.h"
#include "side.h"

static const char *const packages[] = {"Kerberos", "Negotiate"};

#define PACKAGES (sizeof(packages) / sizeof(packages[0]))

static char *host_target = (char *)"host@localhost";
static char *http_target = (char *)"HTTP@localhost";

/* alice, and the services. */
static void make(struct side *initiator, struct side *acceptor, const char *package,
                 uint32_t wanted)
{
    struct login client;
    struct login server;

    login_init(&client);
    login_init(&server);
    client.identity.credential_cache = realm_value("CCACHE");
    server.identity.keytab = realm_value("KEYTAB");
    side_init(initiator, true, false);
    side_init(acceptor, false, false);
    initiator->target = http_target;
    initiator->wanted |= wanted;
    assert_status(side_acquire(initiator, package, &client), SEC_E_OK);
    assert_status(side_acquire(acceptor, package, &server), SEC_E_OK);
}

static void make_acceptor(struct side *acceptor, const char *package)
{
    struct side unused;

    make(&unused, acceptor, package, 0);
    assert_true(side_release(&unused));
}

static void assert_client(struct side *acceptor, const char *expected)
{
    SecPkgContext_NamesA names = {NULL};

    assert_status(QueryContextAttributesA(&acceptor->context, SECPKG_ATTR_NAMES, &names),
                  SEC_E_OK);
    assert_string_equal(names.sUserName, expected);
    FreeContextBuffer(names.sUserName);
}

/* Talks to another service with a credential; takes it over. */
static void use_credential(const char *package, const CredHandle *credential,
                           const char *expected)
{
    struct side initiator;
    struct side acceptor;

    make_acceptor(&acceptor, package);
    side_init(&initiator, true, false);
    initiator.target = host_target;
    initiator.credential = *credential;
    initiator.acquired = true;
    assert_status(sides_shake(&initiator, &acceptor, 10), SEC_E_OK);
    assert_client(&acceptor, expected);
    assert_true(sides_send(&initiator, &acceptor, "on behalf of her"));
    assert_true(side_release(&initiator));
    assert_true(side_release(&acceptor));
}

/* Wrong: what was delegated is dropped, or dies with the context, or is somebody else's. */
static void delegated_credential_reaches_other_servers(void **state)
{
    (void)state;
    for (size_t i = 0; i < PACKAGES; i++) {
        sspia_delegated_credential first;
        sspia_delegated_credential second;
        SecPkgCredentials_NamesA names = {NULL};
        struct side initiator;
        struct side acceptor;

        make(&initiator, &acceptor, packages[i], ISC_REQ_DELEGATE | ISC_REQ_MUTUAL_AUTH);
        assert_status(sides_shake(&initiator, &acceptor, 10), SEC_E_OK);
        assert_true(acceptor.attributes & ASC_RET_DELEGATE);
        assert_status(
            QueryContextAttributesA(&acceptor.context, SSPIA_ATTR_DELEGATED_CREDENTIAL, &first),
            SEC_E_OK);
        assert_status(QueryContextAttributesExW(&acceptor.context,
                                                SSPIA_ATTR_DELEGATED_CREDENTIAL, &second,
                                                sizeof(second)),
                      SEC_E_OK);
        assert_true(side_release(&initiator));
        assert_true(side_release(&acceptor));
        assert_status(
            QueryCredentialsAttributesA(&first.credential, SECPKG_CRED_ATTR_NAMES, &names),
            SEC_E_OK);
        assert_string_equal(names.sUserName, "alice@SSPI.TEST");
        FreeContextBuffer(names.sUserName);
        /* Each is one of its own. */
        assert_status(FreeCredentialsHandle(&second.credential), SEC_E_OK);
        use_credential(packages[i], &first.credential, "alice@SSPI.TEST");
        assert_status(FreeCredentialsHandle(&first.credential), SEC_E_INVALID_HANDLE);
    }
}

/* Wrong: a handle of nothing, or a silent success. */
static void nothing_delegated_is_no_credential(void **state)
{
    (void)state;
    for (size_t i = 0; i < PACKAGES; i++) {
        sspia_delegated_credential answer;
        struct side initiator;
        struct side acceptor;

        memset(&answer, 0x5a, sizeof(answer));
        make(&initiator, &acceptor, packages[i], ISC_REQ_MUTUAL_AUTH);
        assert_status(sides_shake(&initiator, &acceptor, 10), SEC_E_OK);
        assert_status(QueryContextAttributesA(&acceptor.context,
                                              SSPIA_ATTR_DELEGATED_CREDENTIAL, &answer),
                      SEC_E_NO_CREDENTIALS);
        assert_status(QueryContextAttributesA(&initiator.context,
                                              SSPIA_ATTR_DELEGATED_CREDENTIAL, &answer),
                      SEC_E_NO_CREDENTIALS);
        assert_status(QueryContextAttributesExA(&acceptor.context,
                                                SSPIA_ATTR_DELEGATED_CREDENTIAL, &answer, 16),
                      SEC_E_BUFFER_TOO_SMALL);
        assert_status(
            QueryContextAttributesA(&acceptor.context, SSPIA_ATTR_DELEGATED_CREDENTIAL, NULL),
            SEC_E_INVALID_PARAMETER);
        for (size_t k = 0; k < sizeof(answer); k++)
            assert_int_equal(((unsigned char *)&answer)[k], 0x5a);
        assert_true(side_release(&initiator));
        assert_true(side_release(&acceptor));
    }
}

/* Whether the KDC's database has a place for S4U2Proxy; db2 has none. */
static bool kdc_allows_delegation(void)
{
    const char *module = getenv("REALM_KDB");

    return module != NULL && *module != '\0';
}

/* HTTP/localhost, by its keys, on behalf of a user. */
static void make_impersonator(struct side *initiator, const char *package, const char *user,
                              const char *target)
{
    struct login login;

    login_init(&login);
    login.identity.client_keytab = realm_value("KEYTAB");
    login.identity.impersonate = user;
    side_init(initiator, true, false);
    initiator->target = (char *)(uintptr_t)target;
    assert_status(side_acquire(initiator, package, &login), SEC_E_OK);
}

/* Wrong: a service gets no ticket for a user whom it knows, or one of its own. */
static void service_acts_for_a_user(void **state)
{
    static const char *const targets[] = {"HTTP@localhost", "host@localhost"};

    (void)state;
    for (size_t i = 0; i < PACKAGES; i++) {
        for (size_t k = 0; k < 2; k++) { /* S4U2Self alone, and with S4U2Proxy */
            SecPkgCredentials_NamesA names = {NULL};
            struct side initiator;
            struct side acceptor;

            make_acceptor(&acceptor, packages[i]);
            make_impersonator(&initiator, packages[i], "bob@SSPI.TEST", targets[k]);
            assert_status(QueryCredentialsAttributesA(&initiator.credential,
                                                      SECPKG_CRED_ATTR_NAMES, &names),
                          SEC_E_OK);
            assert_string_equal(names.sUserName, "bob@SSPI.TEST");
            FreeContextBuffer(names.sUserName);
            if (k == 1 && !kdc_allows_delegation()) {
                assert_status(side_step(&initiator, NULL), SEC_E_DELEGATION_POLICY);
            } else {
                assert_status(sides_shake(&initiator, &acceptor, 10), SEC_E_OK);
                assert_client(&acceptor, "bob@SSPI.TEST");
                assert_true(sides_send(&initiator, &acceptor, "on behalf of him"));
            }
            assert_true(side_release(&initiator));
            assert_true(side_release(&acceptor));
        }
    }
}

/* Wrong: a refusal of the KDC is taken for a failure of ours, or for a success. */
static void kdc_decides_whom_a_service_reaches(void **state)
{
    (void)state;
    for (size_t i = 0; i < PACKAGES; i++) {
        struct side initiator;

        make_impersonator(&initiator, packages[i], "bob@SSPI.TEST", "etype-aes128@localhost");
        assert_status(side_step(&initiator, NULL), SEC_E_DELEGATION_POLICY);
        assert_true(side_release(&initiator));
        make_impersonator(&initiator, packages[i], "nobody@SSPI.TEST", "HTTP@localhost");
        assert_true(side_step(&initiator, NULL) < 0);
        assert_non_null(strstr(initiator.message, "not found"));
        assert_true(side_release(&initiator));
    }
}

/* Wrong: a service that the KDC trusts cannot go on as a client who delegated nothing. */
static void constrained_delegation_makes_a_credential(void **state)
{
    (void)state;
    if (!kdc_allows_delegation())
        skip();
    for (size_t i = 0; i < PACKAGES; i++) {
        sspia_delegated_credential answer;
        struct login login;
        struct side initiator;
        struct side acceptor;
        struct side unused;

        make(&initiator, &unused, packages[i], ISC_REQ_MUTUAL_AUTH);
        assert_true(side_release(&unused));
        login_init(&login);
        login.identity.keytab = realm_value("KEYTAB");
        login.identity.client_keytab = realm_value("KEYTAB");
        login.identity.delegation = SSPIA_DELEGATION_CONSTRAINED;
        side_init(&acceptor, false, false);
        assert_status(AcquireCredentialsHandleA(NULL, (char *)(uintptr_t)packages[i],
                                                SECPKG_CRED_BOTH, NULL, &login.identity, NULL,
                                                NULL, &acceptor.credential, NULL),
                      SEC_E_OK);
        acceptor.acquired = true;
        assert_status(sides_shake(&initiator, &acceptor, 10), SEC_E_OK);
        assert_status(QueryContextAttributesA(&acceptor.context,
                                              SSPIA_ATTR_DELEGATED_CREDENTIAL, &answer),
                      SEC_E_OK);
        assert_true(side_release(&initiator));
        assert_true(side_release(&acceptor));
        use_credential(packages[i], &answer.credential, "alice@SSPI.TEST");
    }
}

/* Wrong: an identity that can never work is found out by the first client. */
static void senseless_identities_are_refused(void **state)
{
    struct login login;
    struct side side;

    (void)state;
    login_init(&login);
    login.identity.keytab = realm_value("KEYTAB");
    login.identity.delegation = SSPIA_DELEGATION_CONSTRAINED;
    side_init(&side, false, false);
    assert_status(side_acquire(&side, "Kerberos", &login), SEC_E_INVALID_PARAMETER);
    assert_non_null(strstr(side.message, "SECPKG_CRED_BOTH"));
    login.identity.delegation = 2;
    assert_status(side_acquire(&side, "Kerberos", &login), SEC_E_INVALID_PARAMETER);
    login.identity.delegation = 0;
    login.identity.size = offsetof(sspia_auth_identity, impersonate); /* as it was before */
    login.identity.delegation = 2;
    assert_status(side_acquire(&side, "Kerberos", &login), SEC_E_OK);
    assert_true(side_release(&side));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delegated_credential_reaches_other_servers),
        cmocka_unit_test(nothing_delegated_is_no_credential),
        cmocka_unit_test(service_acts_for_a_user),
        cmocka_unit_test(kdc_decides_whom_a_service_reaches),
        cmocka_unit_test(constrained_delegation_makes_a_credential),
        cmocka_unit_test(senseless_identities_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
