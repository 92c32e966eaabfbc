/* SPDX-License-Identifier: MIT */
#include "watcher.h"

#include <sspi_hub.h>

struct watcher {
    Tcl_Interp *interp;
    Tcl_Obj *script;
    uint64_t queue;
    int fd;
};

static void readable(ClientData data, int mask)
{
    struct watcher *watcher = data;
    Tcl_Interp *interp = watcher->interp;
    int result;

    (void)mask;
    Tcl_Preserve(interp);
    result = Tcl_EvalObjEx(interp, watcher->script, TCL_EVAL_GLOBAL);
    if (result != TCL_OK)
        Tcl_BackgroundException(interp, result);
    Tcl_Release(interp);
}

static void forget(ClientData data, Tcl_Interp *interp)
{
    struct watcher *watcher = data;

    (void)interp;
    Tcl_DeleteFileHandler(watcher->fd);
    sspia_hub_queue_free(watcher->queue);
    Tcl_DecrRefCount(watcher->script);
    ckfree((char *)watcher);
}

int watcher_watch(ClientData unused, Tcl_Interp *interp, int count, Tcl_Obj *const arguments[])
{
    struct watcher *watcher;
    Tcl_WideInt queue;
    int fd;

    (void)unused;
    if (count != 3) {
        Tcl_WrongNumArgs(interp, 1, arguments, "queue script");
        return TCL_ERROR;
    }
    if (Tcl_GetWideIntFromObj(interp, arguments[1], &queue) != TCL_OK)
        return TCL_ERROR;
    fd = sspia_hub_queue_fd((uint64_t)queue);
    if (fd < 0) {
        Tcl_SetObjResult(interp, Tcl_NewStringObj("the queue has no descriptor", -1));
        return TCL_ERROR;
    }
    watcher = (struct watcher *)ckalloc(sizeof(*watcher));
    watcher->interp = interp;
    watcher->script = arguments[2];
    watcher->queue = (uint64_t)queue;
    watcher->fd = fd;
    Tcl_IncrRefCount(watcher->script);
    Tcl_CreateFileHandler(fd, TCL_READABLE, readable, watcher);
    Tcl_CallWhenDeleted(interp, forget, watcher);
    return TCL_OK;
}
