/* SPDX-License-Identifier: MIT */
/* The layouts of schannel.h, which are ABI: those of Windows, x64 and x86. Numbers are from the
 * documentation, not from the compiler. All of it is asserted while this compiles. */
#include "schannel.h"

#include <stddef.h>

/* The first number where pointers have 8 bytes, the second where they have 4. */
#define BITS(with64, with32)       (sizeof(void *) == 8 ? (size_t)(with64) : (size_t)(with32))
#define SIZE(type, with64, with32) _Static_assert(sizeof(type) == BITS(with64, with32), #type)
#define AT(type, member, with64, with32)                                                       \
    _Static_assert(offsetof(type, member) == BITS(with64, with32), #type "." #member)

SIZE(CERT_CONTEXT, 40, 20);
AT(CERT_CONTEXT, pbCertEncoded, 8, 4);
AT(CERT_CONTEXT, cbCertEncoded, 16, 8);
AT(CERT_CONTEXT, pCertInfo, 24, 12);
AT(CERT_CONTEXT, hCertStore, 32, 16);

SIZE(UNICODE_STRING, 16, 8);
AT(UNICODE_STRING, Buffer, 8, 4);

SIZE(CRYPTO_SETTINGS, 48, 28);
AT(CRYPTO_SETTINGS, strCngAlgId, 8, 4);
AT(CRYPTO_SETTINGS, cChainingModes, 24, 12);
AT(CRYPTO_SETTINGS, rgstrChainingModes, 32, 16);
AT(CRYPTO_SETTINGS, dwMinBitLength, 40, 20);
AT(CRYPTO_SETTINGS, dwMaxBitLength, 44, 24);

SIZE(TLS_PARAMETERS, 40, 24);
AT(TLS_PARAMETERS, rgstrAlpnIds, 8, 4);
AT(TLS_PARAMETERS, grbitDisabledProtocols, 16, 8);
AT(TLS_PARAMETERS, cDisabledCrypto, 20, 12);
AT(TLS_PARAMETERS, pDisabledCrypto, 24, 16);
AT(TLS_PARAMETERS, dwFlags, 32, 20);

SIZE(SCH_CREDENTIALS, 72, 44);
AT(SCH_CREDENTIALS, dwCredFormat, 4, 4);
AT(SCH_CREDENTIALS, cCreds, 8, 8);
AT(SCH_CREDENTIALS, paCred, 16, 12);
AT(SCH_CREDENTIALS, hRootStore, 24, 16);
AT(SCH_CREDENTIALS, cMappers, 32, 20);
AT(SCH_CREDENTIALS, aphMappers, 40, 24);
AT(SCH_CREDENTIALS, dwSessionLifespan, 48, 28);
AT(SCH_CREDENTIALS, dwFlags, 52, 32);
AT(SCH_CREDENTIALS, cTlsParameters, 56, 36);
AT(SCH_CREDENTIALS, pTlsParameters, 64, 40);

SIZE(SCHANNEL_CRED, 80, 56);
AT(SCHANNEL_CRED, cCreds, 4, 4);
AT(SCHANNEL_CRED, paCred, 8, 8);
AT(SCHANNEL_CRED, hRootStore, 16, 12);
AT(SCHANNEL_CRED, cMappers, 24, 16);
AT(SCHANNEL_CRED, aphMappers, 32, 20);
AT(SCHANNEL_CRED, cSupportedAlgs, 40, 24);
AT(SCHANNEL_CRED, palgSupportedAlgs, 48, 28);
AT(SCHANNEL_CRED, grbitEnabledProtocols, 56, 32);
AT(SCHANNEL_CRED, dwMinimumCipherStrength, 60, 36);
AT(SCHANNEL_CRED, dwMaximumCipherStrength, 64, 40);
AT(SCHANNEL_CRED, dwSessionLifespan, 68, 44);
AT(SCHANNEL_CRED, dwFlags, 72, 48);
AT(SCHANNEL_CRED, dwCredFormat, 76, 52);

SIZE(SCHANNEL_ALERT_TOKEN, 12, 12);
SIZE(SCHANNEL_SESSION_TOKEN, 8, 8);

SIZE(SEC_APPLICATION_PROTOCOLS, 12, 12);
AT(SEC_APPLICATION_PROTOCOLS, ProtocolLists, 4, 4);
SIZE(SEC_APPLICATION_PROTOCOL_LIST, 8, 8);
AT(SEC_APPLICATION_PROTOCOL_LIST, ProtocolListSize, 4, 4);
AT(SEC_APPLICATION_PROTOCOL_LIST, ProtocolList, 6, 6);

SIZE(SecPkgContext_ApplicationProtocol, 264, 264);
AT(SecPkgContext_ApplicationProtocol, ProtocolIdSize, 8, 8);
AT(SecPkgContext_ApplicationProtocol, ProtocolId, 9, 9);
SIZE(SecPkgContext_ConnectionInfo, 28, 28);
SIZE(SecPkgContext_CipherInfo, 680, 680);
AT(SecPkgContext_CipherInfo, szCipherSuite, 16, 16);
AT(SecPkgContext_CipherInfo, szCipher, 144, 144);
AT(SecPkgContext_CipherInfo, dwCipherLen, 272, 272);
AT(SecPkgContext_CipherInfo, szHash, 280, 280);
AT(SecPkgContext_CipherInfo, dwHashLen, 408, 408);
AT(SecPkgContext_CipherInfo, szExchange, 412, 412);
AT(SecPkgContext_CipherInfo, dwMinExchangeLen, 540, 540);
AT(SecPkgContext_CipherInfo, szCertificate, 548, 548);
AT(SecPkgContext_CipherInfo, dwKeyType, 676, 676);
SIZE(SecPkgContext_SessionInfo, 40, 40);
SIZE(CERT_NAME_BLOB, 16, 8);
SIZE(SecPkgContext_IssuerListInfoEx, 16, 8);
SIZE(SecPkgContext_Certificates, 16, 12);
SIZE(SecPkgContext_KeyingMaterialInfo, 40, 20);
AT(SecPkgContext_KeyingMaterialInfo, pszLabel, 8, 4);
AT(SecPkgContext_KeyingMaterialInfo, cbContextValue, 16, 8);
AT(SecPkgContext_KeyingMaterialInfo, pbContextValue, 24, 12);
AT(SecPkgContext_KeyingMaterialInfo, cbKeyingMaterial, 32, 16);
SIZE(SecPkgContext_KeyingMaterial, 16, 8);
SIZE(SecPkgContext_CertificateValidationResult, 8, 8);
SIZE(SecPkgCred_SupportedAlgs, 16, 8);
AT(SecPkgCred_SupportedAlgs, palgSupportedAlgs, 8, 4);
SIZE(SecPkgCred_CipherStrengths, 8, 8);
SIZE(SecPkgCred_SupportedProtocols, 4, 4);
SIZE(SecPkgCred_ClientCertPolicy, 56, 48);
AT(SecPkgCred_ClientCertPolicy, dwCertFlags, 20, 20);
AT(SecPkgCred_ClientCertPolicy, fOmitUsageCheck, 36, 36);
AT(SecPkgCred_ClientCertPolicy, pwszSslCtlStoreName, 40, 40);
SIZE(SecPkgCred_SessionTicketKey, 88, 88);
AT(SecPkgCred_SessionTicketKey, KeyingMaterial, 20, 20);
AT(SecPkgCred_SessionTicketKey, KeyingMaterialSize, 84, 84);
SIZE(SecPkgCred_SessionTicketKeys, 16, 8);

SIZE(SEND_GENERIC_TLS_EXTENSION, 12, 12);
AT(SEND_GENERIC_TLS_EXTENSION, HandshakeType, 2, 2);
AT(SEND_GENERIC_TLS_EXTENSION, Flags, 4, 4);
AT(SEND_GENERIC_TLS_EXTENSION, BufferSize, 8, 8);
AT(SEND_GENERIC_TLS_EXTENSION, Buffer, 10, 10);
SIZE(SUBSCRIBE_GENERIC_TLS_EXTENSION, 12, 12);
AT(SUBSCRIBE_GENERIC_TLS_EXTENSION, SubscriptionsCount, 4, 4);
AT(SUBSCRIBE_GENERIC_TLS_EXTENSION, Subscriptions, 8, 8);

SIZE(SCHANNEL_CERT_HASH, 40, 32);
AT(SCHANNEL_CERT_HASH, hProv, 8, 8);
AT(SCHANNEL_CERT_HASH, ShaHash, 16, 12);
SIZE(SCHANNEL_CERT_HASH_STORE, 296, 288);
AT(SCHANNEL_CERT_HASH_STORE, pwszStoreName, 36, 32);
SIZE(SCHANNEL_CLIENT_SIGNATURE, 68, 68);
SIZE(SecPkgContext_ConnectionInfoEx, 404, 404);
AT(SecPkgContext_ConnectionInfoEx, szHash, 140, 140);
AT(SecPkgContext_ConnectionInfoEx, dwExchStrength, 400, 400);
SIZE(SecPkgContext_RemoteCredentialInfo, 32, 20);
SIZE(SecPkgContext_LocalCredentialInfo, 32, 20);
SIZE(SecPkgContext_CertInfo, 40, 24);
AT(SecPkgContext_CertInfo, dwKeySize, 32, 20);
SIZE(SecPkgContext_ClientCertPolicyResult, 20, 20);
SIZE(SecPkgContext_IssuerListInfo, 16, 8);
SIZE(SecPkgContext_EapKeyBlock, 192, 192);
SIZE(SecPkgContext_EapPrfInfo, 16, 12);
SIZE(SecPkgContext_MappedCredAttr, 16, 8);
SIZE(SecPkgContext_SessionAppData, 16, 12);
SIZE(SecPkgContext_SupportedSignatures, 16, 8);
SIZE(SecPkgContext_EarlyStart, 4, 4);
SIZE(SecPkgContext_UiInfo, 8, 4);
SIZE(SecPkgContext_KeyingMaterial_Inproc, 48, 24);
AT(SecPkgContext_KeyingMaterial_Inproc, pbKeyingMaterial, 40, 20);
SIZE(SecPkgContext_SrtpParameters, 16, 8);
AT(SecPkgContext_SrtpParameters, MasterKeyIdentifier, 8, 4);
SIZE(SecPkgContext_TokenBinding, 16, 8);
AT(SecPkgContext_TokenBinding, KeyParameters, 8, 4);

int main(void)
{
    return 0;
}
