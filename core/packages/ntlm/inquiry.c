/* SPDX-License-Identifier: MIT */
/*
 * A question on its way.
 *
 *     STARTING --a place--> ASKING --all sent--> LISTENING --answer--> OVER
 *        ^                     |                    |                   ^
 *        +--- the helper that is there has ended ---+--- anything else -+
 *
 * A helper that has worked before may have ended since: then, and only then, the question is
 * put again, to a new one. One that was given up in the middle is ended, for its answer could
 * be taken for that of a later question.
 */
#include "inquiry.h"
#include "reply.h"
#include "status.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define REPLY_MAX 1024u

struct ntlm_inquiry {
    enum { STARTING, ASKING, LISTENING, OVER } state;
    ntlm_helpers *helpers;
    ntlm_place place;
    int64_t until; /* nanoseconds of CLOCK_MONOTONIC */
    bool wants_thread;
    struct pollfd socket; /* what it waits for; fd -1: its turn, or a thread */
    char *text;           /* of the question */
    size_t size, sent;
    size_t heard;
    char reply[REPLY_MAX];
};

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static SECURITY_STATUS begin(ntlm_inquiry **inquiry, ntlm_helpers *helpers,
                             const ntlm_question *question, uint32_t milliseconds,
                             sspia_report *report)
{
    ntlm_inquiry *made = calloc(1, sizeof *made);
    bool malformed = false;

    if (made == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    made->helpers = helpers;
    made->until = now() + (int64_t)milliseconds * 1000000;
    made->text = ntlm_reply_ask(question, &made->size, &malformed);
    *inquiry = made;
    if (malformed)
        return ntlm_report(report, SEC_E_LOGON_DENIED, "unknown user or wrong password", NULL);
    return made->text != NULL ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

/* What the helper at hand has left to say is of an earlier question: dots at most. */
static bool is_ready(const ntlm_helper *helper)
{
    char rest[64];
    ssize_t size;

    while ((size = recv(helper->socket, rest, sizeof rest, MSG_DONTWAIT)) > 0) {
        if (!ntlm_reply_is_rest(rest, (size_t)size))
            return false;
    }
    return size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

/* To start one takes some milliseconds, for which a call that can wait asks for a thread. */
static SECURITY_STATUS start(ntlm_inquiry *inquiry, sspia_wait *wait, sspia_report *report)
{
    ntlm_helper **helper = &inquiry->place.helper;
    SECURITY_STATUS status = SEC_E_OK;

    if (*helper != NULL && !is_ready(*helper)) {
        ntlm_helper_end(*helper);
        *helper = NULL;
    }
    if (*helper == NULL && wait != NULL && !(wait->flags & SSPIA_WAIT_THREAD)) {
        inquiry->wants_thread = true;
        return SSPIA_WAITING;
    }
    if (*helper == NULL)
        status = ntlm_helper_start(ntlm_helpers_path(inquiry->helpers), helper, report);
    inquiry->sent = inquiry->heard = 0;
    inquiry->state = ASKING;
    return status;
}

/* The helper is gone. SEC_E_OK: the question begins anew. */
static SECURITY_STATUS lose(ntlm_inquiry *inquiry, sspia_report *report)
{
    const bool again = inquiry->place.helper->proven;

    ntlm_helper_end(inquiry->place.helper);
    inquiry->place.helper = NULL;
    inquiry->state = STARTING;
    return again ? SEC_E_OK
                 : ntlm_report(report, SEC_E_NO_AUTHENTICATING_AUTHORITY,
                               ntlm_helpers_path(inquiry->helpers),
                               "it has ended without an answer; try it by hand with "
                               "--helper-protocol=ntlm-server-1");
}

static SECURITY_STATUS ask(ntlm_inquiry *inquiry, sspia_report *report)
{
    const int socket = inquiry->place.helper->socket;
    ssize_t size = 0;

    while (inquiry->sent < inquiry->size &&
           (size = send(socket, inquiry->text + inquiry->sent, inquiry->size - inquiry->sent,
                        MSG_DONTWAIT | MSG_NOSIGNAL)) >= 0)
        inquiry->sent += (size_t)size;
    if (inquiry->sent == inquiry->size) {
        inquiry->state = LISTENING;
        return SEC_E_OK;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
        inquiry->socket = (struct pollfd){.fd = socket, .events = POLLOUT};
        return SSPIA_WAITING;
    }
    return lose(inquiry, report);
}

static SECURITY_STATUS conclude(ntlm_inquiry *inquiry, ntlm_reply reply, sspia_report *report)
{
    static const struct {
        SECURITY_STATUS status;
        const char *why;
    } ends[] = {
        [NTLM_REPLY_YES] = {SEC_E_OK, NULL},
        [NTLM_REPLY_NO] = {SEC_E_LOGON_DENIED, "unknown user or wrong password"},
        [NTLM_REPLY_UNABLE] =
            {SEC_E_NO_AUTHENTICATING_AUTHORITY,
             "it cannot ask the domain; check that winbindd runs, and try wbinfo -t"},
        [NTLM_REPLY_NONSENSE] = {SEC_E_NO_AUTHENTICATING_AUTHORITY,
                                 "its answer does not follow the protocol ntlm-server-1"},
    };

    if (reply == NTLM_REPLY_NONSENSE) {
        ntlm_helper_end(inquiry->place.helper);
        inquiry->place.helper = NULL;
    } else {
        inquiry->place.helper->proven = true;
    }
    inquiry->state = OVER;
    ntlm_helpers_leave(inquiry->helpers, &inquiry->place);
    if (ends[reply].status == SEC_E_LOGON_DENIED)
        return ntlm_report(report, ends[reply].status, ends[reply].why, NULL);
    return ends[reply].status == SEC_E_OK
               ? SEC_E_OK
               : ntlm_report(report, ends[reply].status, ntlm_helpers_path(inquiry->helpers),
                             ends[reply].why);
}

static SECURITY_STATUS listen_to(ntlm_inquiry *inquiry, unsigned char base_key[NTLM_KEY_SIZE],
                                 sspia_report *report)
{
    const int socket = inquiry->place.helper->socket;
    ntlm_reply reply;
    ssize_t size =
        recv(socket, inquiry->reply + inquiry->heard, REPLY_MAX - inquiry->heard, MSG_DONTWAIT);

    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
        inquiry->socket = (struct pollfd){.fd = socket, .events = POLLIN};
        return SSPIA_WAITING;
    }
    if (size <= 0)
        return lose(inquiry, report);
    inquiry->heard += (size_t)size;
    reply = ntlm_reply_read(inquiry->reply, inquiry->heard, base_key);
    if (reply == NTLM_REPLY_UNFINISHED && inquiry->heard == REPLY_MAX)
        reply = NTLM_REPLY_NONSENSE;
    return reply == NTLM_REPLY_UNFINISHED ? SEC_E_OK : conclude(inquiry, reply, report);
}

/* Goes on until it would have to wait, or is over. */
static SECURITY_STATUS proceed(ntlm_inquiry *inquiry, sspia_wait *wait,
                               unsigned char base_key[NTLM_KEY_SIZE], sspia_report *report)
{
    SECURITY_STATUS status = SEC_E_OK;

    while (status == SEC_E_OK && inquiry->state != OVER) {
        switch (inquiry->state) {
        case STARTING:
            inquiry->socket.fd = -1;
            status = ntlm_helpers_enter(inquiry->helpers, &inquiry->place,
                                        wait != NULL ? wait->call : NULL)
                         ? start(inquiry, wait, report)
                         : SSPIA_WAITING;
            break;
        case ASKING:
            status = ask(inquiry, report);
            break;
        default:
            status = listen_to(inquiry, base_key, report);
            break;
        }
    }
    return status;
}

/* Gives up what it has; the helper, if it has one, is in the middle of something. */
static void give_up(ntlm_inquiry *inquiry)
{
    if (inquiry->place.state == NTLM_INSIDE) {
        ntlm_helper_end(inquiry->place.helper);
        inquiry->place.helper = NULL;
    }
    if (inquiry->place.state != NTLM_OUTSIDE)
        ntlm_helpers_leave(inquiry->helpers, &inquiry->place);
    inquiry->state = OVER;
}

static void stop(void *data)
{
    give_up(data);
}

/* The same on a thread that has nothing else to do. */
static void wait_here(ntlm_inquiry *inquiry)
{
    struct pollfd socket = inquiry->socket;
    int64_t left = inquiry->until - now();

    if (socket.fd < 0)
        ntlm_helpers_wait(inquiry->helpers, &inquiry->place, inquiry->until);
    else if (left > 0)
        poll(&socket, 1, (int)((left + 999999) / 1000000));
}

SECURITY_STATUS ntlm_inquiry_go_on(ntlm_inquiry **given, ntlm_helpers *helpers,
                                   const ntlm_question *question, uint32_t milliseconds,
                                   sspia_wait *wait, unsigned char base_key[NTLM_KEY_SIZE],
                                   sspia_report *report)
{
    ntlm_inquiry *inquiry;
    SECURITY_STATUS status = SEC_E_OK;

    if (*given == NULL)
        status = begin(given, helpers, question, milliseconds, report);
    if (status != SEC_E_OK)
        return status;
    inquiry = *given;
    inquiry->wants_thread = false;
    while ((status = proceed(inquiry, wait, base_key, report)) == SSPIA_WAITING &&
           now() < inquiry->until) {
        if (wait != NULL) {
            wait->flags = inquiry->wants_thread ? SSPIA_WAIT_THREAD : 0;
            wait->fds = &inquiry->socket;
            wait->fd_count = inquiry->socket.fd >= 0 ? 1 : 0;
            wait->until = inquiry->until;
            wait->stop = stop;
            wait->data = inquiry;
            return SSPIA_WAITING;
        }
        wait_here(inquiry);
    }
    if (status == SSPIA_WAITING)
        status = ntlm_report(report, SEC_E_NO_AUTHENTICATING_AUTHORITY,
                             ntlm_helpers_path(inquiry->helpers),
                             "it has not answered in time; check the domain controllers");
    if (status != SEC_E_OK)
        ntlm_crypto_wipe(base_key, NTLM_KEY_SIZE);
    give_up(inquiry);
    return status;
}

void ntlm_inquiry_end(ntlm_inquiry *inquiry)
{
    if (inquiry == NULL)
        return;
    give_up(inquiry);
    if (inquiry->text != NULL)
        ntlm_crypto_wipe(inquiry->text, inquiry->size);
    free(inquiry->text);
    ntlm_crypto_wipe(inquiry->reply, sizeof inquiry->reply);
    free(inquiry);
}
