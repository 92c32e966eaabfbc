/* SPDX-License-Identifier: MIT */
#ifndef NTLM_HELPERS_H
#define NTLM_HELPERS_H

#include "helper.h"

#include <stdint.h>

/* How many of one program run at once. Each asks its domain controller one question at a time.
 */
#define NTLM_HELPERS_MAX 4u

/* The helpers of one program, for all credentials of the process that name it. They live on
 * between questions. It lives for ever. */
typedef struct ntlm_helpers ntlm_helpers;

/*
 * One that has, or waits for, a place among those that may have a helper.
 *
 *     OUTSIDE --enter--> INSIDE               a place was free
 *        |                  ^
 *        +----enter----> IN_LINE              leave of another, first come first served
 *
 * leave brings it back OUTSIDE from everywhere. Who is INSIDE alone touches helper: it may have
 * come with the place, be started, ended, or handed on with leave.
 */
typedef struct ntlm_place {
    enum { NTLM_OUTSIDE, NTLM_IN_LINE, NTLM_INSIDE } state;
    struct ntlm_place *next, *previous; /* in the line */
    pid_t owner;                        /* the process that entered */
    void *call; /* for host->resume when its turn comes; NULL: a thread waits */
    ntlm_helper *helper;
} ntlm_place;

/* Finds or makes; NULL if memory ran out. */
ntlm_helpers *ntlm_helpers_of(const char *path);
const char *ntlm_helpers_path(const ntlm_helpers *helpers);

/* True once it is INSIDE. May be repeated. */
bool ntlm_helpers_enter(ntlm_helpers *helpers, ntlm_place *place, void *call);

/* Waits until it is; false if CLOCK_MONOTONIC has come to until (nanoseconds) before. */
bool ntlm_helpers_wait(ntlm_helpers *helpers, ntlm_place *place, int64_t until);

/* Gives the place up, with the helper if there is one: it must be ready for the next question.
 */
void ntlm_helpers_leave(ntlm_helpers *helpers, ntlm_place *place);

#endif
