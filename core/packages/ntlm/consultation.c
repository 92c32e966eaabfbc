/* SPDX-License-Identifier: MIT */
/*
 * Invariants:
 *   1. Two hold it: the context, until ntlm_consultation_end, and the program, until its
 * answer. The second to let go frees it.
 *   2. call is not NULL only while the context waits: it is set, under the lock, before the
 * look at the answer that ends in SSPIA_WAITING, and answered is set under the lock before call
 * is read. So one of the two sees the other.
 */
#include "consultation.h"
#include "account.h"
#include "host.h"
#include "response.h"
#include "status.h"
#include "text.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NAME_SIZE (3 * NTLM_NAME_MAX + 1) /* in UTF-8 */

struct ntlm_consultation {
    sspia_ntlm_question question; /* what the program sees; first, so that it leads back here */
    pthread_mutex_t lock;
    pthread_cond_t news; /* for a thread that waits */
    unsigned holders;
    bool answered;
    uint32_t answer;
    unsigned char secret[NTLM_KEY_SIZE];
    void *call;
    int64_t until;
    char user[NAME_SIZE];
    char domain[NAME_SIZE];
    unsigned char challenge[8];
    unsigned char response[];
};

static void let_go(ntlm_consultation *consultation, bool last)
{
    if (!last)
        return;
    pthread_cond_destroy(&consultation->news);
    pthread_mutex_destroy(&consultation->lock);
    ntlm_crypto_wipe(consultation, sizeof *consultation);
    free(consultation);
}

/* What is to be kept of an answer: a hash in place of a password. */
static uint32_t digest(uint32_t answer, const unsigned char *secret,
                       unsigned char kept[NTLM_KEY_SIZE])
{
    switch (answer) {
    case SSPIA_NTLM_NO:
        return answer;
    case SSPIA_NTLM_HASH:
    case SSPIA_NTLM_KEY:
        if (secret == NULL)
            return SSPIA_NTLM_UNABLE;
        memcpy(kept, secret, NTLM_KEY_SIZE);
        return answer;
    case SSPIA_NTLM_PASSWORD:
        return secret != NULL && ntlm_response_hash((const char *)secret, kept)
                   ? SSPIA_NTLM_HASH
                   : SSPIA_NTLM_UNABLE;
    default:
        return SSPIA_NTLM_UNABLE;
    }
}

static void take_answer(const sspia_ntlm_question *question, uint32_t answer,
                        const unsigned char *secret)
{
    ntlm_consultation *consultation = (ntlm_consultation *)(uintptr_t)question;
    void *call;
    bool last;

    pthread_mutex_lock(&consultation->lock);
    consultation->answered = true;
    consultation->answer = digest(answer, secret, consultation->secret);
    call = consultation->call;
    pthread_cond_broadcast(&consultation->news);
    last = --consultation->holders == 0;
    pthread_mutex_unlock(&consultation->lock);
    let_go(consultation, last);
    if (call != NULL)
        ntlm_host->resume(call);
}

static void begin_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

static int64_t after(uint32_t milliseconds)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec + (int64_t)milliseconds * 1000000;
}

static SECURITY_STATUS begin(ntlm_consultation **consultation, const ntlm_question *asked,
                             uint32_t milliseconds, sspia_report *report)
{
    ntlm_consultation *made = calloc(1, sizeof *made + asked->response.size);

    if (made == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    if (ntlm_text_from_wire(asked->user, made->user, NAME_SIZE) == NTLM_TEXT_BAD ||
        ntlm_text_from_wire(asked->domain, made->domain, NAME_SIZE) == NTLM_TEXT_BAD) {
        free(made);
        return ntlm_report(report, SEC_E_LOGON_DENIED, "unknown user or wrong password", NULL);
    }
    pthread_mutex_init(&made->lock, NULL);
    begin_condition(&made->news);
    made->holders = 2;
    made->until = after(milliseconds);
    memcpy(made->challenge, asked->challenge, sizeof made->challenge);
    memcpy(made->response, asked->response.data, asked->response.size);
    made->question = (sspia_ntlm_question){
        .size = sizeof made->question,
        .response_size = (uint32_t)asked->response.size,
        .user = made->user,
        .domain = made->domain,
        .challenge = made->challenge,
        .response = made->response,
        .answer = take_answer,
    };
    *consultation = made;
    return SEC_E_OK;
}

static void stop(void *data)
{
    ntlm_consultation *consultation = data;

    pthread_mutex_lock(&consultation->lock);
    consultation->call = NULL;
    pthread_mutex_unlock(&consultation->lock);
}

/* Lock held. */
static void wait_here(ntlm_consultation *consultation)
{
    const struct timespec limit = {.tv_sec = consultation->until / 1000000000,
                                   .tv_nsec = consultation->until % 1000000000};

    while (!consultation->answered &&
           pthread_cond_timedwait(&consultation->news, &consultation->lock, &limit) == 0)
        ;
}

SECURITY_STATUS ntlm_consultation_go_on(ntlm_consultation **given,
                                        const sspia_ntlm_verifier *verifier,
                                        const ntlm_question *question, uint32_t milliseconds,
                                        sspia_wait *wait, uint32_t *answer,
                                        unsigned char secret[NTLM_KEY_SIZE],
                                        sspia_report *report)
{
    ntlm_consultation *consultation = *given;
    SECURITY_STATUS status = SEC_E_OK;

    if (consultation == NULL) {
        status = begin(given, question, milliseconds, report);
        if (status != SEC_E_OK)
            return status;
        consultation = *given;
        verifier->ask(verifier->data, &consultation->question);
    }
    pthread_mutex_lock(&consultation->lock);
    if (wait == NULL)
        wait_here(consultation);
    if (consultation->answered) {
        *answer = consultation->answer;
        memcpy(secret, consultation->secret, NTLM_KEY_SIZE);
    } else if (wait != NULL && after(0) < consultation->until) {
        consultation->call = wait->call;
        wait->flags = 0;
        wait->fds = NULL;
        wait->fd_count = 0;
        wait->until = consultation->until;
        wait->stop = stop;
        wait->data = consultation;
        status = SSPIA_WAITING;
    } else {
        status = ntlm_report(report, SEC_E_NO_AUTHENTICATING_AUTHORITY, "ntlm_verifier",
                             "the program's function has not answered in time");
    }
    pthread_mutex_unlock(&consultation->lock);
    return status;
}

void ntlm_consultation_end(ntlm_consultation *consultation)
{
    bool last;

    if (consultation == NULL)
        return;
    pthread_mutex_lock(&consultation->lock);
    consultation->call = NULL;
    last = --consultation->holders == 0;
    pthread_mutex_unlock(&consultation->lock);
    let_go(consultation, last);
}
