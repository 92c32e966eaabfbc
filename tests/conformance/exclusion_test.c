/* SPDX-License-Identifier: MIT */
/* A process that does without a package. What is turned off stays so: the order of the cases is
 * part of the test. */
#include <sspi.h>
#include <sspi_queue.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

static SECURITY_STATUS acquire(const char *package, CredHandle *credential)
{
    static char user[] = "alice";
    static char password[] = "correct horse";
    SEC_WINNT_AUTH_IDENTITY_A identity = {.User = (unsigned char *)user,
                                          .UserLength = sizeof user - 1,
                                          .Password = (unsigned char *)password,
                                          .PasswordLength = sizeof password - 1,
                                          .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI};

    return AcquireCredentialsHandleA(NULL, (char *)(uintptr_t)package, SECPKG_CRED_OUTBOUND,
                                     NULL, &identity, NULL, NULL, credential, NULL);
}

static SECURITY_STATUS first_leg(CredHandle *credential)
{
    CtxtHandle context;
    SecBuffer token = {0, SECBUFFER_TOKEN, NULL};
    SecBufferDesc output = {SECBUFFER_VERSION, 1, &token};
    uint32_t attributes;
    SECURITY_STATUS status = InitializeSecurityContextA(
        credential, NULL, NULL, ISC_REQ_ALLOCATE_MEMORY, 0, SECURITY_NATIVE_DREP, NULL, 0,
        &context, &output, &attributes, NULL);

    FreeContextBuffer(token.pvBuffer);
    if (status >= 0)
        assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    return status;
}

static bool is_listed(const char *package)
{
    PSecPkgInfoA list;
    uint32_t count;
    bool listed = false;

    assert_int_equal(EnumerateSecurityPackagesA(&count, &list), SEC_E_OK);
    for (uint32_t i = 0; i < count; i++)
        listed = listed || strcasecmp(list[i].Name, package) == 0;
    FreeContextBuffer(list);
    return listed;
}

/* Wrong would be: a package that is found in one way or another, or a message that hides why it
 * is not. */
static void package_that_is_off_is_not_found(void **state)
{
    CredHandle before;
    CredHandle credential;
    PSecPkgInfoA info;
    char message[256];

    (void)state;
    if (acquire("NTLM", &before) != SEC_E_OK)
        skip(); /* it was not built */
    assert_true(is_listed("NTLM"));
    assert_int_equal(sspia_package_turn_off("ntlm"), SEC_E_OK);
    assert_int_equal(acquire("NTLM", &credential), SEC_E_SECPKG_NOT_FOUND);
    sspia_last_message(message, sizeof message);
    assert_non_null(strstr(message, "turned off"));
    assert_int_equal(QuerySecurityPackageInfoA((char[]){"NTLM"}, &info),
                     SEC_E_SECPKG_NOT_FOUND);
    assert_false(is_listed("NTLM"));
    assert_null(sspia_package_oid("NTLM"));
    /* What is there goes on. */
    assert_int_equal(first_leg(&before), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(FreeCredentialsHandle(&before), SEC_E_OK);
}

/* Wrong would be: a package that comes back under its other name, or with its module. */
static void package_is_off_by_each_of_its_names(void **state)
{
    PSecPkgInfoA info;

    (void)state;
    assert_int_equal(sspia_package_turn_off("Microsoft Unified Security Protocol Provider"),
                     SEC_E_OK);
    assert_int_equal(QuerySecurityPackageInfoA((char[]){"Schannel"}, &info),
                     SEC_E_SECPKG_NOT_FOUND);
    assert_int_equal(sspia_package_turn_off("Scripted"), SEC_E_OK);
    AddSecurityPackageA((char[]){"scripted"}, NULL);
    assert_int_equal(QuerySecurityPackageInfoA((char[]){"Scripted"}, &info),
                     SEC_E_SECPKG_NOT_FOUND);
}

/* Wrong would be: a switch that says yes and does nothing. */
static void what_cannot_be_done_is_refused(void **state)
{
    char name[32];

    (void)state;
    assert_int_equal(sspia_package_turn_off(NULL), SEC_E_INVALID_PARAMETER);
    assert_int_equal(sspia_package_turn_off(""), SEC_E_INVALID_PARAMETER);
    assert_int_equal(sspia_package_turn_off("NTLM"), SEC_E_OK);
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "other%d", i);
        if (sspia_package_turn_off(name) != SEC_E_OK) {
            assert_int_equal(sspia_package_turn_off(name), SEC_E_INSUFFICIENT_MEMORY);
            return;
        }
    }
    fail();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(package_that_is_off_is_not_found),
        cmocka_unit_test(package_is_off_by_each_of_its_names),
        cmocka_unit_test(what_cannot_be_done_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
