/* SPDX-License-Identifier: MIT */
/* The handshake of the package NTLM, both sides of it: who gets in, and what is agreed on. */
#include "ntlm_pair.h"

#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define INTEGRITY (ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT)

static const sspia_identity alice = {
    .user = "alice", .domain = "TEST", .password = "correct horse"};

static void expect_name(realm_side *side, const char *expected)
{
    SecPkgContext_NamesA names;

    assert_int_equal(
        side->package->query_context(side->context, SECPKG_ATTR_NAMES, &names, &side->report),
        SEC_E_OK);
    assert_string_equal(names.sUserName, expected);
    realm_host_free(names.sUserName);
}

/* Wrong would be: two sides that disagree on who it is, on what was agreed on, or on the key.
 */
static void both_sides_agree(void **state)
{
    ntlm_pair pair;
    SecPkgContext_SessionKey keys[2];

    (void)state;
    assert_int_equal(
        ntlm_pair_connect(&pair, &alice, &alice,
                          INTEGRITY | ISC_REQ_CONFIDENTIALITY | ISC_REQ_CONNECTION),
        SEC_E_OK);
    assert_int_equal(pair.initiator.attributes,
                     ISC_RET_INTEGRITY | ISC_RET_REPLAY_DETECT | ISC_RET_SEQUENCE_DETECT |
                         ISC_RET_CONFIDENTIALITY | ISC_RET_CONNECTION);
    assert_int_equal(pair.acceptor.attributes, ASC_RET_INTEGRITY | ASC_RET_REPLAY_DETECT |
                                                   ASC_RET_SEQUENCE_DETECT |
                                                   ASC_RET_CONFIDENTIALITY);
    expect_name(&pair.initiator, "TEST\\alice");
    expect_name(&pair.acceptor, "TEST\\alice");
    for (int i = 0; i < 2; i++) {
        realm_side *side = i == 0 ? &pair.initiator : &pair.acceptor;

        assert_int_equal(side->package->query_context(side->context, SECPKG_ATTR_SESSION_KEY,
                                                      &keys[i], &side->report),
                         SEC_E_OK);
        assert_int_equal(keys[i].SessionKeyLength, 16);
    }
    assert_memory_equal(keys[0].SessionKey, keys[1].SessionKey, 16);
    realm_host_free(keys[0].SessionKey);
    realm_host_free(keys[1].SessionKey);
    ntlm_pair_end(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides_agree),
    };

    realm_host_load();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
