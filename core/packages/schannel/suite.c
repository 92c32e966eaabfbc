/* SPDX-License-Identifier: MIT */
/*
 * Forward secrecy and authenticated encryption only: what RFC 9325 recommends for TLS 1.2,
 * and all that TLS 1.3 has. It also keeps the sizes of a record's header and trailer the
 * same for every message, which SECPKG_ATTR_STREAM_SIZES promises.
 */
#include "suite.h"

#include <stdbool.h>
#include <string.h>

#include "status.h"

#define AES    "AES"
#define CHACHA "CHACHA20_POLY1305"

/* Best first. */
static const struct suite suites[] = {
    {0x1302, "TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384", "", "", AES, MODE_GCM, 256,
     384},
    {0x1303, "TLS_CHACHA20_POLY1305_SHA256", "TLS_CHACHA20_POLY1305_SHA256", "", "", CHACHA,
     MODE_POLY1305, 256, 256},
    {0x1301, "TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", "", "", AES, MODE_GCM, 128,
     256},
    {0x1304, "TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_SHA256", "", "", AES, MODE_CCM, 128,
     256},
    {0xC02C, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDH",
     "ECDSA", AES, MODE_GCM, 256, 384},
    {0xC030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384", "ECDH",
     "RSA", AES, MODE_GCM, 256, 384},
    {0xCCA9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305",
     "ECDH", "ECDSA", CHACHA, MODE_POLY1305, 256, 256},
    {0xCCA8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305",
     "ECDH", "RSA", CHACHA, MODE_POLY1305, 256, 256},
    {0xC02B, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDH",
     "ECDSA", AES, MODE_GCM, 128, 256},
    {0xC02F, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "ECDH",
     "RSA", AES, MODE_GCM, 128, 256},
    {0x009F, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", "DHE-RSA-AES256-GCM-SHA384", "DH", "RSA",
     AES, MODE_GCM, 256, 384},
    {0xCCAA, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "DHE-RSA-CHACHA20-POLY1305", "DH",
     "RSA", CHACHA, MODE_POLY1305, 256, 256},
    {0x009E, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", "DHE-RSA-AES128-GCM-SHA256", "DH", "RSA",
     AES, MODE_GCM, 128, 256},
    {0xC0AD, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM", "ECDHE-ECDSA-AES256-CCM", "ECDH", "ECDSA", AES,
     MODE_CCM, 256, 256},
    {0xC0AC, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM", "ECDHE-ECDSA-AES128-CCM", "ECDH", "ECDSA", AES,
     MODE_CCM, 128, 256},
};

/* Groups for when the settings narrow the key exchange down; bits as CNG counts them. */
static const struct {
    const char *openssl;
    const char *family;
    const char *name;
    uint16_t bits;
} groups[] = {
    {"X25519", "ECDH", "curve25519", 255},  {"P-256", "ECDH", "ECDH_P256", 256},
    {"P-384", "ECDH", "ECDH_P384", 384},    {"P-521", "ECDH", "ECDH_P521", 521},
    {"ffdhe2048", "DH", "ffdhe2048", 2048}, {"ffdhe3072", "DH", "ffdhe3072", 3072},
    {"ffdhe4096", "DH", "ffdhe4096", 4096},
};

/* Likewise for signatures. */
static const struct {
    const char *openssl;
    const char *family;
    const char *name;
    uint16_t bits; /* 0: any */
} sigalgs[] = {
    {"ecdsa_secp256r1_sha256", "ECDSA", "ECDSA_P256", 256},
    {"ecdsa_secp384r1_sha384", "ECDSA", "ECDSA_P384", 384},
    {"ecdsa_secp521r1_sha512", "ECDSA", "ECDSA_P521", 521},
    {"ed25519", "EDDSA", "ED25519", 255},
    {"rsa_pss_rsae_sha256", "RSA", "RSA", 0},
    {"rsa_pss_rsae_sha384", "RSA", "RSA", 0},
    {"rsa_pss_rsae_sha512", "RSA", "RSA", 0},
    {"rsa_pkcs1_sha256", "RSA", "RSA", 0},
    {"rsa_pkcs1_sha384", "RSA", "RSA", 0},
    {"rsa_pkcs1_sha512", "RSA", "RSA", 0},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

size_t suite_algorithms(const ALG_ID **algorithms)
{
    static const ALG_ID all[] = {CALG_AES_128,  CALG_AES_256, CALG_SHA_256,  CALG_SHA_384,
                                 CALG_RSA_SIGN, CALG_ECDSA,   CALG_DH_EPHEM, CALG_ECDH_EPHEM};

    *algorithms = all;
    return COUNT(all);
}

const struct suite *suite_find(uint16_t id)
{
    for (size_t i = 0; i < COUNT(suites); i++) {
        if (suites[i].id == id)
            return &suites[i];
    }
    return NULL;
}

static bool is_tls13(const struct suite *suite)
{
    return suite->id >> 8 == 0x13;
}

static void append(char *list, size_t size, const char *name)
{
    size_t length = strlen(list);

    /* The lists are sized for all names there are. */
    if (length + strlen(name) + 2 > size)
        return;
    if (length > 0)
        list[length++] = ':';
    strcpy(list + length, name);
}

/* Both lengths 0: all of it; else what is shorter than the one or longer than the other. */
static bool in_disabled_range(const struct disabled_crypto *disabled, uint32_t bits)
{
    if (disabled->min_bits == 0 && disabled->max_bits == 0)
        return true;
    return bits < disabled->min_bits || (disabled->max_bits != 0 && bits > disabled->max_bits);
}

static bool name_is(const struct disabled_crypto *disabled, const char *family,
                    const char *name)
{
    return strcmp(disabled->name, family) == 0 || strcmp(disabled->name, name) == 0;
}

static bool disables_suite(const struct disabled_crypto *disabled, const struct suite *suite)
{
    char digest[8] = "SHA256";

    switch (disabled->usage) {
    case TlsParametersCngAlgUsageCipher:
        if (strcmp(disabled->name, suite->cipher) != 0 ||
            !in_disabled_range(disabled, suite->key_bits))
            return false;
        return (!disabled->gcm && !disabled->ccm) ||
               (disabled->gcm && suite->mode == MODE_GCM) ||
               (disabled->ccm && suite->mode == MODE_CCM);
    case TlsParametersCngAlgUsageDigest:
        if (suite->hash_bits == 384)
            strcpy(digest, "SHA384");
        return strcmp(disabled->name, digest) == 0;
    case TlsParametersCngAlgUsageKeyExchange:
        /* In TLS 1.2 the server chooses the DH prime: a range cannot be kept otherwise. For
         * ECDHE the groups see to it. */
        return strcmp(disabled->name, suite->exchange) == 0 &&
               (strcmp(suite->exchange, "DH") == 0 ||
                (disabled->min_bits == 0 && disabled->max_bits == 0));
    case TlsParametersCngAlgUsageSignature:
        return strcmp(disabled->name, suite->auth) == 0 && disabled->min_bits == 0 &&
               disabled->max_bits == 0;
    default:
        return false;
    }
}

/* palgSupportedAlgs: within a class of algorithms that the list names, only what it names.
 * The class is in the top bits of an ALG_ID (wincrypt.h, GET_ALG_CLASS). */
static bool allowed_by_list(const struct settings *settings, ALG_ID algorithm, ALG_ID same,
                            ALG_ID class)
{
    bool restricted = false;

    for (uint32_t i = 0; i < settings->algorithm_count; i++) {
        if ((settings->algorithms[i] & 0xE000u) != class)
            continue;
        if (settings->algorithms[i] == algorithm || settings->algorithms[i] == same)
            return true;
        restricted = true;
    }
    return !restricted;
}

static bool allowed_by_algorithms(const struct settings *settings, const struct suite *suite)
{
    const bool aes = strcmp(suite->cipher, AES) == 0;
    const ALG_ID cipher = suite->key_bits == 256 ? CALG_AES_256 : CALG_AES_128;
    const ALG_ID hash = suite->hash_bits == 384 ? CALG_SHA_384 : CALG_SHA_256;

    if (!allowed_by_list(settings, aes ? cipher : 0, aes ? CALG_AES : 0, 0x6000) ||
        !allowed_by_list(settings, hash, hash, 0x8000))
        return false;
    if (is_tls13(suite))
        return true;
    return (strcmp(suite->exchange, "DH") == 0
                ? allowed_by_list(settings, CALG_DH_EPHEM, CALG_DH_EPHEM, 0xA000)
                : allowed_by_list(settings, CALG_ECDH_EPHEM, CALG_ECDH, 0xA000)) &&
           (strcmp(suite->auth, "RSA") == 0
                ? allowed_by_list(settings, CALG_RSA_SIGN, CALG_RSA_SIGN, 0x2000)
                : allowed_by_list(settings, CALG_ECDSA, CALG_ECDSA, 0x2000));
}

static bool suite_is_allowed(const struct settings *settings, const struct suite *suite)
{
    if (settings->min_strength != 0 && suite->key_bits < settings->min_strength)
        return false;
    if (settings->max_strength != 0 && suite->key_bits > settings->max_strength)
        return false;
    for (uint32_t i = 0; i < settings->disabled_count; i++) {
        if (disables_suite(&settings->disabled[i], suite))
            return false;
    }
    return allowed_by_algorithms(settings, suite);
}

static bool group_is_allowed(const struct settings *settings, size_t group)
{
    const bool ecdh = strcmp(groups[group].family, "ECDH") == 0;

    for (uint32_t i = 0; i < settings->disabled_count; i++) {
        const struct disabled_crypto *disabled = &settings->disabled[i];

        if (disabled->usage == TlsParametersCngAlgUsageKeyExchange &&
            name_is(disabled, groups[group].family, groups[group].name) &&
            in_disabled_range(disabled, groups[group].bits))
            return false;
    }
    return ecdh ? allowed_by_list(settings, CALG_ECDH_EPHEM, CALG_ECDH, 0xA000)
                : allowed_by_list(settings, CALG_DH_EPHEM, CALG_DH_EPHEM, 0xA000);
}

static bool sigalg_is_allowed(const struct settings *settings, size_t sigalg)
{
    for (uint32_t i = 0; i < settings->disabled_count; i++) {
        const struct disabled_crypto *disabled = &settings->disabled[i];

        if ((disabled->usage == TlsParametersCngAlgUsageSignature ||
             disabled->usage == TlsParametersCngAlgUsageCertSig) &&
            name_is(disabled, sigalgs[sigalg].family, sigalgs[sigalg].name) &&
            in_disabled_range(disabled, sigalgs[sigalg].bits))
            return false;
    }
    return strcmp(sigalgs[sigalg].family, "RSA") == 0
               ? allowed_by_list(settings, CALG_RSA_SIGN, CALG_RSA_SIGN, 0x2000)
               : allowed_by_list(settings, CALG_ECDSA, CALG_ECDSA, 0x2000);
}

static SECURITY_STATUS nothing_left(sspia_report *report, const char *of_what)
{
    report_line(report, "the settings leave no %s", of_what);
    return SEC_E_ALGORITHM_MISMATCH;
}

SECURITY_STATUS suite_select(const struct settings *settings, struct suite_lists *lists,
                             sspia_report *report)
{
    size_t count = 0;

    *lists = (struct suite_lists){.min_bits = UINT32_MAX};
    /* How long an RSA key of the peer may be is not known before it is too late. */
    for (uint32_t i = 0; i < settings->disabled_count; i++) {
        const struct disabled_crypto *disabled = &settings->disabled[i];

        if ((disabled->usage == TlsParametersCngAlgUsageSignature ||
             disabled->usage == TlsParametersCngAlgUsageCertSig) &&
            strcmp(disabled->name, "RSA") == 0 &&
            (disabled->min_bits != 0 || disabled->max_bits != 0)) {
            report_line(
                report,
                "CRYPTO_SETTINGS with bit lengths for RSA signatures are not supported");
            return SEC_E_UNSUPPORTED_FUNCTION;
        }
    }
    for (size_t i = 0; i < COUNT(suites); i++) {
        const struct suite *suite = &suites[i];

        if (!suite_is_allowed(settings, suite))
            continue;
        if (is_tls13(suite))
            append(lists->tls13, sizeof(lists->tls13), suite->openssl);
        else
            append(lists->tls12, sizeof(lists->tls12), suite->openssl);
        if (suite->key_bits < lists->min_bits)
            lists->min_bits = suite->key_bits;
        if (suite->key_bits > lists->max_bits)
            lists->max_bits = suite->key_bits;
    }
    if (lists->tls12[0] == '\0' && lists->tls13[0] == '\0')
        return nothing_left(report, "cipher suite");

    for (size_t i = 0; i < COUNT(groups); i++) {
        if (group_is_allowed(settings, i)) {
            append(lists->groups, sizeof(lists->groups), groups[i].openssl);
            count++;
        }
    }
    if (count == 0)
        return nothing_left(report, "key exchange");
    if (count == COUNT(groups))
        lists->groups[0] = '\0';

    count = 0;
    for (size_t i = 0; i < COUNT(sigalgs); i++) {
        if (sigalg_is_allowed(settings, i)) {
            append(lists->sigalgs, sizeof(lists->sigalgs), sigalgs[i].openssl);
            count++;
        }
    }
    if (count == 0)
        return nothing_left(report, "signature algorithm");
    if (count == COUNT(sigalgs))
        lists->sigalgs[0] = '\0';
    return SEC_E_OK;
}
