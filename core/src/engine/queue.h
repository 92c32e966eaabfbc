/* SPDX-License-Identifier: MIT */
/* Completions that wait for whoever drains them. */
#ifndef SSPI_ASYNC_QUEUE_H
#define SSPI_ASYNC_QUEUE_H

#include <time.h>

#include "call.h"

struct queue;

void queue_start(void);

/* A reference, or NULL if the handle is dead; and another; and the way back. */
struct handle queue_handle(const struct queue *queue);
struct queue *queue_acquire(const sspia_queue *handle);
void queue_retain(struct queue *queue);
void queue_release(struct queue *queue);

/* ---- With the engine lock held -------------------------------------------------------------
 */

/* Nobody takes from it any more, so nothing is to be posted. */
bool queue_is_closed(const struct queue *queue);

/* The status of a call becomes final whose completion will be posted in the same hold. */
void queue_expect(struct queue *queue);
/* Calls that name this queue, linked by work.next and WORK_IN_QUEUE, wait in it for their
 * completions to be taken. True: somebody is to be told. */
bool queue_post(struct queue *queue, struct work_list *chain);

/* Leaves a call to whoever takes its completion: it is freed then. False: it has been taken. */
bool queue_leave(struct queue *queue, struct call *call);

/* ---- Without the lock ----------------------------------------------------------------------
 */

/* Tells those who drain the queue that something was posted. */
void queue_tell(struct queue *queue);

/* Light work waits that brings a queue completions: who polls its descriptor does it. False:
 * that is nobody's way to hear of them, somebody sleeps for them or the queue is gone. */
bool queue_hint(struct handle queue);

/* A thread that drains turns to something else: what it leaves is for others. */
void queue_leave_off(struct queue *queue);

/* Has it completions? */
bool queue_is_ready(void *queue);

/* Takes up to most completions, the oldest first. Those of the parted calls are put into
 * *parted: they are to be let go of with queue_let_go. */
uint32_t queue_collect(struct queue *queue, sspia_completion *completions, uint32_t most,
                       struct work_list *parted);
/* Frees parted calls, with their references to the queue. */
void queue_let_go(struct queue *queue, struct work_list *parted);

/* Will completions be posted whose statuses may have been seen already? To be asked before
 * queue_collect is, which then finds them or has found none too early. */
bool queue_is_expecting(const struct queue *queue);

/* Has those who sleep stop; if nobody does, the next who would sleep does not. Takes the engine
 * lock. */
void queue_wake(struct queue *queue);

/* With the engine lock held: sleeps until something is posted, the queue is closed or it is
 * woken; false: the time is over, or it was woken. As engine_wait_cancellable otherwise. undo
 * calls queue_sleep_no_more, before it lets go of the lock.
 */
bool queue_sleep(struct queue *queue, const struct timespec *deadline, int cancel_state,
                 void (*undo)(void *queue));
void queue_sleep_no_more(struct queue *queue);

#endif
