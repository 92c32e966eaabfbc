/* SPDX-License-Identifier: MIT */
/* A client's AUTHENTICATE_MESSAGE, and whether it is let in (MS-NLMP 3.2.5.1.2). The proof
 * comes first: everything that is looked at after it stands under it. */
#include "answer.h"
#include "av_pair.h"
#include "status.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

/* Flags that an answer may have only if the challenge had them; the others change nothing. */
#define BINDING                                                                                \
    (NTLM_SIGN | NTLM_SEAL | NTLM_DATAGRAM | NTLM_EXTENDED | NTLM_IDENTIFY | NTLM_128 |        \
     NTLM_KEY_EXCHANGE)

/* MaxLifetime of MS-NLMP 3.1.1.1, in the ticks of FILETIME: 36 hours. */
#define LIFETIME (36ull * 3600 * 10000000)

#define NAME_SIZE (3 * NTLM_NAME_MAX + 1) /* in UTF-8 */

const char *ntlm_answer_weakness(uint32_t flags)
{
    if (!(flags & NTLM_EXTENDED))
        return "the client does not offer extended session security: LM and NTLMv1 are not "
               "supported";
    if ((flags & (NTLM_SIGN | NTLM_SEAL)) && !(flags & NTLM_128))
        return "the client offers only keys of 56 or 40 bits, which are not supported";
    return NULL;
}

/* A name of the message, in both forms. OEM text may be ASCII: nobody knows the code page. */
typedef struct client_name {
    ntlm_bytes wire;
    unsigned char widened[2 * NTLM_NAME_MAX];
    char text[NAME_SIZE];
} client_name;

static bool read_name(client_name *name, ntlm_bytes field, bool unicode)
{
    name->wire = field;
    if (field.size > (unicode ? 2 : 1) * NTLM_NAME_MAX)
        return false;
    if (!unicode) {
        for (size_t i = 0; i < field.size; i++) {
            if (field.data[i] >= 0x80)
                return false;
            name->widened[2 * i] = field.data[i];
            name->widened[2 * i + 1] = 0;
        }
        name->wire = (ntlm_bytes){name->widened, 2 * field.size};
    }
    return ntlm_text_from_wire(name->wire, name->text, sizeof name->text) != NTLM_TEXT_BAD;
}

/* What the client makes of the challenge: it may only take something away from it. */
static SECURITY_STATUS agree(const ntlm_context *context, uint32_t answered, uint32_t *flags,
                             sspia_report *report)
{
    const char *why = ntlm_answer_weakness(answered);

    if (answered & ~context->flags & BINDING)
        return ntlm_report(report, SEC_E_INVALID_TOKEN, "answer",
                           "it has flags that the challenge did not offer");
    if (why != NULL)
        return ntlm_report(report, SEC_E_ALGORITHM_MISMATCH, "answer", why);
    if ((answered & (NTLM_UNICODE | NTLM_OEM)) == NTLM_OEM && (context->flags & NTLM_UNICODE))
        return ntlm_report(report, SEC_E_INVALID_TOKEN, "answer",
                           "it is in OEM text though Unicode was agreed on");
    *flags = context->flags & answered;
    return SEC_E_OK;
}

static bool is_anonymous(const ntlm_authenticate *answer)
{
    return answer->user.size == 0 && answer->nt_response.size == 0 &&
           answer->lm_response.size <= 1;
}

static SECURITY_STATUS verify(ntlm_context *context, const ntlm_authenticate *answer,
                              const client_name *user, const client_name *domain,
                              sspia_wait *wait, unsigned char base_key[NTLM_KEY_SIZE],
                              sspia_report *report)
{
    const ntlm_bytes response = answer->nt_response;
    const ntlm_question question = {
        .user = user->wire,
        .domain = domain->wire,
        .challenge = context->room + context->negotiate_size + 24,
        .response = response,
    };

    if (is_anonymous(answer)) {
        if (!(context->requested & ASC_REQ_ALLOW_NULL_SESSION))
            return ntlm_report(report, SEC_E_LOGON_DENIED, "the client is anonymous",
                               "ASC_REQ_ALLOW_NULL_SESSION lets it in");
        memset(base_key, 0, NTLM_KEY_SIZE);
        return SEC_E_OK;
    }
    if (response.size == 0 || response.size == NTLM_RESPONSE_V1)
        return ntlm_report(report, SEC_E_LOGON_DENIED, "the client answers with LM or NTLMv1",
                           "these are not supported; let it use NTLMv2");
    if (response.size < NTLM_RESPONSE_PAIRS || response.data[NTLM_PROOF_SIZE] != 1 ||
        !ntlm_av_is_list((ntlm_bytes){response.data + NTLM_RESPONSE_PAIRS,
                                      response.size - NTLM_RESPONSE_PAIRS}))
        return ntlm_report(report, SEC_E_INVALID_TOKEN, "answer", "the response is malformed");
    return ntlm_verifier_ask(&context->credential->verifier, &question, &context->pending, wait,
                             base_key, report);
}

/* The key of the session: the client's, encrypted with the base key, or that itself. */
static SECURITY_STATUS take_key(uint32_t flags, ntlm_bytes sent,
                                unsigned char key[NTLM_KEY_SIZE], sspia_report *report)
{
    ntlm_rc4 cipher;

    if (!(flags & NTLM_KEY_EXCHANGE) || (sent.size == 0 && !(flags & (NTLM_SIGN | NTLM_SEAL))))
        return SEC_E_OK;
    if (sent.size != NTLM_KEY_SIZE)
        return ntlm_report(report, SEC_E_INVALID_TOKEN, "answer",
                           "a session key was agreed on but is missing");
    ntlm_rc4_start(&cipher, key, NTLM_KEY_SIZE);
    memcpy(key, sent.data, NTLM_KEY_SIZE);
    ntlm_rc4_apply(&cipher, key, NTLM_KEY_SIZE);
    ntlm_crypto_wipe(&cipher, sizeof cipher);
    return SEC_E_OK;
}

/* That the client announces one stands under its proof, so that nobody can take it out. */
static SECURITY_STATUS check_mic(ntlm_context *context, ntlm_bytes pairs, bool has_mic,
                                 ntlm_bytes token, const unsigned char key[NTLM_KEY_SIZE],
                                 sspia_report *report)
{
    const ntlm_bytes av_flags = ntlm_av_find(pairs, NTLM_AV_FLAGS);
    const ntlm_bytes negotiate = {context->room, context->negotiate_size};
    const ntlm_bytes sent = {context->room + context->negotiate_size, context->challenge_size};
    unsigned char mic[NTLM_DIGEST_SIZE];

    if (av_flags.size == 0 || !(av_flags.data[0] & NTLM_AV_HAS_MIC))
        return SEC_E_OK;
    if (!has_mic)
        return ntlm_report(report, SEC_E_MESSAGE_ALTERED, "answer",
                           "it announces a MIC but has none");
    if (!ntlm_response_mic(key, negotiate, sent, token, mic))
        return ntlm_report_crypto(report);
    context->has_mic = true;
    return ntlm_crypto_equal(mic, token.data + NTLM_MIC_PLACE, sizeof mic)
               ? SEC_E_OK
               : ntlm_report(
                     report, SEC_E_MESSAGE_ALTERED, "answer",
                     "its MIC does not match the messages: one of them was changed on the way");
}

/* MS-docs on ASC_REQ_ALLOW_MISSING_BINDINGS: without it, an acceptor that has bindings insists
 * on the initiator's. Sixteen zeros say that a client has none. */
static SECURITY_STATUS check_bindings(const ntlm_context *context, ntlm_bytes pairs,
                                      sspia_report *report)
{
    static const unsigned char none[NTLM_DIGEST_SIZE];
    const ntlm_bytes hash = ntlm_av_find(pairs, NTLM_AV_BINDINGS);

    if (!context->has_bindings)
        return SEC_E_OK;
    if (hash.size != NTLM_DIGEST_SIZE || memcmp(hash.data, none, sizeof none) == 0)
        return context->requested & ASC_REQ_ALLOW_MISSING_BINDINGS
                   ? SEC_E_OK
                   : ntlm_report(report, SEC_E_BAD_BINDINGS, "channel bindings",
                                 "the initiator sent none");
    return ntlm_crypto_equal(hash.data, context->bindings, NTLM_DIGEST_SIZE)
               ? SEC_E_OK
               : ntlm_report(
                     report, SEC_E_BAD_BINDINGS, "the channel bindings differ",
                     "the initiator used another connection, or someone sits in between");
}

static uint64_t ticks(const unsigned char *bytes)
{
    uint64_t value = 0;

    for (int i = 7; i >= 0; i--)
        value = value << 8 | bytes[i];
    return value;
}

static SECURITY_STATUS check_time(ntlm_bytes response, sspia_report *report)
{
    unsigned char now[8];
    uint64_t here;
    uint64_t there = ticks(response.data + NTLM_RESPONSE_TIME);

    ntlm_machine_time(now);
    here = ticks(now);
    return (here > there ? here - there : there - here) <= LIFETIME
               ? SEC_E_OK
               : ntlm_report(report, SEC_E_TIME_SKEW, "answer",
                             "its time differs from this machine's by more than 36 hours");
}

/* The name that the client has for this server; NULL if it says none. Freed with free. */
static char *client_target(ntlm_bytes pairs)
{
    ntlm_bytes wire = ntlm_av_find(pairs, NTLM_AV_TARGET);
    size_t capacity = wire.size / 2 * 3 + 1;
    char *text = wire.size > 0 ? malloc(capacity) : NULL;

    if (text != NULL && ntlm_text_from_wire(wire, text, capacity) == NTLM_TEXT_BAD) {
        free(text);
        text = NULL;
    }
    return text;
}

SECURITY_STATUS ntlm_answer_check(ntlm_context *context, ntlm_bytes token, sspia_wait *wait,
                                  sspia_report *report)
{
    unsigned char key[NTLM_KEY_SIZE];
    ntlm_authenticate answer;
    ntlm_bytes pairs = {NULL, 0};
    client_name user;
    client_name domain;
    char *target = NULL;
    const char *why = NULL;
    uint32_t flags = 0;
    SECURITY_STATUS status;

    if (!ntlm_message_read_authenticate(token, &answer, &why))
        return ntlm_report(report, SEC_E_INVALID_TOKEN, "answer", why);
    status = agree(context, answer.flags, &flags, report);
    if (status != SEC_E_OK)
        return status;
    if (!read_name(&user, answer.user, (context->flags & NTLM_UNICODE) != 0) ||
        !read_name(&domain, answer.domain, (context->flags & NTLM_UNICODE) != 0))
        return ntlm_report(report, SEC_E_INVALID_TOKEN, "answer",
                           "the name of its user or domain is malformed or too long");
    status = verify(context, &answer, &user, &domain, wait, key, report);
    if (status == SEC_E_OK)
        status = take_key(flags, answer.session_key, key, report);
    if (status == SEC_E_OK && is_anonymous(&answer))
        flags |= NTLM_ANONYMOUS;
    else if (status == SEC_E_OK)
        pairs = (ntlm_bytes){answer.nt_response.data + NTLM_RESPONSE_PAIRS,
                             answer.nt_response.size - NTLM_RESPONSE_PAIRS};
    if (status == SEC_E_OK)
        status = check_mic(context, pairs, answer.has_mic, token, key, report);
    if (status == SEC_E_OK)
        status = check_bindings(context, pairs, report);
    if (status == SEC_E_OK && !(flags & NTLM_ANONYMOUS))
        status = check_time(answer.nt_response, report);
    if (status == SEC_E_OK) {
        target = client_target(pairs);
        status =
            flags & NTLM_ANONYMOUS
                ? ntlm_context_name(context, NTLM_ANONYMOUS_USER, NTLM_ANONYMOUS_DOMAIN, NULL)
                : ntlm_context_name(context, user.text, domain.text, target);
    }
    if (status == SEC_E_OK)
        ntlm_context_establish(context, flags, key);
    free(target);
    ntlm_crypto_wipe(key, sizeof key);
    return status;
}
