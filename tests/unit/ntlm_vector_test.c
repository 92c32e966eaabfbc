/* SPDX-License-Identifier: MIT */
/* The examples of MS-NLMP 4.2, as far as they are of what is supported, and those of RFC 1320
 * for MD4. */
#include "ntlm/host.h"
#include "ntlm/md4.h"
#include "ntlm/message.h"
#include "ntlm/response.h"
#include "ntlm/session.h"
#include "ntlm/text.h"
#include "ntlm/upper.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Bytes of hexadecimal digits. */
static size_t hex(const char *text, unsigned char *bytes)
{
    size_t size = strlen(text) / 2;

    for (size_t i = 0; i < size; i++) {
        unsigned value;

        assert_int_equal(sscanf(text + 2 * i, "%2x", &value), 1);
        bytes[i] = (unsigned char)value;
    }
    return size;
}

static void expect(const void *bytes, const char *expected)
{
    unsigned char wanted[512];
    size_t size = hex(expected, wanted);

    assert_memory_equal(bytes, wanted, size);
}

static ntlm_bytes wire(const char *text, unsigned char *place)
{
    return (ntlm_bytes){place, ntlm_text_to_wire(text, place, 256)};
}

/* Wrong would be: another hash function. */
static void md4_is_that_of_rfc_1320(void **state)
{
    static const struct {
        const char *text, *digest;
    } cases[] = {
        {"", "31d6cfe0d16ae931b73c59d7e0c089c0"},
        {"abc", "a448017aaf21d8525fc10ae87aa6729d"},
        {"abcdefghijklmnopqrstuvwxyz", "d79e1c308aa5bbcdeea8ed63df412da9"},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
         "043f8582f241db351ce627e153e7f0e4"},
        {"1234567890123456789012345678901234567890123456789012345678901234567890"
         "1234567890",
         "e33b4ddc9c38f2199c3e7b164fcc0536"},
    };
    unsigned char digest[NTLM_MD4_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ntlm_md4(cases[i].text, strlen(cases[i].text), digest);
        expect(digest, cases[i].digest);
    }
}

static const char user_name[] = "User";
static const char domain_name[] = "Domain";

/* Wrong would be: a password that no other implementation recognises (4.2.2.1.2, 4.2.4.1.1). */
static void keys_of_a_password(void **state)
{
    unsigned char hash[NTLM_HASH_SIZE];
    unsigned char key[NTLM_KEY_SIZE];
    unsigned char user[64];
    unsigned char domain[64];
    ntlm_bytes folded = wire(user_name, user);

    (void)state;
    assert_true(ntlm_response_hash("Password", hash));
    expect(hash, "a4f49c406510bdcab6824ee7c30fd852");
    ntlm_upper(user, folded.size);
    assert_true(ntlm_response_key(hash, folded, wire(domain_name, domain), key));
    expect(key, "0c868a403bfd7a93a3001ef22ef02e3f");
}

/* Wrong would be: an answer that no server takes (4.2.4.1.3, 4.2.4.2.2). */
static void response_to_a_challenge(void **state)
{
    static const char rest_text[] =
        "01010000000000000000000000000000aaaaaaaaaaaaaaaa0000000002000c0044006f006d0061006900"
        "6e0001000c0053006500720076006500720000000000"
        "00000000";
    unsigned char response[512];
    unsigned char rest[512];
    unsigned char key[16];
    unsigned char base[16];
    unsigned char nonce[8];
    unsigned char challenge[8];
    static const unsigned char no_time[8];
    size_t size = hex(rest_text, rest);

    (void)state;
    hex("aaaaaaaaaaaaaaaa", nonce);
    hex("0123456789abcdef", challenge);
    hex("0c868a403bfd7a93a3001ef22ef02e3f", key);
    ntlm_response_write_head(response, no_time, nonce);
    assert_memory_equal(response + NTLM_PROOF_SIZE, rest,
                        NTLM_RESPONSE_PAIRS - NTLM_PROOF_SIZE);
    assert_true(ntlm_response_prove(key, challenge, (ntlm_bytes){rest, size}, response, base));
    expect(response, "68cd0ab851e51c96aabc927bebef6a1c");
    expect(base, "8de40ccadbc14a82f15cb0ad0de95ca3");
}

/* Wrong would be: a session key that the server cannot read (4.2.4.2.3). */
static void session_key_is_sent_encrypted(void **state)
{
    unsigned char key[16];
    unsigned char base[16];
    ntlm_rc4 cipher;

    (void)state;
    memset(key, 0x55, sizeof key);
    hex("8de40ccadbc14a82f15cb0ad0de95ca3", base);
    ntlm_rc4_start(&cipher, base, sizeof base);
    ntlm_rc4_apply(&cipher, key, sizeof key);
    expect(key, "c5dad2544fc9799094ce1ce90bc9d03e");
}

static void seal(ntlm_session *session, unsigned char *text, unsigned char *signature)
{
    ntlm_piece piece = {text, wire("Plaintext", text).size, true};

    assert_true(ntlm_session_protect(session, &piece, 1, signature));
}

/* Wrong would be: messages that the other side cannot open (4.2.4.4), or keys of the wrong
 * direction. */
static void message_with_key_exchange(void **state)
{
    ntlm_session client = {.initiator = true, .encrypts_checksum = true};
    ntlm_session server = {.encrypts_checksum = true};
    unsigned char text[64];
    unsigned char expected[64];
    unsigned char signature[NTLM_SIGNATURE_SIZE];
    ntlm_piece piece = {text, wire("Plaintext", expected).size, true};

    (void)state;
    memset(client.key, 0x55, sizeof client.key);
    memset(server.key, 0x55, sizeof server.key);
    seal(&client, text, signature);
    expect(client.out.sign_key, "4788dc861b4782f35d43fd98fe1a2d39");
    expect(text, "54e50165bf1936dc996020c1811b0f06fb5f");
    expect(signature, "010000007fb38ec5c55d497600000000");
    assert_int_equal(ntlm_session_check(&server, &piece, 1, signature), SEC_E_OK);
    assert_memory_equal(text, expected, piece.size);
    assert_int_equal(ntlm_session_check(&server, &piece, 1, signature), SEC_E_OUT_OF_SEQUENCE);
}

/* Wrong would be: a checksum that is encrypted where no key was exchanged (4.2.3.4; its sealing
 * key is one of 56 bits, so that the signature is what can be compared). */
static void message_without_key_exchange(void **state)
{
    ntlm_session client = {.initiator = true};
    unsigned char text[64];
    unsigned char signature[NTLM_SIGNATURE_SIZE];

    (void)state;
    hex("eb93429a8bd952f8b89c55b87f475edc", client.key);
    seal(&client, text, signature);
    expect(client.out.sign_key, "60e799be5c72fc92922ae8ebe961fb8d");
    expect(signature, "01000000ff2aeb52f681793a00000000");
}

/* Wrong would be: a message of another implementation that cannot be read (4.2.4.3). */
static void messages_are_read(void **state)
{
    unsigned char challenge_bytes[512];
    unsigned char answer_bytes[512];
    size_t challenge_size = hex(
        "4e544c4d53535000020000000c000c003800000033828ae20123456789abcdef00000000000000002400"
        "240044000000060070170000000f53006500720076006500720002000c0044006f006d00610069006e00"
        "01000c0053006500720076006500720000000000",
        challenge_bytes);
    size_t answer_size =
        hex("4e544c4d53535000030000001800180"
            "06c00000054005400840000000c000c00480000000800080054000000100010005c0000001000"
            "1000d8000000358288e20501280a0000000f44006f006d00610069006e00550073006500720043"
            "004f004d005000550054004500520086c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa"
            "68cd0ab851e51c96aabc927bebef6a1c01010000000000000000000000000000aaaaaaaaaaaaaa"
            "aa0000000002000c0044006f006d00610069006e0001000c005300650072007600650072000000"
            "000000000000c5dad2544fc9799094ce1ce90bc9d03e",
            answer_bytes);
    ntlm_challenge challenge;
    ntlm_authenticate answer;
    unsigned char name[64];
    const char *why = NULL;

    (void)state;
    assert_true(ntlm_message_read_challenge((ntlm_bytes){challenge_bytes, challenge_size},
                                            &challenge, &why));
    assert_int_equal(challenge.flags, 0xe28a8233);
    expect(challenge.nonce, "0123456789abcdef");
    assert_int_equal(challenge.target.size, 12);
    assert_int_equal(challenge.target_info.size, 36);
    assert_true(
        ntlm_message_read_authenticate((ntlm_bytes){answer_bytes, answer_size}, &answer, &why));
    assert_int_equal(answer.flags, 0xe2888235);
    assert_false(answer.has_mic);
    assert_int_equal(answer.user.size, wire(user_name, name).size);
    assert_memory_equal(answer.user.data, name, answer.user.size);
    assert_int_equal(answer.domain.size, wire(domain_name, name).size);
    assert_memory_equal(answer.domain.data, name, answer.domain.size);
    assert_int_equal(answer.lm_response.size, 24);
    assert_int_equal(answer.nt_response.size, 84);
    assert_int_equal(answer.session_key.size, 16);
}

/* Wrong would be: the locale's letters, or a letter that Windows leaves alone. */
static void upper_case_is_that_of_windows(void **state)
{
    static const struct {
        const char *lower, *upper;
    } cases[] = {
        {"user", "USER"},
        {"m\u00fcller", "M\u00dcLLER"},
        {"\u00ff", "\u0178"},
        {"stra\u00dfe", "STRA\u00dfE"},
        {"\u0131i", "\u0131I"},
        {"\u00b5", "\u00b5"},
        {"\u0455\u044f", "\u0405\u042f"},
        {"\u03c3\u03c2", "\u03a3\u03a3"},
        {"\u01c6\u01c5", "\u01c4\u01c5"},
        {"\U00010428", "\U00010428"}, /* a surrogate pair */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned char lower[256];
        unsigned char upper[256];
        ntlm_bytes folded = wire(cases[i].lower, lower);
        ntlm_bytes expected = wire(cases[i].upper, upper);

        ntlm_upper(lower, folded.size);
        assert_int_equal(folded.size, expected.size);
        assert_memory_equal(lower, upper, expected.size);
    }
}

static void report_nothing(sspia_report *report, const char *what, const char *why)
{
    (void)report;
    (void)what;
    (void)why;
}

int main(void)
{
    static const sspia_host host = {.report = report_nothing};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(md4_is_that_of_rfc_1320),
        cmocka_unit_test(keys_of_a_password),
        cmocka_unit_test(response_to_a_challenge),
        cmocka_unit_test(session_key_is_sent_encrypted),
        cmocka_unit_test(message_with_key_exchange),
        cmocka_unit_test(message_without_key_exchange),
        cmocka_unit_test(messages_are_read),
        cmocka_unit_test(upper_case_is_that_of_windows),
    };

    ntlm_host = &host;
    if (ntlm_crypto_ready(NULL) != SEC_E_OK)
        return 77;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
