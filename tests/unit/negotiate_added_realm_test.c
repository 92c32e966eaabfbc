/* SPDX-License-Identifier: MIT */
/*
 * A package that a program has added takes part in Negotiate, and one that waits makes it wait.
 * "Toy" is such a one: two legs, "hello" and "welcome", each after as many waits as it is told.
 */
#include "realm_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct {
    int waits;            /* before each answer */
    bool signs;           /* has integrity */
    SECURITY_STATUS ends; /* of the initiator's first leg */
    int acquired, released, deleted, calls;
    char user[32];
} toy;

struct toy_context {
    int waited;
    bool done;
};

static void stop(void *data)
{
    (void)data;
}

/* True: not now. */
static bool toy_waits(struct toy_context *context, sspia_wait *wait)
{
    toy.calls++;
    if (wait == NULL || context->waited == toy.waits) {
        context->waited = 0;
        return false;
    }
    context->waited++;
    wait->until = 1;
    wait->stop = stop;
    wait->data = context;
    return true;
}

static SECURITY_STATUS toy_acquire(const char *principal, uint32_t use, const void *auth_data,
                                   void **credential, int64_t *expiry, sspia_report *report)
{
    const sspia_identity *identity = auth_data;

    (void)principal;
    (void)use;
    (void)report;
    strcpy(toy.user, identity != NULL && identity->user != NULL ? identity->user : "");
    toy.acquired++;
    *credential = calloc(1, sizeof(struct toy_context));
    *expiry = INT64_MAX;
    return SEC_E_OK;
}

static SECURITY_STATUS toy_acquire_waiting(const char *principal, uint32_t use,
                                           const void *auth_data, void **credential,
                                           int64_t *expiry, sspia_wait *wait,
                                           sspia_report *report)
{
    if (*credential == NULL)
        toy_acquire(principal, use, auth_data, credential, expiry, report);
    return toy_waits(*credential, wait) ? SSPIA_WAITING : SEC_E_OK;
}

static void toy_release(void *credential)
{
    toy.released++;
    free(credential);
}

static void answer(const char *text, sspia_step_result *result)
{
    result->token.data = realm_host_allocate(strlen(text));
    result->token.size = strlen(text);
    memcpy(result->token.data, text, strlen(text));
}

static bool says(const sspia_step *step, const char *text)
{
    return step->input_count > 0 && step->input[0].cbBuffer == strlen(text) &&
           memcmp(step->input[0].pvBuffer, text, strlen(text)) == 0;
}

static struct toy_context *context_of(void **object)
{
    if (*object == NULL)
        *object = calloc(1, sizeof(struct toy_context));
    return *object;
}

static SECURITY_STATUS toy_initialize(void **object, const sspia_step *step,
                                      sspia_step_result *result, sspia_report *report)
{
    const bool first = *object == NULL || (step->input_count == 0);
    struct toy_context *context = context_of(object);

    if (toy_waits(context, step->wait))
        return SSPIA_WAITING;
    if (first && toy.ends != SEC_E_OK) {
        strcpy(report->text, "toy: it does not want to");
        return toy.ends;
    }
    if (!first && !says(step, "welcome"))
        return SEC_E_INVALID_TOKEN;
    result->attributes = toy.signs ? ISC_RET_INTEGRITY : 0;
    if (first)
        answer("hello", result);
    return first ? SEC_I_CONTINUE_NEEDED : SEC_E_OK;
}

static SECURITY_STATUS toy_accept(void **object, const sspia_step *step,
                                  sspia_step_result *result, sspia_report *report)
{
    struct toy_context *context = context_of(object);

    (void)report;
    if (toy_waits(context, step->wait))
        return SSPIA_WAITING;
    if (!says(step, "hello"))
        return SEC_E_INVALID_TOKEN;
    result->attributes = toy.signs ? ASC_RET_INTEGRITY : 0;
    answer("welcome", result);
    return SEC_E_OK;
}

static void toy_delete(void *context)
{
    toy.deleted++;
    free(context);
}

static const sspia_package toy_package = {
    .abi = SSPIA_PACKAGE_ABI,
    .size = sizeof(sspia_package),
    .name = "Toy",
    .acquire = toy_acquire,
    .acquire_waiting = toy_acquire_waiting,
    .release = toy_release,
    .initialize = toy_initialize,
    .accept = toy_accept,
    .delete_context = toy_delete,
    .oid = "1.3.6.1.4.1.99999.1",
};

/* ---- The tests --------------------------------------------------------------------- */

static int prepare(void **state)
{
    (void)state;
    memset(&toy, 0, sizeof toy);
    realm_host_add(&toy_package);
    return 0;
}

static int clean_up(void **state)
{
    (void)state;
    realm_host_add(NULL);
    return 0;
}

static void acquire(realm_side sides[2], const char *client_list, const char *server_list)
{
    sspia_identity client = {.package_list = client_list};
    sspia_identity server = {.package_list = server_list};

    sides[0] = (realm_side){.target = "HTTP/localhost"};
    sides[1] = (realm_side){.flags = 0};
    assert_int_equal(
        realm_side_acquire(&sides[0], "Negotiate", SECPKG_CRED_OUTBOUND, NULL, &client),
        SEC_E_OK);
    assert_int_equal(
        realm_side_acquire(&sides[1], "Negotiate", SECPKG_CRED_INBOUND, NULL, &server),
        SEC_E_OK);
}

static void end(realm_side sides[2])
{
    realm_side_release(&sides[0]);
    realm_side_release(&sides[1]);
    assert_int_equal(toy.released, toy.acquired);
    assert_int_equal(realm_host_blocks(), 0);
}

static const char *chosen(realm_side *side)
{
    uint32_t state;

    return side->package->negotiated(side->context, &state);
}

/* Wrong would be: a package that nobody can negotiate because it is not one of ours, or that
 * comes before Kerberos, or after NTLM. */
static void added_package_stands_between_kerberos_and_ntlm(void **state)
{
    realm_side sides[2];

    (void)state;
    acquire(sides, NULL, NULL);
    assert_string_equal(toy.user, "");
    assert_int_equal(realm_shake(&sides[0], &sides[1]), SEC_E_OK);
    assert_string_equal(chosen(&sides[1]), "Kerberos");
    end(sides);
    acquire(sides, "!kerberos", NULL);
    assert_int_equal(realm_shake(&sides[0], &sides[1]), SEC_E_OK);
    assert_string_equal(chosen(&sides[0]), "Toy");
    assert_string_equal(chosen(&sides[1]), "Toy");
    end(sides);
    acquire(sides, NULL, "toy,ntlm"); /* without integrity the choice goes unsigned */
    assert_int_equal(realm_shake(&sides[0], &sides[1]), SEC_E_OK);
    assert_string_equal(chosen(&sides[1]), "Toy");
    end(sides);
}

/* Wrong would be: a promise of integrity taken for a signature. */
static void a_package_that_cannot_sign_is_not_chosen_in_secret(void **state)
{
    realm_side sides[2];

    (void)state;
    toy.signs = true;
    acquire(sides, NULL, "toy");
    assert_int_equal(realm_shake(&sides[0], &sides[1]), SEC_E_UNSUPPORTED_FUNCTION);
    end(sides);
    acquire(sides, "toy", "toy"); /* as the first choice nothing has to be signed */
    assert_int_equal(realm_shake(&sides[0], &sides[1]), SEC_E_OK);
    end(sides);
}

/* A leg as the core runs one that may wait. */
static SECURITY_STATUS wait_for(realm_side *side, const void *token, size_t size, int *waits)
{
    SecBuffer input = {(uint32_t)size, SECBUFFER_TOKEN, (void *)(uintptr_t)token};
    sspia_wait wait = {.size = sizeof wait};
    sspia_step step = {.size = sizeof step,
                       .credential = side->credential,
                       .target = side->initiator ? side->target : NULL,
                       .requested = side->flags,
                       .input = &input,
                       .input_count = size > 0 ? 1 : 0,
                       .wait = &wait};
    sspia_step_result result;

    for (*waits = 0;; ++*waits) {
        result = (sspia_step_result){.size = sizeof result};
        wait.flags = 0;
        wait.until = INT64_MAX;
        side->status = (side->initiator ? side->package->initialize : side->package->accept)(
            &side->context, &step, &result, &side->report);
        if (side->status != SSPIA_WAITING)
            break;
        assert_null(result.token.data);
        assert_int_equal(wait.until, 1);
        assert_true(wait.stop == stop);
        assert_non_null(wait.data);
    }
    realm_host_free(side->token.data);
    side->token = result.token;
    return side->status;
}

/* Wrong would be: a wait that the core does not hear of, or one after which the handshake
 * begins anew. */
static void waits_of_a_mechanism_are_those_of_negotiate(void **state)
{
    realm_side sides[2];
    int waits;

    (void)state;
    acquire(sides, NULL, "toy"); /* the second choice, and the first */
    toy.waits = 3;
    for (int turn = 0; turn < 2; turn++) {
        if (turn == 1) {
            end(sides);
            toy.waits = 0;
            acquire(sides, "toy,ntlm", "toy");
            toy.waits = 3;
        }
        assert_int_equal(wait_for(&sides[0], NULL, 0, &waits), SEC_I_CONTINUE_NEEDED);
        assert_int_equal(waits, turn == 0 ? 0 : 3); /* Kerberos has tickets, and blocks */
        if (turn == 0) {
            assert_int_equal(
                wait_for(&sides[1], sides[0].token.data, sides[0].token.size, &waits),
                SEC_I_CONTINUE_NEEDED);
            assert_int_equal(waits, 0); /* it is asked whether it can, and must not wait */
            assert_int_equal(
                wait_for(&sides[0], sides[1].token.data, sides[1].token.size, &waits),
                SEC_I_CONTINUE_NEEDED);
            assert_int_equal(waits, 3);
        }
        assert_int_equal(wait_for(&sides[1], sides[0].token.data, sides[0].token.size, &waits),
                         SEC_E_OK);
        assert_int_equal(waits, 3);
        assert_int_equal(wait_for(&sides[0], sides[1].token.data, sides[1].token.size, &waits),
                         SEC_E_OK);
        assert_int_equal(waits, 3);
    }
    end(sides);
}

/* Wrong would be: what one mechanism waited for left to the next one. */
static void a_mechanism_that_fails_after_a_wait_gives_way(void **state)
{
    sspia_identity client = {.package_list = "toy,ntlm"};
    sspia_wait wait = {.size = sizeof wait, .until = INT64_MAX};
    sspia_step step = {.size = sizeof step, .target = "HTTP/localhost", .wait = &wait};
    sspia_step_result result = {.size = sizeof result};
    realm_side side = {.target = "HTTP/localhost"};

    (void)state;
    assert_int_equal(
        realm_side_acquire(&side, "Negotiate", SECPKG_CRED_OUTBOUND, NULL, &client), SEC_E_OK);
    toy.waits = 1;
    toy.ends = SEC_E_TARGET_UNKNOWN;
    step.credential = side.credential;
    assert_int_equal(side.package->initialize(&side.context, &step, &result, &side.report),
                     SSPIA_WAITING);
    assert_int_equal(side.package->initialize(&side.context, &step, &result, &side.report),
                     SEC_I_CONTINUE_NEEDED);
    assert_true(wait.stop == NULL && wait.data == NULL && wait.fds == NULL);
    assert_int_equal(wait.until, INT64_MAX);
    assert_string_equal(chosen(&side), "NTLM");
    assert_memory_equal(result.token.data, "NTLMSSP", 8);
    realm_host_free(result.token.data);
    realm_side_release(&side);
}

/* Wrong would be: an acquire that loses what it had before it waited, or leaks it. */
static void an_acquire_waits_for_its_mechanisms(void **state)
{
    const sspia_package *package = realm_host_package("Negotiate");
    sspia_wait wait = {.size = sizeof wait, .until = INT64_MAX};
    sspia_report report;
    int64_t expiry = 0;

    (void)state;
    toy.waits = 2;
    for (int stopped = 0; stopped < 2; stopped++) {
        void *credential = NULL;
        int waits = 0;

        while (package->acquire_waiting(NULL, SECPKG_CRED_OUTBOUND, NULL, &credential, &expiry,
                                        &wait, &report) == SSPIA_WAITING &&
               !stopped)
            waits++;
        assert_non_null(credential);
        assert_int_equal(waits, stopped ? 0 : 2);
        package->release(credential);
        assert_int_equal(toy.acquired, stopped + 1);
        assert_int_equal(toy.released, toy.acquired);
    }
}

/* Wrong would be: only the last of the reasons, or a mechanism that is tried although the
 * caller's request can never be met. */
static void every_mechanism_says_why_not(void **state)
{
    sspia_identity client = {.package_list = "toy,kerberos",
                             .user = "alice",
                             .domain = "TEST",
                             .password = "secret"};
    realm_side side = {.target = "HTTP/localhost"};

    (void)state;
    toy.ends = SEC_E_TARGET_UNKNOWN;
    assert_int_equal(
        realm_side_acquire(&side, "Negotiate", SECPKG_CRED_OUTBOUND, NULL, &client), SEC_E_OK);
    assert_string_equal(toy.user, "alice");
    assert_int_equal(realm_side_step(&side, NULL, 0), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    assert_non_null(strstr(side.report.text, "Kerberos was not used: "));
    assert_non_null(strstr(side.report.text, "Toy was not used: toy: it does not want to"));
    realm_side_release(&side);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(added_package_stands_between_kerberos_and_ntlm, prepare,
                                        clean_up),
        cmocka_unit_test_setup_teardown(a_package_that_cannot_sign_is_not_chosen_in_secret,
                                        prepare, clean_up),
        cmocka_unit_test_setup_teardown(waits_of_a_mechanism_are_those_of_negotiate, prepare,
                                        clean_up),
        cmocka_unit_test_setup_teardown(a_mechanism_that_fails_after_a_wait_gives_way, prepare,
                                        clean_up),
        cmocka_unit_test_setup_teardown(an_acquire_waits_for_its_mechanisms, prepare, clean_up),
        cmocka_unit_test_setup_teardown(every_mechanism_says_why_not, prepare, clean_up),
    };

    realm_host_load();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
