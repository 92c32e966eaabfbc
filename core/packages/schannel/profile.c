/* SPDX-License-Identifier: MIT */
/*
 * An SSL_CTX costs 400 us and more (platform.md), SSL_new 20: so credentials share. It also
 * makes tickets of one credential good for another with the same settings.
 *
 *  1. The list and all reference counts are guarded by one lock; nothing is parsed under it.
 *  2. A profile is in the list from profile_acquire to its last release.
 *  3. Everything but `next`, `references` and `datagrams`, which has a lock of its own, is
 *     constant once it is in the list; SSL_CTX is made for that (SSL_new on many threads).
 *  4. Two settings share a profile only if SHA-256 over all they hold, keys and passwords
 *     included, is equal: who has the digest's preimage has the key anyway.
 */
#include "profile.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <string.h>

#include "roots.h"
#include "status.h"
#include "suite.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct profile *profiles;

static struct profile *find(const uint8_t digest[SETTINGS_DIGEST_SIZE])
{
    struct profile *profile = profiles;

    while (profile != NULL && memcmp(profile->digest, digest, SETTINGS_DIGEST_SIZE) != 0)
        profile = profile->next;
    return profile;
}

static void destroy(struct profile *profile)
{
    for (uint32_t i = 0; i < profile->identity_count; i++)
        identity_free(&profile->identities[i]);
    SSL_CTX_free(profile->ctx);
    SSL_CTX_free(profile->datagrams);
    pthread_mutex_destroy(&profile->lock);
    OPENSSL_clear_free(profile, sizeof(*profile));
}

static uint32_t dtls12_of(const struct profile *profile)
{
    return profile->server ? SP_PROT_DTLS1_2_SERVER : SP_PROT_DTLS1_2_CLIENT;
}

static SECURITY_STATUS set_protocols(struct profile *profile, const struct settings *settings,
                                     struct suite_lists *lists, sspia_report *report)
{
    const uint32_t tls12 = profile->server ? SP_PROT_TLS1_2_SERVER : SP_PROT_TLS1_2_CLIENT;
    const uint32_t tls13 = profile->server ? SP_PROT_TLS1_3_SERVER : SP_PROT_TLS1_3_CLIENT;
    const uint32_t dtls12 = dtls12_of(profile);

    profile->protocols = settings->protocols & (tls12 | tls13 | dtls12);
    if (lists->tls12[0] == '\0')
        profile->protocols &= ~(tls12 | dtls12);
    if (lists->tls13[0] == '\0')
        profile->protocols &= ~tls13;
    if (profile->protocols == 0) {
        report_line(report, "the settings leave neither TLS 1.2 nor TLS 1.3, nor DTLS 1.2");
        return SEC_E_ALGORITHM_MISMATCH;
    }
    if ((profile->protocols & (tls12 | tls13)) == 0)
        return SEC_E_OK; /* nothing is made of the SSL_CTX of TLS */
    if (SSL_CTX_set_min_proto_version(profile->ctx, (profile->protocols & tls12) != 0
                                                        ? TLS1_2_VERSION
                                                        : TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_max_proto_version(profile->ctx, (profile->protocols & tls13) != 0
                                                        ? TLS1_3_VERSION
                                                        : TLS1_2_VERSION) != 1)
        return report_openssl(report, "setting the protocol versions");
    return SEC_E_OK;
}

/* Of either SSL_CTX: a suite of the other version does no harm. */
static SECURITY_STATUS set_lists(SSL_CTX *ctx, const struct suite_lists *lists,
                                 sspia_report *report)
{
    if ((lists->tls12[0] != '\0' && SSL_CTX_set_cipher_list(ctx, lists->tls12) != 1) ||
        SSL_CTX_set_ciphersuites(ctx, lists->tls13) != 1 ||
        (lists->groups[0] != '\0' && SSL_CTX_set1_groups_list(ctx, lists->groups) != 1) ||
        (lists->sigalgs[0] != '\0' && SSL_CTX_set1_sigalgs_list(ctx, lists->sigalgs) != 1)) {
        report_openssl(report, "OpenSSL has none of the algorithms that the settings leave");
        return SEC_E_ALGORITHM_MISMATCH;
    }
    SSL_CTX_set_dh_auto(ctx, 1);
    return SEC_E_OK;
}

static SECURITY_STATUS set_algorithms(struct profile *profile, const struct settings *settings,
                                      sspia_report *report)
{
    SECURITY_STATUS status = suite_select(settings, &profile->lists, report);

    if (status == SEC_E_OK)
        status = set_protocols(profile, settings, &profile->lists, report);
    if (status != SEC_E_OK)
        return status;
    profile->min_bits = profile->lists.min_bits;
    profile->max_bits = profile->lists.max_bits;
    return set_lists(profile->ctx, &profile->lists, report);
}

static SECURITY_STATUS set_identities(struct profile *profile, const struct settings *settings,
                                      sspia_report *report)
{
    const bool send_root = (settings->flags & SCH_SEND_ROOT_CERT) != 0;
    SECURITY_STATUS status = SEC_E_OK;

    for (uint32_t i = 0; i < settings->certificate_count && status == SEC_E_OK; i++) {
        struct identity *identity = &profile->identities[i];

        status = certificate_parse(&settings->certificates[i], send_root, identity, report);
        if (status != SEC_E_OK)
            break;
        profile->identity_count = i + 1;
        /* The first of each kind of key is the default; the certificate callback may take
         * another. */
        if (SSL_CTX_use_cert_and_key(profile->ctx, identity->leaf, identity->key,
                                     identity->chain, 0) != 1) {
            const unsigned long error = error_newest();

            if (ERR_GET_LIB(error) == ERR_LIB_SSL &&
                ERR_GET_REASON(error) == SSL_R_NOT_REPLACING_CERTIFICATE)
                continue;
            report_openssl(report, "the certificate cannot be used");
            status = SEC_E_UNKNOWN_CREDENTIALS;
        }
    }
    if (profile->identity_count > 0)
        profile->expiry = certificate_not_after(profile->identities[0].leaf);
    return status;
}

static SECURITY_STATUS set_trust(struct profile *profile, const struct settings *settings,
                                 sspia_report *report)
{
    STACK_OF(X509_NAME) *names = profile->server ? sk_X509_NAME_new_null() : NULL;
    X509_VERIFY_PARAM *parameters = SSL_CTX_get0_param(profile->ctx);
    SECURITY_STATUS status;

    if (profile->server && names == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    status = roots_load(profile->ctx, settings, names, report);
    if (status == SEC_E_OK && names != NULL && sk_X509_NAME_num(names) > 0) {
        SSL_CTX_set0_CA_list(profile->ctx, names);
        names = NULL;
    }
    sk_X509_NAME_pop_free(names, X509_NAME_free);
    if ((settings->flags &
         (SCH_CRED_REVOCATION_CHECK_CHAIN | SCH_CRED_REVOCATION_CHECK_CHAIN_EXCLUDE_ROOT)) != 0)
        X509_VERIFY_PARAM_set_flags(parameters,
                                    X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    else if ((settings->flags & SCH_CRED_REVOCATION_CHECK_END_CERT) != 0)
        X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_CRL_CHECK);
    return status;
}

static void set_sessions(const struct profile *profile, SSL_CTX *ctx)
{
    const bool off = (profile->flags & SCH_CRED_DISABLE_RECONNECTS) != 0;

    SSL_CTX_set_timeout(ctx, (long)profile->lifespan_seconds);
    if (profile->server) {
        /* RFC 8446 does not say what a session belongs to; OpenSSL insists on being told. */
        SSL_CTX_set_session_id_context(ctx, profile->digest, SETTINGS_DIGEST_SIZE);
        SSL_CTX_set_session_cache_mode(ctx, off ? SSL_SESS_CACHE_OFF : SSL_SESS_CACHE_SERVER);
        SSL_CTX_sess_set_cache_size(ctx, 4096);
        SSL_CTX_set_num_tickets(ctx, off ? 0 : 1);
        if (off)
            SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    } else {
        SSL_CTX_set_session_cache_mode(
            ctx, off ? SSL_SESS_CACHE_OFF : SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    }
}

/* Renegotiation was an attack (RFC 5746) before it was a nuisance, and TLS 1.3 has none. */
#define OPTIONS (SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CLEANSE_PLAINTEXT)

static SECURITY_STATUS build(const struct settings *settings, bool server,
                             profile_install *install, struct profile *profile,
                             sspia_report *report)
{
    SECURITY_STATUS status;

    profile->server = server;
    profile->install = install;
    profile->flags = settings->flags;
    profile->lifespan_seconds = settings->lifespan_seconds;
    profile->expiry = INT64_MAX;
    profile->references = 1;
    profile->ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
    if (profile->ctx == NULL)
        return report_openssl(report, "SSL_CTX_new");
    SSL_CTX_set_options(profile->ctx, OPTIONS);
    SSL_CTX_set_default_passwd_cb(profile->ctx, certificate_password);
    status = set_algorithms(profile, settings, report);
    if (status == SEC_E_OK)
        status = set_identities(profile, settings, report);
    if (status == SEC_E_OK)
        status = set_trust(profile, settings, report);
    if (status == SEC_E_OK) {
        set_sessions(profile, profile->ctx);
        if (!install(profile->ctx, server) ||
            (server && (!ticket_make(&profile->ticket_key) ||
                        RAND_priv_bytes(profile->cookie_key, COOKIE_KEY_SIZE) != 1)))
            status = report_openssl(report, "setting the callbacks");
    }
    return status;
}

/* From what the SSL_CTX of TLS was made of. */
static SECURITY_STATUS build_datagrams(const struct profile *profile, SSL_CTX *ctx,
                                       sspia_report *report)
{
    STACK_OF(X509_NAME) *names = SSL_dup_CA_list(SSL_CTX_get_client_CA_list(profile->ctx));
    SECURITY_STATUS status = set_lists(ctx, &profile->lists, report);

    if (names != NULL)
        SSL_CTX_set0_CA_list(ctx, names);
    if (status != SEC_E_OK)
        return status;
    SSL_CTX_set_options(ctx, OPTIONS);
    SSL_CTX_set1_cert_store(ctx, SSL_CTX_get_cert_store(profile->ctx));
    if (SSL_CTX_set_min_proto_version(ctx, DTLS1_2_VERSION) != 1 ||
        SSL_CTX_set_max_proto_version(ctx, DTLS1_2_VERSION) != 1 ||
        SSL_CTX_set1_param(ctx, SSL_CTX_get0_param(profile->ctx)) != 1 ||
        !profile->install(ctx, profile->server))
        return report_openssl(report, "the settings of DTLS");
    /* 0: the first of each kind of key stays, and any other is an error that does not count. */
    for (uint32_t i = 0; i < profile->identity_count; i++) {
        const struct identity *identity = &profile->identities[i];

        (void)SSL_CTX_use_cert_and_key(ctx, identity->leaf, identity->key, identity->chain, 0);
    }
    set_sessions(profile, ctx);
    return SEC_E_OK;
}

SECURITY_STATUS profile_ctx(struct profile *profile, bool datagrams, SSL_CTX **result,
                            sspia_report *report)
{
    const uint32_t dtls12 = dtls12_of(profile);
    const uint32_t wanted = datagrams ? dtls12 : ~dtls12;
    SECURITY_STATUS status = SEC_E_OK;
    SSL_CTX *ctx;

    if ((profile->protocols & wanted) == 0) {
        report_line(report, "the credential's settings leave %s",
                    datagrams ? "no DTLS" : "nothing but DTLS (ISC_REQ_DATAGRAM)");
        return SEC_E_ALGORITHM_MISMATCH;
    }
    *result = profile->ctx;
    if (!datagrams)
        return SEC_E_OK;
    pthread_mutex_lock(&profile->lock);
    if (profile->datagrams == NULL) {
        ctx = SSL_CTX_new(profile->server ? DTLS_server_method() : DTLS_client_method());
        status = ctx != NULL ? build_datagrams(profile, ctx, report)
                             : report_openssl(report, "SSL_CTX_new");
        if (status == SEC_E_OK)
            profile->datagrams = ctx;
        else
            SSL_CTX_free(ctx);
    }
    *result = profile->datagrams;
    pthread_mutex_unlock(&profile->lock);
    return status;
}

bool profile_use_identities(const struct profile *profile, SSL *ssl, const char *name)
{
    bool any = false;

    for (uint32_t i = 0; i < profile->identity_count; i++) {
        const struct identity *identity = &profile->identities[i];

        if (name != NULL && X509_check_host(identity->leaf, name, 0, 0, NULL) != 1)
            continue;
        /* 0: the first of a kind of key stays. */
        if (SSL_use_cert_and_key(ssl, identity->leaf, identity->key, identity->chain, 0) == 1)
            any = true;
    }
    return any;
}

SECURITY_STATUS profile_acquire(const struct settings *settings, bool server,
                                profile_install *install, struct profile **result,
                                sspia_report *report)
{
    uint8_t digest[SETTINGS_DIGEST_SIZE];
    struct profile *profile, *fresh;
    SECURITY_STATUS status;

    if (!settings_digest(settings, server, digest))
        return report_openssl(report, "SHA-256");
    pthread_mutex_lock(&lock);
    profile = find(digest);
    if (profile != NULL)
        profile->references++;
    pthread_mutex_unlock(&lock);
    if (profile != NULL) {
        *result = profile;
        return SEC_E_OK;
    }

    fresh = OPENSSL_zalloc(sizeof(*fresh));
    if (fresh == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    pthread_mutex_init(&fresh->lock, NULL);
    memcpy(fresh->digest, digest, sizeof(digest));
    status = build(settings, server, install, fresh, report);
    if (status != SEC_E_OK) {
        destroy(fresh);
        return status;
    }
    pthread_mutex_lock(&lock);
    profile = find(digest); /* somebody may have been faster */
    if (profile != NULL) {
        profile->references++;
    } else {
        fresh->next = profiles;
        profiles = profile = fresh;
        fresh = NULL;
    }
    pthread_mutex_unlock(&lock);
    if (fresh != NULL)
        destroy(fresh);
    *result = profile;
    return SEC_E_OK;
}

void profile_release(struct profile *profile)
{
    struct profile **link = &profiles;
    bool last;

    pthread_mutex_lock(&lock);
    last = --profile->references == 0;
    if (last) {
        while (*link != profile)
            link = &(*link)->next;
        *link = profile->next;
    }
    pthread_mutex_unlock(&lock);
    if (last)
        destroy(profile);
}
