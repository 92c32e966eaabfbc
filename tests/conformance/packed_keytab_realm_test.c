/* SPDX-License-Identifier: MIT */
/*
 * A keytab that comes as bytes inside SEC_WINNT_AUTH_IDENTITY_EX2, as programs for Windows pass
 * one to accept Kerberos without being a member of a domain.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define _SEC_WINNT_AUTH_TYPES
#include "side.h"

#define CONTENT_MAX 8192

/* One block: the header, the credentials' header, the keytab. */
struct packed {
    SEC_WINNT_AUTH_IDENTITY_EX2 head;
    SEC_WINNT_AUTH_PACKED_CREDENTIALS credentials;
    unsigned char content[CONTENT_MAX];
};

static void pack(struct packed *packed, const char *keytab)
{
    FILE *file = fopen(keytab + strlen("FILE:"), "rb");
    size_t size;

    assert_non_null(file);
    memset(packed, 0, sizeof(*packed));
    size = fread(packed->content, 1, CONTENT_MAX, file);
    fclose(file);
    assert_in_range(size, 1, CONTENT_MAX - 1);
    packed->credentials.cbHeaderLength = sizeof(packed->credentials);
    packed->credentials.cbStructureLength = (uint16_t)(sizeof(packed->credentials) + size);
    packed->credentials.AuthData.CredType = SEC_WINNT_AUTH_DATA_TYPE_KEYTAB;
    packed->credentials.AuthData.CredData.ByteArrayOffset = sizeof(packed->credentials);
    packed->credentials.AuthData.CredData.ByteArrayLength = (uint16_t)size;
    packed->head.Version = SEC_WINNT_AUTH_IDENTITY_VERSION_2;
    packed->head.cbHeaderLength = sizeof(packed->head);
    packed->head.PackedCredentialsOffset = offsetof(struct packed, credentials);
    packed->head.PackedCredentialsLength = packed->credentials.cbStructureLength;
    packed->head.cbStructureLength =
        packed->head.PackedCredentialsOffset + packed->head.PackedCredentialsLength;
    packed->head.Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE;
}

static void begin(struct side *side, struct login *login, bool initiator)
{
    login_init(login);
    side_init(side, initiator, false);
}

/* Wrong would be: keys that are not found, or a default keytab used in their place. */
static void acceptor_has_the_keys_that_came_as_bytes(void **state)
{
    static const char *const packages[] = {"Kerberos", "Negotiate"};
    static struct packed packed;

    (void)state;
    for (size_t i = 0; i < sizeof(packages) / sizeof(packages[0]); i++) {
        struct side client, server;
        struct login client_login, server_login;

        begin(&client, &client_login, true);
        begin(&server, &server_login, false);
        client_login.identity.credential_cache = realm_value("CCACHE");
        pack(&packed, realm_value("KEYTAB"));
        server_login.identity.identity = &packed;
        assert_int_equal(side_acquire(&client, packages[i], &client_login), SEC_E_OK);
        assert_int_equal(side_acquire(&server, packages[i], &server_login), SEC_E_OK);
        memset(&packed, 0xff, sizeof(packed)); /* it was copied */
        assert_int_equal(sides_shake(&client, &server, 8), SEC_E_OK);
        assert_true(sides_send(&client, &server, "with keys of its own"));
        assert_true(side_release(&client));
        assert_true(side_release(&server));

        begin(&client, &client_login, true);
        begin(&server, &server_login, false);
        client_login.identity.credential_cache = realm_value("CCACHE");
        pack(&packed, realm_value("STALE_KEYTAB"));
        server_login.identity.identity = &packed;
        assert_int_equal(side_acquire(&client, packages[i], &client_login), SEC_E_OK);
        assert_int_equal(side_acquire(&server, packages[i], &server_login), SEC_E_OK);
        assert_true(sides_shake(&client, &server, 8) < 0);
        assert_true(side_release(&client));
        assert_true(side_release(&server));
    }
}

/* Wrong would be: the tickets of the default cache, or none. */
static void initiator_logs_on_with_it(void **state)
{
    static struct packed packed;
    struct side client, server;
    struct login client_login, server_login;

    (void)state;
    begin(&client, &client_login, true);
    begin(&server, &server_login, false);
    pack(&packed, realm_value("CLIENT_KEYTAB"));
    client_login.identity.identity = &packed;
    server_login.identity.keytab = realm_value("KEYTAB");
    assert_int_equal(side_acquire(&client, "Kerberos", &client_login), SEC_E_OK);
    assert_int_equal(side_acquire(&server, "Kerberos", &server_login), SEC_E_OK);
    assert_int_equal(sides_shake(&client, &server, 8), SEC_E_OK);
    assert_true(side_release(&client));
    assert_true(side_release(&server));
}

/* Wrong would be: garbage accepted, or memory left behind by it. */
static void what_is_no_keytab_is_refused(void **state)
{
    static struct packed packed;
    struct side server;
    struct login login;

    (void)state;
    for (size_t cut = 1; cut < 64; cut++) {
        begin(&server, &login, false);
        pack(&packed, realm_value("KEYTAB"));
        packed.credentials.AuthData.CredData.ByteArrayLength = (uint16_t)cut;
        if (cut % 2 == 1)
            packed.content[0] = (unsigned char)cut; /* another version, too */
        login.identity.identity = &packed;
        assert_int_equal(side_acquire(&server, "Kerberos", &login), SEC_E_UNKNOWN_CREDENTIALS);
        assert_non_null(strstr(server.message, "packed keytab"));
        assert_true(side_release(&server));
    }
    for (size_t at = 2; at < 96; at += 3) {
        static const unsigned char values[] = {0, 0x7f, 0x80, 0xff};

        for (size_t i = 0; i < sizeof(values); i++) {
            begin(&server, &login, false);
            pack(&packed, realm_value("KEYTAB"));
            packed.content[at] = values[i];
            login.identity.identity = &packed;
            side_acquire(&server, "Kerberos", &login); /* it may be one still */
            assert_true(side_release(&server));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acceptor_has_the_keys_that_came_as_bytes),
        cmocka_unit_test(initiator_logs_on_with_it),
        cmocka_unit_test(what_is_no_keytab_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
