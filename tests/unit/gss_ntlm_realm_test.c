/* SPDX-License-Identifier: MIT */
/* Where the packages of the gss module have to say and do what Windows' do, of which NTLM's
 * clients depend on more than others. */
#include "realm_host.h"

#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void disconnect(realm_side *initiator, realm_side *acceptor)
{
    realm_side_release(initiator);
    realm_side_release(acceptor);
    assert_int_equal(realm_host_blocks(), 0);
}

/* Wrong would be: names and numbers of our own, which a program compares with CALG_RC4, or a
 * block of 1, which some take for a block cipher and pad for. */
static void ntlm_describes_itself_as_windows_does(void **state)
{
    realm_side sides[2];

    (void)state;
    assert_int_equal(
        realm_connect(&sides[0], &sides[1], "NTLM", "HTTP/localhost", ISC_REQ_CONFIDENTIALITY),
        SEC_E_OK);
    for (int i = 0; i < 2; i++) {
        const sspia_package *package = sides[i].package;
        SecPkgContext_KeyInfoA info;
        SecPkgContext_Sizes sizes;

        assert_int_equal(package->query_context(sides[i].context, SECPKG_ATTR_KEY_INFO, &info,
                                                &sides[i].report),
                         SEC_E_OK);
        assert_string_equal(info.sEncryptAlgorithmName, "RSADSI RC4");
        assert_string_equal(info.sSignatureAlgorithmName, "HMAC-MD5");
        assert_int_equal(info.EncryptAlgorithm, 0x6801);
        assert_int_equal(info.SignatureAlgorithm, 0xffffff76);
        assert_int_equal(info.KeySize, 128);
        realm_host_free(info.sEncryptAlgorithmName);
        realm_host_free(info.sSignatureAlgorithmName);
        assert_int_equal(package->query_context(sides[i].context, SECPKG_ATTR_SIZES, &sizes,
                                                &sides[i].report),
                         SEC_E_OK);
        assert_int_equal(sizes.cbBlockSize, 0);
        assert_int_equal(sizes.cbMaxSignature, 16);
        assert_int_equal(sizes.cbSecurityTrailer, 16);
    }
    disconnect(&sides[0], &sides[1]);
}

/* Wrong would be: a package that a program passes over because it seems to tell nobody who the
 * client is. */
static void packages_offer_impersonation_as_windows_do(void **state)
{
    static const char *const names[] = {"Kerberos", "NTLM", "Negotiate"};

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_true(realm_host_package(names[i])->capabilities & SECPKG_FLAG_IMPERSONATION);
}

static SECURITY_STATUS sign(realm_side *side, const char *text, unsigned char token[16])
{
    SecBuffer buffers[2] = {{16, SECBUFFER_TOKEN, token},
                            {(uint32_t)strlen(text), SECBUFFER_DATA, (void *)(uintptr_t)text}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};

    return side->package->make_signature(side->context, 0, &message, &side->report);
}

static SECURITY_STATUS verify(realm_side *side, const char *text, unsigned char token[16])
{
    SecBuffer buffers[2] = {{16, SECBUFFER_TOKEN, token},
                            {(uint32_t)strlen(text), SECBUFFER_DATA, (void *)(uintptr_t)text}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};

    return side->package->verify_signature(side->context, &message, NULL, &side->report);
}

/* Wrong would be: no signature for a protocol that always has one, or one that claims to
 * protect: MS-NLMP 2.2.2.5, NTLMSSP_NEGOTIATE_ALWAYS_SIGN. */
static void ntlm_signature_without_integrity_is_a_dummy(void **state)
{
    static const unsigned char dummy[16] = {1};
    realm_side sides[2];

    (void)state;
    assert_int_equal(realm_connect(&sides[0], &sides[1], "NTLM", "HTTP/localhost", 0),
                     SEC_E_OK);
    assert_false(sides[0].attributes & ISC_RET_INTEGRITY);
    for (int i = 0; i < 4; i++) { /* both ways, and again: it has no number */
        unsigned char token[16] = {0};
        char data[] = "data";
        SecBuffer buffers[2] = {{16, SECBUFFER_TOKEN, token}, {4, SECBUFFER_DATA, data}};
        SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};
        realm_side *from = &sides[i % 2];
        realm_side *to = &sides[1 - i % 2];

        assert_int_equal(sign(from, "a message", token), SEC_E_OK);
        assert_memory_equal(token, dummy, sizeof dummy);
        assert_int_equal(verify(to, "a message", token), SEC_E_OK);
        token[15] = 1;
        assert_int_equal(verify(to, "a message", token), SEC_E_MESSAGE_ALTERED);
        assert_int_equal(from->package->encrypt(from->context, 0, &message, &from->report),
                         SEC_E_QOP_NOT_SUPPORTED);
    }
    disconnect(&sides[0], &sides[1]);
}

/* Wrong would be: to refuse what Windows takes, or to log on as nobody. */
static void password_without_a_user_is_the_process_users(void **state)
{
    static const char *const packages[] = {"NTLM", "Negotiate"};
    const struct passwd *own = getpwuid(geteuid());
    char path[512];
    char expected[512];
    FILE *file;

    (void)state;
    assert_non_null(own);
    snprintf(path, sizeof path, "%s/own.users", realm_host_env("REALM_DIR"));
    snprintf(expected, sizeof expected, "TEST\\%s", own->pw_name);
    file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "TEST:%s:a password of its own\n", own->pw_name);
    fclose(file);
    for (int i = 0; i < 2; i++) {
        sspia_identity client = {
            .domain = "TEST", .password = "a password of its own", .package_list = "ntlm"};
        sspia_identity server = {.ntlm_user_file = path};
        realm_side initiator = {.target = "HTTP/localhost", .flags = ISC_REQ_CONFIDENTIALITY};
        realm_side acceptor = {.flags = 0};
        SecPkgContext_NamesA names;

        assert_int_equal(
            realm_side_acquire(&initiator, packages[i], SECPKG_CRED_OUTBOUND, NULL, &client),
            SEC_E_OK);
        assert_int_equal(
            realm_side_acquire(&acceptor, packages[i], SECPKG_CRED_INBOUND, NULL, &server),
            SEC_E_OK);
        assert_int_equal(realm_shake(&initiator, &acceptor), SEC_E_OK);
        assert_int_equal(acceptor.package->query_context(acceptor.context, SECPKG_ATTR_NAMES,
                                                         &names, &acceptor.report),
                         SEC_E_OK);
        assert_string_equal(names.sUserName, expected);
        realm_host_free(names.sUserName);
        disconnect(&initiator, &acceptor);
    }
    unlink(path);
}

/* Wrong would be: an ordinary ticket where user-to-user was asked for, without a word; or to
 * refuse the clients of RDP, which ask Negotiate and NTLM for it as a matter of course. */
static void user_to_user_is_refused_where_it_is_all_that_would_do(void **state)
{
    static const char *const others[] = {"Negotiate", "NTLM"};
    sspia_identity tickets = {.credential_cache = realm_host_env("CCACHE")};
    realm_side initiator = {.target = "HTTP/localhost", .flags = ISC_REQ_USE_SESSION_KEY};
    realm_side acceptor;

    (void)state;
    assert_int_equal(
        realm_side_acquire(&initiator, "Kerberos", SECPKG_CRED_OUTBOUND, NULL, &tickets),
        SEC_E_OK);
    assert_int_equal(realm_side_step(&initiator, NULL, 0), SEC_E_UNSUPPORTED_FUNCTION);
    assert_non_null(strstr(initiator.report.text, "ISC_REQ_USE_SESSION_KEY"));
    assert_non_null(strstr(initiator.report.text, "user-to-user"));
    realm_side_release(&initiator);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(realm_connect(&initiator, &acceptor, others[i], "HTTP/localhost",
                                       ISC_REQ_CONFIDENTIALITY | ISC_REQ_USE_SESSION_KEY),
                         SEC_E_OK);
        assert_false(initiator.attributes & ISC_RET_USE_SESSION_KEY);
        disconnect(&initiator, &acceptor);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ntlm_describes_itself_as_windows_does),
        cmocka_unit_test(packages_offer_impersonation_as_windows_do),
        cmocka_unit_test(ntlm_signature_without_integrity_is_a_dummy),
        cmocka_unit_test(password_without_a_user_is_the_process_users),
        cmocka_unit_test(user_to_user_is_refused_where_it_is_all_that_would_do),
    };

    realm_host_load();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
