/* SPDX-License-Identifier: MIT */
/* Messages in DCE style, as an RPC sends them: the token has a place of its own in the packet,
 * the caller pads. */
#include "realm_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DCE                                                                                    \
    (ISC_REQ_USE_DCE_STYLE | ISC_REQ_MUTUAL_AUTH | ISC_REQ_CONFIDENTIALITY |                   \
     ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT)

/* Mutual authentication brings a subkey of the acceptor's, whose kind is the first of its
 * enctypes that the initiator has too: so that decides, and not the ticket. */
static const struct variant {
    const char *package;
    const char *enctype;
    uint32_t number; /* RFC 3961's, RFC 4757's and so on */
} variants[] = {
    {"Kerberos", "aes256-cts-hmac-sha1-96", 18},
    {"Kerberos", "arcfour-hmac", 23},
    {"Kerberos", "des3-cbc-sha1", 16},
    {"Kerberos", "aes128-cts-hmac-sha1-96", 17},
    {"Kerberos", "aes256-cts-hmac-sha384-192", 20},
    {"Kerberos", "camellia256-cts-cmac", 26},
    {"Negotiate", "arcfour-hmac", 23},
};
#define VARIANTS (sizeof variants / sizeof variants[0])

/* Mutual authentication brings a subkey of the acceptor's, whose enctype is the first of its
 * configuration that the initiator has too: that decides, and not the ticket. */
static void prefer(const char *config, const char *enctype)
{
    char path[512];
    char line[256];
    FILE *from = fopen(config, "r");
    FILE *to;

    snprintf(path, sizeof path, "%s/dce.conf", realm_host_env("REALM_DIR"));
    to = fopen(path, "w");
    assert_non_null(from);
    assert_non_null(to);
    while (fgets(line, sizeof line, from) != NULL) {
        fputs(line, to);
        if (strcmp(line, "[libdefaults]\n") == 0)
            fprintf(to, "    permitted_enctypes = %s aes256-cts-hmac-sha1-96\n", enctype);
    }
    fclose(from);
    fclose(to);
    setenv("KRB5_CONFIG", path, 1);
}

static void connect_sides(realm_side *initiator, realm_side *acceptor,
                          const struct variant *variant)
{
    sspia_identity cache = {.credential_cache = realm_host_env("CCACHE")};
    sspia_identity keys = {.keytab = realm_host_env("KEYTAB")};
    char *config = strdup(realm_host_env("KRB5_CONFIG"));
    SecPkgContext_KeyInfoA info;

    prefer(config, variant->enctype);
    *initiator = (realm_side){.target = "HTTP/localhost", .flags = DCE};
    *acceptor = (realm_side){.flags = 0};
    assert_int_equal(
        realm_side_acquire(initiator, variant->package, SECPKG_CRED_OUTBOUND, NULL, &cache),
        SEC_E_OK);
    assert_int_equal(
        realm_side_acquire(acceptor, variant->package, SECPKG_CRED_INBOUND, NULL, &keys),
        SEC_E_OK);
    assert_int_equal(realm_shake(initiator, acceptor), SEC_E_OK);
    assert_true(initiator->attributes & ISC_RET_USED_DCE_STYLE);
    assert_true(acceptor->attributes & ASC_RET_USED_DCE_STYLE);
    assert_int_equal(initiator->package->query_context(initiator->context, SECPKG_ATTR_KEY_INFO,
                                                       &info, &initiator->report),
                     SEC_E_OK);
    assert_int_equal(info.EncryptAlgorithm, variant->number);
    realm_host_free(info.sEncryptAlgorithmName);
    realm_host_free(info.sSignatureAlgorithmName);
    setenv("KRB5_CONFIG", config, 1);
    free(config);
}

static void disconnect(realm_side *initiator, realm_side *acceptor)
{
    realm_side_release(initiator);
    realm_side_release(acceptor);
    assert_int_equal(realm_host_blocks(), 0);
}

/* Token and data in one piece, as who has no packet to put them into sends them. */
static size_t seal(realm_side *side, uint32_t qop, const char *text, unsigned char *wire)
{
    SecPkgContext_Sizes sizes;
    unsigned char token[256];
    size_t length = strlen(text);
    SecBuffer buffers[2] = {{0, SECBUFFER_TOKEN, token},
                            {(uint32_t)length, SECBUFFER_DATA, NULL}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};

    assert_int_equal(
        side->package->query_context(side->context, SECPKG_ATTR_SIZES, &sizes, &side->report),
        SEC_E_OK);
    assert_true(sizes.cbSecurityTrailer <= sizeof token);
    buffers[0].cbBuffer = sizes.cbSecurityTrailer;
    buffers[1].pvBuffer = strdup(text);
    assert_int_equal(side->package->encrypt(side->context, qop, &message, &side->report),
                     SEC_E_OK);
    memcpy(wire, token, buffers[0].cbBuffer);
    memcpy(wire + buffers[0].cbBuffer, buffers[1].pvBuffer, length);
    free(buffers[1].pvBuffer);
    return buffers[0].cbBuffer + length;
}

static SECURITY_STATUS open_stream(realm_side *side, const unsigned char *wire, size_t size,
                                   char *text, uint32_t *qop)
{
    unsigned char *copy = malloc(size > 0 ? size : 1);
    SecBuffer buffers[2] = {{(uint32_t)size, SECBUFFER_STREAM, copy},
                            {0, SECBUFFER_DATA, NULL}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};
    SECURITY_STATUS status;

    if (size > 0)
        memcpy(copy, wire, size);
    status = side->package->decrypt(side->context, &message, qop, &side->report);
    if (status == SEC_E_OK) {
        memcpy(text, buffers[1].pvBuffer, buffers[1].cbBuffer);
        text[buffers[1].cbBuffer] = '\0';
    }
    free(copy);
    return status;
}

/* Wrong would be: a message that the other side of ours cannot open, because nobody tells it
 * where the token ends. */
static void message_in_one_piece_is_opened(void **state)
{
    static const uint32_t qops[] = {0, SECQOP_WRAP_NO_ENCRYPT};
    static const char *const texts[] = {"8 bytes.", "two blocks here,"};

    (void)state;
    for (size_t v = 0; v < VARIANTS; v++) {
        realm_side sides[2];

        connect_sides(&sides[0], &sides[1], &variants[v]);
        for (size_t i = 0; i < 8; i++) {
            realm_side *from = &sides[i / 4];
            realm_side *to = &sides[1 - i / 4];
            const char *sent = texts[i / 2 % 2];
            unsigned char wire[512];
            char text[512];
            uint32_t qop = 99;
            size_t size = seal(from, qops[i % 2], sent, wire);

            if (open_stream(to, wire, size, text, &qop) != SEC_E_OK)
                fail_msg("%s, case %zu: %s", variants[v].enctype, i, to->report.text);
            assert_string_equal(text, sent);
            assert_int_equal(qop, qops[i % 2]);
        }
        disconnect(&sides[0], &sides[1]);
    }
}

/* Wrong would be: to read past the end of a message that was cut (under ASan), or to believe
 * one that was changed. */
static void damaged_message_is_refused(void **state)
{
    (void)state;
    for (size_t v = 0; v < VARIANTS; v++) {
        realm_side initiator;
        realm_side acceptor;
        unsigned char wire[512];
        char text[512];
        size_t size;

        connect_sides(&initiator, &acceptor, &variants[v]);
        size = seal(&initiator, 0, "two blocks here,", wire);
        for (size_t cut = 0; cut < size; cut++)
            assert_true(open_stream(&acceptor, wire, cut, text, NULL) < 0);
        for (size_t i = 0; i < size; i++) {
            wire[i] ^= 0x10;
            assert_true(open_stream(&acceptor, wire, size, text, NULL) < 0);
            wire[i] ^= 0x10;
        }
        assert_int_equal(open_stream(&acceptor, wire, size, text, NULL), SEC_E_OK);
        assert_string_equal(text, "two blocks here,");
        disconnect(&initiator, &acceptor);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(message_in_one_piece_is_opened),
        cmocka_unit_test(damaged_message_is_refused),
    };

    realm_host_load();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
