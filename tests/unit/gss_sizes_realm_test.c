/* SPDX-License-Identifier: MIT */
/* How much goes into a packet: what is promised, held against what EncryptMessage makes. */
#include "realm_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SEALED (ISC_REQ_CONFIDENTIALITY | ISC_REQ_SEQUENCE_DETECT)

static const struct variant {
    const char *package;
    const char *target;
    uint64_t flags;
} variants[] = {
    {"Kerberos", "HTTP/localhost", SEALED | ISC_REQ_MUTUAL_AUTH},
    {"Kerberos", "HTTP/localhost", SEALED | ISC_REQ_USE_DCE_STYLE},
    {"Kerberos", "etype-rc4/localhost", SEALED},
    {"Kerberos", "etype-des3/localhost", SEALED},
    {"Kerberos", "etype-sha2/localhost", SEALED},
    {"Kerberos", "etype-camellia/localhost", SEALED},
    {"Negotiate", "etype-rc4/localhost", SEALED},
    {"NTLM", "HTTP/localhost", SEALED},
};
#define VARIANTS (sizeof variants / sizeof variants[0])

static void disconnect(realm_side *initiator, realm_side *acceptor)
{
    realm_side_release(initiator);
    realm_side_release(acceptor);
    assert_int_equal(realm_host_blocks(), 0);
}

/* How long the message with size bytes of data is. */
static uint32_t sealed_size(realm_side *side, uint32_t qop, uint32_t size)
{
    static unsigned char data[70000];
    unsigned char token[256];
    unsigned char padding[16];
    SecBuffer buffers[3] = {{sizeof token, SECBUFFER_TOKEN, token},
                            {size, SECBUFFER_DATA, data},
                            {sizeof padding, SECBUFFER_PADDING, padding}};
    SecBufferDesc message = {SECBUFFER_VERSION, 3, buffers};

    assert_int_equal(side->package->encrypt(side->context, qop, &message, &side->report),
                     SEC_E_OK);
    return buffers[0].cbBuffer + buffers[1].cbBuffer + buffers[2].cbBuffer;
}

static SECURITY_STATUS limit_of(realm_side *side, uint32_t qop, uint32_t packet,
                                uint32_t *plaintext)
{
    sspia_message_limit limit = {.qop = qop, .packet = packet, .plaintext = 77};
    SECURITY_STATUS status = side->package->query_context(
        side->context, SSPIA_ATTR_MESSAGE_LIMIT, &limit, &side->report);

    *plaintext = limit.plaintext;
    return status;
}

/* Wrong would be: a message that does not fit, or room that stays empty. */
static void limit_is_the_largest_that_fits(void **state)
{
    static const uint32_t packets[] = {100, 101, 102, 103, 104, 105, 106, 107,  108,  127,  128,
                                       255, 256, 257, 258, 300, 301, 302, 1000, 4096, 65536};

    (void)state;
    for (size_t v = 0; v < VARIANTS; v++) {
        bool ntlm = strcmp(variants[v].package, "NTLM") == 0;
        realm_side initiator;
        realm_side acceptor;

        assert_int_equal(realm_connect(&initiator, &acceptor, variants[v].package,
                                       variants[v].target, variants[v].flags),
                         SEC_E_OK);
        for (size_t i = 0; i < 2 * sizeof packets / sizeof packets[0]; i++) {
            uint32_t packet = packets[i / 2];
            uint32_t qop = i % 2 == 0 ? 0 : SECQOP_WRAP_NO_ENCRYPT;
            uint32_t size;

            if (ntlm && qop != 0)
                continue;
            assert_int_equal(limit_of(&initiator, qop, packet, &size), SEC_E_OK);
            assert_true(size > 0);
            if (sealed_size(&initiator, qop, size) > packet ||
                sealed_size(&initiator, qop, size + 1) <= packet)
                fail_msg("%s: %u is not the limit for %u", variants[v].target, size, packet);
        }
        disconnect(&initiator, &acceptor);
    }
}

/* Wrong would be: a limit for messages that EncryptMessage refuses to make. */
static void limit_is_refused_where_messages_are(void **state)
{
    realm_side initiator;
    realm_side acceptor;
    uint32_t size;

    (void)state;
    assert_int_equal(
        realm_connect(&initiator, &acceptor, "Kerberos", "HTTP/localhost", ISC_REQ_INTEGRITY),
        SEC_E_OK);
    assert_int_equal(limit_of(&initiator, 0, 1000, &size), SEC_E_QOP_NOT_SUPPORTED);
    assert_int_equal(limit_of(&initiator, 5, 1000, &size), SEC_E_QOP_NOT_SUPPORTED);
    assert_int_equal(limit_of(&initiator, SECQOP_WRAP_NO_ENCRYPT, 1000, &size), SEC_E_OK);
    disconnect(&initiator, &acceptor);
    assert_int_equal(realm_connect(&initiator, &acceptor, "Kerberos", "HTTP/localhost", SEALED),
                     SEC_E_OK);
    assert_int_equal(limit_of(&initiator, 0, 10, &size), SEC_E_OK); /* not even a token */
    assert_int_equal(size, 0);
    assert_int_equal(limit_of(&initiator, 0, UINT32_MAX, &size), SEC_E_OK);
    assert_true(size < 64u << 20 && size > 63u << 20);
    disconnect(&initiator, &acceptor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limit_is_the_largest_that_fits),
        cmocka_unit_test(limit_is_refused_where_messages_are),
    };

    realm_host_load();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
