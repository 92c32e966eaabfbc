/* SPDX-License-Identifier: MIT */
#include "roots.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/auxv.h>

#include "certificate.h"
#include "status.h"

/* Where Linux systems keep the roots. OpenSSL's own places come from how it was built or, in
 * an ordinary process, from SSL_CERT_FILE and SSL_CERT_DIR. With raised privilege whoever
 * started the process must not choose whom it trusts: the environment is left out then. */
static bool load_system(X509_STORE *store)
{
    if (getauxval(AT_SECURE) == 0)
        return X509_STORE_set_default_paths(store) == 1;

    const bool file = X509_STORE_load_file(store, X509_get_default_cert_file()) == 1;

    return X509_STORE_load_path(store, X509_get_default_cert_dir()) == 1 || file;
}

static SECURITY_STATUS add(X509_STORE *store, const X509_INFO *info, size_t *count,
                           STACK_OF(X509_NAME) * names)
{
    X509_NAME *name;

    if (info->x509 != NULL) {
        if (X509_STORE_add_cert(store, info->x509) != 1)
            return SEC_E_INSUFFICIENT_MEMORY;
        ++*count;
        if (names != NULL) {
            name = X509_NAME_dup(X509_get_subject_name(info->x509));
            if (name == NULL || sk_X509_NAME_push(names, name) == 0) {
                X509_NAME_free(name);
                return SEC_E_INSUFFICIENT_MEMORY;
            }
        }
    }
    if (info->crl != NULL && X509_STORE_add_crl(store, info->crl) != 1)
        return SEC_E_INSUFFICIENT_MEMORY;
    return SEC_E_OK;
}

static SECURITY_STATUS load_pem(X509_STORE *store, const struct source *source,
                                STACK_OF(X509_NAME) * names, sspia_report *report)
{
    BIO *bio = source->content_size <= INT_MAX
                   ? BIO_new_mem_buf(source->content, (int)source->content_size)
                   : NULL;
    STACK_OF(X509_INFO) *infos =
        bio != NULL ? PEM_X509_INFO_read_bio(bio, NULL, certificate_password, NULL) : NULL;
    SECURITY_STATUS status = SEC_E_OK;
    size_t count = 0;

    BIO_free(bio);
    if (infos == NULL) {
        report_openssl(report, "the roots cannot be read");
        return SEC_E_UNKNOWN_CREDENTIALS;
    }
    for (int i = 0; i < sk_X509_INFO_num(infos) && status == SEC_E_OK; i++)
        status = add(store, sk_X509_INFO_value(infos, i), &count, names);
    sk_X509_INFO_pop_free(infos, X509_INFO_free);
    if (status == SEC_E_OK && count == 0) {
        report_line(report, "there is no certificate in PEM among the roots");
        status = SEC_E_UNKNOWN_CREDENTIALS;
    }
    return status;
}

SECURITY_STATUS roots_load(SSL_CTX *ctx, const struct settings *settings,
                           STACK_OF(X509_NAME) * names, sspia_report *report)
{
    X509_STORE *store = SSL_CTX_get_cert_store(ctx);
    const bool system =
        !settings->has_roots || (settings->roots.flags & SSPIA_ROOTS_SYSTEM) != 0;
    SECURITY_STATUS status = SEC_E_OK;

    if (settings->has_roots && settings->roots.content != NULL)
        status = load_pem(store, &settings->roots, names, report);
    /* A system without roots is one that trusts nobody: validation will say so. */
    if (status == SEC_E_OK && system)
        (void)load_system(store);
    return status;
}
