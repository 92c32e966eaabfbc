/* SPDX-License-Identifier: MIT */
/*
 * layout_test.c - the layouts of the public structures, which are ABI.
 *
 * Those of sspi.h are the layouts of Windows: x64 where pointers have 8 bytes, x86 where
 * they have 4. Numbers are from the documentation, not from the compiler. Nearly all is
 * asserted while this compiles; what runs are the macros on handles.
 */
#define _SEC_WINNT_AUTH_TYPES
#include "sspi.h"
#include "sspi_queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* The first number where pointers have 8 bytes, the second where they have 4. */
#define BITS(with64, with32)       (sizeof(void *) == 8 ? (size_t)(with64) : (size_t)(with32))
#define SIZE(type, with64, with32) _Static_assert(sizeof(type) == BITS(with64, with32), #type)
#define AT(type, member, with64, with32)                                                       \
    _Static_assert(offsetof(type, member) == BITS(with64, with32), #type "." #member)
#define SAME(a, b)                                                                             \
    _Static_assert(__builtin_types_compatible_p(a, b), #a " and " #b " are one type")

/* ---- Basic types ---- */

SAME(SECURITY_STATUS, int32_t);
SAME(NTSTATUS, int32_t);
SAME(LONG, int32_t);
SAME(ULONG, uint32_t);
SAME(DWORD, uint32_t);
SAME(USHORT, uint16_t);
SAME(UCHAR, uint8_t);
SAME(BOOLEAN, uint8_t);
SAME(BYTE, uint8_t);
SAME(ULONG_PTR, uintptr_t);
SAME(PVOID, void *);
SAME(PULONG, uint32_t *);
SAME(LPSTR, char *);
SAME(LPWSTR, WCHAR *);
SAME(SEC_CHAR, char);
SAME(WCHAR, SEC_WCHAR);
SIZE(WCHAR, 2, 2);
_Static_assert((WCHAR)-1 > 0, "UTF-16 code units have no sign");
SAME(CredHandle, SecHandle);
SAME(CtxtHandle, SecHandle);
SAME(TimeStamp, SECURITY_INTEGER);

SIZE(SecHandle, 16, 8);
AT(SecHandle, dwLower, 0, 0);
AT(SecHandle, dwUpper, 8, 4);

SIZE(TimeStamp, 8, 8);
AT(TimeStamp, LowPart, 0, 0);
AT(TimeStamp, HighPart, 4, 4);

/* ---- Buffers ---- */

SIZE(SecBuffer, 16, 12);
AT(SecBuffer, cbBuffer, 0, 0);
AT(SecBuffer, BufferType, 4, 4);
AT(SecBuffer, pvBuffer, 8, 8);

SIZE(SecBufferDesc, 16, 12);
AT(SecBufferDesc, ulVersion, 0, 0);
AT(SecBufferDesc, cBuffers, 4, 4);
AT(SecBufferDesc, pBuffers, 8, 8);

SIZE(SEC_CHANNEL_BINDINGS, 32, 32);
AT(SEC_CHANNEL_BINDINGS, dwInitiatorAddrType, 0, 0);
AT(SEC_CHANNEL_BINDINGS, cbInitiatorLength, 4, 4);
AT(SEC_CHANNEL_BINDINGS, dwInitiatorOffset, 8, 8);
AT(SEC_CHANNEL_BINDINGS, dwAcceptorAddrType, 12, 12);
AT(SEC_CHANNEL_BINDINGS, cbAcceptorLength, 16, 16);
AT(SEC_CHANNEL_BINDINGS, dwAcceptorOffset, 20, 20);
AT(SEC_CHANNEL_BINDINGS, cbApplicationDataLength, 24, 24);
AT(SEC_CHANNEL_BINDINGS, dwApplicationDataOffset, 28, 28);

SIZE(SEC_FLAGS, 8, 8);

SAME(SECURITY_STRING, UNICODE_STRING);
SIZE(UNICODE_STRING, 16, 8);
AT(UNICODE_STRING, Buffer, 8, 4);

SIZE(SEC_NEGOTIATION_INFO, 24, 16);
AT(SEC_NEGOTIATION_INFO, Name, 8, 8);

SIZE(SEC_APPLICATION_PROTOCOL_LIST, 8, 8);
AT(SEC_APPLICATION_PROTOCOL_LIST, ProtocolListSize, 4, 4);
AT(SEC_APPLICATION_PROTOCOL_LIST, ProtocolList, 6, 6);
SIZE(SEC_APPLICATION_PROTOCOLS, 12, 12);
AT(SEC_APPLICATION_PROTOCOLS, ProtocolLists, 4, 4);

SIZE(SEC_TRAFFIC_SECRETS, 400, 400);
AT(SEC_TRAFFIC_SECRETS, ChainingMode, 128, 128);
AT(SEC_TRAFFIC_SECRETS, HashAlgId, 256, 256);
AT(SEC_TRAFFIC_SECRETS, KeySize, 384, 384);
AT(SEC_TRAFFIC_SECRETS, IvSize, 386, 386);
AT(SEC_TRAFFIC_SECRETS, MsgSequenceStart, 388, 388);
AT(SEC_TRAFFIC_SECRETS, MsgSequenceEnd, 390, 390);
AT(SEC_TRAFFIC_SECRETS, TrafficSecretType, 392, 392);
AT(SEC_TRAFFIC_SECRETS, TrafficSecretSize, 396, 396);
AT(SEC_TRAFFIC_SECRETS, TrafficSecret, 398, 398);

SIZE(SEC_SRTP_PROTECTION_PROFILES, 4, 4);
SIZE(SEC_SRTP_MASTER_KEY_IDENTIFIER, 2, 2);
SIZE(SEC_TOKEN_BINDING, 6, 6);
SIZE(SEC_PRESHAREDKEY, 4, 4);
SIZE(SEC_PRESHAREDKEY_IDENTITY, 4, 4);
SIZE(SEC_DTLS_MTU, 2, 2);
SIZE(SEC_CERTIFICATE_REQUEST_CONTEXT, 2, 2);

/* ---- Credentials input ---- */

#define IDENTITY(type)                                                                         \
    SIZE(type, 48, 28);                                                                        \
    AT(type, User, 0, 0);                                                                      \
    AT(type, UserLength, 8, 4);                                                                \
    AT(type, Domain, 16, 8);                                                                   \
    AT(type, DomainLength, 24, 12);                                                            \
    AT(type, Password, 32, 16);                                                                \
    AT(type, PasswordLength, 40, 20);                                                          \
    AT(type, Flags, 44, 24)
IDENTITY(SEC_WINNT_AUTH_IDENTITY_A);
IDENTITY(SEC_WINNT_AUTH_IDENTITY_W);

#define IDENTITY_EX(type)                                                                      \
    SIZE(type, 72, 44);                                                                        \
    AT(type, Version, 0, 0);                                                                   \
    AT(type, Length, 4, 4);                                                                    \
    AT(type, User, 8, 8);                                                                      \
    AT(type, UserLength, 16, 12);                                                              \
    AT(type, Domain, 24, 16);                                                                  \
    AT(type, DomainLength, 32, 20);                                                            \
    AT(type, Password, 40, 24);                                                                \
    AT(type, PasswordLength, 48, 28);                                                          \
    AT(type, Flags, 52, 32);                                                                   \
    AT(type, PackageList, 56, 36);                                                             \
    AT(type, PackageListLength, 64, 40)
IDENTITY_EX(SEC_WINNT_AUTH_IDENTITY_EXA);
IDENTITY_EX(SEC_WINNT_AUTH_IDENTITY_EXW);

SIZE(SEC_WINNT_AUTH_IDENTITY_EX2, 48, 48);
AT(SEC_WINNT_AUTH_IDENTITY_EX2, Version, 0, 0);
AT(SEC_WINNT_AUTH_IDENTITY_EX2, cbHeaderLength, 4, 4);
AT(SEC_WINNT_AUTH_IDENTITY_EX2, cbStructureLength, 8, 8);
AT(SEC_WINNT_AUTH_IDENTITY_EX2, UserOffset, 12, 12);
AT(SEC_WINNT_AUTH_IDENTITY_EX2, UserLength, 16, 16);
AT(SEC_WINNT_AUTH_IDENTITY_EX2, DomainOffset, 20, 20);
AT(SEC_WINNT_AUTH_IDENTITY_EX2, DomainLength, 24, 24);
AT(SEC_WINNT_AUTH_IDENTITY_EX2, PackedCredentialsOffset, 28, 28);
AT(SEC_WINNT_AUTH_IDENTITY_EX2, PackedCredentialsLength, 32, 32);
AT(SEC_WINNT_AUTH_IDENTITY_EX2, Flags, 36, 36);
AT(SEC_WINNT_AUTH_IDENTITY_EX2, PackageListOffset, 40, 40);
AT(SEC_WINNT_AUTH_IDENTITY_EX2, PackageListLength, 44, 44);

SIZE(GUID, 16, 16);
SIZE(SEC_WINNT_AUTH_BYTE_VECTOR, 8, 8);
AT(SEC_WINNT_AUTH_BYTE_VECTOR, ByteArrayLength, 4, 4);
SIZE(SEC_WINNT_AUTH_DATA, 24, 24);
AT(SEC_WINNT_AUTH_DATA, CredData, 16, 16);
SIZE(SEC_WINNT_AUTH_PACKED_CREDENTIALS, 28, 28);
AT(SEC_WINNT_AUTH_PACKED_CREDENTIALS, cbStructureLength, 2, 2);
AT(SEC_WINNT_AUTH_PACKED_CREDENTIALS, AuthData, 4, 4);
SIZE(SEC_WINNT_AUTH_DATA_PASSWORD, 8, 8);

/* ---- Packages and attributes ---- */

#define PACKAGE_INFO(type)                                                                     \
    SIZE(type, 32, 20);                                                                        \
    AT(type, fCapabilities, 0, 0);                                                             \
    AT(type, wVersion, 4, 4);                                                                  \
    AT(type, wRPCID, 6, 6);                                                                    \
    AT(type, cbMaxToken, 8, 8);                                                                \
    AT(type, Name, 16, 12);                                                                    \
    AT(type, Comment, 24, 16)
PACKAGE_INFO(SecPkgInfoA);
PACKAGE_INFO(SecPkgInfoW);

SIZE(SECURITY_PACKAGE_OPTIONS, 24, 20);
AT(SECURITY_PACKAGE_OPTIONS, Size, 0, 0);
AT(SECURITY_PACKAGE_OPTIONS, Type, 4, 4);
AT(SECURITY_PACKAGE_OPTIONS, Flags, 8, 8);
AT(SECURITY_PACKAGE_OPTIONS, SignatureSize, 12, 12);
AT(SECURITY_PACKAGE_OPTIONS, Signature, 16, 16);

SIZE(SecPkgContext_Sizes, 16, 16);
AT(SecPkgContext_Sizes, cbMaxToken, 0, 0);
AT(SecPkgContext_Sizes, cbMaxSignature, 4, 4);
AT(SecPkgContext_Sizes, cbBlockSize, 8, 8);
AT(SecPkgContext_Sizes, cbSecurityTrailer, 12, 12);

SIZE(SecPkgContext_StreamSizes, 20, 20);
AT(SecPkgContext_StreamSizes, cbHeader, 0, 0);
AT(SecPkgContext_StreamSizes, cbTrailer, 4, 4);
AT(SecPkgContext_StreamSizes, cbMaximumMessage, 8, 8);
AT(SecPkgContext_StreamSizes, cBuffers, 12, 12);
AT(SecPkgContext_StreamSizes, cbBlockSize, 16, 16);

SIZE(SecPkgContext_NamesA, 8, 4);
SIZE(SecPkgContext_NamesW, 8, 4);
SIZE(SecPkgCredentials_NamesA, 8, 4);
SIZE(SecPkgCredentials_NamesW, 8, 4);
SIZE(SecPkgContext_AuthorityA, 8, 4);
SIZE(SecPkgContext_AuthorityW, 8, 4);
SIZE(SecPkgContext_PackageInfoA, 8, 4);
SIZE(SecPkgContext_PackageInfoW, 8, 4);
SIZE(SecPkgContext_ClientSpecifiedTarget, 8, 4);

SIZE(SecPkgContext_NativeNamesA, 16, 8);
AT(SecPkgContext_NativeNamesA, sClientName, 0, 0);
AT(SecPkgContext_NativeNamesA, sServerName, 8, 4);
SIZE(SecPkgContext_NativeNamesW, 16, 8);
AT(SecPkgContext_NativeNamesW, sClientName, 0, 0);
AT(SecPkgContext_NativeNamesW, sServerName, 8, 4);

SIZE(SecPkgContext_Lifespan, 16, 16);
AT(SecPkgContext_Lifespan, tsStart, 0, 0);
AT(SecPkgContext_Lifespan, tsExpiry, 8, 8);

SIZE(SecPkgContext_Flags, 4, 4);

SIZE(SecPkgContext_SessionKey, 16, 8);
AT(SecPkgContext_SessionKey, SessionKeyLength, 0, 0);
AT(SecPkgContext_SessionKey, SessionKey, 8, 4);

#define KEY_INFO(type)                                                                         \
    SIZE(type, 32, 20);                                                                        \
    AT(type, sSignatureAlgorithmName, 0, 0);                                                   \
    AT(type, sEncryptAlgorithmName, 8, 4);                                                     \
    AT(type, KeySize, 16, 8);                                                                  \
    AT(type, SignatureAlgorithm, 20, 12);                                                      \
    AT(type, EncryptAlgorithm, 24, 16)
KEY_INFO(SecPkgContext_KeyInfoA);
KEY_INFO(SecPkgContext_KeyInfoW);

SIZE(SecPkgContext_NegotiationInfoA, 16, 8);
AT(SecPkgContext_NegotiationInfoA, PackageInfo, 0, 0);
AT(SecPkgContext_NegotiationInfoA, NegotiationState, 8, 4);
SIZE(SecPkgContext_NegotiationInfoW, 16, 8);
AT(SecPkgContext_NegotiationInfoW, PackageInfo, 0, 0);
AT(SecPkgContext_NegotiationInfoW, NegotiationState, 8, 4);

SIZE(SecPkgContext_Bindings, 16, 8);
AT(SecPkgContext_Bindings, BindingsLength, 0, 0);
AT(SecPkgContext_Bindings, Bindings, 8, 4);

/* ---- Function tables: the version, then pointers in the order of version 5 ---- */

#define SLOT(type, member, number) AT(type, member, (number)*8, (number)*4)
#define FUNCTION_TABLE(type, suffix)                                                           \
    SIZE(type, 32 * 8, 32 * 4);                                                                \
    AT(type, dwVersion, 0, 0);                                                                 \
    SLOT(type, EnumerateSecurityPackages##suffix, 1);                                          \
    SLOT(type, QueryCredentialsAttributes##suffix, 2);                                         \
    SLOT(type, AcquireCredentialsHandle##suffix, 3);                                           \
    SLOT(type, FreeCredentialsHandle, 4);                                                      \
    SLOT(type, Reserved2, 5);                                                                  \
    SLOT(type, InitializeSecurityContext##suffix, 6);                                          \
    SLOT(type, AcceptSecurityContext, 7);                                                      \
    SLOT(type, CompleteAuthToken, 8);                                                          \
    SLOT(type, DeleteSecurityContext, 9);                                                      \
    SLOT(type, ApplyControlToken, 10);                                                         \
    SLOT(type, QueryContextAttributes##suffix, 11);                                            \
    SLOT(type, ImpersonateSecurityContext, 12);                                                \
    SLOT(type, RevertSecurityContext, 13);                                                     \
    SLOT(type, MakeSignature, 14);                                                             \
    SLOT(type, VerifySignature, 15);                                                           \
    SLOT(type, FreeContextBuffer, 16);                                                         \
    SLOT(type, QuerySecurityPackageInfo##suffix, 17);                                          \
    SLOT(type, Reserved3, 18);                                                                 \
    SLOT(type, Reserved4, 19);                                                                 \
    SLOT(type, ExportSecurityContext, 20);                                                     \
    SLOT(type, ImportSecurityContext##suffix, 21);                                             \
    SLOT(type, AddCredentials##suffix, 22);                                                    \
    SLOT(type, Reserved8, 23);                                                                 \
    SLOT(type, QuerySecurityContextToken, 24);                                                 \
    SLOT(type, EncryptMessage, 25);                                                            \
    SLOT(type, DecryptMessage, 26);                                                            \
    SLOT(type, SetContextAttributes##suffix, 27);                                              \
    SLOT(type, SetCredentialsAttributes##suffix, 28);                                          \
    SLOT(type, ChangeAccountPassword##suffix, 29);                                             \
    SLOT(type, QueryContextAttributesEx##suffix, 30);                                          \
    SLOT(type, QueryCredentialsAttributesEx##suffix, 31)
FUNCTION_TABLE(SecurityFunctionTableA, A);
FUNCTION_TABLE(SecurityFunctionTableW, W);

/* ---- Our own (sspi_queue.h): fixed by version 1.0; the sized ones may only grow ---- */

SIZE(sspia_completion, 32, 16);
AT(sspia_completion, async, 0, 0);
AT(sspia_completion, callback, 8, 4);
AT(sspia_completion, data, 16, 8);
AT(sspia_completion, status, 24, 12);

SIZE(sspia_pool_config, 24, 24);
AT(sspia_pool_config, size, 0, 0);
AT(sspia_pool_config, min_threads, 4, 4);
AT(sspia_pool_config, max_threads, 8, 8);
AT(sspia_pool_config, max_quick_threads, 12, 12);
AT(sspia_pool_config, max_queued, 16, 16);
AT(sspia_pool_config, idle_ms, 20, 20);

SIZE(sspia_pool_counts, 40, 40);
AT(sspia_pool_counts, size, 0, 0);
AT(sspia_pool_counts, threads, 4, 4);
AT(sspia_pool_counts, idle, 8, 8);
AT(sspia_pool_counts, in_callbacks, 12, 12);
AT(sspia_pool_counts, pending, 16, 16);
AT(sspia_pool_counts, submitted, 24, 24);
AT(sspia_pool_counts, completed, 32, 32);

SIZE(sspia_auth_identity, 96, 56);
AT(sspia_auth_identity, version, 0, 0);
AT(sspia_auth_identity, size, 4, 4);
AT(sspia_auth_identity, identity, 8, 8);
AT(sspia_auth_identity, credential_cache, 16, 12);
AT(sspia_auth_identity, keytab, 24, 16);
AT(sspia_auth_identity, client_keytab, 32, 20);
AT(sspia_auth_identity, replay_cache, 40, 24);
AT(sspia_auth_identity, ntlm_user_file, 48, 28);
AT(sspia_auth_identity, ntlm_helper, 56, 32);
AT(sspia_auth_identity, ntlm_verifier, 64, 36);
AT(sspia_auth_identity, armor_cache, 88, 52);
SIZE(sspia_ntlm_verifier, 16, 8);
SIZE(sspia_ntlm_question, 48, 28);
AT(sspia_ntlm_question, user, 8, 8);
AT(sspia_ntlm_question, domain, 16, 12);
AT(sspia_ntlm_question, challenge, 24, 16);
AT(sspia_ntlm_question, response, 32, 20);
AT(sspia_ntlm_question, answer, 40, 24);
AT(sspia_auth_identity, impersonate, 72, 40);
AT(sspia_auth_identity, delegation, 80, 44);
AT(sspia_auth_identity, reserved, 84, 48);
SIZE(sspia_delegated_credential, 24, 16);
SIZE(sspia_impersonator, 32, 20);
AT(sspia_impersonator, impersonate, 8, 8);
AT(sspia_impersonator, revert, 16, 12);
AT(sspia_impersonator, data, 24, 16);

/* SecInvalidateHandle that leaves a word, or a test that takes one word for both. */
static void an_invalidated_handle_is_not_valid(void **state)
{
    (void)state;
    CtxtHandle handle = {1, 2};
    assert_true(SecIsValidHandle(&handle));
    SecInvalidateHandle(&handle);
    assert_int_equal(handle.dwLower, UINTPTR_MAX);
    assert_int_equal(handle.dwUpper, UINTPTR_MAX);
    assert_false(SecIsValidHandle(&handle));
}

/* The test of the Windows header is on form alone: zero and "deleted" pass it there. */
static void the_test_of_handles_is_on_form_alone(void **state)
{
    (void)state;
    CredHandle zero = {0, 0};
    CredHandle deleted = {SEC_DELETED_HANDLE, SEC_DELETED_HANDLE};
    assert_true(SecIsValidHandle(&zero));
    assert_true(SecIsValidHandle(&deleted));
}

/* A status whose sign a cast lost: errors would pass `status >= 0`. */
static void errors_are_negative_and_information_is_not(void **state)
{
    (void)state;
    assert_true(SEC_E_INVALID_HANDLE < 0);
    assert_true(SEC_I_ASYNC_CALL_PENDING > 0);
    assert_true(STATUS_DEVICE_BUSY < 0);
    assert_true(STATUS_INVALID_HANDLE < 0);
}

SIZE(SecPkgContext_DatagramSizes, 20, 20);
SIZE(SecPkgContext_NegoPackageInfo, 4, 4);
SIZE(SecPkgContext_NegoKeys, 32, 24);
AT(SecPkgContext_NegoKeys, KeyValue, 8, 8);
AT(SecPkgContext_NegoKeys, VerifyKeyValue, 24, 20);
SIZE(SecPkgContext_NegotiatedTlsExtensions, 16, 8);
SIZE(SecPkgCredentials_SSIProviderW, 24, 12);
AT(SecPkgCredentials_SSIProviderW, ProviderInfo, 16, 8);
SIZE(SecPkgCredentials_Cert, 16, 8);
SIZE(SecPkgCredentials_KdcProxySettingsW, 16, 16);

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_invalidated_handle_is_not_valid),
        cmocka_unit_test(the_test_of_handles_is_on_form_alone),
        cmocka_unit_test(errors_are_negative_and_information_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
