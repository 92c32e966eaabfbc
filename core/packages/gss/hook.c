/* SPDX-License-Identifier: MIT */
#include "hook.h"
#include "exchange.h"
#include "host.h"
#include "search.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* So often it is asked whether the result is still wanted. */
static const int64_t look_ns = 100000000;

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

/* Waits for something to happen, for a while. */
static void look(struct pollfd *fds, unsigned count, int64_t until)
{
    int64_t left = until - now();

    left = left < 0 ? 0 : left > look_ns ? look_ns : left;
    poll(fds, count, (int)((left + 999999) / 1000000));
}

static gss_search_state find_kdcs(krb5_context context, void *call, const krb5_data *realm,
                                  gss_kdcs *kdcs)
{
    sspia_wait wait = {.size = sizeof wait, .call = call};
    char *name = gss_text_of(realm->data, realm->length);
    gss_search *search = name != NULL ? gss_search_begin(context, name, false) : NULL;
    gss_search_state state = search != NULL ? GSS_SEARCH_WAITS : GSS_SEARCH_NONE;

    while (state == GSS_SEARCH_WAITS && gss_host->is_wanted(call)) {
        wait.flags = SSPIA_WAIT_THREAD;
        state = gss_search_go(search, &wait, kdcs);
        if (state == GSS_SEARCH_WAITS && !(wait.flags & SSPIA_WAIT_THREAD))
            look(wait.fds, wait.fd_count, wait.until);
    }
    gss_search_end(search);
    free(name);
    return state;
}

static krb5_error_code ask(krb5_context context, void *call, const gss_kdcs *kdcs,
                           const krb5_data *request, bool tcp_only, krb5_data *reply)
{
    gss_exchange *exchange =
        gss_exchange_open(context, kdcs, request, gss_kdc_udp_limit(context), tcp_only);
    krb5_error_code code = KRB5_KDC_UNREACH;
    struct pollfd *fds;
    unsigned count;
    int64_t until;

    if (exchange == NULL)
        return ENOMEM;
    while (gss_host->is_wanted(call) && !gss_exchange_go(exchange, &code, reply)) {
        fds = gss_exchange_fds(exchange, &count, &until);
        look(fds, count, until);
    }
    gss_exchange_free(exchange);
    return code;
}

static bool is_too_big(krb5_context context, const krb5_data *reply)
{
    krb5_error *error = NULL;
    bool too_big;

    if (krb5_rd_error(context, reply, &error) != 0)
        return false; /* it is a ticket */
    too_big =
        (krb5_error_code)error->error + ERROR_TABLE_BASE_krb5 == KRB5KRB_ERR_RESPONSE_TOO_BIG;
    krb5_free_error(context, error);
    return too_big;
}

static krb5_error_code send_hook(krb5_context context, void *data, const krb5_data *realm,
                                 const krb5_data *request, krb5_data **new_request,
                                 krb5_data **new_reply)
{
    void *call = *(void *const *)data;
    krb5_data reply = {.length = 0};
    krb5_error_code code;
    gss_kdcs kdcs;

    (void)new_request;
    switch (find_kdcs(context, call, realm, &kdcs)) {
    case GSS_SEARCH_FOUND:
        break;
    case GSS_SEARCH_FOREIGN: /* by libkrb5's own means, which cannot be ended any more */
        return gss_host->is_wanted(call) ? 0 : KRB5_KDC_UNREACH;
    case GSS_SEARCH_FAILED:
        return kdcs.code;
    case GSS_SEARCH_NONE:
        return KRB5_REALM_UNKNOWN;
    default:
        return KRB5_KDC_UNREACH;
    }
    code = ask(context, call, &kdcs, request, false, &reply);
    if (code == 0 && is_too_big(context, &reply)) {
        free(reply.data);
        code = ask(context, call, &kdcs, request, true, &reply);
    }
    if (code == 0)
        code = krb5_copy_data(context, &reply, new_reply);
    free(reply.data);
    return code;
}

void gss_hook_set(krb5_context context, void *const *call)
{
    krb5_set_kdc_send_hook(context, send_hook, (void *)(uintptr_t)call);
}
