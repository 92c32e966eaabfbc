/* SPDX-License-Identifier: MIT */
/*
 * Where an acceptor's accounts and keys come from: what is named is used, what is not named is
 * not looked for elsewhere.
 */
#include <stdlib.h>
#include <unistd.h>

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

static SECURITY_STATUS shake(struct side *client, struct side *server, const char *client_name,
                             const char *server_name, struct login *login)
{
    assert_status(side_acquire(client, client_name, &client_login), SEC_E_OK);
    if (side_acquire(server, server_name, login) != SEC_E_OK)
        return server->status;
    return sides_shake(client, server, 10);
}

static void end(struct side *client, struct side *server)
{
    assert_true(side_release(client));
    assert_true(side_release(server));
}

/* Wrong would be: a logon that fails as if somebody had changed its messages. */
static void unknown_user_of_the_default_file_is_denied(void **state)
{
    struct side client, server;

    (void)state;
    begin(&client, &server);
    login_as(&client_login, "TEST", "mallory", "wrong", NULL);
    assert_status(shake(&client, &server, "NTLM", "NTLM", NULL), SEC_E_LOGON_DENIED);
    assert_non_null(strstr(server.message, "no such user"));
    end(&client, &server);
    begin(&client, &server);
    login_as(&client_login, "TEST", "alice", "wrong", NULL);
    assert_status(shake(&client, &server, "NTLM", "NTLM", NULL), SEC_E_LOGON_DENIED);
    end(&client, &server);
}

/* Wrong would be: the same, where there is nobody to ask for accounts. */
static void acceptor_without_accounts_says_so(void **state)
{
    char *file = strdup(realm_value("NTLM_USER_FILE"));
    struct side client, server;

    (void)state;
    unsetenv("NTLM_USER_FILE");
    begin(&client, &server);
    login_as(&client_login, "TEST", "alice", realm_value("ALICE_PASSWORD"), NULL);
    assert_true(shake(&client, &server, "NTLM", "NTLM", NULL) < 0);
    setenv("NTLM_USER_FILE", file, 1);
    free(file);
    assert_status(server.status, SEC_E_NO_CREDENTIALS);
    assert_non_null(strstr(server.message, "user file"));
    end(&client, &server);
}

/* Wrong would be: a password that is silently ignored, so that others log on, too. */
static void password_of_an_acceptor_is_the_account_to_check(void **state)
{
    static const struct {
        const char *domain, *user, *password;
        SECURITY_STATUS status;
    } cases[] = {{"SOMEWHERE", "carol", "her own", SEC_E_OK},
                 {"SOMEWHERE", "CAROL", "her own", SEC_E_OK},
                 {"SOMEWHERE", "carol", "another", SEC_E_LOGON_DENIED},
                 {"SOMEWHERE", "alice", "her own", SEC_E_LOGON_DENIED}};
    static const char *const packages[] = {"NTLM", "Negotiate"};

    (void)state;
    for (size_t p = 0; p < 2; p++) {
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            struct side client, server;

            begin(&client, &server);
            login_as(&client_login, cases[i].domain, cases[i].user, cases[i].password, "ntlm");
            login_as(&server_login, "SOMEWHERE", "carol", "her own", NULL);
            assert_status(shake(&client, &server, packages[p], packages[p], &server_login),
                          cases[i].status);
            if (cases[i].status == SEC_E_OK)
                assert_true(sides_send(&client, &server, "sealed"));
            end(&client, &server);
        }
    }
}

/* Wrong would be: users of the default file that log on to a server which was given a keytab.
 */
static void keytab_alone_takes_no_user_of_a_file(void **state)
{
    struct side client, server;

    (void)state;
    begin(&client, &server);
    login_as(&client_login, "TEST", "alice", realm_value("ALICE_PASSWORD"), "ntlm");
    server_login.identity.keytab = realm_value("KEYTAB");
    assert_true(shake(&client, &server, "Negotiate", "Negotiate", &server_login) < 0);
    end(&client, &server);

    begin(&client, &server);
    client_login.identity.credential_cache = realm_value("CCACHE");
    server_login.identity.keytab = realm_value("KEYTAB");
    assert_status(shake(&client, &server, "Negotiate", "Negotiate", &server_login), SEC_E_OK);
    assert_true(sides_send(&client, &server, "by Kerberos"));
    end(&client, &server);
}

/* Wrong would be: the default keytab beside a user file. */
static void user_file_alone_takes_no_ticket(void **state)
{
    struct side client, server;

    (void)state;
    setenv("KRB5_KTNAME", realm_value("KEYTAB"), 1);
    begin(&client, &server);
    client_login.identity.credential_cache = realm_value("CCACHE");
    server_login.identity.ntlm_user_file = realm_value("NTLM_USER_FILE");
    assert_true(shake(&client, &server, "Negotiate", "Negotiate", &server_login) < 0);
    end(&client, &server);
    unsetenv("KRB5_KTNAME");

    begin(&client, &server);
    login_as(&client_login, "TEST", "alice", realm_value("ALICE_PASSWORD"), "ntlm");
    server_login.identity.ntlm_user_file = realm_value("NTLM_USER_FILE");
    assert_status(shake(&client, &server, "Negotiate", "Negotiate", &server_login), SEC_E_OK);
    end(&client, &server);
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
        cmocka_unit_test(unknown_user_of_the_default_file_is_denied),
        cmocka_unit_test(acceptor_without_accounts_says_so),
        cmocka_unit_test(password_of_an_acceptor_is_the_account_to_check),
        cmocka_unit_test(keytab_alone_takes_no_user_of_a_file),
        cmocka_unit_test(user_file_alone_takes_no_ticket),
        cmocka_unit_test(acceptor_that_speaks_first_takes_what_the_initiator_picks),
    };

    realm_value("REALM");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
