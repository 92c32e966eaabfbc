/* SPDX-License-Identifier: MIT */
#ifndef GSS_RECIPE_H
#define GSS_RECIPE_H

#include "mech.h"

/* What a gss_cred_id_t is made of. */
typedef struct gss_recipe {
    gss_cred_usage_t usage;
    gss_name_t name; /* or GSS_C_NO_NAME */

    /* For the cred store; NULL leaves a place to the system. */
    char *ccache;
    char *keytab;
    char *client_keytab;
    char *replay_cache;

    /* Where tickets come from; both NULL: not from us. */
    char *account;
    char *password;
    char *login_keytab;
    char *armor_cache; /* whose ticket encrypts the requests for them, or NULL */

    char *impersonate; /* initiators: the user for whom the account gets tickets (S4U2Self) */
    bool s4u;          /* service tickets are got by S4U2Self or S4U2Proxy: libkrb5 blocks */
} gss_recipe;

/* Frees and wipes what a recipe holds. */
void gss_recipe_clear(gss_recipe *recipe);

#endif
