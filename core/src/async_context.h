/* SPDX-License-Identifier: MIT */
/* What tracks one call at a time: SspiAsyncContext, a handle that leads to a call. */
#ifndef SSPI_ASYNC_ASYNC_CONTEXT_H
#define SSPI_ASYNC_ASYNC_CONTEXT_H

#include "call.h"

/* Tells the context's status, and moves the outcome to the caller unless a call is pending;
 * NULL if there is none. False: the context is dead. */
bool async_take_outcome(SspiAsyncContext *handle, SECURITY_STATUS *status,
                        struct outcome **outcome);

/* The rest with the engine lock held. */

/* The call behind a live async context, or NULL. */
struct call *async_find(const SspiAsyncContext *handle);

/* A call whose settings may be changed: the context's, or a fresh one if its completion still
 * waits to be taken. NULL without memory. */
struct call *async_changeable(struct call *call);

/* Sets the call's state and, if it is attached, the context's status; tells those who wait. */
void async_move_to(struct call *call, enum async_state state, SECURITY_STATUS status);

/* The call is complete, with the status of its job. */
void async_finish(struct call *call);

bool async_destroy(void *object);
void async_after_fork(void *object);
/* Those who waited were threads of the parent. */
void async_forget_waiters(void);

#endif
