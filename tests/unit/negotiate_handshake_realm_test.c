/* SPDX-License-Identifier: MIT */
/* Handshakes of Negotiate: what goes over the wire, which mechanism is used, and for whom. */
#include "realm_talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "negotiate/host.h"
#include "negotiate/token.h"

#define SEALED                                                                                 \
    (ISC_REQ_MUTUAL_AUTH | ISC_REQ_CONFIDENTIALITY | ISC_REQ_REPLAY_DETECT |                   \
     ISC_REQ_SEQUENCE_DETECT)

static sspia_identity tickets; /* of alice */
static sspia_identity realm_password;
static sspia_identity ntlm_password; /* of a domain that has no KDC */
static sspia_identity users;
static sspia_identity server;

static int read_realm(void **state)
{
    static const sspia_host memory = {.abi = SSPIA_PACKAGE_ABI,
                                      .size = sizeof memory,
                                      .allocate = realm_host_allocate,
                                      .free = realm_host_free};

    (void)state;
    neg_host = &memory; /* of the parts that this test links */
    tickets.credential_cache = realm_host_env("CCACHE");
    realm_password.user = "alice";
    realm_password.password = realm_host_env("ALICE_PASSWORD");
    ntlm_password = realm_password;
    ntlm_password.domain = "TEST";
    users.ntlm_user_file = realm_host_env("NTLM_USER_FILE");
    server = users;
    server.keytab = realm_host_env("KEYTAB");
    return 0;
}

static void begin(realm_side sides[2], const sspia_identity *client,
                  const sspia_identity *acceptor)
{
    sides[0] = (realm_side){.target = "HTTP/localhost", .flags = SEALED};
    sides[1] = (realm_side){.flags = 0};
    assert_int_equal(
        realm_side_acquire(&sides[0], "Negotiate", SECPKG_CRED_OUTBOUND, NULL, client),
        SEC_E_OK);
    assert_int_equal(
        realm_side_acquire(&sides[1], "Negotiate", SECPKG_CRED_INBOUND, NULL, acceptor),
        SEC_E_OK);
}

static void end(realm_side sides[2])
{
    realm_side_release(&sides[0]);
    realm_side_release(&sides[1]);
    assert_int_equal(realm_host_blocks(), 0);
}

static SECURITY_STATUS pass(realm_side *from, realm_side *to)
{
    return realm_side_step(to, from->token.data, from->token.size);
}

static void assert_chose(realm_side sides[2], const char *name)
{
    for (int i = 0; i < 2; i++) {
        uint32_t state = 99;

        assert_string_equal(sides[i].package->negotiated(sides[i].context, &state), name);
        assert_int_equal(state, SECPKG_NEGOTIATION_COMPLETE);
    }
    realm_talk(&sides[0], &sides[1]);
    realm_talk(&sides[1], &sides[0]);
}

static bool is_raw_ntlm(const realm_side *side)
{
    return side->token.size > 8 && memcmp(side->token.data, "NTLMSSP", 8) == 0;
}

static neg_form form_of(const realm_side *side)
{
    neg_bytes oid;

    return neg_token_form((neg_bytes){side->token.data, side->token.size}, &oid);
}

/* Wrong would be: SPNEGO around the only mechanism there is, and a fourth leg for its sake:
 * Windows sends plain NTLM, and its servers expect as many. */
static void ntlm_alone_has_three_legs_without_spnego(void **state)
{
    sspia_identity client = ntlm_password;
    realm_side sides[2];

    (void)state;
    for (int i = 0; i < 2; i++) { /* nothing else allowed; nothing else possible */
        client.package_list = i == 0 ? "NTLM" : NULL;
        begin(sides, &client, &server);
        assert_int_equal(realm_side_step(&sides[0], NULL, 0), SEC_I_CONTINUE_NEEDED);
        assert_true(is_raw_ntlm(&sides[0]));
        assert_int_equal(pass(&sides[0], &sides[1]), SEC_I_CONTINUE_NEEDED);
        assert_true(is_raw_ntlm(&sides[1]));
        assert_int_equal(pass(&sides[1], &sides[0]), SEC_E_OK);
        assert_true(is_raw_ntlm(&sides[0]));
        assert_int_equal(pass(&sides[0], &sides[1]), SEC_E_OK);
        assert_int_equal(sides[1].token.size, 0);
        assert_chose(sides, "NTLM");
        end(sides);
    }
}

/* Wrong would be: plain NTLM for a server that has spoken SPNEGO, as those of SMB do; or no
 * signatures of the list, which NTLM's own MIC calls for (MS-SPNG 3.3.5.1). */
static void after_a_greeting_ntlm_goes_in_spnego(void **state)
{
    neg_response response;
    realm_side sides[2];

    (void)state;
    begin(sides, &ntlm_password, &server);
    assert_int_equal(realm_side_step(&sides[1], NULL, 0), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(pass(&sides[1], &sides[0]), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(form_of(&sides[0]), NEG_FORM_INIT);
    assert_int_equal(pass(&sides[0], &sides[1]), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(pass(&sides[1], &sides[0]), SEC_I_CONTINUE_NEEDED);
    assert_true(neg_token_read_response((neg_bytes){sides[0].token.data, sides[0].token.size},
                                        &response));
    assert_int_equal(response.mic.size, 16);
    assert_int_equal(pass(&sides[0], &sides[1]), SEC_E_OK);
    assert_true(neg_token_read_response((neg_bytes){sides[1].token.data, sides[1].token.size},
                                        &response));
    assert_int_equal(response.state, NEG_STATE_COMPLETED);
    assert_int_equal(response.mic.size, 16);
    assert_int_equal(pass(&sides[1], &sides[0]), SEC_E_OK);
    assert_int_equal(sides[0].token.size, 0);
    assert_chose(sides, "NTLM");
    end(sides);
}

/* Wrong would be: more legs for Kerberos than it has itself. */
static void kerberos_has_two_legs(void **state)
{
    realm_side sides[2];

    (void)state;
    for (int mutual = 0; mutual < 2; mutual++) {
        begin(sides, &tickets, &server);
        if (!mutual)
            sides[0].flags &= ~(uint64_t)ISC_REQ_MUTUAL_AUTH;
        assert_int_equal(realm_side_step(&sides[0], NULL, 0), SEC_I_CONTINUE_NEEDED);
        assert_int_equal(form_of(&sides[0]), NEG_FORM_INIT);
        assert_int_equal(pass(&sides[0], &sides[1]), SEC_E_OK);
        assert_int_equal(form_of(&sides[1]), NEG_FORM_RESPONSE);
        assert_int_equal(pass(&sides[1], &sides[0]), SEC_E_OK);
        assert_int_equal(sides[0].token.size, 0);
        assert_chose(sides, "Kerberos");
        end(sides);
    }
}

/* Wrong would be: a client that cannot be told to use its second choice, or a choice that
 * nothing protects. */
static void acceptor_may_choose_the_second_mechanism(void **state)
{
    neg_response response;
    realm_side sides[2];

    (void)state;
    begin(sides, &realm_password, &users);
    assert_int_equal(realm_side_step(&sides[0], NULL, 0), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(pass(&sides[0], &sides[1]), SEC_I_CONTINUE_NEEDED);
    assert_true(neg_token_read_response((neg_bytes){sides[1].token.data, sides[1].token.size},
                                        &response));
    assert_int_equal(response.state, NEG_STATE_REQUEST_MIC);
    assert_null(response.token.data);
    end(sides);
    begin(sides, &realm_password, &users);
    assert_int_equal(realm_shake(&sides[0], &sides[1]), SEC_E_OK);
    assert_chose(sides, "NTLM");
    end(sides);
}

/* Wrong would be: Kerberos for a keytab that is not there, or NTLM without a word where a
 * token that Kerberos refuses is the reason. */
static void acceptor_without_a_key_takes_ntlm(void **state)
{
    realm_side sides[2];

    (void)state;
    setenv("KRB5_KTNAME", "FILE:/nonexistent", 1);
    begin(sides, &realm_password, NULL);
    assert_int_equal(realm_shake(&sides[0], &sides[1]), SEC_E_OK);
    assert_chose(sides, "NTLM");
    end(sides);
    unsetenv("KRB5_KTNAME");
    server.keytab = realm_host_env("STALE_KEYTAB");
    begin(sides, &realm_password, &server);
    assert_int_equal(realm_shake(&sides[0], &sides[1]), SEC_E_WRONG_PRINCIPAL);
    assert_int_equal(sides[1].status, SEC_E_WRONG_PRINCIPAL);
    end(sides);
    server.keytab = realm_host_env("KEYTAB");
}

/* Windows' first offer, and what Windows 2000 wrote by mistake; old servers answer with it. */
static void old_identifiers_mean_kerberos(void **state)
{
    static const unsigned char right[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02};
    unsigned char *found;
    realm_side sides[2];

    (void)state;
    begin(sides, &tickets, &server);
    assert_int_equal(realm_side_step(&sides[0], NULL, 0), SEC_I_CONTINUE_NEEDED);
    found = memmem(sides[0].token.data, sides[0].token.size, right, sizeof right);
    assert_non_null(found);
    found[3] = 0x82; /* in the list; the token behind it stays as it is */
    assert_int_equal(pass(&sides[0], &sides[1]), SEC_E_OK);
    assert_null(memmem(sides[1].token.data, sides[1].token.size < 40 ? sides[1].token.size : 40,
                       right, sizeof right));
    assert_int_equal(pass(&sides[1], &sides[0]), SEC_E_OK);
    assert_chose(sides, "Kerberos");
    end(sides);
}

/* The initiator of somebody else: its token, signed list and state in an answer of SPNEGO. */
static SECURITY_STATUS answer(realm_side *acceptor, neg_state state, neg_bytes token,
                              neg_bytes mic)
{
    const neg_response response = {.state = state, .token = token, .mic = mic};
    sspia_bytes made = {NULL, 0};
    SECURITY_STATUS status;

    assert_true(neg_token_write_response(&response, &made));
    status = realm_side_step(acceptor, made.data, made.size);
    realm_host_free(made.data);
    return status;
}

/* Wrong would be: a token for an initiator who has had the last word and is done, as MIT's and
 * WinPR's are once they have sent their signature; whose program would take it for a message.
 */
static void who_is_done_gets_no_answer(void **state)
{
    /* A mechanism that nobody has, then Kerberos. */
    static unsigned char list[] = {0x30, 0x10, 0x06, 0x03, 0x2a, 0x03, 0x04, 0x06, 0x09,
                                   0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02};
    const neg_bytes none = {NULL, 0};
    unsigned char signature[256];
    SecBuffer buffers[2] = {{sizeof signature, SECBUFFER_TOKEN, signature},
                            {sizeof list, SECBUFFER_DATA, list}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};
    sspia_bytes init = {NULL, 0};
    neg_response response;
    realm_side client = {.target = "HTTP/localhost", .flags = SEALED};
    realm_side sides[2];

    (void)state;
    begin(sides, &tickets, &server);
    assert_int_equal(
        realm_side_acquire(&client, "Kerberos", SECPKG_CRED_OUTBOUND, NULL, &tickets),
        SEC_E_OK);
    assert_true(neg_token_write_init((neg_bytes){list, sizeof list}, none, &init));
    assert_int_equal(realm_side_step(&sides[1], init.data, init.size), SEC_I_CONTINUE_NEEDED);
    realm_host_free(init.data);
    assert_int_equal(realm_side_step(&client, NULL, 0), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(answer(&sides[1], NEG_STATE_INCOMPLETE,
                            (neg_bytes){client.token.data, client.token.size}, none),
                     SEC_I_CONTINUE_NEEDED);
    assert_true(neg_token_read_response((neg_bytes){sides[1].token.data, sides[1].token.size},
                                        &response));
    assert_true(response.mic.size > 0);
    assert_int_equal(realm_side_step(&client, response.token.data, response.token.size),
                     SEC_E_OK);
    assert_int_equal(
        client.package->make_signature(client.context, 0, &message, &client.report), SEC_E_OK);
    assert_int_equal(answer(&sides[1], NEG_STATE_COMPLETED, none,
                            (neg_bytes){signature, buffers[0].cbBuffer}),
                     SEC_E_OK);
    assert_int_equal(sides[1].token.size, 0);
    realm_side_release(&client);
    end(sides);
}

/* Wrong would be: a user who hears of NTLM alone where the KDC was the trouble. */
static void both_reasons_are_told(void **state)
{
    sspia_identity client = ntlm_password;
    realm_side sides[2];

    (void)state;
    client.password = "not-the-password";
    begin(sides, &client, &server);
    assert_int_equal(realm_side_step(&sides[1], NULL, 0), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(pass(&sides[1], &sides[0]), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(pass(&sides[0], &sides[1]), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(pass(&sides[1], &sides[0]), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(pass(&sides[0], &sides[1]), SEC_E_LOGON_DENIED);
    assert_int_equal(pass(&sides[1], &sides[0]), SEC_E_LOGON_DENIED);
    assert_non_null(strstr(sides[0].report.text, "NTLM"));
    assert_non_null(strstr(sides[0].report.text, "Kerberos was not used"));
    assert_non_null(strstr(sides[0].report.text, "TEST"));
    assert_null(strstr(sides[0].report.text, "not-the-password"));
    end(sides);
}

/* Wrong would be: the password of somebody whom the KDC does not know kept from NTLM, or one
 * that the KDC has refused tried on the server. */
static void who_the_kdc_does_not_know_may_be_known_to_ntlm(void **state)
{
    sspia_identity client = {.user = "stranger", .password = "secret"};
    sspia_identity account = {.user = "stranger", .domain = "SSPI.TEST", .password = "secret"};
    realm_side sides[2];

    (void)state;
    client.domain = "SSPI.TEST";
    begin(sides, &client, &account);
    for (int i = 0; i < 2; i++) { /* the second time the KDC is not asked */
        assert_int_equal(realm_shake(&sides[0], &sides[1]), SEC_E_OK);
        assert_chose(sides, "NTLM");
        realm_side_reset(&sides[0]);
        realm_side_reset(&sides[1]);
    }
    end(sides);
    client = realm_password;
    client.password = "not-the-password";
    begin(sides, &client, &server);
    assert_int_equal(realm_side_step(&sides[0], NULL, 0), SEC_E_LOGON_DENIED);
    assert_int_equal(sides[0].token.size, 0);
    end(sides);
}

/* Wrong would be: somebody else's tickets, which happen to be the process's, where a file of
 * NTLM's users was named; or the reverse. */
static void nobody_is_taken_who_was_not_named(void **state)
{
    const sspia_identity nobody = {.flags = SEC_WINNT_AUTH_IDENTITY_FLAGS_NULL_USER};
    sspia_identity gone = {.credential_cache = "FILE:/nonexistent"};
    realm_side sides[2];

    (void)state;
    begin(sides, &users, &server);
    assert_int_equal(realm_shake(&sides[0], &sides[1]), SEC_E_OK);
    assert_chose(sides, "NTLM");
    end(sides);
    begin(sides, &gone, &server);
    assert_int_equal(realm_side_step(&sides[0], NULL, 0), SEC_E_NO_CREDENTIALS);
    end(sides);
    begin(sides, &nobody, &server);
    sides[1].flags = ASC_REQ_ALLOW_NULL_SESSION;
    assert_int_equal(realm_shake(&sides[0], &sides[1]), SEC_E_OK);
    assert_chose(sides, "NTLM");
    assert_true(sides[1].attributes & ASC_RET_NULL_SESSION);
    end(sides);
}

/* Wrong would be: a handshake that waits for no server in a lane for those that do. (Kerberos
 * asks for a thread by itself where it needs one.) */
static void lanes_are_those_of_the_mechanisms(void **state)
{
    sspia_identity client = ntlm_password;
    realm_side side = {.flags = 0};

    (void)state;
    client.package_list = "NTLM";
    assert_int_equal(
        realm_side_acquire(&side, "Negotiate", SECPKG_CRED_OUTBOUND, NULL, &client), SEC_E_OK);
    assert_int_equal(side.package->credential_may_block(side.credential), 0);
    realm_side_release(&side);
    assert_int_equal(
        realm_side_acquire(&side, "Negotiate", SECPKG_CRED_OUTBOUND, NULL, &tickets), SEC_E_OK);
    assert_int_equal(side.package->credential_may_block(side.credential), 0);
    realm_side_release(&side);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ntlm_alone_has_three_legs_without_spnego),
        cmocka_unit_test(after_a_greeting_ntlm_goes_in_spnego),
        cmocka_unit_test(kerberos_has_two_legs),
        cmocka_unit_test(acceptor_may_choose_the_second_mechanism),
        cmocka_unit_test(acceptor_without_a_key_takes_ntlm),
        cmocka_unit_test(old_identifiers_mean_kerberos),
        cmocka_unit_test(who_is_done_gets_no_answer),
        cmocka_unit_test(both_reasons_are_told),
        cmocka_unit_test(who_the_kdc_does_not_know_may_be_known_to_ntlm),
        cmocka_unit_test(nobody_is_taken_who_was_not_named),
        cmocka_unit_test(lanes_are_those_of_the_mechanisms),
    };

    realm_host_load();
    return cmocka_run_group_tests(tests, read_realm, NULL);
}
