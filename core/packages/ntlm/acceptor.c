/* SPDX-License-Identifier: MIT */
/* The acceptor's two legs (MS-NLMP 3.2.5): the challenge; what is made of its answer stands in
 * answer.c. */
#include "answer.h"
#include "context.h"
#include "host.h"
#include "status.h"

#include <string.h>

/* NEGOTIATE_MESSAGE is kept until the end, for the MIC. */
#define NEGOTIATE_MAX 4096u

/* What a challenge takes over from the client's offer. */
#define TAKEN_OVER                                                                             \
    (NTLM_SIGN | NTLM_SEAL | NTLM_ALWAYS_SIGN | NTLM_EXTENDED | NTLM_IDENTIFY | NTLM_VERSION | \
     NTLM_128 | NTLM_REQUEST_TARGET)

static SECURITY_STATUS choose(uint32_t offered, uint32_t *flags, sspia_report *report)
{
    const char *why = ntlm_answer_weakness(offered);

    if (why == NULL && !(offered & (NTLM_UNICODE | NTLM_OEM)))
        return ntlm_report(report, SEC_E_INVALID_TOKEN, "negotiation",
                           "the client offers neither Unicode nor OEM text");
    if (why != NULL)
        return ntlm_report(report, SEC_E_ALGORITHM_MISMATCH, "negotiation", why);
    *flags = (offered & TAKEN_OVER) | NTLM_NTLM | NTLM_TARGET_INFO;
    *flags |= offered & NTLM_UNICODE ? NTLM_UNICODE : NTLM_OEM;
    if (offered & NTLM_REQUEST_TARGET)
        *flags |= NTLM_TARGET_SERVER;
    if (offered & (NTLM_SIGN | NTLM_SEAL)) /* or there is nothing to use the key for */
        *flags |= offered & NTLM_KEY_EXCHANGE;
    return SEC_E_OK;
}

static SECURITY_STATUS may_begin(const sspia_step *step, ntlm_bytes token, sspia_report *report)
{
    ntlm_credential *credential = step->credential;

    if (!(credential->use & SECPKG_CRED_INBOUND))
        return ntlm_report(report, SEC_E_NO_CREDENTIALS, "credential", "it is outbound only");
    if (step->requested & ASC_REQ_DATAGRAM)
        return ntlm_report(report, SEC_E_UNSUPPORTED_FUNCTION, "ASC_REQ_DATAGRAM",
                           "NTLM without a connection is not implemented");
    if (token.size == 0)
        return ntlm_report(report, SEC_E_INVALID_TOKEN, "token",
                           "it is empty; pass what the peer sent");
    if (token.size > NEGOTIATE_MAX)
        return ntlm_report(report, SEC_E_INVALID_TOKEN, "token", "it is too long");
    return ntlm_verifier_ready(&credential->verifier, report);
}

static SECURITY_STATUS challenge(ntlm_context *context, ntlm_bytes token,
                                 sspia_step_result *result, sspia_report *report)
{
    const ntlm_machine_names *host = &context->credential->host;
    unsigned char info[NTLM_MACHINE_INFO];
    unsigned char ascii[NTLM_MACHINE_NETBIOS];
    ntlm_challenge made = {.target_info = {info, host->info_size}};
    const char *why = NULL;
    uint32_t offered;
    SECURITY_STATUS status;

    if (!ntlm_message_read_negotiate(token, &offered, &why))
        return ntlm_report(report, SEC_E_INVALID_TOKEN, "negotiation", why);
    status = choose(offered, &made.flags, report);
    if (status != SEC_E_OK)
        return status;
    if (!ntlm_crypto_random(made.nonce, sizeof made.nonce))
        return ntlm_report_crypto(report);
    if (made.flags & NTLM_TARGET_SERVER)
        made.target = (ntlm_bytes){host->computer, host->computer_size};
    if (!(made.flags & NTLM_UNICODE)) {
        for (size_t i = 0; i < made.target.size / 2; i++)
            ascii[i] = host->computer[2 * i];
        made.target = (ntlm_bytes){ascii, made.target.size / 2};
    }
    memcpy(info, host->info, host->info_size);
    ntlm_machine_time(info + host->time_place);
    context->negotiate_size = token.size;
    context->challenge_size = ntlm_message_challenge_size(&made);
    memcpy(context->room, token.data, token.size);
    ntlm_message_write_challenge(context->room + token.size, &made);
    result->token.data = ntlm_host->allocate(context->challenge_size);
    if (result->token.data == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    result->token.size = context->challenge_size;
    memcpy(result->token.data, context->room + token.size, context->challenge_size);
    context->flags = made.flags;
    context->attributes = ntlm_context_attributes(context, made.flags);
    result->attributes = context->attributes;
    result->expiry = INT64_MAX;
    return SEC_I_CONTINUE_NEEDED;
}

SECURITY_STATUS ntlm_accept(void **object, const sspia_step *step, sspia_step_result *result,
                            sspia_report *report)
{
    ntlm_context *context = *object;
    ntlm_credential *credential = step->credential;
    const bool first = context == NULL;
    ntlm_bytes token = ntlm_context_token(step);
    SECURITY_STATUS status;

    if (!first && (context->initiator || context->state != NTLM_STARTED))
        return ntlm_report(report, SEC_E_OUT_OF_SEQUENCE, "context",
                           context->initiator ? "it is an initiator's"
                                              : "its handshake is already complete");
    if (first) {
        context = *object = ntlm_context_create(false, credential,
                                                token.size + NTLM_CHALLENGE_HEAD +
                                                    credential->host.computer_size +
                                                    credential->host.info_size);
        if (context == NULL)
            return SEC_E_INSUFFICIENT_MEMORY;
        status = may_begin(step, token, report);
    } else {
        status = token.size > 0 ? SEC_E_OK
                                : ntlm_report(report, SEC_E_INVALID_TOKEN, "token",
                                              "it is empty; pass what the peer sent");
    }
    if (status == SEC_E_OK)
        status = ntlm_context_take_bindings(context, step, report);
    if (status == SEC_E_OK && first) {
        context->requested = step->requested;
        status = challenge(context, token, result, report);
    } else if (status == SEC_E_OK) {
        context->requested |= step->requested;
        status = ntlm_answer_check(context, token, step->wait, report);
        result->attributes = context->attributes;
        result->expiry = INT64_MAX;
    }
    return status < 0 ? ntlm_context_fail(context, status) : status;
}
