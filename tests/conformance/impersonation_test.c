/* SPDX-License-Identifier: MIT */
/*
 * ImpersonateSecurityContext and RevertSecurityContext, refused unless the program has said
 * what shall happen; with NTLM, whose acceptor knows one account. A process has one setting, so
 * the order of these tests is part of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "side.h"

struct host {
    unsigned impersonated, reverted;
    char user[64];
    SECURITY_STATUS answer;
};

static struct side initiator, acceptor;

static SECURITY_STATUS become(void *data, PCtxtHandle context, const char *user)
{
    struct host *host = data;
    SecPkgContext_NamesA names;

    host->impersonated++;
    strncpy(host->user, user, sizeof(host->user) - 1);
    /* The context is at its caller's disposal. */
    assert_int_equal(QueryContextAttributesA(context, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
    assert_string_equal(names.sUserName, user);
    FreeContextBuffer(names.sUserName);
    return host->answer;
}

static SECURITY_STATUS return_to_itself(void *data, PCtxtHandle context)
{
    struct host *host = data;

    (void)context;
    host->reverted++;
    return SEC_E_OK;
}

static void message_says(const char *part)
{
    char text[512];

    sspia_last_message(text, sizeof(text));
    if (strstr(text, part) == NULL)
        fail_msg("%s is not in: %s", part, text);
}

static int shake(void **state)
{
    struct login client, server;

    (void)state;
    login_init(&client);
    login_init(&server);
    login_as(&client, "TEST", "alice", "secret", NULL);
    login_as(&server, "TEST", "alice", "secret", NULL);
    side_init(&initiator, true, false);
    side_init(&acceptor, false, false);
    initiator.target = (char *)(uintptr_t) "host/localhost";
    if (side_acquire(&initiator, NTLMSP_NAME_A, &client) != SEC_E_OK ||
        side_acquire(&acceptor, NTLMSP_NAME_A, &server) != SEC_E_OK)
        return -1;
    return sides_shake(&initiator, &acceptor, 8) == SEC_E_OK ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    side_release(&initiator);
    side_release(&acceptor);
    return 0;
}

/* Wrong would be: a success that changed nothing, for a server that relies on it. */
static void nothing_said_is_refused(void **state)
{
    (void)state;
    assert_int_equal(ImpersonateSecurityContext(&acceptor.context), SEC_E_UNSUPPORTED_FUNCTION);
    message_says("sspia_set_impersonation");
    assert_int_equal(RevertSecurityContext(&acceptor.context), SEC_E_UNSUPPORTED_FUNCTION);
    message_says("sspia_set_impersonation");
}

/* Wrong would be: a setting that is half a one. */
static void settings_are_checked(void **state)
{
    sspia_impersonator asked = {.size = sizeof(asked), .impersonate = become};

    (void)state;
    assert_int_equal(sspia_set_impersonation(3, NULL), SEC_E_INVALID_PARAMETER);
    assert_int_equal(sspia_set_impersonation(SSPIA_IMPERSONATE_ASK, NULL),
                     SEC_E_INVALID_PARAMETER);
    assert_int_equal(sspia_set_impersonation(SSPIA_IMPERSONATE_ASK, &asked),
                     SEC_E_INVALID_PARAMETER);
    asked.revert = return_to_itself;
    assert_int_equal(sspia_set_impersonation(SSPIA_IMPERSONATE_NOTHING, &asked),
                     SEC_E_INVALID_PARAMETER);
    asked.size = 8;
    assert_int_equal(sspia_set_impersonation(SSPIA_IMPERSONATE_ASK, &asked),
                     SEC_E_INVALID_PARAMETER);
    assert_int_equal(ImpersonateSecurityContext(&acceptor.context), SEC_E_UNSUPPORTED_FUNCTION);
}

/* Wrong would be: a client found where there is none. */
static void nothing_is_for_contexts_with_a_client(void **state)
{
    CtxtHandle never = {1, 2};

    (void)state;
    assert_int_equal(sspia_set_impersonation(SSPIA_IMPERSONATE_NOTHING, NULL), SEC_E_OK);
    assert_int_equal(ImpersonateSecurityContext(&acceptor.context), SEC_E_OK);
    assert_int_equal(RevertSecurityContext(&acceptor.context), SEC_E_OK);
    assert_int_equal(ImpersonateSecurityContext(&initiator.context), SEC_E_NO_IMPERSONATION);
    message_says("initiator");
    assert_int_equal(ImpersonateSecurityContext(&never), SEC_E_INVALID_HANDLE);
    assert_int_equal(ImpersonateSecurityContext(NULL), SEC_E_INVALID_HANDLE);
    assert_int_equal(RevertSecurityContext(&never), SEC_E_INVALID_HANDLE);
    assert_int_equal(RevertSecurityContext(NULL), SEC_E_INVALID_HANDLE);
}

/* Wrong would be: a client that has not shown yet who it is. */
static void half_a_handshake_has_no_client(void **state)
{
    struct side first, second;
    struct login client, server;

    (void)state;
    login_init(&client);
    login_init(&server);
    login_as(&client, "TEST", "alice", "secret", NULL);
    login_as(&server, "TEST", "alice", "secret", NULL);
    side_init(&first, true, false);
    side_init(&second, false, false);
    first.target = (char *)(uintptr_t) "host/localhost";
    assert_int_equal(side_acquire(&first, NTLMSP_NAME_A, &client), SEC_E_OK);
    assert_int_equal(side_acquire(&second, NTLMSP_NAME_A, &server), SEC_E_OK);
    assert_int_equal(side_step(&first, NULL), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(side_step(&second, &first.token), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(ImpersonateSecurityContext(&second.context), SEC_E_NO_IMPERSONATION);
    assert_true(side_release(&first));
    assert_true(side_release(&second));
}

/* Wrong would be: another name, another answer than the program's, or a call too many. */
static void program_is_asked(void **state)
{
    static struct host host;
    sspia_impersonator asked = {.size = sizeof(asked),
                                .impersonate = become,
                                .revert = return_to_itself,
                                .data = &host};

    (void)state;
    assert_int_equal(sspia_set_impersonation(SSPIA_IMPERSONATE_ASK, &asked), SEC_E_OK);
    memset(&asked, 0, sizeof(asked)); /* it was copied */
    assert_int_equal(ImpersonateSecurityContext(&acceptor.context), SEC_E_OK);
    assert_string_equal(host.user, "TEST\\alice");
    assert_int_equal(RevertSecurityContext(&acceptor.context), SEC_E_OK);
    assert_int_equal(host.impersonated, 1);
    assert_int_equal(host.reverted, 1);
    host.answer = SEC_E_NO_IMPERSONATION;
    assert_int_equal(ImpersonateSecurityContext(&acceptor.context), SEC_E_NO_IMPERSONATION);
    message_says("the program's own function");
    assert_int_equal(ImpersonateSecurityContext(&initiator.context), SEC_E_NO_IMPERSONATION);
    assert_int_equal(host.impersonated, 2);
}

/* Wrong would be: a way of its own through the table. */
static void table_leads_there_too(void **state)
{
    PSecurityFunctionTableA table = InitSecurityInterfaceA();

    (void)state;
    assert_int_equal(sspia_set_impersonation(SSPIA_IMPERSONATE_NOTHING, NULL), SEC_E_OK);
    assert_int_equal(table->ImpersonateSecurityContext(&acceptor.context), SEC_E_OK);
    assert_int_equal(table->RevertSecurityContext(&acceptor.context), SEC_E_OK);
    assert_int_equal(sspia_set_impersonation(SSPIA_IMPERSONATE_REFUSE, NULL), SEC_E_OK);
    assert_int_equal(table->ImpersonateSecurityContext(&acceptor.context),
                     SEC_E_UNSUPPORTED_FUNCTION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_said_is_refused),
        cmocka_unit_test(settings_are_checked),
        cmocka_unit_test(nothing_is_for_contexts_with_a_client),
        cmocka_unit_test(half_a_handshake_has_no_client),
        cmocka_unit_test(program_is_asked),
        cmocka_unit_test(table_leads_there_too),
    };

    PSecPkgInfoA ntlm;

    if (QuerySecurityPackageInfoA(NTLMSP_NAME_A, &ntlm) != SEC_E_OK) {
        puts("NTLM was not built: nothing is tested");
        return 0;
    }
    FreeContextBuffer(ntlm);
    return cmocka_run_group_tests(tests, shake, end);
}
