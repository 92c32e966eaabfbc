/* SPDX-License-Identifier: MIT */
#include "relay.h"

#include <string.h>

static void step(SspiAsyncContext *async, void *data);

bool relay_init(struct relay *relay)
{
    relay->async = SspiCreateAsyncContext();
    return relay->async != NULL &&
           SspiSetAsyncNotifyCallback(relay->async, step, relay) == SEC_E_OK;
}

void relay_free(struct relay *relay)
{
    SspiFreeAsyncContext(relay->async);
}

uint32_t relay_random(uint32_t *state, uint32_t limit)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state % limit;
}

static SECURITY_STATUS submit_leg(struct relay *relay)
{
    SecBufferDesc inputs = {SECBUFFER_VERSION, 1, &relay->input};
    SecBufferDesc outputs = {SECBUFFER_VERSION, 1, &relay->output};
    CtxtHandle *context = &relay->contexts[relay->turn];
    CtxtHandle *old = relay->started[relay->turn] ? context : NULL;

    if (relay->turn == 0)
        return SspiInitializeSecurityContextAsyncA(
            relay->async, &relay->credentials[0], old, relay->target,
            ISC_REQ_ALLOCATE_MEMORY | ISC_REQ_MUTUAL_AUTH | ISC_REQ_CONFIDENTIALITY, 0,
            SECURITY_NATIVE_DREP, relay->input.cbBuffer > 0 ? &inputs : NULL, 0, context,
            &outputs, &relay->attributes, NULL);
    return SspiAcceptSecurityContextAsync(relay->async, &relay->credentials[1], old, &inputs,
                                          ASC_REQ_ALLOCATE_MEMORY, SECURITY_NATIVE_DREP,
                                          context, &outputs, &relay->attributes, NULL);
}

static void finish(struct relay *relay, SECURITY_STATUS status)
{
    FreeContextBuffer(relay->input.pvBuffer);
    relay->input.pvBuffer = NULL;
    for (int i = 0; i < 2; i++) {
        if (relay->started[i])
            DeleteSecurityContext(&relay->contexts[i]);
        relay->started[i] = false;
    }
    relay->done(relay, status);
}

static void submitted(struct relay *relay, SECURITY_STATUS status)
{
    if (status == SEC_E_OK)
        return; /* the callback has the relay now */
    sspia_last_message(relay->message, sizeof(relay->message));
    finish(relay, status);
}

/* Submits the delete of a context that is left. */
static void next_delete(struct relay *relay)
{
    int side = (int)relay_random(&relay->random, 2);

    if (!relay->started[side])
        side = !side;
    if (!relay->started[side]) {
        finish(relay, SEC_E_OK);
        return;
    }
    relay->started[side] = false;
    submitted(relay, SspiDeleteSecurityContextAsync(relay->async, &relay->contexts[side]));
}

void relay_start(struct relay *relay)
{
    relay->turn = 0;
    relay->shaken = false;
    relay->started[0] = relay->started[1] = false;
    relay->input = relay->output = (SecBuffer){0, SECBUFFER_TOKEN, NULL};
    submitted(relay, submit_leg(relay));
}

static void step(SspiAsyncContext *async, void *data)
{
    struct relay *relay = data;
    SECURITY_STATUS status = SspiGetAsyncCallStatus(async);

    if (status < 0)
        sspia_async_message(async, relay->message, sizeof(relay->message));
    SspiReinitAsyncContext(async);
    if (!relay->shaken) {
        FreeContextBuffer(relay->input.pvBuffer);
        relay->input = relay->output;
        relay->output = (SecBuffer){0, SECBUFFER_TOKEN, NULL};
        if (status >= 0)
            relay->started[relay->turn] = true;
        relay->shaken = (status == SEC_E_OK && relay->input.cbBuffer == 0) ||
                        (relay->fickle && relay_random(&relay->random, 6) == 0);
        relay->turn = !relay->turn;
    }
    if (status < 0)
        finish(relay, status);
    else if (relay->shaken)
        next_delete(relay);
    else
        submitted(relay, submit_leg(relay));
}
