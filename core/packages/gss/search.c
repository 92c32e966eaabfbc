/* SPDX-License-Identifier: MIT */
/*
 * Where the KDCs of a realm are: what a locator plug-in says (locator.h), else krb5.conf, else
 * the DNS (krb5's locate_kdc.c). Realms and names of hosts go to the resolver, hosts all of
 * them at once. "https://" (MS-KKDCP) and sockets of the file system are libkrb5's own affair:
 * GSS_SEARCH_FOREIGN.
 *
 * The profile is asked each time: that costs a few microseconds, and libkrb5 notices when the
 * file has changed.
 */
#include "search.h"
#include "locator.h"
#include "resolver.h"

#include <arpa/inet.h>
#include <profile.h>
#include <stdlib.h>
#include <string.h>

#define KDC_PORT  88 /* RFC 4120 7.2.1 */
#define HOST_SIZE 256

struct place {
    char host[HOST_SIZE];
    uint16_t port;
    unsigned transports;
    gss_lookup *lookup; /* of its addresses, or NULL: not begun */
    bool done;
};

struct gss_search {
    enum { BY_PLUGIN, BY_PLACES, BY_DNS, NOWHERE, ELSEWHERE } way;
    gss_lookup *plugins; /* NULL: there are none, or none of them handles the realm */
    gss_lookup *dns;     /* of the realm's servers; NULL once they are known */
    bool dns_failed;
    unsigned count;
    struct place places[GSS_KDCS_MAX];
    struct pollfd *fds;
    unsigned parts[GSS_KDCS_MAX + 1]; /* how many of fds each look-up has */
};

static void add_place(gss_search *search, const char *host, size_t length, uint16_t port,
                      unsigned transports)
{
    struct place *place = &search->places[search->count];

    if (search->count == GSS_KDCS_MAX || length == 0 || length >= HOST_SIZE)
        return;
    memcpy(place->host, host, length);
    place->host[length] = '\0';
    place->port = port;
    place->transports = transports;
    search->count++;
}

/* host, host:port, [v6], [v6]:port, v6; one that cannot be read is passed over, as libkrb5
 * does. False if it is not for us. */
static bool add_entry(gss_search *search, const char *text)
{
    unsigned transports = GSS_KDC_UDP | GSS_KDC_TCP;
    unsigned long port = KDC_PORT;
    const char *colon;
    const char *end;

    if (strncmp(text, "https://", 8) == 0 || text[0] == '/')
        return false;
    if (strncmp(text, "tcp/", 4) == 0)
        transports = GSS_KDC_TCP;
    else if (strncmp(text, "udp/", 4) == 0)
        transports = GSS_KDC_UDP;
    if (transports != (GSS_KDC_UDP | GSS_KDC_TCP))
        text += 4;
    colon = strchr(text, ':');
    end = text + strlen(text);
    if (text[0] == '[') {
        text++;
        end = strchr(text, ']');
        if (end == NULL)
            return true;
        colon = end[1] == ':' ? end + 1 : NULL;
    } else if (colon != NULL && strchr(colon + 1, ':') == NULL) {
        end = colon;
    } else {
        colon = NULL;
    }
    if (colon != NULL) {
        char *rest;

        port = strtoul(colon + 1, &rest, 10);
        if (rest == colon + 1 || *rest != '\0' || port > UINT16_MAX)
            return true;
    }
    add_place(search, text, (size_t)(end - text), (uint16_t)port, transports);
    return true;
}

static void look_at_dns(gss_search *search, profile_t profile, const char *realm, bool primary)
{
    int fallback = 1;
    int asked = 1;
    int uri = 1;

    profile_get_boolean(profile, "libdefaults", "dns_fallback", NULL, 1, &fallback);
    profile_get_boolean(profile, "libdefaults", "dns_lookup_kdc", NULL, fallback, &asked);
    profile_get_boolean(profile, "libdefaults", "dns_uri_lookup", NULL, 1, &uri);
    search->way = NOWHERE;
    if (!asked)
        return;
    search->way = BY_DNS;
    search->dns = gss_lookup_begin(primary ? GSS_QUERY_PRIMARY_KDCS : GSS_QUERY_KDCS,
                                   uri ? 0 : GSS_LOOKUP_NO_URI, realm);
}

static void read_profile(gss_search *search, profile_t profile, const char *realm, bool primary)
{
    const char *names[] = {"realms", realm, primary ? "primary_kdc" : "kdc", NULL};
    char **entries = NULL;

    if (profile_get_values(profile, names, &entries) != 0 && primary) {
        names[2] = "master_kdc"; /* its name before krb5 1.19 */
        profile_get_values(profile, names, &entries);
    }
    if (entries == NULL) {
        look_at_dns(search, profile, realm, primary);
        return;
    }
    for (char **entry = entries; *entry != NULL; entry++) {
        if (!add_entry(search, *entry))
            search->way = ELSEWHERE;
    }
    profile_free_list(entries);
}

gss_search *gss_search_begin(krb5_context context, const char *realm, bool primary)
{
    gss_search *search = calloc(1, sizeof *search);
    profile_t profile;

    if (search == NULL)
        return NULL;
    search->way = NOWHERE;
    if (krb5_get_profile(context, &profile) != 0)
        return search;
    search->way = BY_PLACES;
    read_profile(search, profile, realm, primary);
    if (gss_locator_exists(profile)) {
        search->plugins = gss_lookup_begin(
            primary ? GSS_QUERY_PRIMARY_BY_PLUGIN : GSS_QUERY_BY_PLUGIN, 0, realm);
        if (search->plugins == NULL) {
            gss_search_end(search);
            search = NULL;
        }
    }
    profile_release(profile);
    return search;
}

/* What the DNS says of the realm becomes places. False if it is not for us. */
static bool read_servers(gss_search *search, const gss_answer *answer)
{
    for (size_t i = 0; i < answer->server_count; i++) {
        const gss_server *server = &answer->servers[i];

        if (server->transport == GSS_HTTPS)
            return false;
        add_place(search, server->host, strlen(server->host), server->port,
                  server->transport == GSS_UDP   ? GSS_KDC_UDP
                  : server->transport == GSS_TCP ? GSS_KDC_TCP
                                                 : GSS_KDC_UDP | GSS_KDC_TCP);
    }
    return true;
}

/* One look-up's turn. False: it waits. part: of the descriptors, as they were left before, and
 * now; from: where the former ones are. */
static bool go_on(gss_search *search, gss_lookup *lookup, unsigned part, unsigned from,
                  bool may_block, sspia_wait *wait)
{
    struct pollfd fds[GSS_LOOKUP_FDS];
    uint32_t count = search->parts[part];
    int64_t until = INT64_MAX;
    gss_lookup_state state;

    if (count > 0)
        memcpy(fds, search->fds + from, count * sizeof fds[0]);
    state = gss_lookup_go(lookup, wait->call, may_block, fds, &count, &until);
    search->parts[part] = 0;
    if (state == GSS_LOOKUP_DONE)
        return true;
    if (state == GSS_LOOKUP_THREAD)
        wait->flags |= SSPIA_WAIT_THREAD;
    memcpy(wait->fds + wait->fd_count, fds, count * sizeof fds[0]);
    wait->fd_count += count;
    search->parts[part] = count;
    wait->until = until < wait->until ? until : wait->until;
    return false;
}

/* False: some wait. */
static bool look_up_places(gss_search *search, const unsigned *from, bool may_block,
                           sspia_wait *wait)
{
    bool all = true;

    for (unsigned i = 0; i < search->count; i++) {
        struct place *place = &search->places[i];

        if (place->lookup == NULL)
            place->lookup = gss_lookup_begin(GSS_QUERY_ADDRESSES, 0, place->host);
        if (place->lookup != NULL && !place->done)
            place->done = go_on(search, place->lookup, i + 1, from[i + 1], may_block, wait);
        all = all && (place->done || place->lookup == NULL);
    }
    return all;
}

static void add_addresses(const struct place *place, gss_kdcs *kdcs)
{
    const gss_answer *answer = place->lookup != NULL ? gss_lookup_answer(place->lookup) : NULL;

    for (size_t i = 0; answer != NULL && i < answer->address_count; i++) {
        const gss_address *address = &answer->addresses[i];
        gss_kdc *kdc = &kdcs->list[kdcs->count];

        if (kdcs->count == GSS_KDCS_MAX || address->size > sizeof kdc->any)
            continue;
        memcpy(&kdc->any, &address->address, address->size);
        if (kdc->any.sa.sa_family == AF_INET6)
            kdc->any.v6.sin6_port = htons(place->port);
        else
            kdc->any.v4.sin_port = htons(place->port);
        kdc->transports = place->transports;
        kdcs->count++;
    }
}

/* What the plug-in says. It names an address once for UDP and once for TCP. */
static gss_search_state read_addresses(const gss_answer *answer, gss_kdcs *kdcs)
{
    kdcs->code = answer->code;
    if (answer->found == GSS_FOUND_REFUSED)
        return GSS_SEARCH_FAILED;
    for (size_t i = 0; i < answer->address_count; i++) {
        const gss_address *address = &answer->addresses[i];
        unsigned at = 0;
        gss_kdc kdc;

        if (address->size > sizeof kdc.any)
            continue;
        memcpy(&kdc.any, &address->address, address->size);
        kdc.transports = address->transport == GSS_UDP ? GSS_KDC_UDP : GSS_KDC_TCP;
        while (at < kdcs->count && !gss_kdc_same(&kdcs->list[at], &kdc))
            at++;
        if (at < kdcs->count)
            kdcs->list[at].transports |= kdc.transports;
        else if (at < GSS_KDCS_MAX)
            kdcs->list[kdcs->count++] = kdc;
    }
    return kdcs->count > 0 ? GSS_SEARCH_FOUND : GSS_SEARCH_NONE;
}

static gss_search_state conclude(const gss_search *search, gss_kdcs *kdcs)
{
    kdcs->count = 0;
    if (search->way == ELSEWHERE)
        return GSS_SEARCH_FOREIGN;
    if (search->way == BY_PLUGIN)
        return read_addresses(gss_lookup_answer(search->plugins), kdcs);
    if (search->way == NOWHERE ||
        (search->way == BY_DNS && search->count == 0 && !search->dns_failed))
        return GSS_SEARCH_NONE;
    for (unsigned i = 0; i < search->count; i++)
        add_addresses(&search->places[i], kdcs);
    return GSS_SEARCH_FOUND;
}

/* False: it waits. */
static bool ask_plugins(gss_search *search, bool may_block, sspia_wait *wait)
{
    if (search->way == BY_PLUGIN)
        return true;
    if (!go_on(search, search->plugins, 0, 0, may_block, wait))
        return false;
    if (gss_lookup_answer(search->plugins)->found != GSS_FOUND_NONE) {
        search->way = BY_PLUGIN;
        return true;
    }
    gss_lookup_end(search->plugins);
    search->plugins = NULL;
    return true;
}

/* False: it waits. */
static bool ask_dns(gss_search *search, bool may_block, sspia_wait *wait)
{
    const gss_answer *answer;

    if (!go_on(search, search->dns, 0, 0, may_block, wait))
        return false;
    answer = gss_lookup_answer(search->dns);
    search->dns_failed = answer->found == GSS_FOUND_REFUSED;
    if (!read_servers(search, answer))
        search->way = ELSEWHERE;
    gss_lookup_end(search->dns);
    search->dns = NULL;
    return true;
}

gss_search_state gss_search_go(gss_search *search, sspia_wait *wait, gss_kdcs *kdcs)
{
    bool may_block = (wait->flags & SSPIA_WAIT_THREAD) != 0;
    struct pollfd *fresh = calloc((GSS_KDCS_MAX + 1) * GSS_LOOKUP_FDS, sizeof *fresh);
    unsigned from[GSS_KDCS_MAX + 1];
    bool over = true;

    wait->flags = 0;
    wait->until = INT64_MAX;
    wait->fd_count = 0;
    wait->fds = fresh;
    if (fresh == NULL)
        return GSS_SEARCH_NONE;
    from[0] = 0;
    for (unsigned i = 0; i < GSS_KDCS_MAX; i++)
        from[i + 1] = from[i] + search->parts[i];
    if (search->plugins != NULL)
        over = ask_plugins(search, may_block, wait);
    if (over && search->way == BY_DNS && search->dns != NULL)
        over = ask_dns(search, may_block, wait);
    if (over && (search->way == BY_DNS || search->way == BY_PLACES))
        over = look_up_places(search, from, may_block, wait);
    free(search->fds);
    search->fds = fresh;
    if (!over)
        return GSS_SEARCH_WAITS;
    wait->fds = NULL;
    wait->fd_count = 0;
    return conclude(search, kdcs);
}

void gss_search_end(gss_search *search)
{
    if (search == NULL)
        return;
    gss_lookup_end(search->plugins);
    gss_lookup_end(search->dns);
    for (unsigned i = 0; i < search->count; i++)
        gss_lookup_end(search->places[i].lookup);
    free(search->fds);
    free(search);
}
