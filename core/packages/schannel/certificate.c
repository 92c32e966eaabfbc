/* SPDX-License-Identifier: MIT */
#include "certificate.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "host.h"
#include "pkcs12.h"
#include "status.h"

int certificate_password(char *buffer, int size, int writing, void *data)
{
    const char *password = data;
    size_t length;

    (void)writing;
    if (password == NULL || size < 0)
        return -1;
    length = strlen(password);
    if (length > (size_t)size)
        return -1;
    memcpy(buffer, password, length);
    return (int)length;
}

static BIO *bio_of(const uint8_t *bytes, size_t size)
{
    return size <= INT_MAX ? BIO_new_mem_buf(bytes, (int)size) : NULL;
}

static SECURITY_STATUS fail(sspia_report *report, SECURITY_STATUS status, const char *why)
{
    report_line(report, "%s", why);
    return status;
}

/* Whether a key could not be read for want of the right password. */
static bool refuses_password(const struct source *source, sspia_report *report,
                             SECURITY_STATUS *status)
{
    const unsigned long error = error_newest();
    const int library = ERR_GET_LIB(error), reason = ERR_GET_REASON(error);

    if (library == ERR_LIB_PEM &&
        (reason == PEM_R_BAD_PASSWORD_READ || reason == PEM_R_PROBLEMS_GETTING_PASSWORD)) {
        *status = fail(report, SEC_E_LOGON_DENIED,
                       source->password == NULL
                           ? "the private key is encrypted, and no password was given"
                           : "the password is too long");
        return true;
    }
    /* With a wrong password the padding does not fit (or, once in a while, what comes out is
     * no key). */
    if (source->password != NULL &&
        (library == ERR_LIB_PROV || (library == ERR_LIB_EVP && reason == EVP_R_BAD_DECRYPT) ||
         (library == ERR_LIB_PEM && reason == PEM_R_BAD_DECRYPT) || library == ERR_LIB_PKCS12 ||
         library == ERR_LIB_ASN1)) {
        *status = fail(report, SEC_E_LOGON_DENIED, "the password of the private key is wrong");
        return true;
    }
    return false;
}

static bool has_pem_key(const uint8_t *bytes, size_t size)
{
    static const char end[] = "PRIVATE KEY-----";

    return memmem(bytes, size, end, sizeof(end) - 1) != NULL;
}

static SECURITY_STATUS parse_key(const struct source *source, struct identity *identity,
                                 sspia_report *report)
{
    const bool apart = source->key != NULL;
    const uint8_t *bytes = apart ? source->key : source->content;
    const size_t size = apart ? source->key_size : source->content_size;
    const unsigned char *der = bytes;
    SECURITY_STATUS status;
    BIO *bio;

    ERR_clear_error(); /* the end of the certificates is in it */
    bio = bio_of(bytes, size);
    if (bio == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    identity->key = PEM_read_bio_PrivateKey(bio, NULL, certificate_password, source->password);
    BIO_free(bio);
    if (identity->key != NULL)
        return SEC_E_OK;
    if (refuses_password(source, report, &status))
        return status;
    if (!has_pem_key(bytes, size)) {
        if (!apart)
            return fail(report, SEC_E_NO_CREDENTIALS,
                        "there is no private key with the certificate");
        if (size <= LONG_MAX)
            identity->key = d2i_AutoPrivateKey(NULL, &der, (long)size);
        if (identity->key != NULL)
            return SEC_E_OK;
    }
    return fail(report, SEC_E_UNKNOWN_CREDENTIALS,
                "the private key can be read neither as PEM nor as DER");
}

static SECURITY_STATUS parse_pem(const struct source *source, struct identity *identity,
                                 sspia_report *report)
{
    SECURITY_STATUS status = SEC_E_OK;
    BIO *bio = bio_of(source->content, source->content_size);
    X509 *certificate;

    if (bio == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    /* The first may be a TRUSTED CERTIFICATE; X509_AUX reads both. */
    identity->leaf = PEM_read_bio_X509_AUX(bio, NULL, certificate_password, source->password);
    if (identity->leaf == NULL) {
        status =
            fail(report, SEC_E_UNKNOWN_CREDENTIALS, "it has no certificate in PEM or PKCS#12");
    }
    while (status == SEC_E_OK &&
           (certificate =
                PEM_read_bio_X509(bio, NULL, certificate_password, source->password)) != NULL) {
        if (sk_X509_push(identity->chain, certificate) == 0) {
            X509_free(certificate);
            status = SEC_E_INSUFFICIENT_MEMORY;
        }
    }
    /* The end of the text is an error too, the only one that is right. */
    if (status == SEC_E_OK && ERR_GET_REASON(error_newest()) != PEM_R_NO_START_LINE)
        status =
            fail(report, SEC_E_UNKNOWN_CREDENTIALS, "a certificate of the chain is malformed");
    BIO_free(bio);
    return status == SEC_E_OK ? parse_key(source, identity, report) : status;
}

/* RFC 8446 4.4.2: the root may be left out, the peer must have it anyway. */
static void drop_roots(struct identity *identity)
{
    for (int i = sk_X509_num(identity->chain) - 1; i >= 0; i--) {
        X509 *certificate = sk_X509_value(identity->chain, i);

        if ((X509_get_extension_flags(certificate) & EXFLAG_SS) != 0) {
            sk_X509_delete(identity->chain, i);
            X509_free(certificate);
        }
    }
}

SECURITY_STATUS certificate_parse(const struct source *source, bool send_root,
                                  struct identity *identity, sspia_report *report)
{
    /* A SEQUENCE of DER; text never begins with it. */
    const bool der = source->content_size > 0 && source->content[0] == 0x30;
    char name[256];
    SECURITY_STATUS status;

    *identity = (struct identity){.chain = sk_X509_new_null()};
    if (identity->chain == NULL)
        status = SEC_E_INSUFFICIENT_MEMORY;
    else if (der)
        status = pkcs12_parse(source, identity, report);
    else
        status = parse_pem(source, identity, report);
    if (status == SEC_E_OK && X509_check_private_key(identity->leaf, identity->key) != 1) {
        certificate_name_text(X509_get_subject_name(identity->leaf), name, sizeof(name));
        report_line(report, "the private key does not match the certificate of %s", name);
        status = SEC_E_UNKNOWN_CREDENTIALS;
    }
    if (status == SEC_E_OK && !send_root)
        drop_roots(identity);
    if (status != SEC_E_OK)
        identity_free(identity);
    return status;
}

PCCERT_CONTEXT certificate_export(X509 *certificate)
{
    int size = i2d_X509(certificate, NULL);
    CERT_CONTEXT *context;
    unsigned char *at;

    if (size <= 0)
        return NULL;
    context = host->allocate(sizeof(*context) + (size_t)size);
    if (context == NULL)
        return NULL;
    at = (unsigned char *)(context + 1);
    *context = (CERT_CONTEXT){
        .dwCertEncodingType = X509_ASN_ENCODING,
        .pbCertEncoded = at,
        .cbCertEncoded = (uint32_t)size,
    };
    i2d_X509(certificate, &at);
    return context;
}

static int64_t seconds_of(const ASN1_TIME *time)
{
    struct tm utc;
    time_t seconds;

    if (ASN1_TIME_to_tm(time, &utc) != 1)
        return INT64_MAX;
    seconds = timegm(&utc);
    return (int64_t)seconds;
}

int64_t certificate_not_after(const X509 *certificate)
{
    return seconds_of(X509_get0_notAfter(certificate));
}

void certificate_name_text(const X509_NAME *name, char *text, size_t size)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int length = 0;

    if (bio != NULL && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0)
        length = BIO_read(bio, text, (int)size - 1);
    text[length > 0 ? length : 0] = '\0';
    BIO_free(bio);
    if (text[0] == '\0' && size > 1)
        strncpy(text, "(no name)", size - 1)[size - 1] = '\0';
}
