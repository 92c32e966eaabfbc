/* SPDX-License-Identifier: MIT */
/* A locator plug-in for tests: see ../locator.h. */
#include "../locator.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include <krb5/locate_plugin.h> /* needs struct sockaddr */

#define EXPORTED __attribute__((visibility("default")))

EXPORTED extern struct locator test_locator;
EXPORTED extern const krb5plugin_service_locate_ftable service_locator;

struct locator test_locator;

__attribute__((constructor)) static void begin(void)
{
    sem_init(&test_locator.blocked, 0, 0);
    sem_init(&test_locator.gate, 0, 0);
}

static krb5_error_code init(krb5_context context, void **state)
{
    (void)context;
    atomic_fetch_add(&test_locator.asked, 1);
    *state = &test_locator;
    return 0;
}

static void fini(void *state)
{
    (void)state;
}

static krb5_error_code lookup(void *state, enum locate_service_type service, const char *realm,
                              int type, int family,
                              int (*found)(void *, int, struct sockaddr *), void *data)
{
    struct locator *locator = state;
    struct sockaddr_in kdc = {.sin_family = AF_INET};
    unsigned port =
        atomic_load(service == locate_service_kdc ? &locator->port : &locator->primary_port);

    (void)family;
    if (strcmp(realm, "BLOCKED.TEST") == 0) {
        sem_post(&locator->blocked);
        while (sem_wait(&locator->gate) != 0)
            continue;
        return KRB5_PLUGIN_NO_HANDLE;
    }
    if (strcmp(realm, "PASSED.TEST") == 0)
        return KRB5_PLUGIN_NO_HANDLE;
    if (strcmp(realm, "FAILED.TEST") == 0)
        return KRB5_REALM_CANT_RESOLVE;
    kdc.sin_port = htons((uint16_t)port);
    kdc.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (strcmp(realm, "EMPTY.TEST") != 0)
        found(data, type, (struct sockaddr *)&kdc);
    return 0;
}

const krb5plugin_service_locate_ftable service_locator = {0, init, fini, lookup};
