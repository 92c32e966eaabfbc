/* SPDX-License-Identifier: MIT */
/*
 * The process ends while calls are inside GSSAPI: 200 times, at random moments, in four
 * ways. Wrong would be anything but an exit status of 0: libgssapi's destructor aborts a
 * process that is inside it, OpenSSL's crashes it, a join without bound never ends.
 *
 * The program runs itself as the one that ends: exit_realm_test WAY SEED.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "relay.h"
#include "scripted.h"
#include "side.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SHARE 8 /* these take much longer, and the plain build does all rounds */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SHARE 8
#endif
#endif
#ifndef SHARE
#define SHARE 1
#endif

#define RELAYS      12
#define HANGING     4
#define PATIENCE_S  20
#define WORKED      200 /* handshakes of a child that only shows that they work */
#define FAILED_CODE 3

/* ---- The child ---------------------------------------------------------------------- */

static struct relay relays[RELAYS];
static atomic_uint finished;
static atomic_bool leaving;
static unsigned exit_after = UINT32_MAX;

static void again(struct relay *relay, SECURITY_STATUS status)
{
    /* exit() has begun on another thread. */
    if (status == SEC_E_SHUTDOWN_IN_PROGRESS)
        return;
    if (status != SEC_E_OK) {
        fprintf(stderr, "%s: %s\n", sspia_status_name(status), relay->message);
        _exit(FAILED_CODE);
    }
    if (atomic_fetch_add(&finished, 1) >= exit_after && !atomic_exchange(&leaving, true))
        exit(0);
    relay_start(relay);
}

static CredHandle acquire(const char *package, bool initiator, struct login *login)
{
    struct side side;

    side_init(&side, initiator, false);
    if (side_acquire(&side, package, login) != SEC_E_OK) {
        fprintf(stderr, "%s\n", side.message);
        _exit(FAILED_CODE);
    }
    return side.credential;
}

static void start_relays(uint32_t seed)
{
    struct login alice, users;
    CredHandle credentials[3][2];
    PSecPkgInfoA info;
    unsigned kinds = 2;

    credentials[0][0] = acquire("Kerberos", true, NULL);
    credentials[0][1] = acquire("Kerberos", false, NULL);
    credentials[1][0] = acquire("Negotiate", true, NULL);
    credentials[1][1] = acquire("Negotiate", false, NULL);
    if (QuerySecurityPackageInfoA("NTLM", &info) == SEC_E_OK) {
        login_init(&alice);
        login_as(&alice, "TEST", "alice", realm_value("ALICE_PASSWORD"), NULL);
        login_init(&users);
        users.identity.ntlm_user_file = realm_value("NTLM_USER_FILE");
        credentials[2][0] = acquire("NTLM", true, &alice);
        credentials[2][1] = acquire("NTLM", false, &users);
        kinds = 3;
    }
    for (unsigned i = 0; i < RELAYS; i++) {
        memcpy(relays[i].credentials, credentials[i % kinds], sizeof(relays[i].credentials));
        relays[i].target = (char *)(uintptr_t) "HTTP@localhost";
        relays[i].random = seed + i + 1;
        relays[i].done = again;
        if (!relay_init(&relays[i]))
            _exit(FAILED_CODE);
        relay_start(&relays[i]);
    }
}

/* Calls that wait for a KDC which says nothing. */
static void start_hanging(void)
{
    static CtxtHandle contexts[HANGING + 1];
    static SecBuffer token[HANGING + 1];
    static SecBufferDesc tokens[HANGING + 1];
    static char target[] = "etype-aes128@localhost";
    static struct login login;

    login_init(&login);
    login_as(&login, "SSPI.TEST", "alice", realm_value("ALICE_PASSWORD"), "Kerberos");
    /* The last one has tickets, but none for the target. */
    for (int i = 0; i <= HANGING; i++) {
        CredHandle credential =
            acquire(i % 2 ? "Negotiate" : "Kerberos", true, i < HANGING ? &login : NULL);

        token[i] = (SecBuffer){0, SECBUFFER_TOKEN, NULL};
        tokens[i] = (SecBufferDesc){SECBUFFER_VERSION, 1, &token[i]};
        SspiInitializeSecurityContextAsyncA(SspiCreateAsyncContext(), &credential, NULL, target,
                                            ISC_REQ_ALLOCATE_MEMORY, 0, SECURITY_NATIVE_DREP,
                                            NULL, 0, &contexts[i], &tokens[i], NULL, NULL);
    }
}

static void pause_us(uint32_t us)
{
    struct timespec pause = {.tv_sec = us / 1000000, .tv_nsec = (long)(us % 1000000) * 1000};

    nanosleep(&pause, NULL);
}

static int child(const char *way, uint32_t seed)
{
    uint32_t moment = seed * 2654435761u | 1;

    alarm(PATIENCE_S); /* whatever happens to the parent */
    if (strcmp(way, "frozen") == 0) {
        start_hanging();
        pause_us(relay_random(&moment, 60000));
        exit(0);
    }
    if (strcmp(way, "callback") == 0)
        exit_after = relay_random(&moment, 60);
    start_relays(moment);
    while (strcmp(way, "callback") == 0)
        pause();
    while (strcmp(way, "work") == 0 && atomic_load(&finished) < WORKED)
        pause_us(1000);
    pause_us(relay_random(&moment, 40000));
    if (strcmp(way, "exit") == 0)
        exit(0);
    return 0;
}

/* ---- The parent --------------------------------------------------------------------- */

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void add_option(const char *variable, const char *option)
{
    const char *old = getenv(variable);
    char text[2048];

    snprintf(text, sizeof(text), "%s:%s", old != NULL ? old : "", option);
    setenv(variable, text, 1);
}

/* What the sanitizers must know about a child. */
static void set_options(const char *way)
{
    /* What calls in flight hold is not lost, only unfinished. Slow stack traces serve the
     * suppressions of leaks alone, and make calls last longer than an exit may wait. */
    add_option("ASAN_OPTIONS", "detect_leaks=0:fast_unwind_on_malloc=1");
    /* By default each exit waits a second for races to show. */
    add_option("TSAN_OPTIONS", "atexit_sleep_ms=50");
    /* The wait for running calls is bounded: one that is stuck is still inside libgssapi when
     * that destroys its mutexes (none of which it holds). The exit status is what counts. */
    if (strcmp(way, "frozen") == 0)
        add_option("TSAN_OPTIONS", "report_bugs=0");
}

/* One child to its end: 0, or why not. */
static int run(const char *way, unsigned seed)
{
    int64_t until = now_ms() + PATIENCE_S * 1000;
    char number[16];
    pid_t pid, ended;
    int status = 0;

    snprintf(number, sizeof(number), "%u", seed);
    pid = fork();
    if (pid == 0) {
        set_options(way);
        execl("/proc/self/exe", "exit_realm_test", way, number, (char *)NULL);
        _exit(127);
    }
    assert_true(pid > 0);
    while ((ended = waitpid(pid, &status, WNOHANG)) == 0 && now_ms() < until)
        pause_us(500);
    if (ended == 0) {
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        print_error("%s %u: does not end\n", way, seed);
        return 1;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    print_error("%s %u: %s %d\n", way, seed, WIFSIGNALED(status) ? "signal" : "status",
                WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    return 1;
}

static void repeat(const char *way, unsigned rounds)
{
    unsigned first = (unsigned)now_ms();
    int failed = 0;

    for (unsigned i = 0; i < rounds / SHARE; i++)
        failed += run(way, first + i);
    assert_int_equal(failed, 0);
}

/* Without this the others could pass with handshakes that never work. */
static void the_handshakes_of_the_child_work(void **state)
{
    (void)state;
    assert_int_equal(run("work", 1), 0);
}

static void exit_amid_handshakes(void **state)
{
    (void)state;
    repeat("exit", 60);
}

static void return_from_main_amid_handshakes(void **state)
{
    (void)state;
    repeat("return", 60);
}

static void exit_inside_a_callback(void **state)
{
    (void)state;
    repeat("callback", 60);
}

static void exit_while_calls_wait_for_a_silent_kdc(void **state)
{
    (void)state;
    assert_int_equal(kill((pid_t)strtol(realm_value("KDC_PID"), NULL, 10), SIGSTOP), 0);
    repeat("frozen", 20);
}

static int thaw(void **state)
{
    (void)state;
    return kill((pid_t)strtol(realm_value("KDC_PID"), NULL, 10), SIGCONT);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_handshakes_of_the_child_work),
        cmocka_unit_test(exit_amid_handshakes),
        cmocka_unit_test(return_from_main_amid_handshakes),
        cmocka_unit_test(exit_inside_a_callback),
        cmocka_unit_test_teardown(exit_while_calls_wait_for_a_silent_kdc, thaw),
    };

    realm_value("REALM_DIR");
    if (argc == 3)
        return child(argv[1], (uint32_t)strtoul(argv[2], NULL, 10));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
