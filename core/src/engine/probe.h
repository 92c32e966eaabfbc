/* SPDX-License-Identifier: MIT */
/* Probes for debuggers and tracers (USDT: perf, bpftrace, SystemTap), if sys/sdt.h was there
 * when the library was built. A probe is one instruction that does nothing, and a note in the
 * file of where it is:
 *
 *   sspi_async:submit     async, operation    a call was accepted
 *   sspi_async:begin      async, operation    a thread has begun it, or goes on with it
 *   sspi_async:complete   async, status       its status is final
 *
 * async is a number of the async context, the same one in all three; operation is its name.
 */
#ifndef SSPI_ASYNC_PROBE_H
#define SSPI_ASYNC_PROBE_H

#ifdef SSPI_ASYNC_USDT
#include <sys/sdt.h>

#define PROBE_NUMBER(handle) ((uint64_t)(handle).generation << 32 | (handle).slot)
#define PROBE_SUBMIT(async, operation)                                                         \
    DTRACE_PROBE2(sspi_async, submit, PROBE_NUMBER(async), (operation)->name)
#define PROBE_BEGIN(async, operation)                                                          \
    DTRACE_PROBE2(sspi_async, begin, PROBE_NUMBER(async), (operation)->name)
#define PROBE_COMPLETE(async, status)                                                          \
    DTRACE_PROBE2(sspi_async, complete, PROBE_NUMBER(async), status)
#else
#define PROBE_SUBMIT(async, operation)
#define PROBE_BEGIN(async, operation)
#define PROBE_COMPLETE(async, status)
#endif

#endif
