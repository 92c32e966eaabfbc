/* SPDX-License-Identifier: MIT */
/* How the compiler lays out the one call that programs make by the million. It has some 200
 * instructions, and each function with a frame of its own adds twenty. */
#ifndef SSPI_ASYNC_INLINE_H
#define SSPI_ASYNC_INLINE_H

/* All that it calls becomes a part of it, */
#define ENGINE_FLAT __attribute__((flatten))
/* but for what is seldom needed and takes its time. */
#define ENGINE_SLOW __attribute__((noinline, cold))

#endif
