/* SPDX-License-Identifier: MIT */
#ifndef GSS_LOOKUPS_H
#define GSS_LOOKUPS_H

#include "resolver.h"

/*
 * The look-ups that a search depends on, all under way at once. Whoever searches asks for an
 * answer wherever he needs one, and begins anew once those that were missing are there:
 *
 *     while (!search(&lookups)) {
 *         status = gss_lookups_go(&lookups, wait);
 *         if (status == SSPIA_WAITING)
 *             return status;
 *     }
 *     gss_lookups_end(&lookups);
 *
 * Answers stay until the end, so that a search ends whatever their time to live.
 */
#define GSS_LOOKUPS_MAX 16u

typedef struct gss_lookups {
    struct {
        gss_lookup *lookup;
        gss_query query;
        unsigned flags;
        char *name;
        bool done;
        uint32_t first; /* its descriptors in fds */
        uint32_t count;
    } list[GSS_LOOKUPS_MAX]; /* all zero: none */
    unsigned count;
    struct pollfd fds[GSS_LOOKUPS_MAX * GSS_LOOKUP_FDS];
    uint32_t fd_count;
} gss_lookups;

/* True: *answer, which is good until the end; NULL if there are too many, or no memory: pass it
 * over. False: it is not there yet, and under way. */
bool gss_lookups_answer(gss_lookups *lookups, gss_query query, unsigned flags, const char *name,
                        const gss_answer **answer);

/* SEC_E_OK: all are there. SSPIA_WAITING: wait says for what, its stop and data apart, which
 * are the caller's affair. */
SECURITY_STATUS gss_lookups_go(gss_lookups *lookups, sspia_wait *wait);

/* In any state; as gss_lookup_end. Afterwards there are none. */
void gss_lookups_end(gss_lookups *lookups);

#endif
