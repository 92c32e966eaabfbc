/* SPDX-License-Identifier: MIT */
/* Several look-ups, for one call. */
#include "lookups.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool gss_lookups_answer(gss_lookups *lookups, gss_query query, unsigned flags, const char *name,
                        const gss_answer **answer)
{
    unsigned i;

    *answer = NULL;
    for (i = 0; i < lookups->count; i++) {
        if (lookups->list[i].query != query || lookups->list[i].flags != flags ||
            strcasecmp(lookups->list[i].name, name) != 0)
            continue;
        if (lookups->list[i].done)
            *answer = gss_lookup_answer(lookups->list[i].lookup);
        return lookups->list[i].done;
    }
    if (i == GSS_LOOKUPS_MAX)
        return true;
    memset(&lookups->list[i], 0, sizeof lookups->list[i]);
    lookups->list[i].query = query;
    lookups->list[i].flags = flags;
    lookups->list[i].name = strdup(name);
    lookups->list[i].lookup =
        lookups->list[i].name != NULL ? gss_lookup_begin(query, flags, name) : NULL;
    if (lookups->list[i].lookup == NULL) {
        free(lookups->list[i].name);
        return true;
    }
    lookups->count++;
    return false;
}

SECURITY_STATUS gss_lookups_go(gss_lookups *lookups, sspia_wait *wait)
{
    bool may_block = (wait->flags & SSPIA_WAIT_THREAD) != 0;
    struct pollfd before[GSS_LOOKUPS_MAX * GSS_LOOKUP_FDS];
    int64_t earliest = INT64_MAX;
    bool thread = false;
    bool waits = false;

    memcpy(before, lookups->fds, lookups->fd_count * sizeof *before);
    lookups->fd_count = 0;
    for (unsigned i = 0; i < lookups->count; i++) {
        struct pollfd *fds = lookups->fds + lookups->fd_count;
        int64_t until = INT64_MAX;
        gss_lookup_state state;

        if (lookups->list[i].done)
            continue;
        /* There is room: nobody leaves more than his share. */
        memcpy(fds, before + lookups->list[i].first, lookups->list[i].count * sizeof *fds);
        state = gss_lookup_go(lookups->list[i].lookup, wait->call, may_block, fds,
                              &lookups->list[i].count, &until);
        lookups->list[i].first = lookups->fd_count;
        lookups->fd_count += lookups->list[i].count;
        lookups->list[i].done = state == GSS_LOOKUP_DONE;
        thread = thread || state == GSS_LOOKUP_THREAD;
        waits = waits || state != GSS_LOOKUP_DONE;
        earliest = until < earliest ? until : earliest;
    }
    if (!waits)
        return SEC_E_OK;
    wait->flags = thread ? SSPIA_WAIT_THREAD : 0;
    wait->fds = lookups->fds;
    wait->fd_count = lookups->fd_count;
    wait->until = earliest;
    return SSPIA_WAITING;
}

void gss_lookups_end(gss_lookups *lookups)
{
    for (unsigned i = 0; i < lookups->count; i++) {
        gss_lookup_end(lookups->list[i].lookup);
        free(lookups->list[i].name);
    }
    lookups->count = 0;
    lookups->fd_count = 0;
}
