/* SPDX-License-Identifier: MIT */
#include "ntlm_pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

SECURITY_STATUS ntlm_pair_acquire(ntlm_pair *pair, const sspia_identity *client,
                                  const sspia_identity *server, uint64_t flags)
{
    SECURITY_STATUS status;

    *pair = (ntlm_pair){.initiator = {.target = "HTTP/localhost", .flags = flags}};
    status = realm_side_acquire(&pair->initiator, "NTLM", SECPKG_CRED_OUTBOUND, NULL, client);
    return status == SEC_E_OK
               ? realm_side_acquire(&pair->acceptor, "NTLM", SECPKG_CRED_INBOUND, NULL, server)
               : status;
}

SECURITY_STATUS ntlm_pair_connect(ntlm_pair *pair, const sspia_identity *client,
                                  const sspia_identity *server, uint64_t flags)
{
    SECURITY_STATUS status = ntlm_pair_acquire(pair, client, server, flags);

    return status == SEC_E_OK ? realm_shake(&pair->initiator, &pair->acceptor) : status;
}

void ntlm_pair_end(ntlm_pair *pair)
{
    realm_side_release(&pair->initiator);
    realm_side_release(&pair->acceptor);
    assert_int_equal(realm_host_blocks(), 0);
}

unsigned char *ntlm_pair_token(realm_side *side, size_t *size)
{
    unsigned char *copy = malloc(side->token.size);

    assert_non_null(copy);
    assert_true(side->token.size > 0);
    memcpy(copy, side->token.data, side->token.size);
    *size = side->token.size;
    return copy;
}

static SecBufferDesc message(SecBuffer buffers[2], void *data, size_t size, void *token)
{
    buffers[0] = (SecBuffer){16, SECBUFFER_TOKEN, token};
    buffers[1] = (SecBuffer){(uint32_t)size, SECBUFFER_DATA, data};
    return (SecBufferDesc){SECBUFFER_VERSION, 2, buffers};
}

SECURITY_STATUS ntlm_pair_sign(realm_side *side, void *data, size_t size, void *token)
{
    SecBuffer buffers[2];
    SecBufferDesc made = message(buffers, data, size, token);

    return side->package->make_signature(side->context, 0, &made, &side->report);
}

SECURITY_STATUS ntlm_pair_verify(realm_side *side, void *data, size_t size, void *token)
{
    SecBuffer buffers[2];
    SecBufferDesc made = message(buffers, data, size, token);

    return side->package->verify_signature(side->context, &made, NULL, &side->report);
}

SECURITY_STATUS ntlm_pair_seal(realm_side *side, uint32_t qop, void *data, size_t size,
                               void *token)
{
    SecBuffer buffers[2];
    SecBufferDesc made = message(buffers, data, size, token);

    return side->package->encrypt(side->context, qop, &made, &side->report);
}

SECURITY_STATUS ntlm_pair_unseal(realm_side *side, void *data, size_t size, void *token,
                                 uint32_t *qop)
{
    SecBuffer buffers[2];
    SecBufferDesc made = message(buffers, data, size, token);

    return side->package->decrypt(side->context, &made, qop, &side->report);
}
