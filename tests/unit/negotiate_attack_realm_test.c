/* SPDX-License-Identifier: MIT */
/* Negotiate with somebody on the way: what is taken out, put in, cut, repeated or exchanged. */
#include "realm_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "negotiate/host.h"
#include "negotiate/token.h"

#define LEGS_MAX 8

static sspia_identity tickets;
static sspia_identity password;
static sspia_identity ntlm_password;
static sspia_identity users;
static sspia_identity server;

static const sspia_host memory = {
    .abi = SSPIA_PACKAGE_ABI, .size = sizeof memory, .allocate = malloc, .free = free};

static int read_realm(void **state)
{
    (void)state;
    neg_host = &memory; /* of the parts that this test links */
    tickets.credential_cache = realm_host_env("CCACHE");
    password.user = "alice";
    password.password = realm_host_env("ALICE_PASSWORD");
    ntlm_password = password;
    ntlm_password.domain = "TEST";
    users.ntlm_user_file = realm_host_env("NTLM_USER_FILE");
    server = users;
    server.keytab = realm_host_env("KEYTAB");
    return 0;
}

/* The three kinds of handshakes: Kerberos at once, NTLM instead of it, NTLM in SPNEGO. */
enum { KERBEROS, SECOND_CHOICE, GREETED, KINDS };

static void begin(realm_side sides[2], int kind)
{
    const sspia_identity *client = kind == KERBEROS        ? &tickets
                                   : kind == SECOND_CHOICE ? &password
                                                           : &ntlm_password;

    sides[0] = (realm_side){.target = "HTTP/localhost",
                            .flags = ISC_REQ_MUTUAL_AUTH | ISC_REQ_CONFIDENTIALITY};
    sides[1] = (realm_side){.flags = 0};
    assert_int_equal(
        realm_side_acquire(&sides[0], "Negotiate", SECPKG_CRED_OUTBOUND, NULL, client),
        SEC_E_OK);
    assert_int_equal(realm_side_acquire(&sides[1], "Negotiate", SECPKG_CRED_INBOUND, NULL,
                                        kind == SECOND_CHOICE ? &users : &server),
                     SEC_E_OK);
}

static void end(realm_side sides[2])
{
    realm_side_release(&sides[0]);
    realm_side_release(&sides[1]);
    assert_int_equal(realm_host_blocks(), 0);
}

/* Contexts go, credentials stay; the greeting is behind. */
static void start_anew(realm_side sides[2], int kind)
{
    realm_side_reset(&sides[0]);
    realm_side_reset(&sides[1]);
    if (kind == GREETED)
        assert_int_equal(realm_side_step(&sides[1], NULL, 0), SEC_I_CONTINUE_NEEDED);
}

/* A handshake in which a token is changed; leg 0 is the initiator's first one. change returns
 * the new size, at most the old one and 64. Returns the last status. */
typedef size_t (*changer)(unsigned char *token, size_t size, void *data);

static SECURITY_STATUS shake(realm_side sides[2], int kind, int leg, changer change, void *data,
                             int *legs)
{
    int turn = 0;

    start_anew(sides, kind);
    for (; turn < LEGS_MAX; turn++) {
        realm_side *from = &sides[1 - turn % 2];
        realm_side *to = &sides[turn % 2];
        unsigned char *copy = malloc(from->token.size + 64);
        size_t size = from->token.size;

        assert_non_null(copy);
        if (size > 0)
            memcpy(copy, from->token.data, size);
        if (turn == leg + 1 && change != NULL)
            size = change(copy, size, data);
        realm_side_step(to, copy, size);
        free(copy);
        if (to->status < 0)
            break;
        if (sides[0].status == SEC_E_OK && sides[1].status == SEC_E_OK && turn > 0)
            break;
    }
    if (legs != NULL)
        *legs = turn + 1;
    return sides[turn % 2].status;
}

/* Without the change the handshakes succeed: what the others find is theirs. */
static void kinds_are_what_they_should_be(void **state)
{
    static const int expected[KINDS] = {3, 7, 5};

    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        realm_side sides[2];
        uint32_t how;
        int legs;

        begin(sides, kind);
        if (shake(sides, kind, -1, NULL, NULL, &legs) != SEC_E_OK)
            fail_msg("%d: %s / %s", kind, sides[0].report.text, sides[1].report.text);
        assert_int_equal(legs, expected[kind]);
        assert_string_equal(sides[1].package->negotiated(sides[1].context, &how),
                            kind == KERBEROS ? "Kerberos" : "NTLM");
        end(sides);
    }
}

static size_t write_over(unsigned char *token, sspia_bytes made)
{
    size_t size = made.size;

    memcpy(token, made.data, size);
    free(made.data);
    return size;
}

/* Takes the mechListMIC out of an answer. */
static size_t strip(unsigned char *token, size_t size, void *data)
{
    neg_response response;
    sspia_bytes made;

    (void)data;
    assert_true(neg_token_read_response((neg_bytes){token, size}, &response));
    assert_int_equal(response.mic.size, 16);
    response.mic = (neg_bytes){NULL, 0};
    assert_true(neg_token_write_response(&response, &made));
    return write_over(token, made);
}

/* Wrong would be: a list that nobody vouches for, whichever side's signature is gone. */
static void stripped_signatures_are_missed(void **state)
{
    static const struct {
        int kind;
        int leg;
    } cases[] = {{SECOND_CHOICE, 4}, {SECOND_CHOICE, 5}, {GREETED, 2}, {GREETED, 3}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        realm_side sides[2];

        begin(sides, cases[i].kind);
        assert_int_equal(shake(sides, cases[i].kind, cases[i].leg, strip, NULL, NULL),
                         SEC_E_MESSAGE_ALTERED);
        assert_non_null(strstr(sides[(cases[i].leg + 1) % 2].report.text, "mechListMIC"));
        end(sides);
    }
}

static size_t spoil(unsigned char *token, size_t size, void *data)
{
    (void)data;
    token[size - 12] ^= 1; /* the signature is the last field; 8 bytes of it are a checksum */
    return size;
}

static void changed_signatures_are_refused(void **state)
{
    realm_side sides[2];

    (void)state;
    begin(sides, GREETED);
    assert_int_equal(shake(sides, GREETED, 2, spoil, NULL, NULL), SEC_E_MESSAGE_ALTERED);
    assert_int_equal(shake(sides, GREETED, 3, spoil, NULL, NULL), SEC_E_MESSAGE_ALTERED);
    end(sides);
}

/* Makes Kerberos an identifier that nobody knows. */
static size_t hide_kerberos(unsigned char *token, size_t size, void *data)
{
    static const unsigned char oid[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7};
    unsigned char *found = memmem(token, size, oid, sizeof oid);

    (void)data;
    assert_non_null(found);
    found[2] = 0x55;
    return size;
}

/* Takes all but the last mechanism out, and the token of the first. */
static size_t keep_the_last(unsigned char *token, size_t size, void *data)
{
    unsigned char list[64];
    neg_bytes one = {NULL, 0};
    neg_bytes rest;
    neg_init init;
    sspia_bytes made;

    (void)data;
    assert_true(neg_token_read_init((neg_bytes){token, size}, &init));
    rest = init.mechs;
    while (neg_der_take(&rest, 0x06, &one))
        continue;
    memcpy(neg_der_put(neg_der_put(list, 0x30, one.size + 2), 0x06, one.size), one.data,
           one.size);
    assert_true(
        neg_token_write_init((neg_bytes){list, one.size + 4}, (neg_bytes){NULL, 0}, &made));
    return write_over(token, made);
}

/* Wrong would be: NTLM where both sides can do Kerberos, because somebody has taken that out of
 * the list on its way. */
static void downgrades_are_found_out(void **state)
{
    static const changer changes[] = {hide_kerberos, keep_the_last};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        realm_side sides[2];

        begin(sides, KERBEROS);
        realm_side_release(&sides[0]);
        assert_int_equal(
            realm_side_acquire(&sides[0], "Negotiate", SECPKG_CRED_OUTBOUND, NULL, &password),
            SEC_E_OK);
        assert_int_equal(shake(sides, KERBEROS, -1, NULL, NULL, NULL), SEC_E_OK);
        assert_int_equal(shake(sides, KERBEROS, 0, changes[i], NULL, NULL),
                         SEC_E_MESSAGE_ALTERED);
        assert_int_equal(sides[1].status, SEC_E_MESSAGE_ALTERED);
        end(sides);
    }
}

/* A server that names a mechanism which was not offered, or changes its mind. */
static size_t name_another(unsigned char *token, size_t size, void *data)
{
    static const unsigned char ntlm[] = {0x2b, 0x06, 0x01, 0x04, 0x01,
                                         0x82, 0x37, 0x02, 0x02, 0x0a};
    neg_response response;
    sspia_bytes made;

    assert_true(neg_token_read_response((neg_bytes){token, size}, &response));
    response.mech = (neg_bytes){ntlm, sizeof ntlm};
    if (data != NULL)
        response.token = (neg_bytes){NULL, 0};
    assert_true(neg_token_write_response(&response, &made));
    return write_over(token, made);
}

static void mechanisms_that_were_not_offered_are_refused(void **state)
{
    realm_side sides[2];
    int no_token = 1;

    (void)state;
    begin(sides, KERBEROS);
    assert_int_equal(shake(sides, KERBEROS, 1, name_another, NULL, NULL), SEC_E_INVALID_TOKEN);
    assert_int_equal(shake(sides, KERBEROS, 1, name_another, &no_token, NULL),
                     SEC_E_INVALID_TOKEN);
    end(sides);
}

/* Says that all is well before it is. */
static size_t complete_early(unsigned char *token, size_t size, void *data)
{
    neg_response response;
    sspia_bytes made;

    (void)data;
    assert_true(neg_token_read_response((neg_bytes){token, size}, &response));
    response.state = NEG_STATE_COMPLETED;
    assert_true(neg_token_write_response(&response, &made));
    return write_over(token, made);
}

static void nobody_is_done_before_the_mechanism(void **state)
{
    realm_side sides[2];

    (void)state;
    begin(sides, GREETED); /* the challenge */
    assert_int_equal(shake(sides, GREETED, 1, complete_early, NULL, NULL),
                     SEC_E_MESSAGE_ALTERED);
    end(sides);
    begin(sides, SECOND_CHOICE); /* the choice of NTLM */
    assert_int_equal(shake(sides, SECOND_CHOICE, 1, complete_early, NULL, NULL),
                     SEC_E_INVALID_TOKEN);
    end(sides);
}

/* Wrong would be: a read behind the end (under ASan), or a token that is taken for whole. */
static void truncated_tokens_are_refused(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        realm_side sides[2];
        int legs;

        begin(sides, kind);
        assert_int_equal(shake(sides, kind, -1, NULL, NULL, &legs), SEC_E_OK);
        for (int leg = 0; leg + 1 < legs; leg++) {
            /* Of a long token the ends, and some places between. */
            for (size_t size = 1;; size += size < 128 ? 1 : 29) {
                int turn = leg + 1;

                start_anew(sides, kind);
                for (int i = 0; i < turn; i++)
                    assert_true(realm_side_step(&sides[i % 2], sides[1 - i % 2].token.data,
                                                sides[1 - i % 2].token.size) >= 0);
                if (size >= sides[1 - turn % 2].token.size)
                    break;
                if (realm_side_step(&sides[turn % 2], sides[1 - turn % 2].token.data, size) >=
                    0)
                    fail_msg("kind %d, leg %d, size %zu", kind, leg, size);
            }
        }
        end(sides);
    }
}

/* Wrong would be: a logon for whoever has listened to one. */
static void repeated_tokens_are_refused(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        unsigned char *copies[LEGS_MAX] = {NULL};
        size_t sizes[LEGS_MAX] = {0};
        realm_side sides[2];
        SECURITY_STATUS status = SEC_I_CONTINUE_NEEDED;
        int turn = 0;

        begin(sides, kind);
        start_anew(sides, kind);
        for (; turn < LEGS_MAX && status >= 0; turn++) {
            realm_side *from = &sides[1 - turn % 2];

            copies[turn] = malloc(from->token.size + 1);
            sizes[turn] = from->token.size;
            if (from->token.size > 0)
                memcpy(copies[turn], from->token.data, from->token.size);
            status = realm_side_step(&sides[turn % 2], copies[turn], sizes[turn]);
            if (sides[0].status == SEC_E_OK && sides[1].status == SEC_E_OK && turn > 0)
                break;
        }
        assert_int_equal(status, SEC_E_OK);
        start_anew(sides, kind); /* the acceptor once more, with what it has been sent */
        for (int i = 1;
             i <= turn && (status = realm_side_step(&sides[1], copies[i], sizes[i])) ==
                              SEC_I_CONTINUE_NEEDED;
             i += 2)
            continue;
        if (status >= 0)
            fail_msg("kind %d: %08x", kind, (unsigned)status);
        for (int i = 0; i < LEGS_MAX; i++)
            free(copies[i]);
        end(sides);
    }
}

/* Wrong would be: memory or time for what is no list of mechanisms. */
static void absurd_lists_are_refused(void **state)
{
    static unsigned char list[70000];
    realm_side sides[2];

    (void)state;
    begin(sides, KERBEROS);
    for (size_t size = 0; size <= 65000; size += 13000) {
        unsigned char *place = neg_der_put(list, 0x30, size);
        neg_bytes whole = {list, (size_t)(place - list) + size};
        sspia_bytes made;

        for (size_t i = 0; i + 2 <= size; i += 2)
            memcpy(place + i, "\6\0", 2);
        assert_true(neg_token_write_init(whole, (neg_bytes){NULL, 0}, &made));
        assert_true(realm_side_step(&sides[1], made.data, made.size) < 0);
        realm_side_reset(&sides[1]);
        free(made.data);
    }
    end(sides);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_are_what_they_should_be),
        cmocka_unit_test(stripped_signatures_are_missed),
        cmocka_unit_test(changed_signatures_are_refused),
        cmocka_unit_test(downgrades_are_found_out),
        cmocka_unit_test(mechanisms_that_were_not_offered_are_refused),
        cmocka_unit_test(nobody_is_done_before_the_mechanism),
        cmocka_unit_test(truncated_tokens_are_refused),
        cmocka_unit_test(repeated_tokens_are_refused),
        cmocka_unit_test(absurd_lists_are_refused),
    };

    realm_host_load();
    return cmocka_run_group_tests(tests, read_realm, NULL);
}
