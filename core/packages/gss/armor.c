/* SPDX-License-Identifier: MIT */
#include "armor.h"

#include <string.h>
#include <time.h>

enum found { NONE, ENDED, GOOD };

/* The ticket-granting ticket of a realm. */
static enum found look_for(krb5_context context, krb5_ccache cache, krb5_principal owner,
                           const krb5_data *realm)
{
    krb5_creds wanted;
    krb5_creds found;
    enum found result = NONE;

    memset(&wanted, 0, sizeof wanted);
    wanted.client = owner;
    if (krb5_build_principal_ext(context, &wanted.server, realm->length, realm->data,
                                 (unsigned)KRB5_TGS_NAME_SIZE, KRB5_TGS_NAME, realm->length,
                                 realm->data, 0) != 0)
        return NONE;
    wanted.times.endtime = (krb5_timestamp)time(NULL);
    if (krb5_cc_retrieve_cred(context, cache, KRB5_TC_MATCH_TIMES, &wanted, &found) == 0)
        result = GOOD;
    else if (krb5_cc_retrieve_cred(context, cache, 0, &wanted, &found) == 0)
        result = ENDED;
    if (result != NONE)
        krb5_free_cred_contents(context, &found);
    krb5_free_principal(context, wanted.server);
    return result;
}

static krb5_error_code check(krb5_context context, const char *name, const krb5_data *realm,
                             bool *asks)
{
    krb5_ccache cache = NULL;
    krb5_principal owner = NULL;
    enum found found = NONE;
    krb5_error_code code = krb5_cc_resolve(context, name, &cache);

    if (code == 0)
        code = krb5_cc_get_principal(context, cache, &owner);
    if (code == 0) {
        const krb5_data *own = krb5_princ_realm(context, owner);

        found = look_for(context, cache, owner, realm);
        if (found == NONE && (own->length != realm->length ||
                              memcmp(own->data, realm->data, own->length) != 0)) {
            found = look_for(context, cache, owner, own);
            *asks = found == GOOD;
        }
        krb5_free_principal(context, owner);
    }
    if (cache != NULL)
        krb5_cc_close(context, cache);
    if (code != 0) {
        krb5_prepend_error_message(context, code, "armor cache %s", name);
    } else if (found != GOOD) {
        code = found == ENDED ? KRB5KRB_AP_ERR_TKT_EXPIRED : KRB5_CC_NOTFOUND;
        krb5_set_error_message(context, code,
                               "armor cache %s: its ticket-granting ticket %s: get another "
                               "one with kinit -c",
                               name, found == ENDED ? "has expired" : "is missing");
    }
    return code;
}

krb5_error_code gss_armor_put_on(krb5_context context, krb5_get_init_creds_opt *options,
                                 const char *cache, const krb5_data *realm, bool *asks)
{
    krb5_error_code code = check(context, cache, realm, asks);

    if (code == 0)
        code = krb5_get_init_creds_opt_set_fast_ccache_name(context, options, cache);
    if (code == 0)
        code = krb5_get_init_creds_opt_set_fast_flags(context, options, KRB5_FAST_REQUIRED);
    return code;
}
