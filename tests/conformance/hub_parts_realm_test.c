/* SPDX-License-Identifier: MIT */
/* Messages of the hub whose token has a place of its own, and parts that are only signed. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <sspi_hub.h>

#include "scripted.h"
#include "side.h"

#define SEALED (ISC_REQ_CONFIDENTIALITY | ISC_REQ_SEQUENCE_DETECT)

struct end {
    uint64_t call;
    uint64_t credential;
    uint64_t context;
    sspia_hub_outcome outcome;
};

static void finish(struct end *end, int32_t submitted)
{
    assert_status(submitted, SEC_E_OK);
    sspia_hub_call_wait(end->call, SIDE_PATIENCE_MS);
    assert_status(sspia_hub_call_take(end->call, &end->outcome), SEC_E_OK);
    assert_int_equal(sspia_hub_call_reinit(end->call), STATUS_SUCCESS);
    assert_true(end->outcome.status >= 0);
    if (end->outcome.credential != 0)
        end->credential = end->outcome.credential;
    if (end->outcome.context != 0)
        end->context = end->outcome.context;
}

/* Pairs of name and value, as sspia_hub_acquire takes them. */
static size_t pack(char *identity, size_t room, const char *const *pairs)
{
    size_t used = 0;

    for (; *pairs != NULL; pairs++) {
        const size_t length = strlen(*pairs) + 1;

        assert_true(used + length <= room);
        memcpy(identity + used, *pairs, length);
        used += length;
    }
    return used;
}

static void acquire(struct end *end, const char *package, uint32_t use,
                    const char *const *pairs)
{
    char identity[1024];
    const size_t size = pack(identity, sizeof(identity), pairs);

    *end = (struct end){.call = sspia_hub_call_create()};
    finish(end, sspia_hub_acquire(end->call, 0, 0, package, strlen(package), NULL, 0, use,
                                  identity, size));
}

static void connect_ends(struct end ends[2], const char *package, const char *target,
                         uint64_t flags)
{
    const char *const tickets[] = {"ccache", realm_value("CCACHE"), NULL};
    const char *const account[] = {
        "user", "alice", "domain", "TEST", "password", realm_value("ALICE_PASSWORD"), NULL};
    const char *const keys[] = {"keytab", realm_value("KEYTAB"), NULL};
    const char *const users[] = {"ntlm_user_file", realm_value("NTLM_USER_FILE"), NULL};
    const bool ntlm = strcmp(package, "NTLM") == 0;
    sspia_hub_bytes token = {NULL, 0};

    acquire(&ends[0], package, SECPKG_CRED_OUTBOUND, ntlm ? account : tickets);
    acquire(&ends[1], package, SECPKG_CRED_INBOUND, ntlm ? users : keys);
    for (int leg = 0; leg < 8 && (leg == 0 || token.size > 0); leg++) {
        struct end *end = &ends[leg % 2];

        if (leg % 2 == 0)
            finish(end, sspia_hub_initialize(end->call, 0, 0, end->credential, end->context,
                                             target, strlen(target), flags, token.data,
                                             token.size, NULL, 0, NULL, 0));
        else
            finish(end, sspia_hub_accept(end->call, 0, 0, end->credential, end->context, 0,
                                         token.data, token.size, NULL, 0, NULL, 0));
        FreeContextBuffer(token.data);
        token = end->outcome.token;
    }
    assert_status(ends[0].outcome.status, SEC_E_OK);
    assert_status(ends[1].outcome.status, SEC_E_OK);
    FreeContextBuffer(token.data);
}

static void disconnect(struct end ends[2])
{
    for (int i = 0; i < 2; i++) {
        assert_status(sspia_hub_delete_context_now(ends[i].context), SEC_E_OK);
        assert_status(sspia_hub_free_credential_now(ends[i].credential), SEC_E_OK);
        sspia_hub_call_free(ends[i].call);
    }
}

static const struct variant {
    const char *package;
    const char *target;
    uint64_t flags;
    bool signs_header;
    bool signs_trailer;
} variants[] = {
    {"Kerberos", "HTTP/localhost", SEALED | ISC_REQ_USE_DCE_STYLE, true, true},
    {"Negotiate", "HTTP/localhost", SEALED | ISC_REQ_USE_DCE_STYLE, true, true},
    {"Kerberos", "HTTP/localhost", SEALED, true, true},
    {"Kerberos", "etype-camellia/localhost", SEALED, true, true},
    {"Kerberos", "etype-rc4/localhost", SEALED, true, false},
    {"Kerberos", "etype-des3/localhost", SEALED, true, false},
    {"NTLM", "HTTP/localhost", SEALED, true, true},
};
#define VARIANTS (sizeof(variants) / sizeof(variants[0]))

static const char text[] = "what is in the packet of an RPC";
#define TEXT (sizeof(text) - 1)

static int32_t open_parts(struct end *end, const sspia_hub_bytes *token, const char *header,
                          const sspia_hub_bytes *sealed, const char *trailer,
                          sspia_hub_bytes *plain, uint32_t *qop)
{
    return sspia_hub_decrypt_parts(end->context, token->data, token->size, header,
                                   strlen(header), sealed->data, sealed->size, trailer,
                                   strlen(trailer), plain, qop);
}

/* Wrong would be: a part that anybody may change, one that is signed and cannot be read, or
 * data of another length than the packet has room for. */
static void header_and_trailer_are_signed_and_readable(void **state)
{
    static const uint32_t qops[] = {0, SECQOP_WRAP_NO_ENCRYPT};

    (void)state;
    for (size_t i = 0; i < 4 * VARIANTS; i++) {
        const struct variant *variant = &variants[i / 4];
        const char *header = variant->signs_header ? "header" : "";
        const char *trailer = variant->signs_trailer ? "trailer" : "";
        const uint32_t asked = qops[i / 2 % 2];
        struct end ends[2];
        struct end *from = &ends[i % 2], *to = &ends[1 - i % 2];
        sspia_hub_bytes token, sealed, plain = {NULL, 0};
        uint32_t qop = 99;
        int64_t block;

        if (asked != 0 && strcmp(variant->package, "NTLM") == 0)
            continue; /* where it seals it always does */
        connect_ends(ends, variant->package, variant->target, variant->flags);
        assert_status(sspia_hub_query_number(from->context, SECPKG_ATTR_SIZES, 2, &block),
                      SEC_E_OK);
        for (int message = 0; message < 2; message++) {
            const size_t length = TEXT - 3u * (unsigned)message; /* padded otherwise */

            assert_status(sspia_hub_encrypt_parts(from->context, asked, header, strlen(header),
                                                  text, length, trailer, strlen(trailer),
                                                  &token, &sealed),
                          SEC_E_OK);
            if (block <= 1)
                assert_int_equal(sealed.size, length);
            assert_int_equal(memcmp(sealed.data, text, length) != 0, asked == 0);
            if (message == 1 && variant->signs_header)
                assert_status(open_parts(to, &token, "HEADER", &sealed, trailer, &plain, &qop),
                              SEC_E_MESSAGE_ALTERED);
            if (message == 1 && variant->signs_trailer)
                assert_status(open_parts(to, &token, header, &sealed, "", &plain, &qop),
                              SEC_E_MESSAGE_ALTERED);
            assert_status(open_parts(to, &token, header, &sealed, trailer, &plain, &qop),
                          SEC_E_OK);
            assert_int_equal(plain.size, length);
            assert_memory_equal(plain.data, text, length);
            assert_int_equal(qop, asked);
            assert_status(FreeContextBuffer(plain.data), SEC_E_OK);
            assert_status(FreeContextBuffer(token.data), SEC_E_OK);
            assert_status(FreeContextBuffer(sealed.data), SEC_E_OK);
        }
        disconnect(ends);
    }
}

/* Wrong would be: a part that is left out of the signature without a word. */
static void what_cannot_be_signed_is_refused(void **state)
{
    (void)state;
    for (size_t v = 0; v < VARIANTS; v++) {
        const struct variant *variant = &variants[v];
        struct end ends[2];
        sspia_hub_bytes token, sealed;

        connect_ends(ends, variant->package, variant->target, variant->flags);
        if (!variant->signs_header)
            assert_status(sspia_hub_encrypt_parts(ends[0].context, 0, "header", 6, text, TEXT,
                                                  NULL, 0, &token, &sealed),
                          SEC_E_UNSUPPORTED_FUNCTION);
        if (!variant->signs_trailer)
            assert_status(sspia_hub_encrypt_parts(ends[0].context, 0, NULL, 0, text, TEXT,
                                                  "trailer", 7, &token, &sealed),
                          SEC_E_UNSUPPORTED_FUNCTION);
        disconnect(ends);
    }
}

/* Wrong would be: a limit that the hub reckons by itself, another one than C's. */
static void limit_is_that_of_the_attribute(void **state)
{
    struct end ends[2];
    sspia_hub_bytes token, sealed;
    uint32_t limit = 0;

    (void)state;
    connect_ends(ends, "Kerberos", "HTTP/localhost", SEALED | ISC_REQ_USE_DCE_STYLE);
    assert_status(sspia_hub_message_limit(ends[0].context, 0, TEXT + 100, &limit), SEC_E_OK);
    assert_status(sspia_hub_encrypt_parts(ends[0].context, 0, NULL, 0, text, TEXT, NULL, 0,
                                          &token, &sealed),
                  SEC_E_OK);
    assert_int_equal(limit, TEXT + 100 - token.size);
    assert_status(FreeContextBuffer(token.data), SEC_E_OK);
    assert_status(FreeContextBuffer(sealed.data), SEC_E_OK);
    assert_status(sspia_hub_message_limit(ends[0].context, 1, 100, &limit),
                  SEC_E_QOP_NOT_SUPPORTED);
    disconnect(ends);
    assert_status(sspia_hub_message_limit(ends[0].context, 0, 100, &limit),
                  SEC_E_INVALID_HANDLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_and_trailer_are_signed_and_readable),
        cmocka_unit_test(what_cannot_be_signed_is_refused),
        cmocka_unit_test(limit_is_that_of_the_attribute),
    };

    realm_value("REALM_DIR");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
