/* SPDX-License-Identifier: MIT */
#include "daemon.h"

#include <errno.h>
#include <krb5.h>
#include <profile.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* krb5's cc_kcm.c. */
#define KCM    "KCM:"
#define SOCKET "/var/run/.heim_org.h5l.kcm-socket"

/* The question for the name of the default cache (its length, version 2.0, opcode 20). */
static const unsigned char question[] = {0, 0, 0, 4, 2, 0, 0, 20};

/* A backlog that is full cannot be waited for. */
static const int64_t again_ns = 100000000;

static bool is_kcm(const char *cache)
{
    return strncmp(cache, KCM, sizeof KCM - 1) == 0;
}

bool gss_daemon_keeps(const char *cache)
{
    krb5_context context;
    const char *name;
    bool keeps;

    if (cache != NULL)
        return is_kcm(cache);
    if (krb5_init_context(&context) != 0)
        return false;
    name = krb5_cc_default_name(context);
    keeps = name != NULL && is_kcm(name);
    krb5_free_context(context);
    return keeps;
}

/* False: krb5.conf says that there is none. */
static bool find_address(struct sockaddr_un *address)
{
    char *path = NULL;
    krb5_context context;
    profile_t profile;

    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (krb5_init_context(&context) != 0)
        return false;
    if (krb5_get_profile(context, &profile) == 0) {
        if (profile_get_string(profile, "libdefaults", "kcm_socket", NULL, SOCKET, &path) ==
                0 &&
            path != NULL && strlen(path) < sizeof address->sun_path)
            strcpy(address->sun_path, path);
        profile_release_string(path);
        profile_release(profile);
    }
    krb5_free_context(context);
    return address->sun_path[0] == '/';
}

static bool wait_for_room(sspia_wait *wait)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    wait->until = now.tv_sec * INT64_C(1000000000) + now.tv_nsec + again_ns;
    return false;
}

static bool ask(gss_daemon *daemon, sspia_wait *wait)
{
    struct sockaddr_un address;
    int fd;

    if (!find_address(&address))
        return true;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return true;
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        const bool is_full = errno == EAGAIN;

        close(fd);
        return is_full ? wait_for_room(wait) : true;
    }
    if (send(fd, question, sizeof question, MSG_NOSIGNAL) != (ssize_t)sizeof question) {
        close(fd);
        return true;
    }
    *daemon = (gss_daemon){.asked = true, .socket = {fd, POLLIN, 0}};
    wait->fds = &daemon->socket;
    wait->fd_count = 1;
    return false;
}

bool gss_daemon_ask(gss_daemon *daemon, sspia_wait *wait)
{
    char reply[64];

    if (!daemon->asked)
        return ask(daemon, wait);
    if (recv(daemon->socket.fd, reply, sizeof reply, 0) < 0 &&
        (errno == EAGAIN || errno == EINTR)) {
        wait->fds = &daemon->socket;
        wait->fd_count = 1;
        return false;
    }
    gss_daemon_leave(daemon);
    return true;
}

void gss_daemon_leave(gss_daemon *daemon)
{
    if (daemon->asked)
        close(daemon->socket.fd);
    daemon->asked = false;
}
