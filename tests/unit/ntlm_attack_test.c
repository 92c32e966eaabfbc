/* SPDX-License-Identifier: MIT */
/* What somebody between client and server, or a dishonest one of the two, could try. */
#include "ntlm/av_pair.h"
#include "ntlm/machine.h"
#include "ntlm/message.h"
#include "ntlm/response.h"
#include "ntlm/text.h"
#include "ntlm/upper.h"
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

typedef struct exchange {
    ntlm_pair pair;
    unsigned char *negotiate, *challenge, *answer;
    size_t negotiate_size, challenge_size, answer_size;
} exchange;

/* Bits that somebody turns over in a message on its way. */
struct change {
    size_t at;
    unsigned char bits;
};

static const struct change unchanged = {0, 0};

/* All of a handshake but the acceptor's last leg. */
static void run_changed(exchange *made, uint64_t flags, struct change offer,
                        struct change challenge)
{
    realm_side *initiator = &made->pair.initiator;
    realm_side *acceptor = &made->pair.acceptor;

    assert_int_equal(ntlm_pair_acquire(&made->pair, &alice, &alice, flags), SEC_E_OK);
    assert_int_equal(realm_side_step(initiator, NULL, 0), SEC_I_CONTINUE_NEEDED);
    made->negotiate = ntlm_pair_token(initiator, &made->negotiate_size);
    made->negotiate[offer.at] ^= offer.bits;
    assert_int_equal(realm_side_step(acceptor, made->negotiate, made->negotiate_size),
                     SEC_I_CONTINUE_NEEDED);
    made->challenge = ntlm_pair_token(acceptor, &made->challenge_size);
    made->challenge[challenge.at] ^= challenge.bits;
    assert_int_equal(realm_side_step(initiator, made->challenge, made->challenge_size),
                     SEC_E_OK);
    made->answer = ntlm_pair_token(initiator, &made->answer_size);
}

static void run_to_the_answer(exchange *made, uint64_t flags)
{
    run_changed(made, flags, unchanged, unchanged);
}

static void end(exchange *made)
{
    free(made->negotiate);
    free(made->challenge);
    free(made->answer);
    ntlm_pair_end(&made->pair);
}

static SECURITY_STATUS deliver(exchange *made)
{
    return realm_side_step(&made->pair.acceptor, made->answer, made->answer_size);
}

static unsigned char *flags_of(unsigned char *answer)
{
    return answer + 60;
}

/* Wrong would be: this test's other cases, because nothing ever passes. */
static void untouched_answer_passes(void **state)
{
    exchange made;

    (void)state;
    run_to_the_answer(&made, SEALED);
    assert_int_equal(deliver(&made), SEC_E_OK);
    end(&made);
}

/* Wrong would be: an answer whose MIC was taken out or spoilt, though the proof announces it.
 */
static void mic_cannot_be_taken_out(void **state)
{
    exchange made;

    (void)state;
    for (int way = 0; way < 2; way++) {
        run_to_the_answer(&made, SEALED);
        if (way == 0)
            memset(made.answer + NTLM_MIC_PLACE, 0, NTLM_MIC_SIZE);
        else
            made.answer[NTLM_MIC_PLACE] ^= 1;
        assert_int_equal(deliver(&made), SEC_E_MESSAGE_ALTERED);
        assert_non_null(strstr(made.pair.acceptor.report.text, "MIC"));
        end(&made);
    }
}

/* The answer in the layout of clients without MIC: everything moves up by its place. */
static void cut_mic_out(exchange *made)
{
    static const size_t fields[] = {12, 20, 28, 36, 44, 52};

    memmove(made->answer + NTLM_MIC_PLACE, made->answer + NTLM_AUTHENTICATE_HEAD,
            made->answer_size - NTLM_AUTHENTICATE_HEAD);
    made->answer_size -= NTLM_MIC_SIZE;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        made->answer[fields[i] + 4] =
            (unsigned char)(made->answer[fields[i] + 4] - NTLM_MIC_SIZE);
}

/* Wrong would be: to take the layout without a MIC for leave to do without. */
static void layout_without_mic_is_refused(void **state)
{
    exchange made;

    (void)state;
    run_to_the_answer(&made, SEALED);
    cut_mic_out(&made);
    assert_int_equal(deliver(&made), SEC_E_MESSAGE_ALTERED);
    end(&made);
}

/* Wrong would be: protection taken out of the offer on its way, which neither side would see.
 */
static void changed_offer_is_seen(void **state)
{
    const struct change identify = {12 + 2, 0x10}; /* which changes nothing else */
    exchange made;

    (void)state;
    run_changed(&made, 0, identify, unchanged);
    assert_int_equal(deliver(&made), SEC_E_MESSAGE_ALTERED);
    end(&made);
}

/* Wrong would be: a challenge changed on its way, which the client cannot see and the MIC
 * shows. */
static void changed_challenge_is_seen(void **state)
{
    const struct change target_name = {NTLM_CHALLENGE_HEAD, 1};
    exchange made;

    (void)state;
    run_changed(&made, 0, unchanged, target_name);
    assert_int_equal(deliver(&made), SEC_E_MESSAGE_ALTERED);
    end(&made);
}

/* Wrong would be: a server that agrees to what it did not offer. */
static void flags_cannot_be_widened(void **state)
{
    exchange made;

    (void)state;
    run_to_the_answer(&made, ISC_REQ_INTEGRITY);
    flags_of(made.answer)[0] |= NTLM_SEAL;
    assert_int_equal(deliver(&made), SEC_E_INVALID_TOKEN);
    assert_non_null(strstr(made.pair.acceptor.report.text, "flags"));
    end(&made);
}

/* Wrong would be: keys of 40 bits, or a session without the security that was agreed on. */
static void strength_cannot_be_taken_out(void **state)
{
    exchange made;

    (void)state;
    run_to_the_answer(&made, SEALED);
    flags_of(made.answer)[3] &= (unsigned char)~(NTLM_128 >> 24);
    assert_int_equal(deliver(&made), SEC_E_ALGORITHM_MISMATCH);
    end(&made);
    run_to_the_answer(&made, SEALED);
    flags_of(made.answer)[2] &= (unsigned char)~(NTLM_EXTENDED >> 16);
    assert_int_equal(deliver(&made), SEC_E_ALGORITHM_MISMATCH);
    end(&made);
}

/* Wrong would be: an answer that opens another connection, or the same one a second time. */
static void answer_is_good_for_one_challenge(void **state)
{
    exchange one;
    exchange other;

    (void)state;
    run_to_the_answer(&one, SEALED);
    run_to_the_answer(&other, SEALED);
    assert_int_equal(realm_side_step(&other.pair.acceptor, one.answer, one.answer_size),
                     SEC_E_LOGON_DENIED);
    assert_int_equal(realm_side_step(&other.pair.acceptor, other.answer, other.answer_size),
                     SEC_E_OUT_OF_SEQUENCE);
    assert_int_equal(deliver(&one), SEC_E_OK);
    assert_int_equal(deliver(&one), SEC_E_OUT_OF_SEQUENCE);
    realm_side_release(&other.pair.initiator);
    realm_side_release(&other.pair.acceptor);
    free(other.negotiate);
    free(other.challenge);
    free(other.answer);
    end(&one);
}

/* Wrong would be: a challenge without what the client insists on, taken without a word. */
static void weak_challenge_is_refused(void **state)
{
    static const struct {
        uint32_t without;
        const char *why;
    } cases[] = {
        {NTLM_SEAL, "integrity or confidentiality"},
        {NTLM_SIGN, "integrity or confidentiality"},
        {NTLM_128, "56 or 40 bits"},
        {NTLM_EXTENDED, "NTLMv1"},
        {NTLM_UNICODE, "OEM"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ntlm_pair pair;
        unsigned char *challenge;
        size_t size;

        assert_int_equal(ntlm_pair_acquire(&pair, &alice, &alice, SEALED), SEC_E_OK);
        assert_int_equal(realm_side_step(&pair.initiator, NULL, 0), SEC_I_CONTINUE_NEEDED);
        assert_int_equal(realm_side_step(&pair.acceptor, pair.initiator.token.data,
                                         pair.initiator.token.size),
                         SEC_I_CONTINUE_NEEDED);
        challenge = ntlm_pair_token(&pair.acceptor, &size);
        for (int byte = 0; byte < 4; byte++)
            challenge[20 + byte] &= (unsigned char)~(cases[i].without >> (8 * byte));
        assert_int_equal(realm_side_step(&pair.initiator, challenge, size),
                         SEC_E_ALGORITHM_MISMATCH);
        assert_non_null(strstr(pair.initiator.report.text, cases[i].why));
        free(challenge);
        ntlm_pair_end(&pair);
    }
}

/* Wrong would be: to read behind the end of a message, or to take one that is cut off.
 * Sanitizers see the first. */
static void cut_off_messages_are_refused(void **state)
{
    exchange made;
    realm_side *initiator = &made.pair.initiator;
    realm_side *acceptor = &made.pair.acceptor;

    (void)state;
    run_to_the_answer(&made, SEALED);
    for (size_t size = 0; size < made.challenge_size; size++) {
        realm_side_reset(initiator);
        assert_int_equal(realm_side_step(initiator, NULL, 0), SEC_I_CONTINUE_NEEDED);
        assert_true(realm_side_step(initiator, made.challenge, size) < 0);
    }
    for (size_t size = 0; size < made.answer_size; size++) {
        realm_side_reset(acceptor);
        assert_int_equal(realm_side_step(acceptor, made.negotiate, made.negotiate_size),
                         SEC_I_CONTINUE_NEEDED);
        assert_true(realm_side_step(acceptor, made.answer, size) < 0);
    }
    for (size_t size = 0; size < 16; size++) {
        realm_side_reset(acceptor);
        assert_true(realm_side_step(acceptor, made.negotiate, size) < 0);
    }
    end(&made);
}

/* Wrong would be: to take a message out of turn. */
static void messages_have_their_turn(void **state)
{
    exchange made;

    (void)state;
    run_to_the_answer(&made, SEALED);
    realm_side_reset(&made.pair.acceptor);
    assert_int_equal(realm_side_step(&made.pair.acceptor, made.answer, made.answer_size),
                     SEC_E_INVALID_TOKEN);
    realm_side_reset(&made.pair.acceptor);
    assert_int_equal(realm_side_step(&made.pair.acceptor, made.challenge, made.challenge_size),
                     SEC_E_INVALID_TOKEN);
    realm_side_reset(&made.pair.initiator);
    assert_int_equal(realm_side_step(&made.pair.initiator, made.challenge, made.challenge_size),
                     SEC_E_INVALID_TOKEN);
    end(&made);
}

/* An answer that is right, of this time; without MIC, as old clients make it. */
static SECURITY_STATUS answer_of(int64_t hours)
{
    static const uint32_t flags = NTLM_UNICODE | NTLM_EXTENDED;
    static const unsigned char nonce[8] = {1};
    unsigned char offer[NTLM_NEGOTIATE_SIZE];
    unsigned char message[512];
    unsigned char response[NTLM_RESPONSE_PAIRS + 8] = {0};
    unsigned char user[64];
    unsigned char folded[64];
    unsigned char domain[64];
    unsigned char hash[NTLM_HASH_SIZE];
    unsigned char key[NTLM_KEY_SIZE];
    unsigned char base[NTLM_KEY_SIZE];
    unsigned char time[8];
    uint64_t ticks = 0;
    ntlm_pair pair;
    ntlm_authenticate answer = {.flags = flags};
    SECURITY_STATUS status;

    assert_int_equal(ntlm_pair_acquire(&pair, &alice, &alice, 0), SEC_E_OK);
    ntlm_message_write_negotiate(offer, flags);
    assert_int_equal(realm_side_step(&pair.acceptor, offer, sizeof offer),
                     SEC_I_CONTINUE_NEEDED);
    ntlm_machine_time(time);
    for (int i = 7; i >= 0; i--)
        ticks = ticks << 8 | time[i];
    ticks += (uint64_t)(hours * 36000000000);
    for (int i = 0; i < 8; i++)
        time[i] = (unsigned char)(ticks >> (8 * i));
    answer.user = (ntlm_bytes){user, ntlm_text_to_wire(alice.user, user, sizeof user)};
    answer.domain =
        (ntlm_bytes){domain, ntlm_text_to_wire(alice.domain, domain, sizeof domain)};
    answer.nt_response = (ntlm_bytes){response, sizeof response};
    memcpy(folded, user, answer.user.size);
    ntlm_upper(folded, answer.user.size);
    ntlm_response_write_head(response, time, nonce);
    assert_true(ntlm_response_hash(alice.password, hash));
    assert_true(
        ntlm_response_key(hash, (ntlm_bytes){folded, answer.user.size}, answer.domain, key));
    assert_true(ntlm_response_prove(
        key, (unsigned char *)pair.acceptor.token.data + 24,
        (ntlm_bytes){response + NTLM_PROOF_SIZE, sizeof response - NTLM_PROOF_SIZE}, response,
        base));
    ntlm_message_write_authenticate(message, &answer);
    status = realm_side_step(&pair.acceptor, message, ntlm_message_authenticate_size(&answer));
    ntlm_pair_end(&pair);
    return status;
}

/* Wrong would be: an answer that somebody has kept, or a client turned away for a slow clock.
 */
static void old_answer_is_refused(void **state)
{
    (void)state;
    assert_int_equal(answer_of(0), SEC_E_OK);
    assert_int_equal(answer_of(-35), SEC_E_OK);
    assert_int_equal(answer_of(-37), SEC_E_TIME_SKEW);
    assert_int_equal(answer_of(37), SEC_E_TIME_SKEW);
}

/* Wrong would be: a MIC that the server has not asked for, or none where it tells its time. */
static void mic_answers_a_time(void **state)
{
    static const unsigned char zeros[NTLM_MIC_SIZE];
    unsigned char info[12] = {NTLM_AV_TIMESTAMP, 0, 8, 0};
    unsigned char whole[16] = {0};

    (void)state;
    memcpy(whole, info, sizeof info);
    for (int way = 0; way < 3; way++) {
        ntlm_challenge challenge = {.flags = NTLM_UNICODE | NTLM_EXTENDED | NTLM_TARGET_INFO};
        unsigned char message[256];
        size_t size;
        ntlm_pair pair;
        const unsigned char *answer;

        if (way == 0) /* nothing but the challenge: 32 bytes */
            challenge.flags &= ~NTLM_TARGET_INFO;
        else if (way == 1) /* pairs without a time */
            challenge.target_info = (ntlm_bytes){whole + 12, 4};
        else
            challenge.target_info = (ntlm_bytes){whole, sizeof whole};
        ntlm_message_write_challenge(message, &challenge);
        size = way == 0 ? 32 : ntlm_message_challenge_size(&challenge);
        assert_int_equal(ntlm_pair_acquire(&pair, &alice, &alice, 0), SEC_E_OK);
        assert_int_equal(realm_side_step(&pair.initiator, NULL, 0), SEC_I_CONTINUE_NEEDED);
        assert_int_equal(realm_side_step(&pair.initiator, message, size), SEC_E_OK);
        answer = pair.initiator.token.data;
        assert_int_equal(memcmp(answer + NTLM_MIC_PLACE, zeros, sizeof zeros) != 0, way == 2);
        ntlm_pair_end(&pair);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(untouched_answer_passes),
        cmocka_unit_test(mic_cannot_be_taken_out),
        cmocka_unit_test(layout_without_mic_is_refused),
        cmocka_unit_test(changed_offer_is_seen),
        cmocka_unit_test(changed_challenge_is_seen),
        cmocka_unit_test(flags_cannot_be_widened),
        cmocka_unit_test(strength_cannot_be_taken_out),
        cmocka_unit_test(answer_is_good_for_one_challenge),
        cmocka_unit_test(weak_challenge_is_refused),
        cmocka_unit_test(cut_off_messages_are_refused),
        cmocka_unit_test(messages_have_their_turn),
        cmocka_unit_test(old_answer_is_refused),
        cmocka_unit_test(mic_answers_a_time),
    };

    realm_host_load();
    /* The parts that are linked with the test make messages; the module is another copy. */
    if (ntlm_crypto_ready(NULL) != SEC_E_OK)
        return EXIT_FAILURE;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
