/* SPDX-License-Identifier: MIT */
/*
 * Runs when a call is submitted, on the caller's thread: it checks, copies, and does no
 * cryptography. Parsing keys is for the thread that acquires.
 */
#include "settings.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "status.h"

#define DEFAULT_LIFESPAN_MS 36000000u /* MS-docs SCH_CREDENTIALS: ten hours */
#define DEFAULT_PROTOCOLS   (SP_PROT_TLS1_2 | SP_PROT_TLS1_3 | SP_PROT_DTLS1_2)

#define KNOWN_FLAGS                                                                            \
    (SCH_USE_DTLS_ONLY | SCH_MACHINE_CERT_HASH | SCH_CRED_SNI_CREDENTIAL |                     \
     SCH_CRED_SNI_ENABLE_OCSP | SCH_CRED_NO_SYSTEM_MAPPER | SCH_CRED_NO_SERVERNAME_CHECK |     \
     SCH_CRED_MANUAL_CRED_VALIDATION | SCH_CRED_NO_DEFAULT_CREDS |                             \
     SCH_CRED_AUTO_CRED_VALIDATION | SCH_CRED_USE_DEFAULT_CREDS |                              \
     SCH_CRED_DISABLE_RECONNECTS | SCH_CRED_REVOCATION_CHECK_END_CERT |                        \
     SCH_CRED_REVOCATION_CHECK_CHAIN | SCH_CRED_REVOCATION_CHECK_CHAIN_EXCLUDE_ROOT |          \
     SCH_CRED_IGNORE_NO_REVOCATION_CHECK | SCH_CRED_IGNORE_REVOCATION_OFFLINE |                \
     SCH_CRED_RESTRICTED_ROOTS | SCH_CRED_REVOCATION_CHECK_CACHE_ONLY |                        \
     SCH_CRED_CACHE_ONLY_URL_RETRIEVAL | SCH_CRED_MEMORY_STORE_CERT |                          \
     SCH_CRED_CACHE_ONLY_URL_RETRIEVAL_ON_CREATE | SCH_SEND_ROOT_CERT | SCH_SEND_AUX_RECORD |  \
     SCH_USE_STRONG_CRYPTO | SCH_CRED_DEFERRED_CRED_VALIDATION)

void settings_default(struct settings *settings)
{
    *settings = (struct settings){
        .protocols = DEFAULT_PROTOCOLS,
        .lifespan_seconds = DEFAULT_LIFESPAN_MS / 1000,
    };
}

static SECURITY_STATUS invalid(sspia_report *report, const char *why)
{
    report_line(report, "%s", why);
    return SEC_E_INVALID_PARAMETER;
}

static SECURITY_STATUS unsupported(sspia_report *report, const char *why)
{
    report_line(report, "%s", why);
    return SEC_E_UNSUPPORTED_FUNCTION;
}

static void source_free(struct source *source)
{
    OPENSSL_clear_free(source->content, source->content_size);
    OPENSSL_clear_free(source->key, source->key_size);
    if (source->password != NULL)
        OPENSSL_clear_free(source->password, strlen(source->password));
}

static bool copy_bytes(const void *bytes, size_t size, uint8_t **copy, size_t *copy_size)
{
    if (bytes == NULL)
        return true;
    *copy = OPENSSL_malloc(size > 0 ? size : 1);
    if (*copy == NULL)
        return false;
    if (size > 0)
        memcpy(*copy, bytes, size);
    *copy_size = size;
    return true;
}

static SECURITY_STATUS copy_source(const CERT_CONTEXT *certificate, uint32_t encoding,
                                   struct source *source, sspia_report *report)
{
    const sspia_certificate_source *more = certificate->pCertInfo;

    if (certificate->dwCertEncodingType != encoding || more == NULL ||
        more->size < sizeof(*more))
        return invalid(
            report, encoding == SSPIA_ENCODING_ROOTS
                        ? "hRootStore was not made by sspia_roots_load_*"
                        : "a certificate in paCred was not made by sspia_certificate_load_*");
    source->flags = more->flags;
    if (!copy_bytes(certificate->pbCertEncoded, certificate->cbCertEncoded, &source->content,
                    &source->content_size) ||
        !copy_bytes(more->key, more->key_size, &source->key, &source->key_size))
        return SEC_E_INSUFFICIENT_MEMORY;
    if (more->password != NULL && (source->password = OPENSSL_strdup(more->password)) == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    return SEC_E_OK;
}

static SECURITY_STATUS copy_sources(struct settings *settings, uint32_t format, uint32_t count,
                                    PCCERT_CONTEXT *certificates, HCERTSTORE roots,
                                    sspia_report *report)
{
    SECURITY_STATUS status = SEC_E_OK;

    if (count > SETTINGS_CERTIFICATES_MAX)
        return invalid(report, "cCreds is larger than 16");
    if (count > 0 && certificates == NULL)
        return invalid(report, "paCred is NULL");
    /* The format of nothing does not matter: programs leave it unset. */
    if (count > 0 && format != SCH_CRED_FORMAT_CERT_CONTEXT)
        return unsupported(report, "dwCredFormat: certificates come as CERT_CONTEXT only");
    for (uint32_t i = 0; i < count && status == SEC_E_OK; i++) {
        if (certificates[i] == NULL)
            return invalid(report, "a certificate in paCred is NULL");
        settings->certificate_count = i + 1;
        status = copy_source(certificates[i], SSPIA_ENCODING_SOURCE, &settings->certificates[i],
                             report);
    }
    if (status == SEC_E_OK && roots != NULL) {
        settings->has_roots = true;
        status = copy_source(roots, SSPIA_ENCODING_ROOTS, &settings->roots, report);
    }
    return status;
}

static SECURITY_STATUS copy_flags(struct settings *settings, uint32_t flags,
                                  uint32_t lifespan_ms, sspia_report *report)
{
    if ((flags & SCH_USE_DTLS_ONLY) != 0)
        settings->protocols &= SP_PROT_DTLS1_X;
    if ((flags & SCH_USE_PRESHAREDKEY_ONLY) != 0)
        return unsupported(report, "SCH_USE_PRESHAREDKEY_ONLY: there are no pre-shared keys");
    if ((flags & SCH_ALLOW_NULL_ENCRYPTION) != 0)
        return unsupported(report, "SCH_ALLOW_NULL_ENCRYPTION: there is no null encryption");
    if ((flags & ~KNOWN_FLAGS) != 0)
        return invalid(report, "dwFlags has an unknown bit");
    if ((flags & SCH_CRED_MANUAL_CRED_VALIDATION) != 0 &&
        (flags & (SCH_CRED_AUTO_CRED_VALIDATION | SCH_CRED_DEFERRED_CRED_VALIDATION)) != 0)
        return invalid(report, "dwFlags asks for manual and automatic validation");
    settings->flags = flags;
    settings->lifespan_seconds = (lifespan_ms != 0 ? lifespan_ms : DEFAULT_LIFESPAN_MS) / 1000;
    return SEC_E_OK;
}

/* CNG's names are ASCII. Length may count the final zero: msquic passes the sizeof. */
static bool copy_name(const UNICODE_STRING *string, char name[SETTINGS_NAME_SIZE])
{
    size_t length = string->Length / sizeof(WCHAR);

    if (string->Buffer == NULL)
        return false;
    while (length > 0 && string->Buffer[length - 1] == 0)
        length--;
    if (length == 0 || length >= SETTINGS_NAME_SIZE)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (string->Buffer[i] < 0x21 || string->Buffer[i] > 0x7e)
            return false;
        name[i] = (char)string->Buffer[i];
    }
    return true;
}

static SECURITY_STATUS copy_disabled(struct settings *settings, const CRYPTO_SETTINGS *crypto,
                                     sspia_report *report)
{
    struct disabled_crypto *disabled = &settings->disabled[settings->disabled_count];

    if (settings->disabled_count == SETTINGS_DISABLED_MAX)
        return invalid(report, "there are too many CRYPTO_SETTINGS");
    if ((uint32_t)crypto->eAlgorithmUsage > TlsParametersCngAlgUsageCertSig)
        return invalid(report, "CRYPTO_SETTINGS has an unknown eAlgorithmUsage");
    if (!copy_name(&crypto->strCngAlgId, disabled->name))
        return invalid(report, "CRYPTO_SETTINGS has a malformed strCngAlgId");
    if (crypto->cChainingModes > SCH_CRED_MAX_SUPPORTED_CHAINING_MODES ||
        (crypto->cChainingModes > 0 && crypto->rgstrChainingModes == NULL))
        return invalid(report, "CRYPTO_SETTINGS has malformed chaining modes");
    for (uint32_t i = 0; i < crypto->cChainingModes; i++) {
        char mode[SETTINGS_NAME_SIZE] = "";

        if (!copy_name(&crypto->rgstrChainingModes[i], mode))
            return invalid(report, "CRYPTO_SETTINGS has malformed chaining modes");
        disabled->gcm |= strcmp(mode, "ChainingModeGCM") == 0;
        disabled->ccm |= strcmp(mode, "ChainingModeCCM") == 0;
    }
    /* Only modes that are not here anyway (CBC): nothing is left to disable. */
    if (crypto->cChainingModes > 0 && !disabled->gcm && !disabled->ccm) {
        *disabled = (struct disabled_crypto){0};
        return SEC_E_OK;
    }
    disabled->usage = (uint32_t)crypto->eAlgorithmUsage;
    disabled->min_bits = crypto->dwMinBitLength;
    disabled->max_bits = crypto->dwMaxBitLength;
    settings->disabled_count++;
    return SEC_E_OK;
}

static SECURITY_STATUS copy_parameters(struct settings *settings,
                                       const TLS_PARAMETERS *parameters, sspia_report *report)
{
    SECURITY_STATUS status = SEC_E_OK;

    if (parameters->cAlpnIds != 0)
        return unsupported(report,
                           "TLS_PARAMETERS for single application protocols are not supported");
    if (parameters->dwFlags != 0)
        return unsupported(report, "TLS_PARAMS_OPTIONAL");
    if (parameters->cDisabledCrypto > SCH_CRED_MAX_SUPPORTED_CRYPTO_SETTINGS ||
        (parameters->cDisabledCrypto > 0 && parameters->pDisabledCrypto == NULL))
        return invalid(report, "TLS_PARAMETERS has malformed pDisabledCrypto");
    settings->protocols &= ~parameters->grbitDisabledProtocols;
    for (uint32_t i = 0; i < parameters->cDisabledCrypto && status == SEC_E_OK; i++)
        status = copy_disabled(settings, &parameters->pDisabledCrypto[i], report);
    return status;
}

static SECURITY_STATUS copy_v5(struct settings *settings, const SCH_CREDENTIALS *credentials,
                               sspia_report *report)
{
    SECURITY_STATUS status;

    if (credentials->cMappers != 0)
        return invalid(report, "cMappers must be 0");
    if (credentials->cTlsParameters > SCH_CRED_MAX_SUPPORTED_PARAMETERS ||
        (credentials->cTlsParameters > 0 && credentials->pTlsParameters == NULL))
        return invalid(report, "pTlsParameters is malformed");
    status = copy_flags(settings, credentials->dwFlags, credentials->dwSessionLifespan, report);
    for (uint32_t i = 0; i < credentials->cTlsParameters && status == SEC_E_OK; i++)
        status = copy_parameters(settings, &credentials->pTlsParameters[i], report);
    if (status == SEC_E_OK)
        status = copy_sources(settings, credentials->dwCredFormat, credentials->cCreds,
                              credentials->paCred, credentials->hRootStore, report);
    return status;
}

static SECURITY_STATUS copy_v4(struct settings *settings, const SCHANNEL_CRED *credentials,
                               sspia_report *report)
{
    SECURITY_STATUS status;

    if (credentials->cMappers != 0)
        return invalid(report, "cMappers must be 0");
    if (credentials->cSupportedAlgs > SETTINGS_ALGORITHMS_MAX ||
        (credentials->cSupportedAlgs > 0 && credentials->palgSupportedAlgs == NULL))
        return invalid(report, "palgSupportedAlgs is malformed");
    if (credentials->grbitEnabledProtocols != 0)
        settings->protocols &= credentials->grbitEnabledProtocols;
    /* MS-docs SCHANNEL_CRED: -1 asks for the suites without encryption. */
    if (credentials->dwMinimumCipherStrength == UINT32_MAX)
        return unsupported(report, "dwMinimumCipherStrength -1: there is no null encryption");
    settings->min_strength = credentials->dwMinimumCipherStrength;
    settings->max_strength = credentials->dwMaximumCipherStrength;
    settings->algorithm_count = credentials->cSupportedAlgs;
    for (uint32_t i = 0; i < credentials->cSupportedAlgs; i++)
        settings->algorithms[i] = credentials->palgSupportedAlgs[i];
    status = copy_flags(settings, credentials->dwFlags, credentials->dwSessionLifespan, report);
    if (status == SEC_E_OK)
        status = copy_sources(settings, credentials->dwCredFormat, credentials->cCreds,
                              credentials->paCred, credentials->hRootStore, report);
    return status;
}

SECURITY_STATUS settings_copy(const void *auth_data, void **copy, sspia_report *report)
{
    struct settings *settings = OPENSSL_zalloc(sizeof(*settings));
    uint32_t version;
    SECURITY_STATUS status;

    if (settings == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    settings_default(settings);
    memcpy(&version, auth_data, sizeof(version));
    if (version == SCH_CREDENTIALS_VERSION)
        status = copy_v5(settings, auth_data, report);
    else if (version == SCHANNEL_CRED_VERSION)
        status = copy_v4(settings, auth_data, report);
    else
        status =
            invalid(report, "pAuthData is neither SCH_CREDENTIALS (5) nor SCHANNEL_CRED (4)");
    if (status != SEC_E_OK) {
        settings_free(settings);
        return status;
    }
    *copy = settings;
    return SEC_E_OK;
}

void settings_free(void *copy)
{
    struct settings *settings = copy;

    if (settings == NULL)
        return;
    for (uint32_t i = 0; i < settings->certificate_count; i++)
        source_free(&settings->certificates[i]);
    source_free(&settings->roots);
    OPENSSL_clear_free(settings, sizeof(*settings));
}

static int digest_source(EVP_MD_CTX *digest, const struct source *source)
{
    size_t password_size = source->password != NULL ? strlen(source->password) : SIZE_MAX;

    /* Sizes in front: no two sources give the same bytes. */
    return EVP_DigestUpdate(digest, &source->flags, sizeof(source->flags)) == 1 &&
           EVP_DigestUpdate(digest, &source->content_size, sizeof(size_t)) == 1 &&
           EVP_DigestUpdate(digest, source->content, source->content_size) == 1 &&
           EVP_DigestUpdate(digest, &source->key_size, sizeof(size_t)) == 1 &&
           EVP_DigestUpdate(digest, source->key, source->key_size) == 1 &&
           EVP_DigestUpdate(digest, &password_size, sizeof(size_t)) == 1 &&
           (source->password == NULL ||
            EVP_DigestUpdate(digest, source->password, password_size) == 1);
}

bool settings_digest(const struct settings *settings, bool server,
                     uint8_t result[SETTINGS_DIGEST_SIZE])
{
    const uint32_t head[] = {server,
                             settings->flags,
                             settings->protocols,
                             settings->lifespan_seconds,
                             settings->min_strength,
                             settings->max_strength,
                             settings->algorithm_count,
                             settings->disabled_count,
                             settings->certificate_count,
                             settings->has_roots};
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    bool done = digest != NULL && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1 &&
                EVP_DigestUpdate(digest, head, sizeof(head)) == 1 &&
                EVP_DigestUpdate(digest, settings->algorithms,
                                 settings->algorithm_count * sizeof(ALG_ID)) == 1;

    for (uint32_t i = 0; done && i < settings->disabled_count; i++) {
        const struct disabled_crypto *disabled = &settings->disabled[i];
        const uint32_t numbers[] = {disabled->usage, disabled->gcm, disabled->ccm,
                                    disabled->min_bits, disabled->max_bits};

        done = EVP_DigestUpdate(digest, numbers, sizeof(numbers)) == 1 &&
               EVP_DigestUpdate(digest, disabled->name, sizeof(disabled->name)) == 1;
    }
    for (uint32_t i = 0; done && i < settings->certificate_count; i++)
        done = digest_source(digest, &settings->certificates[i]);
    done = done && digest_source(digest, &settings->roots) &&
           EVP_DigestFinal_ex(digest, result, NULL) == 1;
    EVP_MD_CTX_free(digest);
    return done;
}
