/* SPDX-License-Identifier: MIT */
/* The keys that a server's session tickets are sealed with. */
#ifndef SCHANNEL_TICKET_H
#define SCHANNEL_TICKET_H

#include <openssl/evp.h>
#include <pthread.h>
#include <stdbool.h>

#include "schannel.h"
#include "sspi_package.h"

#define TICKET_KEYS_MAX  16u
#define TICKET_NAME_SIZE 16u

struct ticket_key {
    uint8_t name[TICKET_NAME_SIZE];
    uint8_t hmac[32], aes[32];
};

/* A caller's, of one credential. */
struct ticket_keys {
    pthread_mutex_t lock;
    struct ticket_key keys[TICKET_KEYS_MAX];
    uint32_t count; /* 0: the profile's own key is used */
};

void ticket_init(struct ticket_keys *keys);
void ticket_destroy(struct ticket_keys *keys);

/* Replaces them by a caller's. */
SECURITY_STATUS ticket_set(struct ticket_keys *keys, const void *buffer, size_t size,
                           sspia_report *report);

/* A key of its own for a profile. */
bool ticket_make(struct ticket_key *key);

/* A copy of the caller's key of a name, or of the first if that is NULL; own stands for them
 * where there are none. Its place; -1: there is no such key. */
int ticket_find(struct ticket_keys *keys, const struct ticket_key *own, const uint8_t *name,
                struct ticket_key *key);

/* Makes OpenSSL's contexts seal a ticket, with an IV that it chooses, or open one. */
bool ticket_use(const struct ticket_key *key, uint8_t *iv, EVP_CIPHER_CTX *cipher,
                EVP_MAC_CTX *mac, bool sealing);

#endif
