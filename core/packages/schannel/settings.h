/* SPDX-License-Identifier: MIT */
/* The caller's SCH_CREDENTIALS or SCHANNEL_CRED, checked and copied whole. */
#ifndef SCHANNEL_SETTINGS_H
#define SCHANNEL_SETTINGS_H

#include <stdbool.h>

#include "schannel.h"
#include "sspi_package.h"

#define SETTINGS_CERTIFICATES_MAX 16u
#define SETTINGS_ALGORITHMS_MAX   64u
#define SETTINGS_DISABLED_MAX     64u
#define SETTINGS_NAME_SIZE        32u

/* One CRYPTO_SETTINGS, its names in ASCII. */
struct disabled_crypto {
    uint32_t usage;
    char name[SETTINGS_NAME_SIZE];
    bool gcm, ccm; /* both false: any mode */
    uint32_t min_bits, max_bits;
};

/* What sspia_certificate_load_* or sspia_roots_load_* holds. */
struct source {
    uint8_t *content;
    size_t content_size;
    uint8_t *key; /* NULL: in the content */
    size_t key_size;
    char *password; /* or NULL */
    uint32_t flags;
};

struct settings {
    uint32_t flags;     /* SCH_* */
    uint32_t protocols; /* SP_PROT_* that may be used, of both sides */
    uint32_t lifespan_seconds;
    uint32_t min_strength, max_strength; /* bits; 0: no bound */
    ALG_ID algorithms[SETTINGS_ALGORITHMS_MAX];
    uint32_t algorithm_count;
    struct disabled_crypto disabled[SETTINGS_DISABLED_MAX];
    uint32_t disabled_count;
    struct source certificates[SETTINGS_CERTIFICATES_MAX];
    uint32_t certificate_count;
    bool has_roots;
    struct source roots;
};

/* What a credential without pAuthData has. */
void settings_default(struct settings *settings);

/* sspia_package.copy_auth_data and free_auth_data. The copy is wiped when it is freed. */
SECURITY_STATUS settings_copy(const void *auth_data, void **copy, sspia_report *report);
void settings_free(void *copy);

#define SETTINGS_DIGEST_SIZE 32u
/* Equal for settings that are equal in all that matters (SHA-256 over all of it, keys and
 * passwords included). False: OpenSSL failed. */
bool settings_digest(const struct settings *settings, bool server,
                     uint8_t digest[SETTINGS_DIGEST_SIZE]);

#endif
