/* SPDX-License-Identifier: MIT */
/* The cipher suites of this package, and which of them a caller's settings leave. */
#ifndef SCHANNEL_SUITE_H
#define SCHANNEL_SUITE_H

#include <stdint.h>

#include "settings.h"

enum suite_exchange { EXCHANGE_ANY, EXCHANGE_ECDHE, EXCHANGE_DHE }; /* any: TLS 1.3 */
enum suite_mode { MODE_GCM, MODE_CCM, MODE_POLY1305 };

struct suite {
    uint16_t id;          /* IANA */
    const char *name;     /* IANA */
    const char *openssl;  /* OpenSSL's name */
    const char *exchange; /* "ECDH", "DH"; "" in TLS 1.3 */
    const char *auth;     /* "RSA", "ECDSA"; "" in TLS 1.3 */
    const char *cipher;   /* "AES", "CHACHA20_POLY1305" */
    enum suite_mode mode;
    uint16_t key_bits;
    uint16_t hash_bits;
};

/* What a caller may find in it by number, whatever the settings leave. */
size_t suite_algorithms(const ALG_ID **algorithms);

/* NULL for a suite that this package never negotiates. */
const struct suite *suite_find(uint16_t id);

/* Lists in OpenSSL's syntax. "" in tls12 or tls13: none is left. "" in groups or sigalgs:
 * OpenSSL's defaults. */
struct suite_lists {
    char tls12[512];
    char tls13[256];
    char groups[256];
    char sigalgs[512];
    uint32_t min_bits, max_bits; /* of the ciphers left */
};

/* SEC_E_ALGORITHM_MISMATCH if nothing is left to connect with. */
SECURITY_STATUS suite_select(const struct settings *settings, struct suite_lists *lists,
                             sspia_report *report);

#endif
