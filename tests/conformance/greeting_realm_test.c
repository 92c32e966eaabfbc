/* SPDX-License-Identifier: MIT */
/* An acceptor of Negotiate that speaks first. */
#include "scripted.h"
#include "side.h"

static struct login client_login, server_login;

static void begin(struct side *client, struct side *server)
{
    login_init(&client_login);
    login_init(&server_login);
    side_init(client, true, true);
    side_init(server, false, true);
}

static void end(struct side *client, struct side *server)
{
    assert_true(side_release(client));
    assert_true(side_release(server));
}

/* Both sides, after the acceptor's greeting (MS-SPNG 3.2.5.2), which SMB and LDAP servers send
 * before their client has said anything. */
static SECURITY_STATUS greet_and_shake(struct side *client, struct side *server)
{
    assert_status(side_acquire(client, "Negotiate", &client_login), SEC_E_OK);
    assert_status(side_acquire(server, "Negotiate", &server_login), SEC_E_OK);
    if (side_step(server, NULL) != SEC_I_CONTINUE_NEEDED)
        return server->status;
    assert_true(server->token.cbBuffer > 0);
    return sides_shake(client, server, 10);
}

/* Wrong would be: a greeting that offers Kerberos alone, or an acceptor that goes on with what
 * it would have liked best. */
static void acceptor_that_speaks_first_takes_what_the_initiator_picks(void **state)
{
    struct side client, server;

    (void)state;
    for (int with_keytab = 0; with_keytab < 2; with_keytab++) {
        begin(&client, &server);
        login_as(&client_login, "TEST", "alice", realm_value("ALICE_PASSWORD"), "ntlm");
        server_login.identity.ntlm_user_file = realm_value("NTLM_USER_FILE");
        server_login.identity.keytab = with_keytab ? realm_value("KEYTAB") : NULL;
        assert_status(greet_and_shake(&client, &server), SEC_E_OK);
        assert_true(sides_send(&client, &server, "by NTLM"));
        end(&client, &server);
    }
    begin(&client, &server);
    client_login.identity.credential_cache = realm_value("CCACHE");
    server_login.identity.ntlm_user_file = realm_value("NTLM_USER_FILE");
    server_login.identity.keytab = realm_value("KEYTAB");
    assert_status(greet_and_shake(&client, &server), SEC_E_OK);
    assert_true(sides_send(&client, &server, "by Kerberos"));
    end(&client, &server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acceptor_that_speaks_first_takes_what_the_initiator_picks),
    };

    realm_value("REALM");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
