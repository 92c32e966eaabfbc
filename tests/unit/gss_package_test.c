/* SPDX-License-Identifier: MIT */
/*
 * Messages of the gss package, against the system's GSSAPI as a foreign peer: what we seal
 * and sign, plain gss_unwrap and gss_verify_mic must take, and the other way round.
 */
#include "realm_host.h"

#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SEALED                                                                                 \
    (ISC_REQ_MUTUAL_AUTH | ISC_REQ_CONFIDENTIALITY | ISC_REQ_REPLAY_DETECT |                   \
     ISC_REQ_SEQUENCE_DETECT)

/* A context between a side of ours and a plain GSSAPI context. */
typedef struct peers {
    realm_side ours;
    gss_ctx_id_t theirs;
    gss_cred_id_t their_cred;
} peers;

static gss_OID_desc krb5 = {9, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"};
static gss_OID_desc spnego = {6, "\x2b\x06\x01\x05\x05\x02"};
static gss_OID_desc ntlm = {10, "\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a"};

static gss_OID oid_of(const char *package)
{
    return strcmp(package, "Kerberos") == 0 ? &krb5
           : strcmp(package, "NTLM") == 0   ? &ntlm
                                            : &spnego;
}

/* A plain acceptor's credential. For NTLM of the user file, under a host's name. */
static gss_cred_id_t foreign_acceptor(const char *package)
{
    gss_key_value_element_desc elements[2] = {
        {"keytab", realm_host_env("KEYTAB")},
        {"ntlmssp_keyfile", realm_host_env("NTLM_USER_FILE")}};
    gss_key_value_set_desc store = {2, elements};
    gss_OID_set_desc mechs = {1, oid_of(package)};
    gss_buffer_desc text = {14, "HTTP@localhost"};
    gss_name_t name = GSS_C_NO_NAME;
    gss_cred_id_t cred = GSS_C_NO_CREDENTIAL;
    OM_uint32 minor;

    if (strcmp(package, "NTLM") == 0)
        assert_int_equal(gss_import_name(&minor, &text, GSS_C_NT_HOSTBASED_SERVICE, &name), 0);
    assert_int_equal(gss_acquire_cred_from(&minor, name, GSS_C_INDEFINITE, &mechs, GSS_C_ACCEPT,
                                           &store, &cred, NULL, NULL),
                     0);
    gss_release_name(&minor, &name);
    return cred;
}

/* Our initiator, their acceptor. */
static void connect_ours(peers *pair, const char *package, const char *target, uint64_t flags)
{
    sspia_identity identity = {.credential_cache = realm_host_env("CCACHE")};
    sspia_identity account = {.user = "alice",
                              .domain = "TEST",
                              .password = realm_host_env("ALICE_PASSWORD"),
                              .package_list = "ntlm"};
    bool with_password = strcmp(package, "NTLM") == 0;
    OM_uint32 major = GSS_S_CONTINUE_NEEDED;
    OM_uint32 minor;

    memset(pair, 0, sizeof *pair);
    pair->ours.target = target;
    pair->ours.flags = flags;
    assert_int_equal(realm_side_acquire(&pair->ours, package, SECPKG_CRED_OUTBOUND, NULL,
                                        with_password ? &account : &identity),
                     SEC_E_OK);
    pair->their_cred = foreign_acceptor(package);
    assert_true(realm_side_step(&pair->ours, NULL, 0) >= 0);
    while (major == GSS_S_CONTINUE_NEEDED) {
        gss_buffer_desc input = {pair->ours.token.size, pair->ours.token.data};
        gss_buffer_desc output = {0, NULL};

        major = gss_accept_sec_context(&minor, &pair->theirs, pair->their_cred, &input,
                                       GSS_C_NO_CHANNEL_BINDINGS, NULL, NULL, &output, NULL,
                                       NULL, NULL);
        assert_false(GSS_ERROR(major));
        if (pair->ours.status == SEC_I_CONTINUE_NEEDED)
            assert_true(realm_side_step(&pair->ours, output.value, output.length) >= 0);
        gss_release_buffer(&minor, &output);
    }
    assert_int_equal(pair->ours.status, SEC_E_OK);
}

static void disconnect(peers *pair)
{
    OM_uint32 minor;

    gss_delete_sec_context(&minor, &pair->theirs, NULL);
    gss_release_cred(&minor, &pair->their_cred);
    realm_side_release(&pair->ours);
    assert_int_equal(realm_host_blocks(), 0);
}

static SecPkgContext_Sizes sizes_of(realm_side *side)
{
    SecPkgContext_Sizes sizes;

    assert_int_equal(
        side->package->query_context(side->context, SECPKG_ATTR_SIZES, &sizes, &side->report),
        SEC_E_OK);
    return sizes;
}

/* Seals text into one piece of memory, as a program would send it; returns its length. */
static size_t seal(realm_side *side, uint32_t qop, const char *text, unsigned char *wire)
{
    SecPkgContext_Sizes sizes = sizes_of(side);
    unsigned char token[256];
    unsigned char padding[16];
    char *data = strdup(text);
    SecBuffer buffers[3] = {{sizes.cbSecurityTrailer, SECBUFFER_TOKEN, token},
                            {(uint32_t)strlen(text), SECBUFFER_DATA, data},
                            {sizes.cbBlockSize, SECBUFFER_PADDING, padding}};
    SecBufferDesc message = {SECBUFFER_VERSION, 3, buffers};
    size_t size = 0;

    assert_true(sizes.cbSecurityTrailer <= sizeof token && sizes.cbBlockSize <= sizeof padding);
    assert_int_equal(side->package->encrypt(side->context, qop, &message, &side->report),
                     SEC_E_OK);
    for (int i = 0; i < 3; i++) {
        memcpy(wire + size, buffers[i].pvBuffer, buffers[i].cbBuffer);
        size += buffers[i].cbBuffer;
    }
    free(data);
    return size;
}

/* Opens a message in STREAM form; the plaintext, zero-terminated, goes to text. */
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
    if (status == SEC_E_OK || status == SEC_E_OUT_OF_SEQUENCE) {
        if (buffers[1].cbBuffer > 0)
            memcpy(text, buffers[1].pvBuffer, buffers[1].cbBuffer);
        text[buffers[1].cbBuffer] = '\0';
    }
    free(copy);
    return status;
}

/* The same cut into TOKEN and DATA, where a Windows program would cut it. */
static SECURITY_STATUS open_parts(realm_side *side, const unsigned char *wire, size_t size,
                                  size_t cut, char *text, uint32_t *qop)
{
    unsigned char *token = malloc(cut > 0 ? cut : 1);
    unsigned char *data = malloc(size - cut > 0 ? size - cut : 1);
    SecBuffer buffers[2] = {{(uint32_t)cut, SECBUFFER_TOKEN, token},
                            {(uint32_t)(size - cut), SECBUFFER_DATA, data}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};
    SECURITY_STATUS status;

    if (cut > 0)
        memcpy(token, wire, cut);
    if (size > cut)
        memcpy(data, wire + cut, size - cut);
    status = side->package->decrypt(side->context, &message, qop, &side->report);
    if (status == SEC_E_OK || status == SEC_E_OUT_OF_SEQUENCE) {
        if (buffers[1].cbBuffer > 0)
            memcpy(text, buffers[1].pvBuffer, buffers[1].cbBuffer);
        text[buffers[1].cbBuffer] = '\0';
    }
    free(token);
    free(data);
    return status;
}

/* The packages, and Kerberos with every enctype: without mutual authentication there is no
 * acceptor's subkey, and the ticket's session key decides. */
static const struct variant {
    const char *package;
    const char *target;
    uint64_t flags;
} variants[] = {
    {"Kerberos", "HTTP/localhost", SEALED},
    {"Kerberos", "etype-rc4/localhost", SEALED & ~ISC_REQ_MUTUAL_AUTH},
    {"Kerberos", "etype-des3/localhost", SEALED & ~ISC_REQ_MUTUAL_AUTH},
    {"Kerberos", "etype-aes128/localhost", SEALED & ~ISC_REQ_MUTUAL_AUTH},
    {"Kerberos", "etype-sha2/localhost", SEALED & ~ISC_REQ_MUTUAL_AUTH},
    {"Kerberos", "etype-camellia/localhost", SEALED & ~ISC_REQ_MUTUAL_AUTH},
    {"Negotiate", "HTTP/localhost", SEALED},
    {"Negotiate", "etype-rc4/localhost", SEALED & ~ISC_REQ_MUTUAL_AUTH},
    {"NTLM", "HTTP/localhost", SEALED},
};
#define VARIANTS (sizeof variants / sizeof variants[0])

/* Every length modulo the block sizes, and one beyond the length forms of DER. */
static const char *const texts[] = {"x", "1234567", "12345678", "a message of some length"};
#define TEXTS (sizeof texts / sizeof texts[0])

/* Wrong would be: another layout than RFC 4121's, which only we can read. */
static void sealed_message_is_a_standard_wrap_token(void **state)
{
    (void)state;
    for (size_t v = 0; v < VARIANTS; v++) {
        peers pair;

        connect_ours(&pair, variants[v].package, variants[v].target, variants[v].flags);
        for (size_t t = 0; t < TEXTS; t++) {
            unsigned char wire[512];
            gss_buffer_desc input = {seal(&pair.ours, 0, texts[t], wire), wire};
            gss_buffer_desc output = {0, NULL};
            int sealed = 0;
            OM_uint32 minor;

            assert_int_equal(gss_unwrap(&minor, pair.theirs, &input, &output, &sealed, NULL),
                             0);
            assert_int_equal(output.length, strlen(texts[t]));
            assert_memory_equal(output.value, texts[t], output.length);
            assert_true(sealed);
            gss_release_buffer(&minor, &output);
        }
        disconnect(&pair);
    }
}

/* Wrong would be: to open only tokens rotated the way our own are. */
static void foreign_wrap_token_is_opened(void **state)
{
    (void)state;
    for (size_t v = 0; v < VARIANTS; v++) {
        peers pair;
        bool ntlmssp = strcmp(variants[v].package, "NTLM") == 0;

        connect_ours(&pair, variants[v].package, variants[v].target, variants[v].flags);
        for (size_t t = 0; t < 4 * TEXTS; t++) {
            const char *sent = texts[t % TEXTS];
            bool encrypt = t < 2 * TEXTS || ntlmssp; /* gss-ntlmssp always does */
            gss_buffer_desc input = {strlen(sent), (void *)(uintptr_t)sent};
            gss_buffer_desc output = {0, NULL};
            SecPkgContext_Sizes sizes = sizes_of(&pair.ours);
            char text[512];
            uint32_t qop = 99;
            OM_uint32 minor;

            assert_int_equal(gss_wrap(&minor, pair.theirs, encrypt, 0, &input, NULL, &output),
                             0);
            if (t / TEXTS % 2 == 0)
                assert_int_equal(
                    open_stream(&pair.ours, output.value, output.length, text, &qop), SEC_E_OK);
            else
                assert_int_equal(open_parts(&pair.ours, output.value, output.length,
                                            ntlmssp   ? sizes.cbSecurityTrailer
                                            : encrypt ? output.length - strlen(sent)
                                                      : 16,
                                            text, &qop),
                                 SEC_E_OK);
            assert_string_equal(text, sent);
            assert_int_equal(qop, encrypt ? 0 : SECQOP_WRAP_NO_ENCRYPT);
            gss_release_buffer(&minor, &output);
        }
        disconnect(&pair);
    }
}

/* Wrong would be: SECQOP_WRAP_NO_ENCRYPT that encrypts, or a message not signed. */
static void wrap_without_encryption_is_signed_and_readable(void **state)
{
    (void)state;
    for (size_t v = 0; v < VARIANTS; v++) {
        peers pair;
        unsigned char wire[512];
        gss_buffer_desc input = {0, wire};
        gss_buffer_desc output = {0, NULL};
        int sealed = 1;
        OM_uint32 minor;

        connect_ours(&pair, variants[v].package, variants[v].target, variants[v].flags);
        if (strcmp(variants[v].package, "NTLM") == 0) {
            char data[] = "data";
            SecBuffer buffers[2] = {{sizeof wire, SECBUFFER_TOKEN, wire},
                                    {4, SECBUFFER_DATA, data}};
            SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};

            assert_int_equal(pair.ours.package->encrypt(pair.ours.context,
                                                        SECQOP_WRAP_NO_ENCRYPT, &message,
                                                        &pair.ours.report),
                             SEC_E_QOP_NOT_SUPPORTED);
        } else {
            input.length = seal(&pair.ours, SECQOP_WRAP_NO_ENCRYPT, "readable text", wire);
            assert_non_null(memmem(wire, input.length, "readable text", 13));
            assert_int_equal(gss_unwrap(&minor, pair.theirs, &input, &output, &sealed, NULL),
                             0);
            assert_false(sealed);
            assert_memory_equal(output.value, "readable text", 13);
            gss_release_buffer(&minor, &output);
        }
        disconnect(&pair);
    }
}

#define SIGNED (ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT)

/* Wrong would be: with integrity alone, nothing to wrap a message with (SASL's integrity layer
 * does), or one that is sealed; a peer must be able to read it with its signature alone
 * (MS-NLMP 3.4.6, RFC 4121 4.2.4). */
static void integrity_alone_wraps_readably(void **state)
{
    static const char *const packages[] = {"Kerberos", "NTLM", "Negotiate"};

    (void)state;
    for (int p = 0; p < 3; p++) {
        bool ntlmssp = strcmp(packages[p], "NTLM") == 0;
        peers pair;

        connect_ours(&pair, packages[p], "HTTP/localhost", SIGNED);
        for (size_t t = 0; t < TEXTS; t++) {
            size_t length = strlen(texts[t]);
            unsigned char wire[512];
            size_t size = seal(&pair.ours, SECQOP_WRAP_NO_ENCRYPT, texts[t], wire);
            gss_buffer_desc mic = {16, wire};
            gss_buffer_desc data = {size - 16, wire + 16};
            gss_buffer_desc whole = {size, wire};
            gss_buffer_desc output = {0, NULL};
            OM_uint32 minor;

            assert_non_null(memmem(wire, size, texts[t], length));
            if (ntlmssp) { /* whose gss_unwrap would decrypt */
                assert_int_equal(size, 16 + length);
                assert_int_equal(gss_verify_mic(&minor, pair.theirs, &data, &mic, NULL), 0);
                continue;
            }
            assert_int_equal(gss_unwrap(&minor, pair.theirs, &whole, &output, NULL, NULL), 0);
            assert_int_equal(output.length, length);
            assert_memory_equal(output.value, texts[t], length);
            gss_release_buffer(&minor, &output);
        }
        disconnect(&pair);
    }
}

/* Wrong would be: an integrity layer that two sides of ours do not share, whatever comes first;
 * or one that lets a changed message through. */
static void integrity_alone_works_between_our_sides(void **state)
{
    const sspia_identity server = {.keytab = realm_host_env("KEYTAB"),
                                   .ntlm_user_file = realm_host_env("NTLM_USER_FILE")};
    const sspia_identity cache = {.credential_cache = realm_host_env("CCACHE")};
    const sspia_identity account = {
        .user = "alice", .domain = "TEST", .password = realm_host_env("ALICE_PASSWORD")};
    static const char *const packages[] = {"Kerberos", "NTLM", "Negotiate", "Negotiate"};

    (void)state;
    for (int p = 0; p < 4; p++) {
        realm_side sides[2] = {{.target = "HTTP/localhost", .flags = SIGNED}, {.flags = 0}};
        unsigned char wire[512];
        char text[512];
        uint32_t qop = 99;
        size_t size;

        assert_int_equal(realm_side_acquire(&sides[0], packages[p], SECPKG_CRED_OUTBOUND, NULL,
                                            p % 2 == 0 ? &cache : &account),
                         SEC_E_OK);
        assert_int_equal(
            realm_side_acquire(&sides[1], packages[p], SECPKG_CRED_INBOUND, NULL, &server),
            SEC_E_OK);
        assert_int_equal(realm_shake(&sides[0], &sides[1]), SEC_E_OK);
        for (size_t t = 0; t < 4 * TEXTS; t++) {
            realm_side *from = &sides[t / 2 % 2];
            realm_side *to = &sides[!(t / 2 % 2)];

            size = seal(from, SECQOP_WRAP_NO_ENCRYPT, texts[t % TEXTS], wire);
            assert_int_equal(t % 3 == 0 ? open_stream(to, wire, size, text, &qop)
                                        : open_parts(to, wire, size, 16, text, &qop),
                             SEC_E_OK);
            assert_string_equal(text, texts[t % TEXTS]);
            assert_int_equal(qop, SECQOP_WRAP_NO_ENCRYPT);
        }
        size = seal(&sides[0], SECQOP_WRAP_NO_ENCRYPT, "readable", wire);
        wire[size - 1] ^= 1;
        assert_int_equal(open_stream(&sides[1], wire, size, text, &qop), SEC_E_MESSAGE_ALTERED);
        realm_side_reset(&sides[0]);
        realm_side_reset(&sides[1]);

        /* The very first message. */
        assert_int_equal(realm_shake(&sides[0], &sides[1]), SEC_E_OK);
        size = seal(&sides[0], SECQOP_WRAP_NO_ENCRYPT, "readable", wire);
        wire[size - 1] ^= 1;
        assert_int_equal(open_stream(&sides[1], wire, size, text, &qop), SEC_E_MESSAGE_ALTERED);
        realm_side_release(&sides[0]);
        realm_side_release(&sides[1]);
        assert_int_equal(realm_host_blocks(), 0);
    }
}

/* Wrong would be: not to understand gss-ntlmssp, which seals with integrity alone too and opens
 * nothing else, as soon as it has spoken. */
static void a_peer_that_seals_with_integrity_alone_is_answered(void **state)
{
    peers pair;

    (void)state;
    connect_ours(&pair, "NTLM", "HTTP/localhost", SIGNED);
    for (size_t t = 0; t < 3 * TEXTS; t++) {
        const char *sent = texts[t % TEXTS];
        gss_buffer_desc input = {strlen(sent), (void *)(uintptr_t)sent};
        gss_buffer_desc output = {0, NULL};
        unsigned char wire[512];
        char text[512];
        uint32_t qop = 99;
        OM_uint32 minor;

        assert_int_equal(gss_wrap(&minor, pair.theirs, 0, 0, &input, NULL, &output), 0);
        assert_int_equal(open_stream(&pair.ours, output.value, output.length, text, &qop),
                         SEC_E_OK);
        assert_string_equal(text, sent);
        assert_int_equal(qop, 0);
        gss_release_buffer(&minor, &output);

        input.length = seal(&pair.ours, SECQOP_WRAP_NO_ENCRYPT, sent, wire);
        input.value = wire;
        assert_int_equal(gss_unwrap(&minor, pair.theirs, &input, &output, NULL, NULL), 0);
        assert_int_equal(output.length, strlen(sent));
        assert_memory_equal(output.value, sent, output.length);
        gss_release_buffer(&minor, &output);
    }
    disconnect(&pair);
}

/* Wrong would be: a signature over something else than the DATA buffers in their order. NTLM's
 * covers all of them (MS-NLMP 3.4.9.1). */
static void signatures_fit_the_foreign_ones(void **state)
{
    (void)state;
    for (size_t v = 0; v < VARIANTS; v++) {
        peers pair;
        unsigned char token[128];
        char left[] = "left ";
        char skipped[] = "not signed";
        char right[] = "right";
        SecBuffer buffers[4] = {
            {5, SECBUFFER_DATA, left},
            {0, SECBUFFER_TOKEN, token},
            {10, SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, skipped},
            {5, SECBUFFER_DATA | SECBUFFER_READONLY, right}};
        SecBufferDesc message = {SECBUFFER_VERSION, 4, buffers};
        const bool all = strcmp(variants[v].package, "NTLM") == 0;
        gss_buffer_desc data = {all ? 20 : 10, all ? "left not signedright" : "left right"};
        gss_buffer_desc mic = {0, token};
        const sspia_package *package;
        uint32_t qop = 99;
        OM_uint32 minor;

        connect_ours(&pair, variants[v].package, variants[v].target, variants[v].flags);
        package = pair.ours.package;
        buffers[1].cbBuffer = sizes_of(&pair.ours).cbMaxSignature;
        assert_true(buffers[1].cbBuffer <= sizeof token);
        assert_int_equal(
            package->make_signature(pair.ours.context, 0, &message, &pair.ours.report),
            SEC_E_OK);
        mic.length = buffers[1].cbBuffer;
        assert_true(mic.length <= sizes_of(&pair.ours).cbMaxSignature);
        assert_int_equal(gss_verify_mic(&minor, pair.theirs, &data, &mic, NULL), 0);

        assert_int_equal(gss_get_mic(&minor, pair.theirs, 0, &data, &mic), 0);
        buffers[1].cbBuffer = (uint32_t)mic.length;
        buffers[1].pvBuffer = mic.value;
        assert_int_equal(
            package->verify_signature(pair.ours.context, &message, &qop, &pair.ours.report),
            SEC_E_OK);
        assert_int_equal(qop, 0);
        left[0] = 'L';
        /* NTLM's stream has gone on: of an old message the number is all that can be checked.
         */
        assert_int_equal(
            package->verify_signature(pair.ours.context, &message, &qop, &pair.ours.report),
            all ? SEC_E_OUT_OF_SEQUENCE : SEC_E_MESSAGE_ALTERED);
        buffers[1].cbBuffer = 3;
        assert_int_equal(
            package->verify_signature(pair.ours.context, &message, &qop, &pair.ours.report),
            SEC_E_INVALID_TOKEN);
        gss_release_buffer(&minor, &mic);
        disconnect(&pair);
    }
}

/* Wrong would be: a sequence number spent on a call that could not succeed, so that the
 * next message is taken for out of order. */
static void buffer_too_small_spends_no_number(void **state)
{
    (void)state;
    for (size_t v = 0; v < VARIANTS; v++) {
        peers pair;
        unsigned char wire[512];
        char data[] = "data";
        SecBuffer buffers[3] = {{0, SECBUFFER_TOKEN, wire},
                                {4, SECBUFFER_DATA, data},
                                {8, SECBUFFER_PADDING, wire + 256}};
        SecBufferDesc message = {SECBUFFER_VERSION, 3, buffers};
        SecPkgContext_Sizes sizes;
        gss_buffer_desc input = {0, wire};
        gss_buffer_desc output = {0, NULL};
        OM_uint32 minor;

        connect_ours(&pair, variants[v].package, variants[v].target, variants[v].flags);
        sizes = sizes_of(&pair.ours);
        for (uint32_t size = 0; size < 8; size++) {
            buffers[0].cbBuffer = size;
            assert_int_equal(
                pair.ours.package->encrypt(pair.ours.context, 0, &message, &pair.ours.report),
                SEC_E_BUFFER_TOO_SMALL);
            assert_int_equal(pair.ours.package->make_signature(pair.ours.context, 0, &message,
                                                               &pair.ours.report),
                             SEC_E_BUFFER_TOO_SMALL);
        }
        if (sizes.cbBlockSize > 1) {
            message.cBuffers = 2;
            buffers[0].cbBuffer = sizes.cbSecurityTrailer;
            assert_int_equal(
                pair.ours.package->encrypt(pair.ours.context, 0, &message, &pair.ours.report),
                SEC_E_BUFFER_TOO_SMALL);
        }
        assert_memory_equal(data, "data", 4);
        input.length = seal(&pair.ours, 0, "data", wire);
        assert_int_equal(gss_unwrap(&minor, pair.theirs, &input, &output, NULL, NULL), 0);
        gss_release_buffer(&minor, &output);
        disconnect(&pair);
    }
}

/* Wrong would be: to return plaintext of a message that was changed, or to read past the end
 * of one that was cut (under ASan). */
static void damaged_messages_are_refused(void **state)
{
    (void)state;
    for (size_t v = 0; v < VARIANTS; v++) {
        peers pair;
        gss_buffer_desc input = {24, "a message of some length"};
        gss_buffer_desc output = {0, NULL};
        char text[512];
        bool ntlmssp = strcmp(variants[v].package, "NTLM") == 0;
        OM_uint32 minor;

        connect_ours(&pair, variants[v].package, variants[v].target, variants[v].flags);
        assert_int_equal(gss_wrap(&minor, pair.theirs, 1, 0, &input, NULL, &output), 0);
        for (size_t size = 0; size < output.length; size++) {
            assert_true(open_stream(&pair.ours, output.value, size, text, NULL) < 0);
            assert_true(open_parts(&pair.ours, output.value, size, size < 16 ? size : 16, text,
                                   NULL) < 0);
        }
        for (size_t i = 0; i < output.length && !ntlmssp; i++) {
            unsigned char *byte = (unsigned char *)output.value + i;
            SECURITY_STATUS status;

            *byte ^= 0x10;
            status = open_stream(&pair.ours, output.value, output.length, text, NULL);
            assert_true(status < 0);
            *byte ^= 0x10;
        }
        if (ntlmssp) { /* RC4 goes on with each try: the first one tells */
            ((unsigned char *)output.value)[20] ^= 1;
            assert_int_equal(open_stream(&pair.ours, output.value, output.length, text, NULL),
                             SEC_E_MESSAGE_ALTERED);
        } else {
            assert_int_equal(open_stream(&pair.ours, output.value, output.length, text, NULL),
                             SEC_E_OK);
            assert_int_equal(open_stream(&pair.ours, output.value, output.length, text, NULL),
                             SEC_E_OUT_OF_SEQUENCE);
        }
        gss_release_buffer(&minor, &output);
        disconnect(&pair);
    }
}

/* Wrong would be: messages in another order accepted although order was asked for. */
static void swapped_messages_are_out_of_sequence(void **state)
{
    peers pair;
    unsigned char first[256];
    unsigned char second[256];
    size_t first_size;
    size_t second_size;
    gss_buffer_desc wrapped[2];
    char text[512];
    OM_uint32 minor;

    (void)state;
    connect_ours(&pair, "Kerberos", "HTTP/localhost", SEALED);
    for (int i = 0; i < 2; i++) {
        gss_buffer_desc input = {6, i == 0 ? "first " : "second"};

        assert_int_equal(gss_wrap(&minor, pair.theirs, 1, 0, &input, NULL, &wrapped[i]), 0);
    }
    assert_int_equal(open_stream(&pair.ours, wrapped[1].value, wrapped[1].length, text, NULL),
                     SEC_E_OUT_OF_SEQUENCE);
    assert_int_equal(open_stream(&pair.ours, wrapped[0].value, wrapped[0].length, text, NULL),
                     SEC_E_OUT_OF_SEQUENCE);
    gss_release_buffer(&minor, &wrapped[0]);
    gss_release_buffer(&minor, &wrapped[1]);
    first_size = seal(&pair.ours, 0, "first", first);
    second_size = seal(&pair.ours, 0, "second", second);
    {
        gss_buffer_desc input = {second_size, second};
        gss_buffer_desc output = {0, NULL};

        assert_int_equal(gss_unwrap(&minor, pair.theirs, &input, &output, NULL, NULL),
                         GSS_S_GAP_TOKEN);
        gss_release_buffer(&minor, &output);
    }
    assert_true(first_size > 0);
    disconnect(&pair);
}

/* Wrong would be: several DATA buffers sealed one by one, or a header that is meant to stay
 * readable sealed or left unsigned (as RPC with DCE style uses them). */
static void several_buffers_are_one_message(void **state)
{
    static const uint64_t styles[] = {SEALED, SEALED | ISC_REQ_USE_DCE_STYLE};

    (void)state;
    for (int s = 0; s < 2; s++) {
        for (int checksummed = 0; checksummed < 2; checksummed++) {
            realm_side initiator = {.target = "HTTP/localhost", .flags = styles[s]};
            realm_side acceptor = {.flags = 0};
            sspia_identity cache = {.credential_cache = realm_host_env("CCACHE")};
            sspia_identity keys = {.keytab = realm_host_env("KEYTAB")};
            unsigned char token[256];
            char header[] = "header";
            char note[] = "note";
            char one[] = "the first part";
            char two[] = "and the second";
            SecBuffer buffers[5] = {{6,
                                     checksummed
                                         ? SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM
                                         : SECBUFFER_DATA | SECBUFFER_READONLY,
                                     header},
                                    {14, SECBUFFER_DATA, one},
                                    {14, SECBUFFER_DATA, two},
                                    {4, SECBUFFER_DATA | SECBUFFER_READONLY, note},
                                    {sizeof token, SECBUFFER_TOKEN, token}};
            SecBufferDesc message = {SECBUFFER_VERSION, 5, buffers};

            assert_int_equal(
                realm_side_acquire(&initiator, "Kerberos", SECPKG_CRED_OUTBOUND, NULL, &cache),
                SEC_E_OK);
            assert_int_equal(
                realm_side_acquire(&acceptor, "Kerberos", SECPKG_CRED_INBOUND, NULL, &keys),
                SEC_E_OK);
            assert_int_equal(realm_shake(&initiator, &acceptor), SEC_E_OK);
            buffers[4].cbBuffer = sizes_of(&initiator).cbSecurityTrailer;
            assert_int_equal(
                initiator.package->encrypt(initiator.context, 0, &message, &initiator.report),
                SEC_E_OK);
            assert_string_equal(header, "header");
            assert_string_equal(note, "note");
            assert_memory_not_equal(one, "the first part", sizeof one - 1);
            assert_int_equal(
                acceptor.package->decrypt(acceptor.context, &message, NULL, &acceptor.report),
                SEC_E_OK);
            assert_string_equal(one, "the first part");
            assert_string_equal(two, "and the second");

            assert_int_equal(
                initiator.package->encrypt(initiator.context, 0, &message, &initiator.report),
                SEC_E_OK);
            header[0] ^= 1;
            assert_int_equal(
                acceptor.package->decrypt(acceptor.context, &message, NULL, &acceptor.report),
                checksummed ? SEC_E_MESSAGE_ALTERED : SEC_E_OK);
            realm_side_release(&initiator);
            realm_side_release(&acceptor);
        }
    }
}

/* Wrong would be: to protect messages on a context that was made without. */
static void protection_must_have_been_negotiated(void **state)
{
    static const char *const packages[] = {"Kerberos", "Negotiate"};

    (void)state;
    for (int p = 0; p < 2; p++) {
        peers pair;
        unsigned char token[128];
        char data[] = "data";
        SecBuffer buffers[2] = {{sizeof token, SECBUFFER_TOKEN, token},
                                {4, SECBUFFER_DATA, data}};
        SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};
        const sspia_package *package;

        connect_ours(&pair, packages[p], "HTTP/localhost",
                     ISC_REQ_MUTUAL_AUTH | ISC_REQ_NO_INTEGRITY);
        package = pair.ours.package;
        assert_int_equal(package->encrypt(pair.ours.context, 0, &message, &pair.ours.report),
                         SEC_E_QOP_NOT_SUPPORTED);
        assert_int_equal(
            package->make_signature(pair.ours.context, 0, &message, &pair.ours.report),
            SEC_E_QOP_NOT_SUPPORTED);
        disconnect(&pair);
        connect_ours(&pair, packages[p], "HTTP/localhost",
                     ISC_REQ_MUTUAL_AUTH | ISC_REQ_INTEGRITY);
        assert_int_equal(package->encrypt(pair.ours.context, 0, &message, &pair.ours.report),
                         SEC_E_QOP_NOT_SUPPORTED);
        assert_int_equal(package->encrypt(pair.ours.context, SECQOP_WRAP_NO_ENCRYPT, &message,
                                          &pair.ours.report),
                         SEC_E_OK);
        buffers[0].cbBuffer = sizeof token;
        assert_int_equal(
            package->make_signature(pair.ours.context, 0, &message, &pair.ours.report),
            SEC_E_OK);
        disconnect(&pair);
    }
}

/* Wrong would be: a crash or a guess where the buffers make no message. */
static void malformed_descriptors_are_refused(void **state)
{
    (void)state;
    for (size_t v = 0; v < VARIANTS; v++) {
        peers pair;
        unsigned char token[128] = {0};
        char data[64] = "data";
        SecBuffer none[1] = {{4, SECBUFFER_DATA, data}};
        SecBuffer twice[3] = {{64, SECBUFFER_TOKEN, token},
                              {64, SECBUFFER_TOKEN, token},
                              {4, SECBUFFER_DATA, data}};
        SecBuffer bare[1] = {{64, SECBUFFER_STREAM, token}};
        SecBuffer nothing[2] = {{0, SECBUFFER_STREAM, NULL}, {0, SECBUFFER_DATA, NULL}};
        SecBuffer many[40];
        SecBufferDesc messages[] = {{0, 1, none},    {0, 3, twice}, {0, 1, bare},
                                    {0, 2, nothing}, {0, 40, many}, {0, 0, NULL}};

        for (int i = 0; i < 40; i++)
            many[i] = i == 0 ? (SecBuffer){64, SECBUFFER_TOKEN, token}
                             : (SecBuffer){1, SECBUFFER_DATA, data};
        connect_ours(&pair, variants[v].package, variants[v].target, variants[v].flags);
        for (size_t m = 0; m < sizeof messages / sizeof messages[0]; m++) {
            const sspia_package *package = pair.ours.package;

            assert_true(
                package->decrypt(pair.ours.context, &messages[m], NULL, &pair.ours.report) < 0);
            if (m != 3 && m != 2)
                assert_true(package->encrypt(pair.ours.context, 0, &messages[m],
                                             &pair.ours.report) < 0);
        }
        disconnect(&pair);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sealed_message_is_a_standard_wrap_token),
        cmocka_unit_test(foreign_wrap_token_is_opened),
        cmocka_unit_test(wrap_without_encryption_is_signed_and_readable),
        cmocka_unit_test(integrity_alone_wraps_readably),
        cmocka_unit_test(integrity_alone_works_between_our_sides),
        cmocka_unit_test(a_peer_that_seals_with_integrity_alone_is_answered),
        cmocka_unit_test(signatures_fit_the_foreign_ones),
        cmocka_unit_test(buffer_too_small_spends_no_number),
        cmocka_unit_test(damaged_messages_are_refused),
        cmocka_unit_test(swapped_messages_are_out_of_sequence),
        cmocka_unit_test(several_buffers_are_one_message),
        cmocka_unit_test(protection_must_have_been_negotiated),
        cmocka_unit_test(malformed_descriptors_are_refused),
    };

    realm_host_load();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
