/* SPDX-License-Identifier: MIT */
#ifndef SSPI_ASYNC_TCL_WATCHER_H
#define SSPI_ASYNC_TCL_WATCHER_H

#include <tcl.h>

#ifdef __cplusplus
extern "C" {
#endif

/* watch queue script: evaluates the script, at the top level of the interpreter, whenever the
 * event loop finds the queue's descriptor readable. What it raises goes to bgerror. Once for a
 * queue, which ends with the interpreter. */
int watcher_watch(ClientData unused, Tcl_Interp *interp, int count, Tcl_Obj *const arguments[]);

#ifdef __cplusplus
}
#endif

#endif
