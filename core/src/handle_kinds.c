/* SPDX-License-Identifier: MIT */
/* The one place that knows all kinds of objects: so that handle.c knows none. */
#include "async_context.h"
#include "credential.h"
#include "handle.h"
#include "queue.h"
#include "security_context.h"

bool (*const handle_destroy[HANDLE_KINDS])(void *object) = {
    [HANDLE_CONTEXT] = security_context_destroy,
    [HANDLE_QUEUE] = queue_destroy,
    [HANDLE_CREDENTIAL] = credential_destroy,
    [HANDLE_ASYNC] = async_destroy,
};
