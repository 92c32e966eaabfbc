/* SPDX-License-Identifier: MIT */
/* The questions of NTLM acceptors, for a program that cannot be called. */
#include "hub.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "message.h"
#include "verifier.h"

#define SECRET_SIZE 16 /* of a hash and of a key */

uint64_t sspia_hub_verifier_create(void)
{
    return (uintptr_t)verifier_create();
}

void sspia_hub_verifier_free(uint64_t verifier)
{
    verifier_free(hub_pointer(verifier));
}

int32_t sspia_hub_verifier_wait(uint64_t call, uint64_t queue, uint64_t id, uint64_t verifier)
{
    struct job job;
    SECURITY_STATUS status = verifier_prepare(&job, hub_pointer(verifier));

    if (status != SEC_E_OK)
        return message_fail("sspia_hub_verifier_wait", status,
                            status == SEC_E_INVALID_HANDLE ? "the verifier is not alive"
                                                           : NULL);
    return hub_submit(call, queue, id, &job, NULL);
}

static SECURITY_STATUS hand_out(struct question *question, uint64_t *number,
                                sspia_hub_bytes *user, sspia_hub_bytes *domain)
{
    const sspia_ntlm_question *asked = question_asked(question);
    SECURITY_STATUS status = hub_text(asked->user, user);

    if (status == SEC_E_OK)
        status = hub_text(asked->domain, domain);
    if (status == SEC_E_OK)
        *number = (uintptr_t)question_give_out(question);
    if (status == SEC_E_OK && *number != 0)
        return SEC_E_OK;
    memory_free(user->data);
    memory_free(domain->data);
    *user = *domain = (sspia_hub_bytes){NULL, 0};
    return SEC_E_INSUFFICIENT_MEMORY;
}

int32_t sspia_hub_verifier_take(uint64_t verifier, uint64_t *number, sspia_hub_bytes *user,
                                sspia_hub_bytes *domain)
{
    struct question *question;
    SECURITY_STATUS status;

    if (number == NULL || user == NULL || domain == NULL)
        return message_fail("sspia_hub_verifier_take", SEC_E_INVALID_PARAMETER,
                            "the pointer for a question is NULL");
    *number = 0;
    *user = *domain = (sspia_hub_bytes){NULL, 0};
    status = verifier_take(hub_pointer(verifier), &question);
    if (status == SEC_E_OK && question == NULL)
        return SEC_I_ASYNC_CALL_PENDING;
    if (status == SEC_E_OK)
        status = hand_out(question, number, user, domain);
    if (status == SEC_E_INSUFFICIENT_MEMORY)
        question_answer(question, SSPIA_NTLM_UNABLE, NULL);
    return message_fail("sspia_hub_verifier_take", status, NULL);
}

/* What is wrong with an answer, or NULL. */
static const char *find_fault(uint32_t answer, const char *secret, size_t size)
{
    switch (answer) {
    case SSPIA_NTLM_NO:
    case SSPIA_NTLM_UNABLE:
        return NULL;
    case SSPIA_NTLM_HASH:
        return secret != NULL && size == SECRET_SIZE ? NULL : "an NT hash has 16 bytes";
    case SSPIA_NTLM_PASSWORD:
        return secret == NULL || memchr(secret, '\0', size) == NULL
                   ? NULL
                   : "a password must not hold a zero character";
    default:
        return "it is none of SSPIA_NTLM_NO, _UNABLE, _HASH and _PASSWORD";
    }
}

int32_t sspia_hub_verifier_answer(uint64_t number, uint32_t answer, const void *secret,
                                  size_t secret_size)
{
    const char *fault = find_fault(answer, secret, secret_size);
    struct question *question;
    unsigned char *copy;

    if (fault != NULL)
        return message_fail("sspia_hub_verifier_answer", SEC_E_INVALID_PARAMETER, fault);
    copy = memory_allocate(secret_size + 1); /* a password ends with a zero */
    if (copy == NULL)
        return message_fail("sspia_hub_verifier_answer", SEC_E_INSUFFICIENT_MEMORY, NULL);
    if (secret != NULL)
        memcpy(copy, secret, secret_size);
    copy[secret != NULL ? secret_size : 0] = '\0';
    question = question_take_back(hub_pointer(number));
    if (question != NULL)
        question_answer(question, answer, copy);
    memory_free(copy);
    return question != NULL ? SEC_E_OK
                            : message_fail("sspia_hub_verifier_answer", SEC_E_INVALID_HANDLE,
                                           "it was answered before, or never was a question");
}
