/* SPDX-License-Identifier: MIT */
#include "ticket_cache.h"
#include "realm_host.h"

#include <krb5.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void fill(const char *name, bool is_expired)
{
    krb5_context context;
    krb5_ccache from;
    krb5_ccache to;
    krb5_principal owner;
    krb5_cc_cursor cursor;
    krb5_creds creds;

    assert_int_equal(krb5_init_context(&context), 0);
    assert_int_equal(krb5_cc_resolve(context, realm_host_env("CCACHE"), &from), 0);
    assert_int_equal(krb5_cc_resolve(context, name, &to), 0);
    assert_int_equal(krb5_cc_get_principal(context, from, &owner), 0);
    assert_int_equal(krb5_cc_initialize(context, to, owner), 0);
    assert_int_equal(krb5_cc_start_seq_get(context, from, &cursor), 0);
    while (krb5_cc_next_cred(context, from, &cursor, &creds) == 0) {
        if (is_expired)
            creds.times.endtime = (krb5_timestamp)(time(NULL) - 3600);
        if (creds.server->length == 2 && strcmp(creds.server->data[0].data, "krbtgt") == 0)
            assert_int_equal(krb5_cc_store_cred(context, to, &creds), 0);
        krb5_free_cred_contents(context, &creds);
    }
    krb5_cc_end_seq_get(context, from, &cursor);
    krb5_free_principal(context, owner);
    krb5_cc_close(context, from);
    krb5_cc_close(context, to);
    krb5_free_context(context);
}

void ticket_cache_fill(const char *name)
{
    fill(name, false);
}

void ticket_cache_fill_expired(const char *name)
{
    fill(name, true);
}

bool ticket_cache_has(const char *name, const char *service)
{
    krb5_context context;
    krb5_ccache cache;
    krb5_creds wanted;
    krb5_creds found;
    bool there;

    memset(&wanted, 0, sizeof wanted);
    assert_int_equal(krb5_init_context(&context), 0);
    assert_int_equal(krb5_cc_resolve(context, name, &cache), 0);
    assert_int_equal(krb5_cc_get_principal(context, cache, &wanted.client), 0);
    assert_int_equal(krb5_parse_name(context, service, &wanted.server), 0);
    there = krb5_cc_retrieve_cred(context, cache, 0, &wanted, &found) == 0;
    if (there)
        krb5_free_cred_contents(context, &found);
    krb5_free_cred_contents(context, &wanted);
    krb5_cc_close(context, cache);
    krb5_free_context(context);
    return there;
}
