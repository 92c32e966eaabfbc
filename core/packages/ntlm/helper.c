/* SPDX-License-Identifier: MIT */
/*
 * A helper's process.
 *
 * The host program must not notice that there is one. A child of its own would send it SIGCHLD,
 * and come up in its waitpid(-1), or keep a loop around that from ever ending. So the helper is
 * the child of a child: the one between is made by clone without a signal for its parent, which
 * hides it from every wait that does not ask for such children; it shares our memory and
 * descriptors, starts the helper, and is gone before clone returns. The helper then belongs to
 * init, which reaps it.
 *
 * Because somebody else reaps it, its number may soon be another process's. It is ended through
 * a descriptor of the process, which the one between opens while it cannot be reaped yet.
 *
 * It gets no descriptor of the host's but its socket, an environment of its own, and a session
 * of its own: signals of a terminal are not for it. A socket and not two pipes, for a write to
 * a dead pipe raises SIGPIPE. When our end is closed, at the latest by the end of the process,
 * the helper reads the end of its input and goes.
 */
#include "helper.h"
#include "status.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What posix_spawn needs, and what a sanitizer puts on top of it. */
#define STACK_SIZE (256u << 10)

/* ThreadSanitizer takes every clone for a fork, after which it looks at nothing that the child
 * does; where parent and child share their memory, nothing that the parent's thread does. It
 * does not know this name. */
#ifdef __SANITIZE_THREAD__
int __clone(int (*run)(void *data), void *stack, int flags, void *data, ...);
#define clone __clone
#endif

typedef struct order {
    const char *path;
    int socket;
    int error; /* of posix_spawn */
    int process;
} order;

/* glibc has it since 2.34, which need not be the one that we are compiled for, nor the one that
 * we run on. */
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *files, int from)
    __attribute__((weak));

/* Without that function: those descriptors that are open now. Another thread's that is opened
 * later stays open in the helper, unless it is O_CLOEXEC, as with any exec. */
static int close_listed(posix_spawn_file_actions_t *files, int from)
{
    DIR *open = opendir("/proc/self/fd");
    struct dirent *entry;
    int error = 0;

    if (open == NULL)
        return errno;
    while (error == 0 && (entry = readdir(open)) != NULL) {
        int descriptor = (int)strtol(entry->d_name, NULL, 10); /* 0 of "." and ".." */

        if (descriptor >= from && descriptor != dirfd(open))
            error = posix_spawn_file_actions_addclose(files, descriptor);
    }
    closedir(open);
    return error;
}

static int close_from(posix_spawn_file_actions_t *files, int from)
{
    if (posix_spawn_file_actions_addclosefrom_np != NULL)
        return posix_spawn_file_actions_addclosefrom_np(files, from);
    return close_listed(files, from);
}

static int prepare(posix_spawn_file_actions_t *files, posix_spawnattr_t *attributes, int socket)
{
    sigset_t none;
    sigset_t all;
    int error;

    sigemptyset(&none);
    sigfillset(&all);
    error = posix_spawn_file_actions_adddup2(files, socket, STDIN_FILENO);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(files, socket, STDOUT_FILENO);
    if (error == 0)
        error =
            posix_spawn_file_actions_addopen(files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (error == 0)
        error = close_from(files, STDERR_FILENO + 1);
    if (error == 0)
        error = posix_spawnattr_setsigmask(attributes, &none);
    if (error == 0)
        error = posix_spawnattr_setsigdefault(attributes, &all);
    if (error == 0)
        error = posix_spawnattr_setflags(
            attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
    return error;
}

static int spawn(const char *path, int socket, pid_t *helper)
{
    static char mode[] = "--helper-protocol=ntlm-server-1";
    static char search[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
    static char language[] = "LC_ALL=C";
    static char *const environment[] = {search, language, NULL};
    char *const arguments[] = {(char *)(uintptr_t)path, mode, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&files);

    if (error != 0)
        return error;
    error = posix_spawnattr_init(&attributes);
    if (error == 0) {
        error = prepare(&files, &attributes, socket);
        if (error == 0)
            error = posix_spawn(helper, path, &files, &attributes, arguments, environment);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&files);
    return error;
}

/* The process between. */
static int run_between(void *data)
{
    order *given = data;
    pid_t helper = 0;

    given->error = spawn(given->path, given->socket, &helper);
    if (given->error == 0)
        given->process = (int)syscall(SYS_pidfd_open, helper, 0);
    return 0;
}

/* Ends as the thread that called it was, with nothing of its own left. */
static int start_apart(order *given)
{
    void *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    sigset_t all;
    sigset_t before;
    int state;
    pid_t between;

    if (stack == MAP_FAILED)
        return errno;
    /* No handler of the host's may run in the process between, and nobody may cancel us here.
     */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    between = clone(run_between, (char *)stack + STACK_SIZE,
                    CLONE_VM | CLONE_VFORK | CLONE_FILES, given);
    if (between < 0)
        given->error = errno;
    else
        while (waitpid(between, NULL, (int)__WCLONE) < 0 && errno == EINTR)
            ;
    pthread_setcancelstate(state, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    munmap(stack, STACK_SIZE);
    return given->error;
}

static SECURITY_STATUS cannot_start(const char *path, int error, sspia_report *report)
{
    char reason[128];

    return ntlm_report(report, SEC_E_NO_AUTHENTICATING_AUTHORITY, path,
                       strerror_r(error, reason, sizeof reason));
}

SECURITY_STATUS ntlm_helper_start(const char *path, ntlm_helper **helper, sspia_report *report)
{
    order given = {.path = path, .error = ENOMEM, .process = -1};
    ntlm_helper *made = calloc(1, sizeof *made);
    int ends[2];

    *helper = NULL;
    if (made == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        free(made);
        return cannot_start(path, errno, report);
    }
    given.socket = ends[1];
    if (start_apart(&given) != 0) {
        close(ends[0]);
        close(ends[1]);
        free(made);
        return cannot_start(path, given.error, report);
    }
    close(ends[1]);
    made->owner = getpid();
    made->socket = ends[0];
    made->process = given.process;
    *helper = made;
    return SEC_E_OK;
}

void ntlm_helper_end(ntlm_helper *helper)
{
    if (helper == NULL)
        return;
    if (helper->process >= 0 && helper->owner == getpid())
        syscall(SYS_pidfd_send_signal, helper->process, SIGKILL, NULL, 0);
    close(helper->socket);
    if (helper->process >= 0)
        close(helper->process);
    free(helper);
}
