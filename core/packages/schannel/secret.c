/* SPDX-License-Identifier: MIT */
/*
 * When a secret is given, in this order:
 *
 *   own handshake      with the ServerHello, and once more with the messages that it protects
 *                      if there were none at that time: their place in the token goes with it
 *   peer's handshake   with the ServerHello
 *   own application    when this side's Finished is in the token
 *   peer's application when the handshake is complete (RFC 9001 5.7: not before)
 */
#include "secret.h"

#include <string.h>

#include "host.h"
#include "status.h"
#include "suite.h"

enum { OWN_HANDSHAKE = 1, PLACE = 2, PEERS_HANDSHAKE = 4, OWN = 8, PEERS = 16 };
#define ALL (OWN_HANDSHAKE | PLACE | PEERS_HANDSHAKE | OWN | PEERS)

static uint32_t due(const struct context *context)
{
    uint32_t due = 0;

    if (context->hello)
        due |= OWN_HANDSHAKE | PEERS_HANDSHAKE;
    if (context->hello && context->flight.sizes[LEVEL_HANDSHAKE] > 0)
        due |= PLACE;
    if (context->finished)
        due |= OWN;
    if (context->state == CONTEXT_OPEN)
        due |= PEERS;
    return due & ~context->told;
}

static void write_wide(WCHAR target[SZ_ALG_MAX_SIZE], const char *ascii)
{
    for (size_t i = 0; ascii[i] != '\0'; i++)
        target[i] = (WCHAR)ascii[i];
}

static void describe(const SSL_CIPHER *cipher, SEC_TRAFFIC_SECRETS *secret)
{
    const struct suite *suite = suite_find(SSL_CIPHER_get_protocol_id(cipher));

    write_wide(secret->SymmetricAlgId, suite->cipher);
    write_wide(secret->ChainingMode, suite->mode == MODE_GCM   ? "ChainingModeGCM"
                                     : suite->mode == MODE_CCM ? "ChainingModeCCM"
                                                               : "");
    write_wide(secret->HashAlgId, suite->hash_bits == 384 ? "SHA384" : "SHA256");
    secret->KeySize = suite->key_bits / 8u;
    secret->IvSize = AEAD_NONCE_SIZE;
}

static SECURITY_STATUS add(struct context *context, enum traffic_kind kind, bool placed,
                           sspia_step_result *result, sspia_report *report)
{
    const SSL_CIPHER *current = SSL_get_current_cipher(context->ssl);
    const SSL_CIPHER *cipher = current != NULL ? current : SSL_get_pending_cipher(context->ssl);
    const EVP_MD *digest = SSL_CIPHER_get_handshake_digest(cipher);
    const size_t size = (size_t)EVP_MD_get_size(digest);
    const uint8_t *bytes = traffic_find(&context->seal.traffic, context->ssl, digest, kind);
    const struct flight *flight = &context->flight;
    const size_t whole = offsetof(SEC_TRAFFIC_SECRETS, TrafficSecret) + size;
    SEC_TRAFFIC_SECRETS *secret;

    if (bytes == NULL) {
        report_line(report, "OpenSSL does not give out the secret of this key exchange");
        return context_fail(context, SEC_E_UNSUPPORTED_FUNCTION, report);
    }
    secret = host->allocate(whole > sizeof(*secret) ? whole : sizeof(*secret));
    if (secret == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    memset(secret, 0, sizeof(*secret));
    describe(cipher, secret);
    secret->TrafficSecretType = kind == TRAFFIC_SERVER || kind == TRAFFIC_SERVER_HANDSHAKE
                                    ? SecTrafficSecret_Server
                                    : SecTrafficSecret_Client;
    if (placed) {
        secret->MsgSequenceStart = (uint16_t)flight->sizes[LEVEL_INITIAL];
        secret->MsgSequenceEnd =
            (uint16_t)(flight->sizes[LEVEL_INITIAL] + flight->sizes[LEVEL_HANDSHAKE]);
    }
    secret->TrafficSecretSize = (uint16_t)size;
    memcpy(secret->TrafficSecret, bytes, size);
    result->outputs[result->output_count++] =
        (sspia_output){SECBUFFER_TRAFFIC_SECRETS, {secret, whole}};
    return SEC_E_OK;
}

SECURITY_STATUS secret_give(struct context *context, sspia_step_result *result,
                            sspia_report *report)
{
    const bool server = context->server;
    const uint32_t now = due(context);
    SECURITY_STATUS status = SEC_E_OK;

    if ((now & (OWN_HANDSHAKE | PLACE)) != 0)
        status = add(context, server ? TRAFFIC_SERVER_HANDSHAKE : TRAFFIC_CLIENT_HANDSHAKE,
                     (now & PLACE) != 0, result, report);
    if (status == SEC_E_OK && (now & PEERS_HANDSHAKE) != 0)
        status = add(context, server ? TRAFFIC_CLIENT_HANDSHAKE : TRAFFIC_SERVER_HANDSHAKE,
                     false, result, report);
    if (status == SEC_E_OK && (now & OWN) != 0)
        status = add(context, server ? TRAFFIC_SERVER : TRAFFIC_CLIENT, false, result, report);
    if (status == SEC_E_OK && (now & PEERS) != 0)
        status = add(context, server ? TRAFFIC_CLIENT : TRAFFIC_SERVER, false, result, report);
    if (status != SEC_E_OK)
        return status;
    context->told |= now;
    if (now != 0 && context->told == ALL)
        traffic_settle(&context->seal.traffic);
    return SEC_E_OK;
}
