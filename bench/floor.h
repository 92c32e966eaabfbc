/* SPDX-License-Identifier: MIT */
/*
 * floor: what a submit cannot cost less than on this machine, given what it promises. A delete
 * that is submitted from any thread changes three words by operations that other threads must
 * see whole: the async context becomes pending, the handle of the security context dies, and
 * the call joins those that wait for a worker. Here are these three alone, on memory laid out
 * as the library's (32 bytes a slot, two slots and a call of 128 bytes an item), with the
 * stores that describe the call, and without any check.
 */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

void floor_start(long most);
void floor_stop(void);

/* Readies items 0 to count - 1. */
void floor_prepare(long count);
void floor_submit(long item);
/* Checks that all of them have been submitted. */
void floor_finish(long count);

#endif
