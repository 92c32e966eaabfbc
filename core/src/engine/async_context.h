/* SPDX-License-Identifier: MIT */
/* What tracks one call at a time: SspiAsyncContext, a handle that leads to a call. */
#ifndef SSPI_ASYNC_ASYNC_CONTEXT_H
#define SSPI_ASYNC_ASYNC_CONTEXT_H

#include "call.h"

/* Tells the context's status, and moves what its submit brought along to the caller unless a
 * call is pending; NULL if there is none. False: the context is dead. */
bool async_take_attachment(SspiAsyncContext *handle, SECURITY_STATUS *status,
                           struct attachment **attachment);

/* The rest with the engine lock held. */

/* The call behind a live async context, or NULL. */
struct call *async_find(const SspiAsyncContext *handle);

/* A call whose settings may be changed, of a context that was seized: its own, or a fresh one
 * if its completion still waits to be taken. NULL without memory. */
struct call *async_changeable(struct call *call, uint64_t was);

/* The call of a live context, not in the midst of writing its outputs; or NULL. */
struct call *async_find_at_rest(const SspiAsyncContext *handle);

/* Leads the handle to a fresh call with the same settings; the one before belongs to whoever
 * runs or lists it. Only an attachment and the deadline move along, and what is told of a call
 * that is complete. */
void async_part(struct call *call, struct call *fresh, bool is_complete);

void async_start(void);

#endif
