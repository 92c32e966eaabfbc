/* SPDX-License-Identifier: MIT */
/* Input that nobody well-meaning sends. What these tests show beside the statuses is that
 * sanitizers have nothing to say. */
#include "tls_fixture.h"

#include <string.h>

#include "alpn.h"
#include "record.h"

static const uint32_t versions[] = {TLS12, TLS13};

#define EACH_VERSION(without)                                                                  \
    for (size_t version = 0; version < 2; version++)                                           \
        for (uint32_t without = versions[version], once = 1; once != 0; once = 0)

static void other_protocols_are_refused(void **state)
{
    static const struct {
        const char *text, *name;
    } cases[] = {
        {"GET / HTTP/1.1\r\n\r\n", "HTTP"},
        {"\x80\x2e\x01\x03\x01 and more", "SSLv2"},
        {"SSH-2.0-OpenSSH\r\n", "not a TLS record"},
        {"\x16\x02\x00 ancient", "not a TLS record"},
        {"\x16\x03\x01\xff\xff too long", "not a TLS record"},
    };
    struct tls_side client, server;

    (void)state;
    tls_sides(&client, &server, 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_tls(tls_leg(&server, cases[i].text, strlen(cases[i].text)), SEC_E_INVALID_TOKEN);
        assert_non_null(strstr(server.report.text, cases[i].name));
        /* Not waited for either, when only its beginning is there. */
        tls_reset(&server);
        if (i < 4)
            assert_tls(tls_leg(&server, cases[i].text, 3), SEC_E_INVALID_TOKEN);
        tls_reset(&server);
        assert_tls(tls_leg(&client, NULL, 0), SEC_I_CONTINUE_NEEDED);
        assert_tls(tls_leg(&client, cases[i].text, strlen(cases[i].text)), SEC_E_INVALID_TOKEN);
        tls_reset(&client);
    }
    tls_release_both(&client, &server);
}

/* Nothing protects the header of a record before there are keys. */
static bool is_in_a_header(const struct tls_bytes *flight, size_t at)
{
    size_t begin = 0;

    while (begin < flight->size) {
        const struct record record = record_parse(flight->data + begin, flight->size - begin);

        if (at < begin + RECORD_HEADER_SIZE)
            return at >= begin;
        begin += record.size;
    }
    return false;
}

/* Wrong: a changed byte anywhere in a flight does worse than an error, or goes unnoticed. */
static void altered_flights_are_refused(void **state)
{
    struct tls_side client, server;

    (void)state;
    EACH_VERSION(without)
    {
        size_t size = 1;
        bool header;

        for (size_t at = 0; at < size; at += 7) {
            tls_sides(&client, &server, without);
            assert_tls(tls_leg(&client, NULL, 0), SEC_I_CONTINUE_NEEDED);
            tls_move(&client, &server);
            assert_tls(tls_advance(&server), SEC_I_CONTINUE_NEEDED);
            size = server.out.size;
            if (at >= size)
                at = size - 1; /* signatures differ in length */
            header = is_in_a_header(&server.out, at);
            server.out.data[at] ^= 0x55;
            tls_move(&server, &client);
            tls_advance(&client);
            if (client.status >= 0) {
                /* Only the server can tell, by the Finished. */
                tls_move(&client, &server);
                tls_advance(&server);
                tls_move(&server, &client);
                if (server.status == SEC_E_OK && client.status != SEC_E_OK)
                    tls_advance(&client);
                assert_false(server.status == SEC_E_OK && client.status == SEC_E_OK && !header);
            } else {
                assert_true(client.status == SEC_E_INCOMPLETE_MESSAGE ||
                            client.report.text[0] != '\0');
            }
            tls_release_both(&client, &server);
        }
    }
}

/* A cheap source of noise that is the same in every run. */
static uint32_t noise(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void noise_is_refused(void **state)
{
    struct tls_side client, server;
    uint32_t seed = 1;

    (void)state;
    tls_connected(&client, &server, 0);
    tls_release_both(&client, &server);
    for (int i = 0; i < 400; i++) {
        uint8_t bytes[600];
        const size_t size = noise(&seed) % sizeof(bytes);

        for (size_t n = 0; n < size; n++)
            bytes[n] = (uint8_t)noise(&seed);
        /* Let most of them look like records, and some like hellos. */
        if (size > 9 && i % 4 != 0) {
            bytes[0] = (uint8_t)(20 + i % 4);
            bytes[1] = bytes[2] = 3;
            bytes[3] = (uint8_t)((size - 5) >> 8);
            bytes[4] = (uint8_t)(size - 5);
            if (i % 4 == 2) {
                bytes[5] = i % 8 == 2 ? 1 : 2;
                bytes[6] = 0;
                bytes[7] = (uint8_t)((size - 9) >> 8);
                bytes[8] = (uint8_t)(size - 9);
            }
        }
        tls_sides(&client, &server, i % 2 ? TLS12 : TLS13);
        tls_leg(&server, bytes, size);
        assert_true(server.status < 0 || server.status == SEC_I_CONTINUE_NEEDED);
        tls_leg(&client, NULL, 0);
        tls_leg(&client, bytes, size);
        assert_true(client.status < 0 || client.status == SEC_I_CONTINUE_NEEDED);
        tls_reset(&client);
        tls_reset(&server);
        assert_tls(tls_shake(&client, &server), SEC_E_OK);
        tls_append(&server.in, bytes, size);
        tls_receive_all(&server, NULL);
        assert_true(server.status != SEC_E_OK || size == 0);
        tls_release_both(&client, &server);
    }
}

/* Wrong: MISSING asks for more than comes, or a whole record is not seen as one. */
static void records_are_parsed(void **state)
{
    const uint8_t whole[] = {23, 3, 3, 0, 2, 'a', 'b', 23};
    const uint8_t empty[] = {23, 3, 3, 0, 0};
    const uint8_t longest[] = {23, 3, 3, 0x48, 0x00}, longer[] = {23, 3, 3, 0x48, 0x01};

    (void)state;
    for (size_t size = 0; size < 5; size++) {
        assert_int_equal(record_parse(whole, size).kind, RECORD_PARTIAL);
        assert_int_equal(record_parse(whole, size).missing, 5 - size);
    }
    assert_int_equal(record_parse(whole, 5).missing, 2);
    assert_int_equal(record_parse(whole, 6).missing, 1);
    assert_int_equal(record_parse(whole, 7).kind, RECORD_WHOLE);
    assert_int_equal(record_parse(whole, 8).size, 7);
    assert_int_equal(record_parse(empty, 5).size, 5);
    assert_int_equal(record_parse(longest, 5).missing, 18432);
    assert_int_equal(record_parse(longer, 5).kind, RECORD_BAD);
}

static SECURITY_STATUS parse(const void *bytes, size_t size, const uint8_t **list,
                             size_t *list_size)
{
    /* A block of the exact size, so that reading beyond it shows. */
    uint8_t *copy = test_malloc(size + 1);
    const SecBuffer buffer = {(uint32_t)size, SECBUFFER_APPLICATION_PROTOCOLS, copy + 1};
    SECURITY_STATUS status;

    memcpy(copy + 1, bytes, size); /* at an odd address */
    status = alpn_parse(&buffer, list, list_size);
    test_free(copy);
    return status;
}

static void protocol_lists_are_checked(void **state)
{
    /* ProtocolListsSize, ProtoNegoExt, ProtocolListSize, "h2". */
    const uint8_t good[] = {9, 0, 0, 0, 2, 0, 0, 0, 3, 0, 2, 'h', '2'};
    uint8_t bytes[sizeof(good)];
    const uint8_t *list;
    size_t size;

    (void)state;
    assert_tls(parse(good, sizeof(good), &list, &size), SEC_E_OK);
    assert_int_equal(size, 3);
    for (size_t cut = 0; cut < sizeof(good); cut++)
        assert_tls(parse(good, cut, &list, &size), SEC_E_INVALID_PARAMETER);
#define BROKEN(at, value)                                                                      \
    memcpy(bytes, good, sizeof(good));                                                         \
    bytes[at] = value;                                                                         \
    assert_tls(parse(bytes, sizeof(bytes), &list, &size), SEC_E_INVALID_PARAMETER)
    BROKEN(0, 10);
    BROKEN(3, 0xff);
    BROKEN(0, 5);
    BROKEN(4, 1); /* NPN alone */
    BROKEN(8, 4);
    BROKEN(8, 0);
    BROKEN(10, 0);
    BROKEN(10, 3);
    BROKEN(10, 1);
}

/* Wrong: a peer's malformed protocol list is read beyond its end. */
static void protocol_choice_survives_bad_lists(void **state)
{
    const uint8_t server[] = {2, 'h', '2'};
    const uint8_t *name;
    uint8_t length;

    (void)state;
    assert_true(alpn_choose(server, 3, (const uint8_t *)"\x02h2", 3, &name, &length));
    assert_int_equal(length, 2);
    assert_false(alpn_choose(server, 3, (const uint8_t *)"\x03h2", 3, &name, &length));
    assert_false(alpn_choose(server, 3, (const uint8_t *)"\x00", 1, &name, &length));
    assert_false(alpn_choose(server, 3, (const uint8_t *)"", 0, &name, &length));
    assert_false(alpn_choose(server, 3, (const uint8_t *)"\x02h3\x05h", 5, &name, &length));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_protocols_are_refused),
        cmocka_unit_test(altered_flights_are_refused),
        cmocka_unit_test(noise_is_refused),
        cmocka_unit_test(records_are_parsed),
        cmocka_unit_test(protocol_lists_are_checked),
        cmocka_unit_test(protocol_choice_survives_bad_lists),
    };

    return cmocka_run_group_tests(tests, tls_fixture_setup, tls_fixture_teardown);
}
