/* SPDX-License-Identifier: MIT */
/* The threads that run calls, in two lanes that cannot hold each other up. */
#ifndef SSPI_ASYNC_POOL_H
#define SSPI_ASYNC_POOL_H

#include "sspi_queue.h"
#include "work.h"

void pool_start(void);

/* All with the engine lock held. */

/* Admits one more call to a lane and makes sure that a thread of it lives as long as a call
 * is admitted. SEC_E_INSUFFICIENT_MEMORY: the bound is reached or no thread can be had. */
SECURITY_STATUS pool_admit(enum lane lane);
void pool_dismiss(enum lane lane);

/* Hands over admitted work whose turn has come; cannot fail. */
void pool_push(struct work *work);
/* Takes back work that no thread has begun. */
void pool_withdraw(struct work *work);

/* Hands over work that was not admitted: a notification. It rides on the quick lane, and
 * runs when a thread can be had. */
bool pool_push_notification(struct work *work);

/* Around a callback: the thread does not count for its lane meanwhile. Nothing happens on a
 * thread that is not the pool's. */
void pool_begin_callback(void);
void pool_end_callback(void);

void pool_after_fork(void);

#endif
