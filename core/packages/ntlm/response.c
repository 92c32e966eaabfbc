/* SPDX-License-Identifier: MIT */
/* What a client answers to a challenge, and the keys that come of it (MS-NLMP 3.3.2). */
#include "response.h"
#include "md4.h"
#include "message.h"
#include "text.h"

#include <string.h>

#define PASSWORD_MAX 256u

bool ntlm_response_hash(const char *password, unsigned char hash[NTLM_HASH_SIZE])
{
    unsigned char wire[2 * PASSWORD_MAX];
    size_t size = ntlm_text_to_wire(password, wire, sizeof wire);

    if (size != NTLM_TEXT_BAD)
        ntlm_md4(wire, size, hash);
    ntlm_crypto_wipe(wire, sizeof wire);
    return size != NTLM_TEXT_BAD;
}

bool ntlm_response_key(const unsigned char hash[NTLM_HASH_SIZE], ntlm_bytes user,
                       ntlm_bytes domain, unsigned char key[NTLM_KEY_SIZE])
{
    ntlm_hmac hmac;

    ntlm_hmac_start(&hmac, hash);
    ntlm_hmac_add(&hmac, user.data, user.size);
    ntlm_hmac_add(&hmac, domain.data, domain.size);
    return ntlm_hmac_end(&hmac, key);
}

bool ntlm_response_prove(const unsigned char key[NTLM_KEY_SIZE], const unsigned char *challenge,
                         ntlm_bytes rest, unsigned char proof[NTLM_PROOF_SIZE],
                         unsigned char base_key[NTLM_KEY_SIZE])
{
    ntlm_hmac hmac;

    ntlm_hmac_start(&hmac, key);
    ntlm_hmac_add(&hmac, challenge, NTLM_CHALLENGE_SIZE);
    ntlm_hmac_add(&hmac, rest.data, rest.size);
    if (!ntlm_hmac_end(&hmac, proof))
        return false;
    ntlm_hmac_start(&hmac, key);
    ntlm_hmac_add(&hmac, proof, NTLM_PROOF_SIZE);
    return ntlm_hmac_end(&hmac, base_key);
}

void ntlm_response_write_head(unsigned char *response, const unsigned char time[8],
                              const unsigned char nonce[8])
{
    memset(response, 0, NTLM_RESPONSE_PAIRS);
    response[NTLM_PROOF_SIZE] = 1;     /* RespType */
    response[NTLM_PROOF_SIZE + 1] = 1; /* HiRespType */
    memcpy(response + NTLM_RESPONSE_TIME, time, 8);
    memcpy(response + NTLM_RESPONSE_NONCE, nonce, 8);
}

bool ntlm_response_mic(const unsigned char key[NTLM_KEY_SIZE], ntlm_bytes negotiate,
                       ntlm_bytes challenge, ntlm_bytes authenticate,
                       unsigned char mic[NTLM_DIGEST_SIZE])
{
    static const unsigned char zeros[NTLM_MIC_SIZE];
    ntlm_hmac hmac;

    ntlm_hmac_start(&hmac, key);
    ntlm_hmac_add(&hmac, negotiate.data, negotiate.size);
    ntlm_hmac_add(&hmac, challenge.data, challenge.size);
    ntlm_hmac_add(&hmac, authenticate.data, NTLM_MIC_PLACE);
    ntlm_hmac_add(&hmac, zeros, sizeof zeros);
    ntlm_hmac_add(&hmac, authenticate.data + NTLM_AUTHENTICATE_HEAD,
                  authenticate.size - NTLM_AUTHENTICATE_HEAD);
    return ntlm_hmac_end(&hmac, mic);
}
