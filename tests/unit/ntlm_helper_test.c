/* SPDX-License-Identifier: MIT */
/* Questions to a helper: a script that speaks as ntlm_auth does, and has its faults. The real
 * one is asked by tests/interop/domain_peers.py. */
#include "ntlm/host.h"
#include "ntlm/verifier.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define MANY 30

/* The user's name says how it behaves. Each start is noted. */
static const char script[] =
    "#!/bin/sh\n"
    "echo $$ >>%s\n"
    "while read -r line; do\n"
    "    case $line in\n"
    "    'Username:: '*) user=$(echo \"${line#*:: }\" | base64 -d) ;;\n"
    "    .) case $user in\n"
    "       yes) printf 'Authenticated: Yes\\nUser-Session-Key: "
    "000102030405060708090A0b0c0d0e0F\\n.\\n' ;;\n"
    "       no) printf 'Authenticated: No\\n"
    "Authentication-Error: The specified account does not exist.\\n.\\n.\\n' ;;\n"
    "       late) printf 'Authenticated: No\\nAuthentication-Error: Late.\\n.\\n'\n"
    "             sleep 0.1; printf '.\\n' ;;\n"
    "       alone) printf 'Authenticated: No\\n"
    "Authentication-Error: No logon servers are currently available to service.\\n.\\n' ;;\n"
    "       error) printf 'Error: No username supplied!\\n.\\n' ;;\n"
    "       keyless) printf 'Authenticated: Yes\\n.\\n' ;;\n"
    "       both) printf 'Authenticated: No\\nAuthenticated: Yes\\n.\\n' ;;\n"
    "       more) printf 'Authenticated: No\\n.\\nAuthenticated: Yes\\n' ;;\n"
    "       nonsense) echo what ;;\n"
    "       endless) while :; do printf xxxxxxxxxxxxxxxx; done ;;\n"
    "       dies) exit 1 ;;\n"
    "       halfway) printf 'Authenticated: '; exit 1 ;;\n"
    "       silent) while :; do sleep 0.01; done ;;\n"
    "       held) while [ ! -e %s.go ]; do sleep 0.01; done\n"
    "             printf 'Authenticated: Yes\\nUser-Session-Key: "
    "000102030405060708090A0b0c0d0e0F\\n.\\n' ;;\n"
    "       esac ;;\n"
    "    esac\n"
    "done\n";

static char folder[] = "/tmp/ntlm_helper.XXXXXX";
static char starts[64];
static atomic_int children;

static void report_line(sspia_report *report, const char *what, const char *why)
{
    snprintf(report->text, sizeof report->text, "%s: %s", what, why != NULL ? why : "");
}

static void do_nothing(void)
{
}

/* A question on its way. */
typedef struct asked {
    ntlm_verifier *verifier;
    const char *user;
    ntlm_pending pending;
    sspia_wait wait;
    atomic_bool resumed;
    SECURITY_STATUS status;
    unsigned char key[NTLM_KEY_SIZE];
    sspia_report report;
} asked;

static void resume(void *call)
{
    atomic_store(&((asked *)call)->resumed, true);
}

static const sspia_host host = {
    .abi = SSPIA_PACKAGE_ABI,
    .size = sizeof host,
    .allocate = malloc,
    .free = free,
    .quiesce = do_nothing,
    .report = report_line,
    .resume = resume,
};

/* As a leg asks; without a wait it blocks. */
static SECURITY_STATUS ask_with(asked *question, sspia_wait *wait)
{
    static const unsigned char challenge[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    static const unsigned char response[80] = {9};
    unsigned char wire[64];
    size_t length = strlen(question->user);
    ntlm_question put = {.challenge = challenge, .response = {response, sizeof response}};

    for (size_t i = 0; i < length; i++) {
        wire[2 * i] = (unsigned char)question->user[i];
        wire[2 * i + 1] = 0;
    }
    put.user = (ntlm_bytes){wire, 2 * length};
    question->status = ntlm_verifier_ask(question->verifier, &put, &question->pending, wait,
                                         question->key, &question->report);
    return question->status;
}

static SECURITY_STATUS ask(ntlm_verifier *verifier, const char *user)
{
    asked question = {.verifier = verifier, .user = user};

    return ask_with(&question, NULL);
}

/* The same as a call that waits. */
static SECURITY_STATUS go_on(asked *question)
{
    sspia_wait *wait = &question->wait;

    atomic_store(&question->resumed, false);
    wait->flags &= SSPIA_WAIT_THREAD;
    wait->size = sizeof *wait;
    wait->call = question;
    wait->until = INT64_MAX;
    return ask_with(question, wait);
}

static bool is_due(const asked *question)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    if (atomic_load(&question->resumed) || (question->wait.flags & SSPIA_WAIT_THREAD) ||
        (int64_t)time.tv_sec * 1000000000 + time.tv_nsec >= question->wait.until)
        return true;
    return question->wait.fd_count == 1 && question->wait.fds[0].revents != 0;
}

/* What the reactor does: until none of them waits. */
static void serve(asked *questions, size_t count)
{
    for (size_t waiting = count; waiting > 0;) {
        struct pollfd fds[MANY];
        nfds_t polled = 0;

        for (size_t i = 0; i < count; i++) {
            if (questions[i].status == SSPIA_WAITING && questions[i].wait.fd_count == 1)
                fds[polled++] = questions[i].wait.fds[0];
        }
        poll(fds, polled, 1);
        polled = 0;
        for (size_t i = 0; i < count; i++) {
            if (questions[i].status == SSPIA_WAITING && questions[i].wait.fd_count == 1)
                questions[i].wait.fds[0].revents = fds[polled++].revents;
        }
        waiting = 0;
        for (size_t i = 0; i < count; i++) {
            if (questions[i].status == SSPIA_WAITING && is_due(&questions[i]))
                go_on(&questions[i]);
            waiting += questions[i].status == SSPIA_WAITING;
        }
    }
}

static int count_starts(pid_t *last)
{
    FILE *file = fopen(starts, "r");
    int count = 0;
    int number;

    while (file != NULL && fscanf(file, "%d", &number) == 1) {
        count++;
        if (last != NULL)
            *last = number;
    }
    if (file != NULL)
        fclose(file);
    return count;
}

static int count_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    int count = 0;

    assert_non_null(directory);
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count;
}

static void wait_until_gone(pid_t process)
{
    char path[64];
    char state = 'R';

    snprintf(path, sizeof path, "/proc/%d/stat", process);
    for (int i = 0; i < 2000 && state != 'Z'; i++) { /* init may take its time to reap */
        FILE *file = fopen(path, "r");

        if (file == NULL)
            return;
        if (fscanf(file, "%*d %*s %c", &state) != 1)
            state = 'Z';
        fclose(file);
        usleep(10000);
    }
    assert_int_equal(state, 'Z');
}

/* A verifier with a helper of its own, that no other test has seen. */
static void open_verifier(ntlm_verifier *verifier)
{
    static int number;
    char path[64];
    sspia_report report;
    FILE *file;

    snprintf(path, sizeof path, "%s/helper%d", folder, ++number);
    snprintf(starts, sizeof starts, "%s/starts%d", folder, number);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fprintf(file, script, starts, starts) > 0);
    assert_int_equal(fchmod(fileno(file), 0755), 0);
    assert_int_equal(fclose(file), 0);
    ntlm_verifier_init(verifier);
    assert_int_equal(ntlm_verifier_name_helper(verifier, path, &report), SEC_E_OK);
    assert_int_equal(ntlm_verifier_ready(verifier, &report), SEC_E_OK);
}

/* Has those answered whose users are "held". */
static void let_go(void)
{
    char path[80];
    FILE *file;

    snprintf(path, sizeof path, "%s.go", starts);
    file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
}

/* Wrong would be: a yes that is none, another key, or a no that blames the user for the domain.
 */
static void answers_are_understood(void **state)
{
    static const unsigned char key[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    static const unsigned char none[NTLM_KEY_SIZE];
    static const struct {
        const char *user;
        SECURITY_STATUS status;
    } cases[] = {{"yes", SEC_E_OK},
                 {"no", SEC_E_LOGON_DENIED},
                 {"alone", SEC_E_NO_AUTHENTICATING_AUTHORITY},
                 {"error", SEC_E_NO_AUTHENTICATING_AUTHORITY},
                 {"keyless", SEC_E_NO_AUTHENTICATING_AUTHORITY},
                 {"both", SEC_E_NO_AUTHENTICATING_AUTHORITY},
                 {"more", SEC_E_NO_AUTHENTICATING_AUTHORITY},
                 {"nonsense", SEC_E_NO_AUTHENTICATING_AUTHORITY},
                 {"endless", SEC_E_NO_AUTHENTICATING_AUTHORITY}};
    ntlm_verifier verifier;

    (void)state;
    open_verifier(&verifier);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        asked question = {.verifier = &verifier, .user = cases[i].user};

        assert_int_equal(ask_with(&question, NULL), cases[i].status);
        assert_memory_equal(question.key, cases[i].status == SEC_E_OK ? key : none, sizeof key);
    }
    ntlm_verifier_clear(&verifier);
}

/* Wrong would be: a process for each question, or a dot that answers the next one. */
static void helper_is_kept(void **state)
{
    ntlm_verifier verifier;

    (void)state;
    open_verifier(&verifier);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(ask(&verifier, "yes"), SEC_E_OK);
        assert_int_equal(ask(&verifier, "no"), SEC_E_LOGON_DENIED);
        assert_int_equal(ask(&verifier, "late"), SEC_E_LOGON_DENIED);
    }
    assert_int_equal(count_starts(NULL), 1);
    ntlm_verifier_clear(&verifier);
}

/* Wrong would be: logons that fail until the program starts anew. */
static void one_that_was_killed_is_replaced(void **state)
{
    ntlm_verifier verifier;
    pid_t helper = 0;

    (void)state;
    open_verifier(&verifier);
    assert_int_equal(ask(&verifier, "yes"), SEC_E_OK);
    count_starts(&helper);
    assert_int_equal(kill(helper, SIGKILL), 0);
    assert_int_equal(ask(&verifier, "yes"), SEC_E_OK);
    assert_int_equal(count_starts(NULL), 2);
    ntlm_verifier_clear(&verifier);
}

/* Wrong would be: a crash, SIGPIPE, an endless row of helpers, or a yes. */
static void one_that_dies_on_a_question_is_an_error(void **state)
{
    static const char *const users[] = {"dies", "halfway"};
    ntlm_verifier verifier;

    (void)state;
    open_verifier(&verifier);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(ask(&verifier, users[i]), SEC_E_NO_AUTHENTICATING_AUTHORITY);
        assert_int_equal(ask(&verifier, "yes"), SEC_E_OK);
        /* One that has worked before might have been killed: the question is put once more. */
        assert_int_equal(ask(&verifier, users[i]), SEC_E_NO_AUTHENTICATING_AUTHORITY);
        assert_int_equal(count_starts(NULL), 3 * (int)(i + 1));
    }
    ntlm_verifier_clear(&verifier);
}

/* Wrong would be: a leg that never ends, or a process that stays. */
static void silent_one_is_given_up(void **state)
{
    ntlm_verifier verifier;
    asked question = {.verifier = &verifier, .user = "silent"};
    pid_t helper = 0;

    (void)state;
    open_verifier(&verifier);
    assert_int_equal(ask(&verifier, "yes"), SEC_E_OK);
    count_starts(&helper);
    verifier.patience = 100;
    assert_int_equal(ask_with(&question, NULL), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    assert_non_null(strstr(question.report.text, "in time"));
    wait_until_gone(helper);
    go_on(&question);
    serve(&question, 1);
    assert_int_equal(question.status, SEC_E_NO_AUTHENTICATING_AUTHORITY);
    verifier.patience = 60000;
    assert_int_equal(ask(&verifier, "yes"), SEC_E_OK);
    ntlm_verifier_clear(&verifier);
}

/* Wrong would be: more processes than said, an answer for somebody else, one who waits for
 * ever. */
static void many_wait_in_line(void **state)
{
    asked questions[MANY] = {{.user = NULL}};
    ntlm_verifier verifier;

    (void)state;
    open_verifier(&verifier);
    for (size_t i = 0; i < MANY; i++) {
        questions[i].verifier = &verifier;
        questions[i].user = i < NTLM_HELPERS_MAX ? "held" : i % 3 == 0 ? "no" : "yes";
        assert_int_equal(go_on(&questions[i]), SSPIA_WAITING);
    }
    let_go();
    serve(questions, MANY);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(questions[i].status,
                         strcmp(questions[i].user, "no") == 0 ? SEC_E_LOGON_DENIED : SEC_E_OK);
    assert_int_equal(count_starts(NULL), NTLM_HELPERS_MAX);
    ntlm_verifier_clear(&verifier);
}

static void *ask_on_thread(void *verifier)
{
    for (int i = 0; i < 5; i++) {
        if (ask(verifier, "yes") != SEC_E_OK || ask(verifier, "no") != SEC_E_LOGON_DENIED)
            return verifier;
    }
    return NULL;
}

/* Wrong would be: threads that block each other for ever, or share a helper. */
static void threads_wait_in_line(void **state)
{
    pthread_t threads[3 * NTLM_HELPERS_MAX];
    ntlm_verifier verifier;
    void *failed;

    (void)state;
    open_verifier(&verifier);
    for (size_t i = 0; i < 3 * NTLM_HELPERS_MAX; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_on_thread, &verifier), 0);
    for (size_t i = 0; i < 3 * NTLM_HELPERS_MAX; i++) {
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    assert_true(count_starts(NULL) <= (int)NTLM_HELPERS_MAX);
    ntlm_verifier_clear(&verifier);
}

/* All helpers are taken by such, so that the others have to wait. */
static bool is_silent(size_t question)
{
    return question < NTLM_HELPERS_MAX || question % 2 == 0;
}

/* Wrong would be: a place that nobody has and nobody gets, or a helper whose answer is taken
 * for that of another question. */
static void stopped_question_gives_its_place_on(void **state)
{
    asked questions[MANY] = {{.user = NULL}};
    ntlm_verifier verifier;

    (void)state;
    open_verifier(&verifier);
    for (size_t i = 0; i < MANY; i++) {
        questions[i].verifier = &verifier;
        questions[i].user = is_silent(i) ? "silent" : "yes";
        assert_int_equal(go_on(&questions[i]), SSPIA_WAITING);
    }
    for (size_t i = 0; i < MANY; i++) {
        if (!is_silent(i))
            continue;
        questions[i].wait.stop(questions[i].wait.data);
        questions[i].status = SEC_E_OK;
        if (i % 4 == 0)
            ntlm_verifier_forget(&questions[i].pending);
    }
    serve(questions, MANY);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(questions[i].status, SEC_E_OK);
        ntlm_verifier_forget(&questions[i].pending);
    }
    assert_int_equal(ask(&verifier, "no"), SEC_E_LOGON_DENIED);
    ntlm_verifier_clear(&verifier);
}

static void count_child(int number)
{
    (void)number;
    atomic_fetch_add(&children, 1);
}

/* Wrong would be: a host program that is told of a child that it does not know, waits for it,
 * or finds descriptors left. */
static void host_notices_nothing(void **state)
{
    struct sigaction action = {.sa_handler = count_child};
    struct sigaction before;
    ntlm_verifier verifier;
    pid_t helper = 0;
    int descriptors;

    (void)state;
    open_verifier(&verifier);
    atomic_store(&children, 0);
    assert_int_equal(sigaction(SIGCHLD, &action, &before), 0);
    descriptors = count_descriptors();
    assert_int_equal(ask(&verifier, "yes"), SEC_E_OK);
    assert_int_equal(count_descriptors(), descriptors + 2);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    count_starts(&helper);
    assert_int_equal(ask(&verifier, "nonsense"), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    wait_until_gone(helper);
    assert_int_equal(count_descriptors(), descriptors);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    assert_int_equal(atomic_load(&children), 0);
    assert_int_equal(sigaction(SIGCHLD, &before, NULL), 0);
    ntlm_verifier_clear(&verifier);
}

/* Wrong would be: a child that talks to its parent's helper, or ends it. */
static void child_has_helpers_of_its_own(void **state)
{
    ntlm_verifier verifier;
    asked question = {.verifier = &verifier, .user = "held"};
    int result = -1;
    pid_t child;

    (void)state;
    open_verifier(&verifier);
    assert_int_equal(ask(&verifier, "yes"), SEC_E_OK);
    assert_int_equal(go_on(&question), SSPIA_WAITING);
    child = fork();
    if (child == 0) {
        int wrong = 0;

        question.wait.stop(question.wait.data);
        ntlm_verifier_forget(&question.pending);
        for (unsigned i = 0; i < 2 * NTLM_HELPERS_MAX; i++)
            wrong += ask(&verifier, "no") != SEC_E_LOGON_DENIED;
        _exit(wrong + (count_starts(NULL) != 2));
    }
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
    let_go();
    serve(&question, 1);
    assert_int_equal(question.status, SEC_E_OK);
    assert_int_equal(ask(&verifier, "no"), SEC_E_LOGON_DENIED);
    assert_int_equal(count_starts(NULL), 2);
    ntlm_verifier_clear(&verifier);
}

/* Wrong would be: a program of the current folder, or a fault that shows on the first logon. */
static void path_is_checked_at_once(void **state)
{
    ntlm_verifier verifier;
    sspia_report report = {""};

    (void)state;
    ntlm_verifier_init(&verifier);
    assert_int_equal(ntlm_verifier_name_helper(&verifier, "ntlm_auth", &report),
                     SEC_E_INVALID_PARAMETER);
    assert_non_null(strstr(report.text, "absolute"));
    assert_int_equal(ntlm_verifier_name_helper(&verifier, "/none/ntlm_auth", &report),
                     SEC_E_OK);
    assert_int_equal(ntlm_verifier_ready(&verifier, &report), SEC_E_NO_CREDENTIALS);
    assert_int_equal(ask(&verifier, "yes"), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    ntlm_verifier_clear(&verifier);
}

static int make_folder(void **state)
{
    (void)state;
    ntlm_host = &host;
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    DIR *directory = opendir(folder);
    struct dirent *entry;
    char path[300];

    (void)state;
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        unlink(path);
    }
    closedir(directory);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_understood),
        cmocka_unit_test(helper_is_kept),
        cmocka_unit_test(one_that_was_killed_is_replaced),
        cmocka_unit_test(one_that_dies_on_a_question_is_an_error),
        cmocka_unit_test(silent_one_is_given_up),
        cmocka_unit_test(many_wait_in_line),
        cmocka_unit_test(threads_wait_in_line),
        cmocka_unit_test(stopped_question_gives_its_place_on),
        cmocka_unit_test(host_notices_nothing),
        cmocka_unit_test(child_has_helpers_of_its_own),
        cmocka_unit_test(path_is_checked_at_once),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
