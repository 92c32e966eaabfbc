/* SPDX-License-Identifier: MIT */
#ifndef GSS_SEARCH_H
#define GSS_SEARCH_H

#include "host.h"
#include "kdc.h"

/* Where a realm's KDCs are (primary: the primary one, for who was refused by another). */
typedef struct gss_search gss_search;

/* Begins to look for them; NULL if memory ran out. */
gss_search *gss_search_begin(krb5_context context, const char *realm, bool primary);

typedef enum gss_search_state {
    GSS_SEARCH_FOUND,   /* count may be 0: names that have no address */
    GSS_SEARCH_NONE,    /* the realm has none */
    GSS_SEARCH_FAILED,  /* kdcs->code says why */
    GSS_SEARCH_FOREIGN, /* libkrb5 alone knows, or reaches them by other means than ours */
    GSS_SEARCH_WAITS,   /* for what wait says; stop and data are the caller's to set */
} gss_search_state;

/* Goes on as far as that is possible; the KDCs come in the order in which libkrb5 asks them. */
gss_search_state gss_search_go(gss_search *search, sspia_wait *wait, gss_kdcs *kdcs);

/* Ends it in any state, and takes no time; NULL is fine. */
void gss_search_end(gss_search *search);

#endif
