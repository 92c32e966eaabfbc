/* SPDX-License-Identifier: MIT */
/* The initiator's two legs: NEGOTIATE_MESSAGE, and the answer to the challenge (MS-NLMP 3.1.5).
 */
#include "av_pair.h"
#include "context.h"
#include "host.h"
#include "status.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

/* What is offered whatever the caller wants. A server that only knows OEM text, 56 bits or
 * NTLMv1's session security finds nothing in it. */
#define ALWAYS                                                                                 \
    (NTLM_UNICODE | NTLM_REQUEST_TARGET | NTLM_NTLM | NTLM_ALWAYS_SIGN | NTLM_EXTENDED |       \
     NTLM_128)

static uint32_t offer(uint64_t requested)
{
    uint32_t flags = ALWAYS;

    if ((requested & (ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT)) &&
        !(requested & ISC_REQ_NO_INTEGRITY))
        flags |= NTLM_SIGN;
    if (requested & ISC_REQ_CONFIDENTIALITY)
        flags |= NTLM_SIGN | NTLM_SEAL;
    if (flags & NTLM_SIGN) /* without it there is no key to exchange (MS-NLMP 3.1.5.1.2) */
        flags |= NTLM_KEY_EXCHANGE;
    if (requested & ISC_REQ_IDENTIFY)
        flags |= NTLM_IDENTIFY;
    return flags;
}

static SECURITY_STATUS begin(ntlm_context *context, const sspia_step *step,
                             sspia_step_result *result)
{
    result->token.data = ntlm_host->allocate(NTLM_NEGOTIATE_SIZE);
    if (result->token.data == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    result->token.size = NTLM_NEGOTIATE_SIZE;
    context->requested = step->requested;
    context->flags = offer(step->requested);
    context->attributes = ntlm_context_attributes(context, context->flags);
    ntlm_message_write_negotiate(result->token.data, context->flags);
    result->attributes = context->attributes;
    result->expiry = INT64_MAX;
    return SEC_I_CONTINUE_NEEDED;
}

static SECURITY_STATUS may_begin(const sspia_step *step, sspia_report *report)
{
    const ntlm_credential *credential = step->credential;

    if (!(credential->use & SECPKG_CRED_OUTBOUND))
        return ntlm_report(report, SEC_E_NO_CREDENTIALS, "credential", "it is inbound only");
    if (step->requested & ISC_REQ_DATAGRAM)
        return ntlm_report(report, SEC_E_UNSUPPORTED_FUNCTION, "ISC_REQ_DATAGRAM",
                           "NTLM without a connection is not implemented");
    if (ntlm_context_token(step).size > 0)
        return ntlm_report(report, SEC_E_INVALID_TOKEN, "token",
                           "in NTLM the client speaks first");
    return SEC_E_OK;
}

/* What the challenge must bring along. A server, or somebody on the way, that takes protection
 * out of it is not gone along with. */
static SECURITY_STATUS agree(const ntlm_context *context, const ntlm_challenge *challenge,
                             uint32_t *flags, sspia_report *report)
{
    const uint32_t wanted = context->flags & (NTLM_SIGN | NTLM_SEAL);
    const char *lack = NULL;

    *flags = context->flags & challenge->flags;
    if (!(*flags & NTLM_UNICODE))
        lack = "the server supports OEM text only, which is not supported here";
    else if (!(*flags & NTLM_EXTENDED))
        lack = "the server does not offer extended session security: LM and NTLMv1 are not "
               "supported";
    else if ((*flags & wanted) != wanted)
        lack =
            "the server does not agree to the integrity or confidentiality asked for; ask for "
            "less, if that will do";
    else if (wanted != 0 && !(*flags & NTLM_128))
        lack = "the server offers only keys of 56 or 40 bits, which are not supported";
    return lack == NULL ? SEC_E_OK
                        : ntlm_report(report, SEC_E_ALGORITHM_MISMATCH, "challenge", lack);
}

/* The form that servers know, "HTTP/host", of GSSAPI's "HTTP@host"; a realm, in capitals, is
 * none. */
static bool is_service_at_host(const char *target)
{
    const char *at = strchr(target, '@');

    if (at == NULL || strpbrk(target, "/\\") != NULL)
        return false;
    for (const char *c = at + 1; *c != '\0'; c++) {
        if (*c >= 'a' && *c <= 'z')
            return true;
    }
    return false;
}

static unsigned char *put_target(unsigned char *place, const char *target)
{
    size_t size = ntlm_text_to_wire(target, place + NTLM_AV_HEAD, 2 * strlen(target));

    if (size == NTLM_TEXT_BAD)
        size = 0;
    ntlm_av_put(place, NTLM_AV_TARGET, NULL, 0);
    place[2] = (unsigned char)size;
    place[3] = (unsigned char)(size >> 8);
    for (size_t i = 0; is_service_at_host(target) && i < size; i += 2) {
        if (place[NTLM_AV_HEAD + i] == '@' && place[NTLM_AV_HEAD + i + 1] == 0)
            place[NTLM_AV_HEAD + i] = '/';
    }
    return place + NTLM_AV_HEAD + size;
}

/* The server's pairs, with ours in place of those of the same kind. */
static unsigned char *put_pairs(const ntlm_context *context, ntlm_bytes info, bool with_mic,
                                unsigned char *place)
{
    static const unsigned char none[NTLM_DIGEST_SIZE];
    uint32_t av_flags = with_mic ? NTLM_AV_HAS_MIC : 0;
    unsigned char flag_bytes[4];
    ntlm_bytes value;
    unsigned id;

    if (context->requested & ISC_REQ_UNVERIFIED_TARGET_NAME)
        av_flags |= NTLM_AV_UNVERIFIED_TARGET;
    while (ntlm_av_next(&info, &id, &value)) {
        if (id == NTLM_AV_FLAGS && value.size == 4)
            av_flags |= value.data[0] | (uint32_t)value.data[1] << 8 |
                        (uint32_t)value.data[2] << 16 | (uint32_t)value.data[3] << 24;
        else if (id != NTLM_AV_TARGET && id != NTLM_AV_BINDINGS && id != NTLM_AV_FLAGS)
            place = ntlm_av_put(place, id, value.data, value.size);
    }
    for (int i = 0; i < 4; i++)
        flag_bytes[i] = (unsigned char)(av_flags >> (8 * i));
    if (av_flags != 0)
        place = ntlm_av_put(place, NTLM_AV_FLAGS, flag_bytes, sizeof flag_bytes);
    place = ntlm_av_put(place, NTLM_AV_BINDINGS,
                        context->has_bindings ? context->bindings : none, sizeof none);
    if (context->target != NULL)
        place = put_target(place, context->target);
    return ntlm_av_put(place, NTLM_AV_EOL, NULL, 0);
}

/* An NTLMv2 response, in memory to be freed, and the session base key. */
static SECURITY_STATUS respond(const ntlm_context *context, const ntlm_account *account,
                               const ntlm_challenge *challenge, const unsigned char nonce[8],
                               ntlm_bytes *response, unsigned char base_key[NTLM_KEY_SIZE],
                               sspia_report *report)
{
    ntlm_bytes time = ntlm_av_find(challenge->target_info, NTLM_AV_TIMESTAMP);
    size_t target = context->target != NULL ? NTLM_AV_HEAD + 2 * strlen(context->target) : 0;
    size_t most = NTLM_RESPONSE_PAIRS + challenge->target_info.size + 2 * NTLM_AV_HEAD + 4 +
                  NTLM_DIGEST_SIZE + target + NTLM_AV_HEAD + NTLM_RESPONSE_TAIL;
    unsigned char now[8];
    unsigned char *bytes;
    unsigned char *end;

    if (most > NTLM_FIELD_MAX)
        return ntlm_report(report, SEC_E_INVALID_TOKEN, "challenge",
                           "its target information, or the target's name, is too long");
    bytes = malloc(most);
    if (bytes == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    ntlm_machine_time(now);
    ntlm_response_write_head(bytes, time.size == 8 ? time.data : now, nonce);
    end =
        put_pairs(context, challenge->target_info, time.size == 8, bytes + NTLM_RESPONSE_PAIRS);
    memset(end, 0, NTLM_RESPONSE_TAIL);
    end += NTLM_RESPONSE_TAIL;
    response->data = bytes;
    response->size = (size_t)(end - bytes);
    if (ntlm_response_prove(
            account->key, challenge->nonce,
            (ntlm_bytes){bytes + NTLM_PROOF_SIZE, response->size - NTLM_PROOF_SIZE}, bytes,
            base_key))
        return SEC_E_OK;
    free(bytes);
    response->data = NULL;
    return ntlm_report_crypto(report);
}

/* Writes the message, with its MIC if the challenge has a time (MS-NLMP 3.1.5.1.2). */
static SECURITY_STATUS write_message(const ntlm_context *context,
                                     const ntlm_authenticate *authenticate,
                                     ntlm_bytes challenge, bool with_mic,
                                     const unsigned char key[NTLM_KEY_SIZE], sspia_bytes *token,
                                     sspia_report *report)
{
    unsigned char negotiate[NTLM_NEGOTIATE_SIZE];
    unsigned char *bytes;

    token->size = ntlm_message_authenticate_size(authenticate);
    token->data = bytes = ntlm_host->allocate(token->size);
    if (bytes == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    ntlm_message_write_authenticate(bytes, authenticate);
    if (!with_mic)
        return SEC_E_OK;
    ntlm_message_write_negotiate(negotiate, context->flags);
    if (ntlm_response_mic(key, (ntlm_bytes){negotiate, sizeof negotiate}, challenge,
                          (ntlm_bytes){bytes, token->size}, bytes + NTLM_MIC_PLACE))
        return SEC_E_OK;
    ntlm_host->free(bytes);
    *token = (sspia_bytes){NULL, 0};
    return ntlm_report_crypto(report);
}

static SECURITY_STATUS answer(ntlm_context *context, ntlm_bytes token,
                              sspia_step_result *result, sspia_report *report)
{
    static const unsigned char zeros[24];
    struct {
        unsigned char random[8 + NTLM_KEY_SIZE]; /* the nonce, and a key to be exchanged */
        unsigned char base[NTLM_KEY_SIZE];
        unsigned char sent[NTLM_KEY_SIZE];
        ntlm_rc4 cipher;
    } keys = {0};
    unsigned char *const exported = keys.random + 8;
    const bool null_session = (context->requested & ISC_REQ_NULL_SESSION) != 0;
    const ntlm_account *account = NULL;
    ntlm_challenge challenge;
    ntlm_authenticate authenticate = {0};
    ntlm_bytes response = {NULL, 0};
    const char *why = NULL;
    bool with_mic;
    bool anonymous;
    uint32_t flags = 0;
    SECURITY_STATUS status;

    if (!ntlm_message_read_challenge(token, &challenge, &why) ||
        !ntlm_av_is_list(challenge.target_info))
        return ntlm_report(report, SEC_E_INVALID_TOKEN, "challenge",
                           why != NULL ? why : "its target information is malformed");
    status = agree(context, &challenge, &flags, report);
    if (status == SEC_E_OK && !null_session)
        status = ntlm_credential_account(context->credential, &account, report);
    if (status != SEC_E_OK)
        return status;
    anonymous = null_session || account->anonymous;
    if (!ntlm_crypto_random(keys.random, sizeof keys.random)) {
        status = ntlm_report_crypto(report);
        goto done;
    }
    if (anonymous) { /* MS-NLMP 3.3.2: no response, and a base key of zeros */
        flags |= NTLM_ANONYMOUS;
        authenticate.lm_response = (ntlm_bytes){zeros, 1};
    } else {
        status =
            respond(context, account, &challenge, keys.random, &response, keys.base, report);
        authenticate.lm_response = (ntlm_bytes){zeros, sizeof zeros};
        authenticate.nt_response = response;
        authenticate.domain = (ntlm_bytes){account->wire_domain, account->domain_size};
        authenticate.user = (ntlm_bytes){account->wire_user, account->user_size};
    }
    if (status != SEC_E_OK)
        goto done;
    if (flags & NTLM_KEY_EXCHANGE) {
        memcpy(keys.sent, exported, NTLM_KEY_SIZE);
        ntlm_rc4_start(&keys.cipher, keys.base, NTLM_KEY_SIZE);
        ntlm_rc4_apply(&keys.cipher, keys.sent, NTLM_KEY_SIZE);
        authenticate.session_key = (ntlm_bytes){keys.sent, NTLM_KEY_SIZE};
    } else {
        memcpy(exported, keys.base, NTLM_KEY_SIZE);
    }
    authenticate.workstation = (ntlm_bytes){context->credential->host.computer,
                                            context->credential->host.computer_size};
    authenticate.flags = flags | NTLM_VERSION | (challenge.flags & NTLM_TARGET_INFO);
    with_mic = !anonymous && ntlm_av_find(challenge.target_info, NTLM_AV_TIMESTAMP).size == 8;
    status = write_message(context, &authenticate, token, with_mic, exported, &result->token,
                           report);
    if (status != SEC_E_OK)
        goto done;
    context->has_mic = with_mic;
    context->user = anonymous ? NTLM_ANONYMOUS_USER : account->user;
    context->domain = anonymous ? NTLM_ANONYMOUS_DOMAIN : account->domain;
    ntlm_context_establish(context, flags, exported);
    result->attributes = context->attributes;
    result->expiry = INT64_MAX;

done:
    ntlm_crypto_wipe(&keys, sizeof keys);
    free((void *)(uintptr_t)response.data);
    return status;
}

SECURITY_STATUS ntlm_initialize(void **object, const sspia_step *step,
                                sspia_step_result *result, sspia_report *report)
{
    ntlm_context *context = *object;
    const bool first = context == NULL;
    const char *target = ntlm_text_given(step->target) ? step->target : NULL;
    const ntlm_account *account;
    ntlm_bytes token = ntlm_context_token(step);
    SECURITY_STATUS status;

    if (!first && (!context->initiator || context->state != NTLM_STARTED))
        return ntlm_report(report, SEC_E_OUT_OF_SEQUENCE, "context",
                           context->initiator ? "its handshake is already complete"
                                              : "it is an acceptor's");
    if (first) {
        context = *object = ntlm_context_create(true, step->credential,
                                                target != NULL ? strlen(target) + 3 : 0);
        if (context == NULL)
            return SEC_E_INSUFFICIENT_MEMORY;
        status = may_begin(step, report);
        if (status == SEC_E_OK && !(step->requested & ISC_REQ_NULL_SESSION))
            status = ntlm_credential_account(step->credential, &account, report);
        if (status == SEC_E_OK && target != NULL)
            status = ntlm_context_name(context, "", "", target);
    } else {
        status = token.size > 0 ? SEC_E_OK
                                : ntlm_report(report, SEC_E_INVALID_TOKEN, "token",
                                              "it is empty; pass what the peer sent");
    }
    if (status == SEC_E_OK)
        status = ntlm_context_take_bindings(context, step, report);
    if (status == SEC_E_OK)
        status = first ? begin(context, step, result) : answer(context, token, result, report);
    return status < 0 ? ntlm_context_fail(context, status) : status;
}
