/* SPDX-License-Identifier: MIT */
/* Where threads run: figures of few calls in flight depend on it. */
#ifndef BENCH_PLACEMENT_H
#define BENCH_PLACEMENT_H

/* All threads that there are, and those that they start, on one processor; anywhere again. */
void placement_pin(void);
void placement_free(void);

#endif
