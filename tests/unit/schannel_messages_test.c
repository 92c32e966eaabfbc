/* SPDX-License-Identifier: MIT */
/* Handshakes by TLS messages without records, on the package's own table. */
#include "tls_messages.h"

#include <stdlib.h>
#include <string.h>

#include "tls_fixture.h"

static void assert_extension(const struct tls_messages_side *side, const char *content)
{
    const size_t size = strlen(content);

    assert_int_equal(side->extension.size, 4 + size);
    assert_int_equal(side->extension.data[0] << 8 | side->extension.data[1], side->type);
    assert_int_equal(side->extension.data[2] << 8 | side->extension.data[3], size);
    assert_memory_equal(side->extension.data + 4, content, size);
}

static void assert_protocol(struct tls_messages_side *side, const char *name)
{
    SecPkgContext_ApplicationProtocol protocol;

    assert_tls(tls_query(&side->tls, SECPKG_ATTR_APPLICATION_PROTOCOL, &protocol), SEC_E_OK);
    assert_int_equal(protocol.ProtoNegoStatus, SecApplicationProtocolNegotiationStatus_Success);
    assert_int_equal(protocol.ProtocolIdSize, strlen(name));
    assert_memory_equal(protocol.ProtocolId, name, strlen(name));
}

/* Wrong: a handshake needs records, the sides have different secrets, or what was negotiated is
 * not told. */
static void messages_are_enough(void **state)
{
    struct tls_messages_side client, server;
    SecPkgContext_ConnectionInfo info;

    (void)state;
    tls_messages_sides(&client, &server);
    assert_tls(tls_messages_shake(&client, &server), SEC_E_OK);
    tls_messages_agree(&client, &server);
    assert_extension(&client, server.parameters);
    assert_extension(&server, client.parameters);
    assert_protocol(&client, "hq");
    assert_protocol(&server, "hq");
    assert_tls(tls_query(&client.tls, SECPKG_ATTR_CONNECTION_INFO, &info), SEC_E_OK);
    assert_int_equal(info.dwProtocol, SP_PROT_TLS1_3_CLIENT);
    tls_messages_release(&client, &server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_enough),
    };

    return cmocka_run_group_tests(tests, tls_fixture_setup, tls_fixture_teardown);
}
