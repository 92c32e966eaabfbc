/* SPDX-License-Identifier: MIT */
/*
 * A KDC that is slow, dies in mid-answer or answers nonsense, and clocks that differ: real
 * Kerberos through a relay in front of the KDC. (One that refuses or is silent: gss_error and
 * frozen_kdc; a wrong key: gss_error.)
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "scripted.h"
#include "side.h"

/* ---- The relay ------------------------------------------------------------------ */

enum mood { FAITHFUL, SLOW, CUT_SHORT, NONSENSE, HANGS_UP };

static atomic_int mood;
static int listener;
static const unsigned slow_ms = 700;

static bool read_all(int fd, unsigned char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t count = read(fd, bytes, size);

        if (count <= 0)
            return false;
        bytes += count;
        size -= (size_t)count;
    }
    return true;
}

/* One message of Kerberos over TCP: four bytes of length in front. Its size, or 0. */
static size_t read_message(int fd, unsigned char *bytes, size_t room)
{
    uint32_t length;

    if (!read_all(fd, bytes, 4))
        return 0;
    memcpy(&length, bytes, 4);
    length = ntohl(length);
    return length <= room - 4 && read_all(fd, bytes + 4, length) ? length + 4u : 0;
}

static int dial(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)atoi(realm_value("KDC_PORT")));
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        abort();
    return fd;
}

static void serve(int client)
{
    static unsigned char bytes[65536]; /* one connection at a time */
    size_t size = read_message(client, bytes, sizeof(bytes));
    int kdc;

    if (size == 0 || atomic_load(&mood) == HANGS_UP)
        return;
    kdc = dial();
    if (write(kdc, bytes, size) == (ssize_t)size)
        size = read_message(kdc, bytes, sizeof(bytes));
    close(kdc);
    switch ((enum mood)atomic_load(&mood)) {
    case SLOW:
        usleep(slow_ms * 1000);
        break;
    case CUT_SHORT:
        size /= 2;
        break;
    case NONSENSE:
        memset(bytes + 4, 0x5a, size - 4);
        break;
    default:
        break;
    }
    if (write(client, bytes, size) < 0)
        return; /* it was given up */
}

static void *relay(void *nothing)
{
    for (;;) {
        int client = accept(listener, NULL, NULL);

        if (client < 0)
            return nothing;
        serve(client);
        shutdown(client, SHUT_RDWR);
        close(client);
    }
}

static char configuration[4200];

/* The realm's krb5.conf with the relay for its KDC, and little patience with clocks. */
static void write_configuration(unsigned port)
{
    char line[1024];
    FILE *from = fopen(realm_value("KRB5_CONFIG"), "r"), *to;

    snprintf(configuration, sizeof(configuration), "%s/relay.conf", realm_value("REALM_DIR"));
    to = fopen(configuration, "w");
    assert_non_null(from);
    assert_non_null(to);
    while (fgets(line, sizeof(line), from) != NULL) {
        if (strstr(line, "kdc = 127.0.0.1") != NULL && strstr(line, ":1\n") == NULL)
            fprintf(to, "        kdc = 127.0.0.1:%u\n", port);
        else
            fputs(line, to);
        if (strstr(line, "[libdefaults]") != NULL)
            fputs("    clockskew = 1\n", to);
    }
    fclose(from);
    assert_int_equal(fclose(to), 0);
    assert_int_equal(setenv("KRB5_CONFIG", configuration, 1), 0);
}

static int start_relay(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    pthread_t thread;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 16), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    write_configuration(ntohs(address.sin_port));
    assert_int_equal(pthread_create(&thread, NULL, relay, NULL), 0);
    pthread_detach(thread);
    return scripted_setup(state);
}

/* ---- The tests ------------------------------------------------------------------ */

static const char *const packages[] = {"Kerberos", "Negotiate"};

static void password_of_alice(struct login *login)
{
    login_init(login);
    /* Kerberos alone: else Negotiate falls back to NTLM, as it should. */
    login_as(login, NULL, "alice", realm_value("ALICE_PASSWORD"), "kerberos");
}

static long since_ms(const struct timespec *from)
{
    struct timespec to;

    clock_gettime(CLOCK_MONOTONIC, &to);
    return (to.tv_sec - from->tv_sec) * 1000 + (to.tv_nsec - from->tv_nsec) / 1000000;
}

/* Acquires with alice's password and makes the first leg: what the two say in the end. */
static SECURITY_STATUS log_on(const char *package, char *message, size_t size)
{
    struct login login;
    struct side side;

    password_of_alice(&login);
    side_init(&side, true, true);
    if (side_acquire(&side, package, &login) == SEC_E_OK)
        side_step(&side, NULL);
    snprintf(message, size, "%s", side.message);
    if (side.acquired) {
        SECURITY_STATUS status = side.status;

        assert_true(side_release(&side));
        return status;
    }
    return side.status;
}

/* Wrong would be: success, a crash, another status, or a message that does not say which realm
 * or why. And a library that does not work when the KDC does again. */
static void broken_answers_are_no_authority(void **state)
{
    static const enum mood moods[] = {CUT_SHORT, NONSENSE, HANGS_UP};
    char message[512];

    (void)state;
    for (size_t p = 0; p < 2; p++) {
        for (size_t m = 0; m < sizeof(moods) / sizeof(moods[0]); m++) {
            SECURITY_STATUS status;

            atomic_store(&mood, (int)moods[m]);
            status = log_on(packages[p], message, sizeof(message));
            print_message("%s, mood %d: %s\n", packages[p], (int)moods[m], message);
            assert_true(status < 0);
            if (moods[m] != NONSENSE)
                assert_status(status, SEC_E_NO_AUTHENTICATING_AUTHORITY);
            assert_non_null(strstr(message, sspia_status_name(status)));
            assert_null(strstr(message, realm_value("ALICE_PASSWORD")));
            atomic_store(&mood, FAITHFUL);
            assert_status(log_on(packages[p], message, sizeof(message)), SEC_I_CONTINUE_NEEDED);
        }
    }
}

/* Wrong would be: a slow KDC that costs anybody else time, or the call its result. */
static void slow_kdc_delays_its_own_call_alone(void **state)
{
    (void)state;
    for (size_t p = 0; p < 2; p++) {
        SspiAsyncContext *async = SspiCreateAsyncContext();
        struct login login, ticket, keys;
        struct side client, server, slow;
        SecBuffer token = {0, SECBUFFER_TOKEN, NULL};
        SecBufferDesc tokens = {SECBUFFER_VERSION, 1, &token};
        struct timespec from;

        password_of_alice(&login);
        login_init(&ticket);
        login_init(&keys);
        ticket.identity.credential_cache = realm_value("CCACHE");
        keys.identity.keytab = realm_value("KEYTAB");
        keys.identity.replay_cache = "none:";
        side_init(&client, true, true);
        side_init(&server, false, true);
        /* The ticket for the service is in the cache after this. */
        atomic_store(&mood, FAITHFUL);
        assert_status(side_acquire(&client, packages[p], &ticket), SEC_E_OK);
        assert_status(side_acquire(&server, packages[p], &keys), SEC_E_OK);
        assert_status(sides_shake(&client, &server, 10), SEC_E_OK);
        assert_true(side_delete(&client) && side_delete(&server));

        atomic_store(&mood, SLOW);
        clock_gettime(CLOCK_MONOTONIC, &from);
        side_init(&slow, true, false);
        assert_status(side_acquire(&slow, packages[p], &login), SEC_E_OK);
        assert_status(SspiInitializeSecurityContextAsyncA(
                          async, &slow.credential, NULL, slow.target,
                          ISC_REQ_ALLOCATE_MEMORY | ISC_REQ_MUTUAL_AUTH, 0,
                          SECURITY_NATIVE_DREP, NULL, 0, &slow.context, &tokens, NULL, NULL),
                      SEC_E_OK);
        assert_status(sides_shake(&client, &server, 10), SEC_E_OK);
        assert_true(side_delete(&client) && side_delete(&server));
        assert_status(SspiGetAsyncCallStatus(async), SEC_I_ASYNC_CALL_PENDING);
        assert_status(sspia_async_wait(async, PATIENCE_MS), SEC_I_CONTINUE_NEEDED);
        assert_true(since_ms(&from) >= (long)slow_ms);
        atomic_store(&mood, FAITHFUL);
        assert_status(DeleteSecurityContext(&slow.context), SEC_E_OK);
        assert_status(FreeContextBuffer(token.pvBuffer), SEC_E_OK);
        assert_true(side_release(&slow));
        assert_true(side_release(&client) && side_release(&server));
        SspiFreeAsyncContext(async);
    }
}

/* Wrong would be: a token of an older clock accepted, or refused for another reason; or an
 * acceptor that is of no use afterwards. */
static void clock_skew_is_told(void **state)
{
    (void)state;
    atomic_store(&mood, FAITHFUL);
    for (size_t p = 0; p < 2; p++) {
        struct login ticket, keys;
        struct side client, server;

        login_init(&ticket);
        login_init(&keys);
        ticket.identity.credential_cache = realm_value("CCACHE");
        keys.identity.keytab = realm_value("KEYTAB");
        keys.identity.replay_cache = "none:";
        side_init(&client, true, true);
        side_init(&server, false, true);
        assert_status(side_acquire(&client, packages[p], &ticket), SEC_E_OK);
        assert_status(side_acquire(&server, packages[p], &keys), SEC_E_OK);
        assert_status(side_step(&client, NULL), SEC_I_CONTINUE_NEEDED);
        sleep(4); /* clockskew is one second here; whole seconds and the KDC offset take two
                     more */
        assert_status(side_step(&server, &client.token), SEC_E_TIME_SKEW);
        print_message("%s: %s\n", packages[p], server.message);
        assert_non_null(strstr(server.message, "skew"));
        assert_true(side_delete(&client) && side_delete(&server));
        assert_status(sides_shake(&client, &server, 10), SEC_E_OK);
        assert_true(side_release(&client) && side_release(&server));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_answers_are_no_authority),
        cmocka_unit_test(slow_kdc_delays_its_own_call_alone),
        cmocka_unit_test(clock_skew_is_told),
    };

    realm_value("REALM_DIR");
    return cmocka_run_group_tests(tests, start_relay, scripted_teardown);
}
