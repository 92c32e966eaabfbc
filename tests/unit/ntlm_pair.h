/* SPDX-License-Identifier: MIT */
/* Two sides of the package NTLM, for its tests: realm_host.h without a realm. */
#ifndef NTLM_PAIR_H
#define NTLM_PAIR_H

#include "realm_host.h"

typedef struct ntlm_pair {
    realm_side initiator;
    realm_side acceptor;
} ntlm_pair;

/* Credentials; the target is HTTP/localhost. Returns the first failure. */
SECURITY_STATUS ntlm_pair_acquire(ntlm_pair *pair, const sspia_identity *client,
                                  const sspia_identity *server, uint64_t flags);
/* And the handshake. */
SECURITY_STATUS ntlm_pair_connect(ntlm_pair *pair, const sspia_identity *client,
                                  const sspia_identity *server, uint64_t flags);
/* Releases all, and checks that nothing of the host's is left. */
void ntlm_pair_end(ntlm_pair *pair);

/* A copy of a side's token, in memory to be freed; *size gets its length. */
unsigned char *ntlm_pair_token(realm_side *side, size_t *size);

/* MakeSignature and so on, of one DATA. token has 16 bytes. */
SECURITY_STATUS ntlm_pair_sign(realm_side *side, void *data, size_t size, void *token);
SECURITY_STATUS ntlm_pair_verify(realm_side *side, void *data, size_t size, void *token);
SECURITY_STATUS ntlm_pair_seal(realm_side *side, uint32_t qop, void *data, size_t size,
                               void *token);
SECURITY_STATUS ntlm_pair_unseal(realm_side *side, void *data, size_t size, void *token,
                                 uint32_t *qop);

#endif
