/* SPDX-License-Identifier: MIT */
/*
 * Probe: a package for tests of the engine, whose every call does what its target or
 * principal says, and which counts what is alive. Nothing here is authentication.
 *
 * A script is words between spaces:
 *   block        waits inside the package until probe_release
 *   fail=HEX     returns this status
 *   token=N      yields a token of N bytes (1 without it), each the number of the leg
 *   more         SEC_I_CONTINUE_NEEDED instead of SEC_E_OK
 *   extra=N      leaves N bytes of the input token unused
 *   missing=N    with fail=80090318: how many more
 *   say=WORD     puts WORD into the report
 * The principal is the script of an acquire, the target that of an initiator's leg, and the
 * input token, as text, that of an acceptor's.
 */
#ifndef PROBE_PACKAGE_H
#define PROBE_PACKAGE_H

#include <stdint.h>

#define PROBE_NAME "Probe"

struct probe {
    /* All are safe to call from any thread. */
    void (*release)(int count);             /* lets that many blocked calls go on */
    int (*wait_blocked)(int count, int ms); /* until that many are blocked; 0: in time */
    int (*live_contexts)(void);
    int (*live_credentials)(void);
    int (*legs)(void); /* that the package ran, since the start */
    /* Names of the operations since the last call, one letter each: A I C (accept) D S. */
    void (*take_log)(char *log, int size);
};

/* Exported by the module. */
const struct probe *probe_control(void);

#endif
