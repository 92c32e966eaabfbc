/* SPDX-License-Identifier: MIT */
/*
 * Where the KDCs of a realm are, as krb5.conf says it (krb5's locate_kdc.c: plug-ins, profile,
 * DNS). Locator plug-ins, realms that are left to the DNS, "https://" (MS-KKDCP) and sockets of
 * the file system are libkrb5's own affair: GSS_KDCS_FOREIGN.
 *
 * The profile is asked each time: that costs a few microseconds, and libkrb5 notices when the
 * file has changed. Names are kept for a while (hosts.c).
 */
#include "kdc.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <profile.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KDC_PORT  "88" /* RFC 4120 7.2.1 */
#define HOST_SIZE 256

/* MIT's sendto_kdc.c: what it takes for UDP if krb5.conf says nothing, and at most. */
#define UDP_LIMIT     1465
#define UDP_LIMIT_MAX 32700

/* Whether there is a plug-in that may know KDCs (sssd's, winbind's). They are in libkrb5's
 * own folder, which only libkrb5 knows; it is beside the library. */
static bool plugins_exist;
static pthread_once_t plugins_once = PTHREAD_ONCE_INIT;

static void look_for_plugins(void)
{
    char folder[4096];
    const char *slash;
    struct dirent *entry;
    Dl_info library;
    void *symbol = dlsym(RTLD_DEFAULT, "krb5_init_context");
    DIR *directory;

    if (symbol == NULL || dladdr(symbol, &library) == 0 ||
        (slash = strrchr(library.dli_fname, '/')) == NULL)
        return;
    snprintf(folder, sizeof folder, "%.*s/krb5/plugins/libkrb5",
             (int)(slash - library.dli_fname), library.dli_fname);
    directory = opendir(folder);
    if (directory == NULL)
        return;
    while ((entry = readdir(directory)) != NULL)
        plugins_exist = plugins_exist || strstr(entry->d_name, ".so") != NULL;
    closedir(directory);
}

/* host, host:port, [v6], [v6]:port, v6. False if it does not fit. */
static bool split(const char *text, char host[HOST_SIZE], char port[8])
{
    const char *end = text + strlen(text);
    const char *colon = strrchr(text, ':');
    const char *from = text;

    snprintf(port, 8, "%s", KDC_PORT);
    if (text[0] == '[') {
        from = text + 1;
        end = strchr(text, ']');
        if (end == NULL || (end[1] != '\0' && end[1] != ':'))
            return false;
        colon = end[1] == ':' ? end + 1 : NULL;
    } else if (colon != NULL && strchr(text, ':') == colon) {
        end = colon;
    } else {
        colon = NULL;
    }
    if (end == from || (size_t)(end - from) >= HOST_SIZE ||
        (colon != NULL && (colon[1] == '\0' || strlen(colon + 1) >= 8)))
        return false;
    memcpy(host, from, (size_t)(end - from));
    host[end - from] = '\0';
    if (colon != NULL)
        snprintf(port, 8, "%s", colon + 1);
    return strspn(port, "0123456789") == strlen(port);
}

static void add(gss_kdcs *kdcs, const gss_hosts_address *address, unsigned port,
                unsigned transports)
{
    gss_kdc *kdc = &kdcs->list[kdcs->count];

    if (kdcs->count == GSS_KDCS_MAX)
        return;
    kdc->address = *address;
    if (address->any.sa.sa_family == AF_INET6)
        kdc->address.any.v6.sin6_port = htons((uint16_t)port);
    else
        kdc->address.any.v4.sin_port = htons((uint16_t)port);
    kdc->transports = transports;
    kdcs->count++;
}

/* The KDCs that one entry of krb5.conf names. One that cannot be read or found is passed over,
 * as libkrb5 does. */
static gss_kdcs_found add_entry(gss_kdcs *kdcs, const char *text, bool may_block)
{
    gss_hosts_address addresses[GSS_HOSTS_MAX];
    unsigned transports = GSS_KDC_UDP | GSS_KDC_TCP;
    unsigned count = 0;
    char host[HOST_SIZE];
    char port[8];

    if (strncmp(text, "https://", 8) == 0 || text[0] == '/')
        return GSS_KDCS_FOREIGN;
    if (strncmp(text, "tcp/", 4) == 0)
        transports = GSS_KDC_TCP;
    else if (strncmp(text, "udp/", 4) == 0)
        transports = GSS_KDC_UDP;
    if (transports != (GSS_KDC_UDP | GSS_KDC_TCP))
        text += 4;
    if (!split(text, host, port))
        return GSS_KDCS_KNOWN;
    if (!gss_hosts_find(host, may_block, addresses, &count))
        return GSS_KDCS_BLOCKS;
    for (unsigned i = 0; i < count; i++)
        add(kdcs, &addresses[i], (unsigned)strtoul(port, NULL, 10), transports);
    return GSS_KDCS_KNOWN;
}

static bool dns_is_asked(profile_t profile)
{
    int fallback = 1;
    int asked = 1;

    profile_get_boolean(profile, "libdefaults", "dns_fallback", NULL, 1, &fallback);
    profile_get_boolean(profile, "libdefaults", "dns_lookup_kdc", NULL, fallback, &asked);
    return asked != 0;
}

static gss_kdcs_found find(profile_t profile, const char *realm, bool primary, bool may_block,
                           gss_kdcs *kdcs)
{
    const char *names[] = {"realms", realm, primary ? "primary_kdc" : "kdc", NULL};
    gss_kdcs_found found = GSS_KDCS_KNOWN;
    char **entries = NULL;

    if (profile_get_values(profile, names, &entries) != 0 && primary) {
        names[2] = "master_kdc"; /* its name before krb5 1.19 */
        profile_get_values(profile, names, &entries);
    }
    if (entries == NULL)
        return dns_is_asked(profile) ? GSS_KDCS_FOREIGN : GSS_KDCS_NONE;
    for (char **entry = entries; *entry != NULL && found == GSS_KDCS_KNOWN; entry++)
        found = add_entry(kdcs, *entry, may_block);
    profile_free_list(entries);
    return found;
}

gss_kdcs_found gss_kdcs_find(krb5_context context, const char *realm, bool primary,
                             bool may_block, gss_kdcs *kdcs)
{
    gss_kdcs_found found;
    profile_t profile;

    kdcs->count = 0;
    pthread_once(&plugins_once, look_for_plugins);
    if (plugins_exist)
        return GSS_KDCS_FOREIGN;
    if (krb5_get_profile(context, &profile) != 0)
        return GSS_KDCS_NONE;
    found = find(profile, realm, primary, may_block, kdcs);
    profile_release(profile);
    return found;
}

unsigned gss_kdc_udp_limit(krb5_context context)
{
    profile_t profile;
    int limit = UDP_LIMIT;

    if (krb5_get_profile(context, &profile) == 0) {
        profile_get_integer(profile, "libdefaults", "udp_preference_limit", NULL, UDP_LIMIT,
                            &limit);
        profile_release(profile);
    }
    if (limit < 0)
        limit = UDP_LIMIT;
    return limit > UDP_LIMIT_MAX ? UDP_LIMIT_MAX : (unsigned)limit;
}
