/* SPDX-License-Identifier: MIT */
/*
 * One credential of each side, shared by handshakes in flight on the pool and by threads
 * that call synchronously, with deletes in any order and at any leg. Wrong would be a
 * handshake that fails, a call that is lost, anything that a sanitizer reports.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "relay.h"
#include "scripted.h"
#include "side.h"

#define SECONDS 3
#define RELAYS  12
#define THREADS 3

static atomic_bool stop;
static atomic_int running; /* relays */
static atomic_uint finished;
static atomic_uint failures;

static void again(struct relay *relay, SECURITY_STATUS status)
{
    atomic_fetch_add(&finished, 1);
    if (status != SEC_E_OK) {
        atomic_fetch_add(&failures, 1);
        fprintf(stderr, "%s: %s\n", sspia_status_name(status), relay->message);
    }
    if (status == SEC_E_OK && !atomic_load(&stop))
        relay_start(relay);
    else
        atomic_fetch_sub(&running, 1);
}

static int running_now(void)
{
    return atomic_load(&running);
}

static int pending_now(void)
{
    sspia_pool_counts counts = {.size = sizeof(counts)};

    assert_status(sspia_pool_stats(&counts), SEC_E_OK);
    return (int)counts.pending;
}

struct worker {
    pthread_t thread;
    const CredHandle *credentials;
    bool asynchronous;
    bool ok;
};

static void *work(void *argument)
{
    struct worker *worker = argument;

    worker->ok = true;
    while (worker->ok && !atomic_load(&stop)) {
        struct side initiator, acceptor;

        side_init(&initiator, true, worker->asynchronous);
        side_init(&acceptor, false, worker->asynchronous);
        initiator.credential = worker->credentials[0];
        acceptor.credential = worker->credentials[1];
        worker->ok = sides_shake(&initiator, &acceptor, 8) == SEC_E_OK &&
                     sides_send(&initiator, &acceptor, "one") &&
                     sides_send(&acceptor, &initiator, "two");
        if (!worker->ok)
            fprintf(stderr, "%s%s\n", initiator.message, acceptor.message);
        worker->ok = side_delete(&initiator) && side_delete(&acceptor) && worker->ok;
        atomic_fetch_add(&finished, 1);
    }
    return NULL;
}

static void share(const char *package, struct login *initiator, struct login *acceptor)
{
    const struct timespec duration = {.tv_sec = SECONDS};
    static struct relay relays[RELAYS];
    struct worker workers[THREADS];
    struct side sides[2];
    CredHandle credentials[2];

    atomic_store(&stop, false);
    atomic_store(&finished, 0);
    atomic_store(&failures, 0);
    side_init(&sides[0], true, false);
    side_init(&sides[1], false, false);
    assert_status(side_acquire(&sides[0], package, initiator), SEC_E_OK);
    assert_status(side_acquire(&sides[1], package, acceptor), SEC_E_OK);
    credentials[0] = sides[0].credential;
    credentials[1] = sides[1].credential;
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.credentials = credentials, .asynchronous = i % 2};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    atomic_store(&running, RELAYS);
    for (unsigned i = 0; i < RELAYS; i++) {
        memset(&relays[i], 0, sizeof(relays[i]));
        memcpy(relays[i].credentials, credentials, sizeof(credentials));
        relays[i].target = sides[0].target;
        relays[i].fickle = i % 2;
        relays[i].random = i + 1;
        relays[i].done = again;
        assert_true(relay_init(&relays[i]));
        relay_start(&relays[i]);
    }
    nanosleep(&duration, NULL);
    atomic_store(&stop, true);
    scripted_eventually(running_now, 0);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        assert_true(workers[i].ok);
    }
    for (int i = 0; i < RELAYS; i++)
        relay_free(&relays[i]);
    assert_true(side_release(&sides[0]));
    assert_true(side_release(&sides[1]));
    scripted_eventually(pending_now, 0);
    assert_int_equal(atomic_load(&failures), 0);
    assert_true(atomic_load(&finished) > 0);
    print_message("%s: %u handshakes\n", package, atomic_load(&finished));
}

static void kerberos_credentials_are_shared(void **state)
{
    (void)state;
    share("Kerberos", NULL, NULL);
}

static void negotiate_credentials_are_shared(void **state)
{
    (void)state;
    share("Negotiate", NULL, NULL);
}

static void ntlm_credentials_are_shared(void **state)
{
    struct login alice, users;
    PSecPkgInfoA info;

    (void)state;
    if (QuerySecurityPackageInfoA("NTLM", &info) != SEC_E_OK)
        skip();
    FreeContextBuffer(info);
    login_init(&alice);
    login_as(&alice, "TEST", "alice", realm_value("ALICE_PASSWORD"), NULL);
    login_init(&users);
    users.identity.ntlm_user_file = realm_value("NTLM_USER_FILE");
    share("NTLM", &alice, &users);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kerberos_credentials_are_shared),
        cmocka_unit_test(negotiate_credentials_are_shared),
        cmocka_unit_test(ntlm_credentials_are_shared),
    };

    realm_value("REALM_DIR");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
