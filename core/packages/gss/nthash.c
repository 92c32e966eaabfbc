/* SPDX-License-Identifier: MIT */
/*
 * The NT hash of a password.
 *
 * gss-ntlmssp 1.2.0 would compute it itself, at 450 us and about 15 KB lost each time: it
 * makes a new OpenSSL library context for every MD4. Ours is made once and lives for ever.
 * It is a private one because MD4 needs the legacy provider, and loading that into the
 * default context would change what the whole process sees.
 */
#include "nthash.h"
#include "text.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <pthread.h>

#define PASSWORD_MAX 256

static EVP_MD *md4;
static pthread_once_t md4_once = PTHREAD_ONCE_INIT;

static void fetch_md4(void)
{
    OSSL_LIB_CTX *library = OSSL_LIB_CTX_new();

    if (library != NULL && OSSL_PROVIDER_load(library, "legacy") != NULL)
        md4 = EVP_MD_fetch(library, "MD4", NULL);
    if (md4 == NULL)
        OSSL_LIB_CTX_free(library);
}

static void to_hex(const unsigned char *bytes, char hex[GSS_NTHASH_HEX])
{
    static const char digits[] = "0123456789ABCDEF";

    for (int i = 0; i < GSS_NTHASH_SIZE; i++) {
        hex[2 * i] = digits[bytes[i] >> 4];
        hex[2 * i + 1] = digits[bytes[i] & 15];
    }
    hex[2 * GSS_NTHASH_SIZE] = '\0';
}

bool gss_nthash(const char *password, char hex[GSS_NTHASH_HEX])
{
    char16_t units[PASSWORD_MAX + 1];
    unsigned char bytes[2 * PASSWORD_MAX];
    unsigned char hash[EVP_MAX_MD_SIZE];
    size_t count;
    bool done = false;

    pthread_once(&md4_once, fetch_md4);
    count = gss_text_to_utf16(password, units, PASSWORD_MAX + 1);
    if (md4 == NULL || count == (size_t)-1)
        goto done;
    for (size_t i = 0; i < count; i++) {
        bytes[2 * i] = (unsigned char)(units[i] & 0xff);
        bytes[2 * i + 1] = (unsigned char)(units[i] >> 8);
    }
    if (EVP_Digest(bytes, 2 * count, hash, NULL, md4, NULL) != 1)
        goto done;
    to_hex(hash, hex);
    done = true;

done:
    OPENSSL_cleanse(units, sizeof units);
    OPENSSL_cleanse(bytes, sizeof bytes);
    OPENSSL_cleanse(hash, sizeof hash);
    return done;
}

bool gss_nthash_random(char hex[GSS_NTHASH_HEX])
{
    unsigned char bytes[GSS_NTHASH_SIZE];

    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return false;
    to_hex(bytes, hex);
    OPENSSL_cleanse(bytes, sizeof bytes);
    return true;
}
