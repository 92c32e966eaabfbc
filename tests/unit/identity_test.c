/* SPDX-License-Identifier: MIT */
/* pAuthData in its shapes; that in one block has a test of its own (flat_identity). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "identity.h"
#include "sspi_queue.h"

static sspia_report report;

static sspia_identity *copy(const void *auth_data)
{
    sspia_identity *identity;

    assert_int_equal(identity_copy(auth_data, &identity, &report), SEC_E_OK);
    return identity;
}

/* Wrong would be: two forms of one identity that differ. Lengths, not zeros, end the strings.
 */
static void both_forms_give_the_same_strings(void **state)
{
    unsigned char user[] = "aliceXXX", domain[] = "TEST", password[] = "s3cr\xc3\xa9t";
    WCHAR wide_user[] = u"aliceXXX", wide_domain[] = u"TEST", wide_password[] = u"s3cr\u00e9t";
    SEC_WINNT_AUTH_IDENTITY_A narrow = {user, 5, domain, 4, password, 7, 0};
    SEC_WINNT_AUTH_IDENTITY_W wide = {wide_user, 5, wide_domain, 4, wide_password, 6, 0};
    sspia_identity *a, *b;

    (void)state;
    narrow.Flags = SEC_WINNT_AUTH_IDENTITY_ANSI;
    wide.Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE;
    a = copy(&narrow);
    b = copy(&wide);
    memset(user, 0, sizeof(user));
    memset(wide_password, 0, sizeof(wide_password));
    assert_string_equal(a->user, "alice");
    assert_string_equal(a->domain, "TEST");
    assert_string_equal(a->password, "s3cr\xc3\xa9t");
    assert_string_equal(b->user, a->user);
    assert_string_equal(b->domain, a->domain);
    assert_string_equal(b->password, a->password);
    assert_null(a->package_list);
    assert_null(a->keytab);
    identity_free(a);
    identity_free(b);
}

/* Wrong would be: a package list, or a place, that does not arrive. */
static void extended_and_our_own_form(void **state)
{
    unsigned char user[] = "bob", list[] = "!ntlm";
    SEC_WINNT_AUTH_IDENTITY_EXA extended = {
        .Version = SEC_WINNT_AUTH_IDENTITY_VERSION,
        .Length = sizeof(extended),
        .User = user,
        .UserLength = 3,
        .Password = user,
        .PasswordLength = 0,
        .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI,
        .PackageList = list,
        .PackageListLength = 5,
    };
    sspia_auth_identity ours = {
        .version = SSPIA_AUTH_IDENTITY_VERSION,
        .size = sizeof(ours),
        .identity = &extended,
        .credential_cache = "FILE:/a",
        .keytab = "FILE:/b",
        .client_keytab = "FILE:/c",
        .replay_cache = "none:",
        .ntlm_user_file = "/d",
        .armor_cache = "FILE:/e",
    };
    sspia_identity *identity = copy(&ours);

    (void)state;
    assert_string_equal(identity->user, "bob");
    assert_null(identity->domain);
    assert_string_equal(identity->password, ""); /* empty, and given */
    assert_string_equal(identity->package_list, "!ntlm");
    assert_string_equal(identity->credential_cache, "FILE:/a");
    assert_string_equal(identity->keytab, "FILE:/b");
    assert_string_equal(identity->client_keytab, "FILE:/c");
    assert_string_equal(identity->replay_cache, "none:");
    assert_string_equal(identity->ntlm_user_file, "/d");
    assert_string_equal(identity->armor_cache, "FILE:/e");
    identity_free(identity);
    /* A program that was compiled before a member came does not have it. */
    ours.size = offsetof(sspia_auth_identity, armor_cache);
    identity = copy(&ours);
    assert_string_equal(identity->ntlm_user_file, "/d");
    assert_null(identity->armor_cache);
    identity_free(identity);
    ours.size = sizeof(ours);
    ours.identity = NULL;
    identity = copy(&ours);
    assert_null(identity->user);
    assert_string_equal(identity->keytab, "FILE:/b");
    identity_free(identity);
}

/* Wrong would be: a crash, or a wrong identity, out of a malformed structure. */
static void malformed_structures_are_refused(void **state)
{
    unsigned char user[] = "al\xff", good[] = "ok";
    SEC_WINNT_AUTH_IDENTITY_A narrow = {
        user, 3, NULL, 0, NULL, 0, SEC_WINNT_AUTH_IDENTITY_ANSI};
    SEC_WINNT_AUTH_IDENTITY_EXA extended = {.Version = SEC_WINNT_AUTH_IDENTITY_VERSION};
    sspia_auth_identity ours = {.version = SSPIA_AUTH_IDENTITY_VERSION, .size = 8};
    uint32_t version2[16] = {SEC_WINNT_AUTH_IDENTITY_VERSION_2};
    sspia_identity *identity;

    (void)state;
    assert_int_equal(identity_copy(&narrow, &identity, &report), SEC_E_INVALID_PARAMETER);
    assert_null(identity);
    narrow.User = good;
    narrow.UserLength = 2;
    narrow.Flags = 0; /* neither form */
    assert_int_equal(identity_copy(&narrow, &identity, &report), SEC_E_INVALID_PARAMETER);
    narrow.Flags = SEC_WINNT_AUTH_IDENTITY_ANSI | SEC_WINNT_AUTH_IDENTITY_UNICODE;
    assert_int_equal(identity_copy(&narrow, &identity, &report), SEC_E_INVALID_PARAMETER);
    narrow.Flags = SEC_WINNT_AUTH_IDENTITY_ANSI;
    narrow.PasswordLength = 9; /* of nothing */
    assert_int_equal(identity_copy(&narrow, &identity, &report), SEC_E_INVALID_PARAMETER);
    narrow.PasswordLength = 0;
    narrow.Flags |= SEC_WINNT_AUTH_IDENTITY_MARSHALLED;
    assert_int_equal(identity_copy(&narrow, &identity, &report), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(identity_copy(&extended, &identity, &report), SEC_E_INVALID_PARAMETER);
    assert_int_equal(identity_copy(&ours, &identity, &report), SEC_E_INVALID_PARAMETER);
    assert_int_equal(identity_copy(version2, &identity, &report), SEC_E_INVALID_PARAMETER);
}

/* Wrong would be: a user name whose address looks like a version taken for one. */
static void address_that_looks_like_a_version_is_an_address(void **state)
{
    /* The lower half of the address is SEC_WINNT_AUTH_IDENTITY_VERSION; nothing need be there,
     * because the length is 0. */
    const uint64_t address = 0x7f5500000000ull | SEC_WINNT_AUTH_IDENTITY_VERSION;
    SEC_WINNT_AUTH_IDENTITY_A plain = {.Domain = (unsigned char *)(char[]){"DOMAIN"},
                                       .DomainLength = 6,
                                       .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI};
    sspia_identity *identity;

    (void)state;
    if (sizeof(void *) < sizeof(address))
        skip();
    memcpy(&plain.User, &address, sizeof(plain.User));
    assert_int_equal(identity_copy(&plain, &identity, &report), SEC_E_OK);
    assert_null(identity->user);
    assert_string_equal(identity->domain, "DOMAIN");
    identity_free(identity);
}

/* Wrong would be: a password that is still there, or memory beside it that is not. */
static void zero_wipes_the_strings(void **state)
{
    unsigned char user[] = "aliceX", password[] = "secretX";
    WCHAR wide[] = u"secretX";
    SEC_WINNT_AUTH_IDENTITY_A narrow = {.User = user, .UserLength = 5};
    SEC_WINNT_AUTH_IDENTITY_EXW extended = {.Version = SEC_WINNT_AUTH_IDENTITY_VERSION,
                                            .Length = sizeof(extended)};

    (void)state;
    narrow.Password = password;
    narrow.PasswordLength = 6;
    narrow.Flags = SEC_WINNT_AUTH_IDENTITY_ANSI;
    identity_zero(&narrow);
    assert_memory_equal(user, "\0\0\0\0\0X", 6);
    assert_memory_equal(password, "\0\0\0\0\0\0X", 7);
    assert_int_equal(narrow.PasswordLength, 0);
    assert_ptr_equal(narrow.Password, password); /* for whoever frees it */
    extended.Password = wide;
    extended.PasswordLength = 6;
    extended.Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE;
    identity_zero(&extended);
    assert_memory_equal(wide, u"\0\0\0\0\0\0X", 14);
    assert_int_equal(extended.PasswordLength, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(address_that_looks_like_a_version_is_an_address),
        cmocka_unit_test(both_forms_give_the_same_strings),
        cmocka_unit_test(extended_and_our_own_form),
        cmocka_unit_test(malformed_structures_are_refused),
        cmocka_unit_test(zero_wipes_the_strings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
