/* SPDX-License-Identifier: MIT */
#include "turn.h"

#include <time.h>

static void complete(struct context *context)
{
    context->state = CONTEXT_OPEN;
    context->opened = (int64_t)time(NULL);
    context->handshake_seen = false;
    /* An idle connection holds no buffers. In the handshake they would be wiped and made anew
     * for each flight. DTLS of OpenSSL does not make them anew. */
    if (!context->datagrams) {
        SSL_set_mode(context->ssl, SSL_MODE_RELEASE_BUFFERS);
        (void)SSL_free_buffers(context->ssl);
    }
    OPENSSL_free(context->seen);
    context->seen = NULL;
    context->seen_size = 0;
}

SECURITY_STATUS turn_handshake(struct context *context, sspia_report *report)
{
    const int done = SSL_do_handshake(context->ssl);

    if (done == 1) {
        complete(context);
        return SEC_E_OK;
    }
    if (context->paused)
        return SEC_I_INCOMPLETE_CREDENTIALS;
    /* The caller wants to know of an extension before the ClientHello is answered. */
    if (SSL_want(context->ssl) == SSL_CLIENT_HELLO_CB || context_waits(context))
        return SEC_I_CONTINUE_NEEDED;
    return context_fail_openssl(context, "the handshake failed", report);
}
