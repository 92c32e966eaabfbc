/* SPDX-License-Identifier: MIT */
/* Signing and sealing with extended session security (MS-NLMP 3.4): the keys of both
 * directions, the numbers of messages, and one RC4 stream a direction. */
#include "session.h"

#include <string.h>

#define CHECKSUM_PLACE 4u
#define CHECKSUM_SIZE  8u
#define NUMBER_PLACE   12u

/* MS-NLMP 3.4.5.2 and 3.4.5.3, with their NULs. */
static const char client_sign[] = "session key to client-to-server signing key magic constant";
static const char server_sign[] = "session key to server-to-client signing key magic constant";
static const char client_seal[] = "session key to client-to-server sealing key magic constant";
static const char server_seal[] = "session key to server-to-client sealing key magic constant";

static bool derive(const unsigned char key[NTLM_KEY_SIZE], const char *magic, size_t size,
                   unsigned char derived[NTLM_KEY_SIZE])
{
    ntlm_digest digest;

    ntlm_digest_start(&digest);
    ntlm_digest_add(&digest, key, NTLM_KEY_SIZE);
    ntlm_digest_add(&digest, magic, size);
    return ntlm_digest_end(&digest, derived);
}

/* The four constants are equally long. */
static bool open_direction(ntlm_direction *direction, const unsigned char key[NTLM_KEY_SIZE],
                           const char *sign, const char *seal)
{
    unsigned char seal_key[NTLM_KEY_SIZE];
    bool done = derive(key, sign, sizeof client_sign, direction->sign_key) &&
                derive(key, seal, sizeof client_seal, seal_key);

    if (done)
        ntlm_rc4_start(&direction->cipher, seal_key, sizeof seal_key);
    ntlm_crypto_wipe(seal_key, sizeof seal_key);
    direction->number = 0;
    return done;
}

static bool make_keys(ntlm_session *session)
{
    ntlm_direction *client = session->initiator ? &session->out : &session->in;
    ntlm_direction *server = session->initiator ? &session->in : &session->out;

    if (session->has_keys)
        return true;
    session->has_keys = open_direction(client, session->key, client_sign, client_seal) &&
                        open_direction(server, session->key, server_sign, server_seal);
    if (!session->has_keys) {
        ntlm_crypto_wipe(&session->out, sizeof session->out);
        ntlm_crypto_wipe(&session->in, sizeof session->in);
    }
    return session->has_keys;
}

bool ntlm_session_restart(ntlm_session *session)
{
    const uint32_t numbers[2] = {session->has_keys ? session->out.number : 0,
                                 session->has_keys ? session->in.number : 0};

    session->has_keys = false;
    if (!make_keys(session))
        return false;
    session->out.number = numbers[0];
    session->in.number = numbers[1];
    return true;
}

bool ntlm_session_is_used(const ntlm_session *session)
{
    return session->has_keys && (session->out.number > 1 || session->in.number > 1);
}

void ntlm_session_wipe(ntlm_session *session)
{
    ntlm_crypto_wipe(session->key, sizeof session->key);
    if (session->has_keys) {
        ntlm_crypto_wipe(&session->out, sizeof session->out);
        ntlm_crypto_wipe(&session->in, sizeof session->in);
    }
    session->has_keys = false;
}

static void store32(unsigned char *place, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        place[i] = (unsigned char)(value >> (8 * i));
}

/* The signature before its checksum is encrypted (MS-NLMP 3.4.4.2). */
static bool sign(const ntlm_direction *direction, const ntlm_piece *pieces, size_t count,
                 unsigned char signature[NTLM_SIGNATURE_SIZE])
{
    unsigned char mac[NTLM_DIGEST_SIZE];
    unsigned char number[4];
    ntlm_hmac hmac;

    store32(number, direction->number);
    ntlm_hmac_start(&hmac, direction->sign_key);
    ntlm_hmac_add(&hmac, number, sizeof number);
    for (size_t i = 0; i < count; i++)
        ntlm_hmac_add(&hmac, pieces[i].data, pieces[i].size);
    if (!ntlm_hmac_end(&hmac, mac))
        return false;
    store32(signature, 1);
    memcpy(signature + CHECKSUM_PLACE, mac, CHECKSUM_SIZE);
    memcpy(signature + NUMBER_PLACE, number, sizeof number);
    return true;
}

static void apply(ntlm_rc4 *cipher, const ntlm_piece *pieces, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (pieces[i].sealed)
            ntlm_rc4_apply(cipher, pieces[i].data, pieces[i].size);
    }
}

bool ntlm_session_protect(ntlm_session *session, const ntlm_piece *pieces, size_t count,
                          unsigned char signature[NTLM_SIGNATURE_SIZE])
{
    ntlm_direction *out = &session->out;

    if (!make_keys(session) || !sign(out, pieces, count, signature))
        return false;
    apply(&out->cipher, pieces, count);
    if (session->encrypts_checksum)
        ntlm_rc4_apply(&out->cipher, signature + CHECKSUM_PLACE, CHECKSUM_SIZE);
    out->number++;
    return true;
}

SECURITY_STATUS ntlm_session_check(ntlm_session *session, const ntlm_piece *pieces,
                                   size_t count,
                                   const unsigned char signature[NTLM_SIGNATURE_SIZE])
{
    unsigned char expected[NTLM_SIGNATURE_SIZE];
    unsigned char number[4];
    ntlm_direction *in = &session->in;
    ntlm_rc4 before;
    SECURITY_STATUS status = SEC_E_OK;

    if (!make_keys(session))
        return SEC_E_CRYPTO_SYSTEM_INVALID;
    store32(number, in->number);
    if (memcmp(signature + NUMBER_PLACE, number, sizeof number) != 0)
        return SEC_E_OUT_OF_SEQUENCE;
    before = in->cipher;
    apply(&in->cipher, pieces, count);
    if (!sign(in, pieces, count, expected)) {
        status = SEC_E_CRYPTO_SYSTEM_INVALID;
    } else {
        if (session->encrypts_checksum)
            ntlm_rc4_apply(&in->cipher, expected + CHECKSUM_PLACE, CHECKSUM_SIZE);
        if (!ntlm_crypto_equal(expected, signature, sizeof expected))
            status = SEC_E_MESSAGE_ALTERED;
    }
    if (status == SEC_E_OK) {
        in->number++;
    } else { /* the same stream once more gives back what came */
        in->cipher = before;
        apply(&in->cipher, pieces, count);
        in->cipher = before;
    }
    ntlm_crypto_wipe(&before, sizeof before);
    ntlm_crypto_wipe(expected, sizeof expected);
    return status;
}
