/* SPDX-License-Identifier: MIT */
/*
 * The event loop of a Node environment (the main thread, a worker) watches a queue: a function
 * of JavaScript is called whenever its descriptor is readable. Runs on the loop's thread alone.
 * When the environment ends the loop lets go of the descriptor, and the queue is freed.
 */
#ifndef SSPI_ASYNC_NODE_WATCHER_H
#define SSPI_ASYNC_NODE_WATCHER_H

#include <node_api.h>

#ifdef __cplusplus
extern "C" {
#endif

/* watch(queue, drain): an object for hold. */
napi_value watcher_watch(napi_env env, napi_callback_info info);

/* hold(watcher, holds): does the process go on for its sake? Not at first. */
napi_value watcher_hold(napi_env env, napi_callback_info info);

#ifdef __cplusplus
}
#endif

#endif
