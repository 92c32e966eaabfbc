/* SPDX-License-Identifier: MIT */
#include "watcher.h"

#include <sspi_hub.h>
#include <stdbool.h>
#include <stdlib.h>
#include <uv.h>

struct watcher {
    uv_poll_t poll; /* the handle that uv_close gets */
    napi_env env;
    napi_ref drain;
    napi_async_context context;
    napi_async_cleanup_hook_handle hook;
    uint64_t queue;
};

/* An exception of drain goes where those of other callbacks go: to "uncaughtException". */
static void call_drain(struct watcher *watcher)
{
    napi_value drain, global, result, exception;

    napi_get_reference_value(watcher->env, watcher->drain, &drain);
    napi_get_global(watcher->env, &global);
    if (napi_make_callback(watcher->env, watcher->context, global, drain, 0, NULL, &result) !=
        napi_pending_exception)
        return;
    napi_get_and_clear_last_exception(watcher->env, &exception);
    napi_fatal_exception(watcher->env, exception);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct watcher *watcher = poll->data;
    napi_handle_scope scope;

    (void)status;
    (void)events;
    if (napi_open_handle_scope(watcher->env, &scope) != napi_ok)
        return;
    call_drain(watcher);
    napi_close_handle_scope(watcher->env, scope);
}

static void on_closed(uv_handle_t *handle)
{
    struct watcher *watcher = handle->data;
    napi_async_cleanup_hook_handle hook = watcher->hook;

    free(watcher);
    napi_remove_async_cleanup_hook(hook);
}

static void end(napi_async_cleanup_hook_handle hook, void *data)
{
    struct watcher *watcher = data;

    (void)hook;
    uv_poll_stop(&watcher->poll);
    sspia_hub_queue_free(watcher->queue);
    uv_close((uv_handle_t *)&watcher->poll, on_closed);
}

static bool start(struct watcher *watcher)
{
    const int fd = sspia_hub_queue_fd(watcher->queue);
    uv_loop_t *loop;

    if (fd < 0 || napi_get_uv_event_loop(watcher->env, &loop) != napi_ok ||
        uv_poll_init(loop, &watcher->poll, fd) != 0)
        return false;
    watcher->poll.data = watcher;
    uv_unref((uv_handle_t *)&watcher->poll);
    uv_poll_start(&watcher->poll, UV_READABLE, on_ready);
    return true;
}

napi_value watcher_watch(napi_env env, napi_callback_info info)
{
    struct watcher *watcher = calloc(1, sizeof(*watcher));
    napi_value arguments[2], name, made = NULL;
    size_t count = 2;
    int64_t queue = 0;

    if (watcher == NULL) {
        napi_throw_error(env, NULL, "out of memory");
        return NULL;
    }
    watcher->env = env;
    if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok || count != 2 ||
        napi_get_value_int64(env, arguments[0], &queue) != napi_ok ||
        napi_create_reference(env, arguments[1], 1, &watcher->drain) != napi_ok) {
        free(watcher);
        napi_throw_type_error(env, NULL, "watch takes a queue and a function");
        return NULL;
    }
    watcher->queue = (uint64_t)queue;
    if (!start(watcher)) {
        napi_delete_reference(env, watcher->drain);
        free(watcher);
        napi_throw_error(env, NULL, "no descriptor is left for the queue");
        return NULL;
    }
    napi_create_string_utf8(env, "SSPI", NAPI_AUTO_LENGTH, &name);
    napi_async_init(env, NULL, name, &watcher->context);
    napi_add_async_cleanup_hook(env, end, watcher, &watcher->hook);
    napi_create_external(env, watcher, NULL, NULL, &made);
    return made;
}

napi_value watcher_hold(napi_env env, napi_callback_info info)
{
    napi_value arguments[2];
    size_t count = 2;
    void *watcher;
    bool holds;

    if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok || count != 2 ||
        napi_get_value_external(env, arguments[0], &watcher) != napi_ok ||
        napi_get_value_bool(env, arguments[1], &holds) != napi_ok) {
        napi_throw_type_error(env, NULL, "hold takes a watcher and a boolean");
        return NULL;
    }
    if (holds)
        uv_ref((uv_handle_t *)&((struct watcher *)watcher)->poll);
    else
        uv_unref((uv_handle_t *)&((struct watcher *)watcher)->poll);
    return NULL;
}
