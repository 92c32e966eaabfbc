/* SPDX-License-Identifier: MIT */
/* Certificates made on the fly, and the objects of schannel.h made of them. */
#ifndef TLS_MAKER_H
#define TLS_MAKER_H

#include <openssl/x509.h>
#include <stdbool.h>

#include <schannel.h>

struct tls_cert {
    X509 *x509;
    EVP_PKEY *key;
};

/* What differs from a good certificate for a year. */
struct tls_traits {
    bool authority;
    bool expired;
    bool not_yet;
    bool client_only;     /* extendedKeyUsage clientAuth */
    bool rsa;             /* 2048 bits; else P-256 */
    const char *names;    /* subjectAltName, "DNS:a,IP:127.0.0.1"; NULL: none */
    const EVP_MD *digest; /* of the signature; NULL: SHA-256 */
};

/* issuer NULL: self-signed. Aborts the test if OpenSSL fails. */
struct tls_cert tls_make(const struct tls_cert *issuer, const char *common_name,
                         const struct tls_traits *traits);
void tls_unmake(struct tls_cert *cert);

/* PEM of the certificate and, unless key is NULL, of that key (encrypted if there is a
 * password), and of the issuers up to a NULL. Freed with free. */
char *tls_pem(const struct tls_cert *cert, EVP_PKEY *key, const char *password, ...);
/* PKCS#12 of both; *size receives its length. Freed with free. */
void *tls_pkcs12(const struct tls_cert *cert, const char *password, size_t *size);
/* The same as older Windows exports it: the key under 3DES, the certificate under a
 * NID_pbe_WithSHA1And... NULL if OpenSSL's legacy provider is not installed. */
void *tls_old_pkcs12(const struct tls_cert *cert, int algorithm, const char *password,
                     size_t *size);

/* For paCred and hRootStore. */
PCCERT_CONTEXT tls_load(const struct tls_cert *cert, const struct tls_cert *issuer);
HCERTSTORE tls_trust(const struct tls_cert *authority);

/* A revocation list of the authority, in PEM behind its certificate; revoked may be NULL. */
HCERTSTORE tls_trust_with_list(const struct tls_cert *authority,
                               const struct tls_cert *revoked);

#endif
