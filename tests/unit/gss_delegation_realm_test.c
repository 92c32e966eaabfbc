/* SPDX-License-Identifier: MIT */
/* Credentials of services that act for users: where the core can wait, they ask for a thread.
 */
#include "realm_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A leg as the core makes it, that may wait. */
static SECURITY_STATUS call(realm_side *side, const sspia_bytes *token, sspia_wait *wait)
{
    SecBuffer input = {.BufferType = SECBUFFER_TOKEN};
    sspia_step step = {.size = sizeof step,
                       .credential = side->credential,
                       .target = side->target,
                       .data_rep = SECURITY_NATIVE_DREP,
                       .input = &input,
                       .input_count = 1,
                       .wait = wait};
    sspia_step_result result = {.size = sizeof result};

    if (token != NULL) {
        input.pvBuffer = token->data;
        input.cbBuffer = (uint32_t)token->size;
    }
    if (side->initiator)
        side->status = side->package->initialize(&side->context, &step, &result, &side->report);
    else
        side->status = side->package->accept(&side->context, &step, &result, &side->report);
    if (side->status == SSPIA_WAITING)
        return side->status;
    realm_host_free(side->token.data);
    side->token = result.token;
    return side->status;
}

/* Wrong: a leg that libkrb5 makes holds a thread that must not block. */
static void assert_asks_for_a_thread(realm_side *side, const sspia_bytes *token)
{
    sspia_wait wait = {.size = sizeof wait, .until = INT64_MAX};

    assert_int_equal(call(side, token, &wait), SSPIA_WAITING);
    assert_true(wait.flags & SSPIA_WAIT_THREAD);
    assert_int_equal(wait.fd_count, 0);
    assert_int_equal(call(side, token, &wait), SEC_E_OK);
}

static void services_that_act_for_users_need_a_thread(void **state)
{
    static const char *const packages[] = {"Kerberos", "Negotiate"};

    (void)state;
    for (size_t i = 0; i < sizeof packages / sizeof *packages; i++) {
        sspia_identity identity = {.client_keytab = realm_host_env("KEYTAB"),
                                   .impersonate = "bob"};
        realm_side initiator = {.initiator = true, .target = "HTTP@localhost"};
        realm_side acceptor = {.target = NULL};

        assert_int_equal(
            realm_side_acquire(&initiator, packages[i], SECPKG_CRED_OUTBOUND, NULL, &identity),
            SEC_E_OK);
        if (i == 0) {
            assert_asks_for_a_thread(&initiator, NULL);
        } else {
            sspia_wait wait = {.size = sizeof wait, .until = INT64_MAX};

            assert_int_equal(call(&initiator, NULL, &wait), SSPIA_WAITING);
            assert_int_equal(call(&initiator, NULL, &wait), SEC_I_CONTINUE_NEEDED);
        }
        identity = (sspia_identity){.client_keytab = realm_host_env("KEYTAB"),
                                    .keytab = realm_host_env("KEYTAB"),
                                    .delegation = SSPIA_DELEGATION_CONSTRAINED};
        assert_int_equal(
            realm_side_acquire(&acceptor, packages[i], SECPKG_CRED_BOTH, NULL, &identity),
            SEC_E_OK);
        acceptor.initiator = false; /* it could be either */
        assert_asks_for_a_thread(&acceptor, &initiator.token);
        realm_side_release(&initiator);
        realm_side_release(&acceptor);
    }
    assert_int_equal(realm_host_blocks(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(services_that_act_for_users_need_a_thread),
    };

    realm_host_load();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
