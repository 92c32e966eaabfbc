/* SPDX-License-Identifier: MIT */
/* What becomes of the call of an async context: its state and status in one word, the moves of
 * that word, and the threads that wait for a move. */
#ifndef SSPI_ASYNC_FATE_H
#define SSPI_ASYNC_FATE_H

#include <time.h>

#include "handle.h"

/* The moves; no other happens.
 *
 *   IDLE      -> BUSY -> PENDING   submit
 *   PENDING   -> FINISHING         the call's thread, to write the outputs without the lock
 *   FINISHING -> COMPLETE          the same thread
 *   PENDING   -> COMPLETE          the same thread if there are no outputs; or cancel, or the
 *                                  reactor at the call's deadline
 *   COMPLETE  -> IDLE              reinit
 *   IDLE      -> BUSY -> IDLE      somebody changes settings, or looks
 *   COMPLETE  -> BUSY -> COMPLETE  the same
 */
enum async_state {
    ASYNC_IDLE,
    ASYNC_PENDING,
    ASYNC_FINISHING,
    ASYNC_COMPLETE,
    ASYNC_BUSY, /* one thread has it, for a moment */
};

/* A value of the word: sequence:28 | message:1 | state:3 | status:32. */
enum async_state fate_state(uint64_t value);
SECURITY_STATUS fate_status(uint64_t value);

/* ---- Without the engine lock ---------------------------------------------------------------
 */

/* The context behind a pointer; view.value is its fate. False: it is dead. */
bool fate_look(const void *pointer, struct handle_view *view);

/* IDLE -> BUSY, if nothing has changed since the look. The thread that does it has the object
 * of the view, and goes on with one of the next two before it does anything that waits. */
bool fate_begin(struct handle_view *view);
void fate_back(struct handle_view *view);   /* BUSY -> IDLE */
void fate_submit(struct handle_view *view); /* BUSY -> PENDING */

/* COMPLETE -> IDLE, if nothing has changed since the look and there is no message to free. */
bool fate_reinit(struct handle_view *view);

/* ---- With the engine lock held -------------------------------------------------------------
 */

/* Of a handle that has just been opened. */
void fate_open(struct handle async);

uint64_t fate_of(struct handle async);
bool fate_is_pending(struct handle async);

/* Makes an IDLE or COMPLETE context BUSY, having waited for whoever had it; leaves one alone
 * whose call is pending. The value of before. */
uint64_t fate_seize(struct handle async);
/* The way back. */
void fate_release(struct handle async, uint64_t was);

/* Sets state and status and tells those who wait. */
void fate_move(struct handle async, enum async_state state, SECURITY_STATUS status,
               bool has_message);

/* Tells those who wait for the context to look again. */
void fate_tell(struct handle async);

/* Waits for the context to move once. */
void fate_wait(struct handle async);
/* The same, until the deadline (NULL: none; false: it passed) or until the thread is cancelled,
 * whose cancel state was cancel_state before it was disabled. */
bool fate_wait_until(struct handle async, const struct timespec *deadline, int cancel_state);

/* Those who waited were threads of the parent. */
void fate_after_fork(void);

#endif
