/* SPDX-License-Identifier: MIT */
/*
 * The same for the packages over GSSAPI: handshakes, messages and deletes of Kerberos, NTLM
 * and Negotiate, once for each request of our own that can fail. What GSSAPI itself asks for
 * does not fail: its own errors are not ours to prove.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fault.h"
#include "side.h"

struct scenario {
    const char *package;
    const char *domain; /* of NTLM's account; NULL: tickets */
};

/* True: as wanted. False: it failed for want of what was made to fail. */
static bool as_wanted(const struct side *side, const char *package, unsigned long n,
                      SECURITY_STATUS status)
{
    if (status == SEC_E_OK)
        return true;
    if (status == SEC_E_INSUFFICIENT_MEMORY && fault_hit() != NULL)
        return false;
    /* A user file that cannot be opened for want of a descriptor: the message says so. */
    if (status == SEC_E_NO_CREDENTIALS && fault_hit() != NULL &&
        strcmp(fault_hit(), "fopen") == 0 && strstr(side->message, "Too many open files"))
        return false;
    print_error("%s, request %lu (%s): %s: %s\n", package, n,
                fault_hit() != NULL ? fault_hit() : "none failed", sspia_status_name(status),
                side->message);
    fail();
    return false;
}

/* Returns how many requests there were. */
static unsigned long whole_life(const struct scenario *scenario, unsigned long n)
{
    struct login client, server;
    struct side initiator, acceptor;
    unsigned long requests;

    login_init(&client);
    login_init(&server);
    client.identity.credential_cache = realm_value("CCACHE");
    server.identity.keytab = realm_value("KEYTAB");
    server.identity.replay_cache = "none:";
    server.identity.ntlm_user_file = realm_value("NTLM_USER_FILE");
    if (scenario->domain != NULL) {
        login_as(&client, scenario->domain, "alice", realm_value("ALICE_PASSWORD"), NULL);
        client.identity.credential_cache = NULL;
    }
    side_init(&initiator, true, true);
    side_init(&acceptor, false, false);
    if (as_wanted(&initiator, scenario->package, n,
                  side_acquire(&initiator, scenario->package, &client)) &&
        as_wanted(&acceptor, scenario->package, n,
                  side_acquire(&acceptor, scenario->package, &server))) {
        SECURITY_STATUS status = sides_shake(&initiator, &acceptor, 10);
        SecPkgContext_NamesA names;

        if (as_wanted(initiator.status < 0 ? &initiator : &acceptor, scenario->package, n,
                      status)) {
            if (!sides_send(&initiator, &acceptor, "a message"))
                assert_non_null(fault_hit());
            status = QueryContextAttributesA(&acceptor.context, SECPKG_ATTR_NAMES, &names);
            if (as_wanted(&acceptor, scenario->package, n, status))
                assert_int_equal(FreeContextBuffer(names.sUserName), SEC_E_OK);
        }
    }
    requests = fault_requests();
    fault_arm(0); /* what follows is the test's own and must not fail */
    assert_true(side_release(&initiator));
    assert_true(side_release(&acceptor));
    return requests;
}

static void for_each_request(const struct scenario *scenario)
{
    unsigned long n;

    whole_life(scenario, 0); /* modules load once and stay */
    for (n = 1; n < 10000; n++) {
        unsigned long requests;

        alarm(60);
        fault_arm(n);
        requests = whole_life(scenario, n);
        assert_false(fault_leaks());
        if (requests < n)
            break;
    }
    alarm(0);
    print_message("%s: each of %lu requests failed once\n", scenario->package, n - 1);
    assert_in_range(n, 20, 9999);
}

/* Wrong would be, in all three: a crash, a leak, a hang, a status that blames the peer. */
static void kerberos_survives_each_failure(void **state)
{
    (void)state;
    for_each_request(&(const struct scenario){"Kerberos", NULL});
}

static void ntlm_survives_each_failure(void **state)
{
    (void)state;
    for_each_request(&(const struct scenario){"NTLM", "TEST"});
}

static void negotiate_survives_each_failure(void **state)
{
    (void)state;
    for_each_request(&(const struct scenario){"Negotiate", NULL});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kerberos_survives_each_failure),
        cmocka_unit_test(ntlm_survives_each_failure),
        cmocka_unit_test(negotiate_survives_each_failure),
    };

    realm_value("REALM_DIR");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
