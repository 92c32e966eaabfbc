/* SPDX-License-Identifier: MIT */
/* Messages of the package NTLM: the forms of SSPI's buffers, and what a wrong one does. */
#include "ntlm_pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const sspia_identity alice = {
    .user = "alice", .domain = "TEST", .password = "correct horse"};

#define SEALED (ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY)

static void connect_pair(ntlm_pair *pair, uint64_t flags)
{
    assert_int_equal(ntlm_pair_connect(pair, &alice, &alice, flags), SEC_E_OK);
}

/* Wrong would be: a length at which sealing goes wrong, or one direction that disturbs the
 * other. */
static void messages_go_both_ways(void **state)
{
    static const size_t sizes[] = {0, 1, 15, 16, 17, 255, 256, 1000, 65536};
    ntlm_pair pair;

    (void)state;
    connect_pair(&pair, SEALED);
    for (size_t i = 0; i < 2 * sizeof sizes / sizeof sizes[0]; i++) {
        const size_t size = sizes[i / 2];
        realm_side *from = i % 2 == 0 ? &pair.initiator : &pair.acceptor;
        realm_side *to = i % 2 == 0 ? &pair.acceptor : &pair.initiator;
        unsigned char *data = malloc(size + 1);
        unsigned char *sent = malloc(size + 1);
        unsigned char token[16];
        uint32_t qop = 1;

        assert_non_null(data);
        assert_non_null(sent);
        for (size_t n = 0; n < size; n++)
            data[n] = sent[n] = (unsigned char)(n * 7 + i);
        assert_int_equal(ntlm_pair_seal(from, 0, data, size, token), SEC_E_OK);
        if (size > 15)
            assert_memory_not_equal(data, sent, size);
        assert_int_equal(ntlm_pair_unseal(to, data, size, token, &qop), SEC_E_OK);
        assert_int_equal(qop, 0);
        assert_memory_equal(data, sent, size);
        assert_int_equal(ntlm_pair_sign(from, data, size, token), SEC_E_OK);
        assert_int_equal(ntlm_pair_verify(to, data, size, token), SEC_E_OK);
        free(data);
        free(sent);
    }
    ntlm_pair_end(&pair);
}

/* Wrong would be: plaintext that nobody vouches for, or a stranger's message that ends the
 * session. */
static void altered_message_changes_nothing(void **state)
{
    ntlm_pair pair;
    char data[] = "attack at dawn";
    char sealed[sizeof data];
    char altered[sizeof data];
    unsigned char token[16];

    (void)state;
    connect_pair(&pair, SEALED);
    assert_int_equal(ntlm_pair_seal(&pair.initiator, 0, data, sizeof data, token), SEC_E_OK);
    memcpy(sealed, data, sizeof data);
    memcpy(altered, data, sizeof data);
    altered[3] ^= 1;
    memcpy(data, altered, sizeof data);
    assert_int_equal(ntlm_pair_unseal(&pair.acceptor, data, sizeof data, token, NULL),
                     SEC_E_MESSAGE_ALTERED);
    assert_memory_equal(data, altered, sizeof data);
    for (int place = 0; place < 16; place++) {
        memcpy(data, sealed, sizeof data);
        token[place] ^= 0x40;
        assert_true(ntlm_pair_unseal(&pair.acceptor, data, sizeof data, token, NULL) < 0);
        token[place] ^= 0x40;
    }
    memcpy(data, sealed, sizeof data);
    assert_int_equal(ntlm_pair_unseal(&pair.acceptor, data, sizeof data, token, NULL),
                     SEC_E_OK);
    assert_string_equal(data, "attack at dawn");
    ntlm_pair_end(&pair);
}

/* Wrong would be: a message taken twice, early, late, or back by its sender. */
static void order_is_kept(void **state)
{
    ntlm_pair pair;
    char data[] = "text";
    unsigned char first[16];
    unsigned char second[16];

    (void)state;
    connect_pair(&pair, ISC_REQ_INTEGRITY);
    assert_int_equal(ntlm_pair_sign(&pair.initiator, data, 4, first), SEC_E_OK);
    assert_int_equal(ntlm_pair_sign(&pair.initiator, data, 4, second), SEC_E_OK);
    assert_int_equal(ntlm_pair_verify(&pair.acceptor, data, 4, second), SEC_E_OUT_OF_SEQUENCE);
    assert_int_equal(ntlm_pair_verify(&pair.initiator, data, 4, first), SEC_E_MESSAGE_ALTERED);
    assert_int_equal(ntlm_pair_verify(&pair.acceptor, data, 4, first), SEC_E_OK);
    assert_int_equal(ntlm_pair_verify(&pair.acceptor, data, 4, first), SEC_E_OUT_OF_SEQUENCE);
    assert_int_equal(ntlm_pair_verify(&pair.acceptor, data, 4, second), SEC_E_OK);
    ntlm_pair_end(&pair);
}

/* One packet of DCE: header, body, trailer, signature. */
static SECURITY_STATUS packet(realm_side *side, bool encrypt, bool opens, uint32_t attribute,
                              char parts[3][8], unsigned char token[16])
{
    SecBuffer buffers[4] = {{8, SECBUFFER_DATA | attribute, parts[0]},
                            {8, SECBUFFER_DATA, parts[1]},
                            {8, SECBUFFER_DATA | attribute, parts[2]},
                            {16, SECBUFFER_TOKEN, token}};
    SecBufferDesc message = {SECBUFFER_VERSION, 4, buffers};
    const sspia_package *package = side->package;

    if (opens)
        return encrypt
                   ? package->decrypt(side->context, &message, NULL, &side->report)
                   : package->verify_signature(side->context, &message, NULL, &side->report);
    return encrypt ? package->encrypt(side->context, 0, &message, &side->report)
                   : package->make_signature(side->context, 0, &message, &side->report);
}

/* Wrong would be: a header that anybody can change, or one that is sealed
 * (MS-NLMP 3.4.6, 3.4.9.1: with extended session security all buffers are signed). */
static void read_only_parts_are_signed(void **state)
{
    static const uint32_t attributes[] = {SECBUFFER_READONLY, SECBUFFER_READONLY_WITH_CHECKSUM};
    ntlm_pair pair;

    (void)state;
    connect_pair(&pair, SEALED | ISC_REQ_USE_DCE_STYLE);
    for (int i = 0; i < 8; i++) {
        const uint32_t attribute = attributes[i % 2];
        const bool encrypt = i % 4 < 2;
        char parts[3][8] = {"header.", "body...", "trailer"};
        unsigned char token[16];

        assert_int_equal(packet(&pair.initiator, encrypt, false, attribute, parts, token),
                         SEC_E_OK);
        assert_string_equal(parts[0], "header.");
        assert_string_equal(parts[2], "trailer");
        if (encrypt)
            assert_string_not_equal(parts[1], "body...");
        parts[2][0] ^= 1;
        assert_int_equal(packet(&pair.acceptor, encrypt, true, attribute, parts, token),
                         SEC_E_MESSAGE_ALTERED);
        parts[2][0] ^= 1;
        assert_int_equal(packet(&pair.acceptor, encrypt, true, attribute, parts, token),
                         SEC_E_OK);
        assert_string_equal(parts[1], "body...");
    }
    ntlm_pair_end(&pair);
}

/* Wrong would be: a received message that must be cut up by its receiver. */
static void stream_is_opened_in_place(void **state)
{
    ntlm_pair pair;
    unsigned char stream[16 + 5];
    SecBuffer buffers[2] = {{sizeof stream, SECBUFFER_STREAM, stream},
                            {0, SECBUFFER_DATA, NULL}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};

    (void)state;
    connect_pair(&pair, SEALED);
    memcpy(stream + 16, "hello", 5);
    assert_int_equal(ntlm_pair_seal(&pair.initiator, 0, stream + 16, 5, stream), SEC_E_OK);
    assert_int_equal(pair.acceptor.package->decrypt(pair.acceptor.context, &message, NULL,
                                                    &pair.acceptor.report),
                     SEC_E_OK);
    assert_ptr_equal(buffers[1].pvBuffer, stream + 16);
    assert_int_equal(buffers[1].cbBuffer, 5);
    assert_memory_equal(stream + 16, "hello", 5);
    buffers[0].cbBuffer = 15;
    assert_int_equal(pair.acceptor.package->decrypt(pair.acceptor.context, &message, NULL,
                                                    &pair.acceptor.report),
                     SEC_E_INVALID_TOKEN);
    ntlm_pair_end(&pair);
}

/* Wrong would be: encryption that was not agreed on, or a wrapped message that is not the text
 * with a signature (MS-NLMP 3.4.6). */
static void integrity_alone_wraps_readable(void **state)
{
    ntlm_pair pair;
    char data[] = "readable";
    unsigned char token[16];
    uint32_t qop = 0;

    (void)state;
    connect_pair(&pair, ISC_REQ_INTEGRITY);
    assert_int_equal(ntlm_pair_seal(&pair.initiator, 0, data, 8, token),
                     SEC_E_QOP_NOT_SUPPORTED);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            ntlm_pair_seal(&pair.initiator, SECQOP_WRAP_NO_ENCRYPT, data, 8, token), SEC_E_OK);
        assert_string_equal(data, "readable");
        assert_int_equal(ntlm_pair_unseal(&pair.acceptor, data, 8, token, &qop), SEC_E_OK);
        assert_int_equal(qop, SECQOP_WRAP_NO_ENCRYPT);
        assert_string_equal(data, "readable");
    }
    ntlm_pair_end(&pair);
    connect_pair(&pair, SEALED);
    assert_int_equal(ntlm_pair_seal(&pair.initiator, SECQOP_WRAP_NO_ENCRYPT, data, 8, token),
                     SEC_E_QOP_NOT_SUPPORTED);
    ntlm_pair_end(&pair);
}

/* Wrong would be: no signature for a protocol that always has one, or one that claims to
 * protect (MS-NLMP 2.2.2.5, NTLMSSP_NEGOTIATE_ALWAYS_SIGN). */
static void signature_without_integrity_is_a_dummy(void **state)
{
    static const unsigned char dummy[16] = {1};
    ntlm_pair pair;
    char data[] = "data";

    (void)state;
    connect_pair(&pair, 0);
    for (int i = 0; i < 4; i++) {
        realm_side *from = i % 2 == 0 ? &pair.initiator : &pair.acceptor;
        realm_side *to = i % 2 == 0 ? &pair.acceptor : &pair.initiator;
        unsigned char token[16] = {0};

        assert_int_equal(ntlm_pair_sign(from, data, 4, token), SEC_E_OK);
        assert_memory_equal(token, dummy, sizeof dummy);
        assert_int_equal(ntlm_pair_verify(to, data, 4, token), SEC_E_OK);
        token[15] = 1;
        assert_int_equal(ntlm_pair_verify(to, data, 4, token), SEC_E_MESSAGE_ALTERED);
        assert_int_equal(ntlm_pair_seal(from, 0, data, 4, token), SEC_E_QOP_NOT_SUPPORTED);
    }
    ntlm_pair_end(&pair);
}

/* Wrong would be: buffers that are guessed at, or a number spent on a call that fails. */
static void unusable_buffers_are_refused(void **state)
{
    ntlm_pair pair;
    char data[] = "data";
    unsigned char token[16];
    SecBuffer buffers[3] = {
        {15, SECBUFFER_TOKEN, token}, {4, SECBUFFER_DATA, data}, {16, SECBUFFER_TOKEN, token}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};
    realm_side *from = &pair.initiator;

    (void)state;
    connect_pair(&pair, SEALED);
    assert_int_equal(from->package->encrypt(from->context, 0, &message, &from->report),
                     SEC_E_BUFFER_TOO_SMALL);
    assert_int_equal(from->package->make_signature(from->context, 0, &message, &from->report),
                     SEC_E_BUFFER_TOO_SMALL);
    message.cBuffers = 3;
    assert_int_equal(from->package->encrypt(from->context, 0, &message, &from->report),
                     SEC_E_INVALID_TOKEN);
    message.pBuffers = buffers + 1;
    message.cBuffers = 1;
    assert_int_equal(from->package->encrypt(from->context, 0, &message, &from->report),
                     SEC_E_INVALID_TOKEN);
    assert_int_equal(ntlm_pair_seal(from, 0, data, 4, token), SEC_E_OK);
    assert_int_equal(ntlm_pair_unseal(&pair.acceptor, data, 4, token, NULL), SEC_E_OK);
    ntlm_pair_end(&pair);
}

/* Wrong would be: what Windows' numbers do not say, or a limit that does not fit. */
static void sizes_are_those_of_windows(void **state)
{
    ntlm_pair pair;
    SecPkgContext_Sizes sizes;
    SecPkgContext_KeyInfoA info;
    sspia_message_limit limit = {.packet = 100};
    const sspia_package *package;

    (void)state;
    connect_pair(&pair, SEALED);
    package = pair.initiator.package;
    assert_int_equal(package->query_context(pair.initiator.context, SECPKG_ATTR_SIZES, &sizes,
                                            &pair.initiator.report),
                     SEC_E_OK);
    assert_int_equal(sizes.cbMaxToken, 2888);
    assert_int_equal(sizes.cbBlockSize, 0);
    assert_int_equal(sizes.cbMaxSignature, 16);
    assert_int_equal(sizes.cbSecurityTrailer, 16);
    assert_int_equal(package->query_context(pair.initiator.context, SSPIA_ATTR_MESSAGE_LIMIT,
                                            &limit, &pair.initiator.report),
                     SEC_E_OK);
    assert_int_equal(limit.plaintext, 84);
    assert_int_equal(package->query_context(pair.initiator.context, SECPKG_ATTR_KEY_INFO, &info,
                                            &pair.initiator.report),
                     SEC_E_OK);
    assert_string_equal(info.sEncryptAlgorithmName, "RSADSI RC4");
    assert_string_equal(info.sSignatureAlgorithmName, "HMAC-MD5");
    assert_int_equal(info.KeySize, 128);
    realm_host_free(info.sEncryptAlgorithmName);
    realm_host_free(info.sSignatureAlgorithmName);
    ntlm_pair_end(&pair);
}

static void move(realm_side *side, uint32_t flags)
{
    sspia_bytes packed = {NULL, 0};
    void *fresh = NULL;

    assert_int_equal(
        side->package->export_context(side->context, flags, &packed, &side->report), SEC_E_OK);
    assert_int_equal(
        side->package->import_context(packed.data, packed.size, &fresh, &side->report),
        SEC_E_OK);
    realm_host_free(packed.data);
    side->package->delete_context(side->context);
    side->context = fresh;
}

/* Wrong would be: a context that forgets keys, numbers or names on its way to another process.
 */
static void export_carries_everything(void **state)
{
    ntlm_pair pair;
    char data[] = "after the move";
    unsigned char token[16];
    SecPkgContext_NamesA names;

    (void)state;
    connect_pair(&pair, SEALED);
    for (int i = 0; i < 3; i++) { /* before there are keys, and after */
        move(&pair.initiator, 0);
        move(&pair.acceptor, SECPKG_CONTEXT_EXPORT_DELETE_OLD);
        assert_int_equal(ntlm_pair_seal(&pair.initiator, 0, data, sizeof data, token),
                         SEC_E_OK);
        assert_int_equal(ntlm_pair_unseal(&pair.acceptor, data, sizeof data, token, NULL),
                         SEC_E_OK);
        assert_string_equal(data, "after the move");
        assert_int_equal(ntlm_pair_sign(&pair.acceptor, data, sizeof data, token), SEC_E_OK);
        assert_int_equal(ntlm_pair_verify(&pair.initiator, data, sizeof data, token), SEC_E_OK);
    }
    assert_int_equal(pair.acceptor.package->query_context(pair.acceptor.context,
                                                          SECPKG_ATTR_NAMES, &names,
                                                          &pair.acceptor.report),
                     SEC_E_OK);
    assert_string_equal(names.sUserName, "TEST\\alice");
    realm_host_free(names.sUserName);
    ntlm_pair_end(&pair);
}

/* Wrong would be: a source that its export has used up, or a damaged pack taken. */
static void export_leaves_the_source(void **state)
{
    ntlm_pair pair;
    realm_side *side = &pair.initiator;
    sspia_bytes packed = {NULL, 0};
    void *fresh = NULL;
    char data[] = "still here";
    unsigned char token[16];

    (void)state;
    connect_pair(&pair, SEALED);
    assert_int_equal(side->package->export_context(side->context,
                                                   SECPKG_CONTEXT_EXPORT_RESET_NEW, &packed,
                                                   &side->report),
                     SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(side->package->export_context(side->context, 0, &packed, &side->report),
                     SEC_E_OK);
    assert_int_equal(ntlm_pair_seal(side, 0, data, sizeof data, token), SEC_E_OK);
    assert_int_equal(ntlm_pair_unseal(&pair.acceptor, data, sizeof data, token, NULL),
                     SEC_E_OK);
    for (size_t size = 0; size < packed.size; size++)
        assert_int_equal(
            side->package->import_context(packed.data, size, &fresh, &side->report),
            SEC_E_INVALID_TOKEN);
    ((unsigned char *)packed.data)[40] ^= 1;
    assert_int_equal(
        side->package->import_context(packed.data, packed.size, &fresh, &side->report),
        SEC_E_INVALID_TOKEN);
    assert_null(fresh);
    realm_host_free(packed.data);
    ntlm_pair_end(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_go_both_ways),
        cmocka_unit_test(altered_message_changes_nothing),
        cmocka_unit_test(order_is_kept),
        cmocka_unit_test(read_only_parts_are_signed),
        cmocka_unit_test(stream_is_opened_in_place),
        cmocka_unit_test(integrity_alone_wraps_readable),
        cmocka_unit_test(signature_without_integrity_is_a_dummy),
        cmocka_unit_test(unusable_buffers_are_refused),
        cmocka_unit_test(sizes_are_those_of_windows),
        cmocka_unit_test(export_carries_everything),
        cmocka_unit_test(export_leaves_the_source),
    };

    realm_host_load();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
