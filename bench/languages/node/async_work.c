/* SPDX-License-Identifier: MIT */
/*
 * What addons around a library that blocks do in Node: napi_create_async_work, which runs it on
 * a thread of libuv's pool. logOn(package, target, callback(status)); inside().
 */
#include <node_api.h>
#include <stdlib.h>

#include "probe.h"

struct work {
    napi_async_work work;
    napi_ref callback;
    char package[32], target[64];
    int status;
};

static void run(napi_env env, void *data)
{
    struct work *work = data;

    (void)env;
    work->status = probe_log_on(work->package, work->target);
}

static void done(napi_env env, napi_status status, void *data)
{
    struct work *work = data;
    napi_value callback, number, global;

    (void)status;
    napi_get_reference_value(env, work->callback, &callback);
    napi_get_global(env, &global);
    napi_create_int32(env, work->status, &number);
    napi_delete_reference(env, work->callback);
    napi_delete_async_work(env, work->work);
    free(work);
    napi_call_function(env, global, callback, 1, &number, NULL);
}

static napi_value log_on(napi_env env, napi_callback_info info)
{
    size_t count = 3;
    napi_value arguments[3], name;
    struct work *work = calloc(1, sizeof(*work));

    if (!work || napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok ||
        napi_get_value_string_utf8(env, arguments[0], work->package, sizeof(work->package),
                                   NULL) != napi_ok ||
        napi_get_value_string_utf8(env, arguments[1], work->target, sizeof(work->target),
                                   NULL) != napi_ok ||
        napi_create_reference(env, arguments[2], 1, &work->callback) != napi_ok) {
        free(work);
        napi_throw_error(env, NULL, "logOn(package, target, callback)");
        return NULL;
    }
    napi_create_string_utf8(env, "logOn", NAPI_AUTO_LENGTH, &name);
    napi_create_async_work(env, NULL, name, run, done, work, &work->work);
    napi_queue_async_work(env, work->work);
    return NULL;
}

static napi_value inside(napi_env env, napi_callback_info info)
{
    napi_value number;

    (void)info;
    napi_create_int32(env, probe_inside(), &number);
    return number;
}

static napi_value begin(napi_env env, napi_value exports)
{
    napi_value function;

    napi_create_function(env, "logOn", NAPI_AUTO_LENGTH, log_on, NULL, &function);
    napi_set_named_property(env, exports, "logOn", function);
    napi_create_function(env, "inside", NAPI_AUTO_LENGTH, inside, NULL, &function);
    napi_set_named_property(env, exports, "inside", function);
    return exports;
}

NAPI_MODULE(async_work, begin)
