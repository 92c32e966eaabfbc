/* SPDX-License-Identifier: MIT */
/* What an initiator delegates, an acceptor can use: a credential of its own, for other servers.
 */
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
    struct side unused;

    make(&unused, &acceptor, package, 0);
    assert_true(side_release(&unused));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delegated_credential_reaches_other_servers),
        cmocka_unit_test(nothing_delegated_is_no_credential),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
