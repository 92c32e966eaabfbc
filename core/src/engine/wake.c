/* SPDX-License-Identifier: MIT */
#include "wake.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

int wake_open(bool raised)
{
    return eventfd(raised, EFD_CLOEXEC | EFD_NONBLOCK);
}

void wake_close(int fd)
{
    int state;

    if (fd < 0)
        return;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    close(fd);
    pthread_setcancelstate(state, NULL);
}

/* Writing and reading never block here, but they are cancellation points, and the engine lock
 * is held. */
void wake_raise(int fd)
{
    int saved = errno;
    int state;

    if (fd < 0)
        return;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    eventfd_write(fd, 1);
    pthread_setcancelstate(state, NULL);
    errno = saved;
}

void wake_lower(int fd)
{
    eventfd_t count;
    int saved = errno;
    int state;

    if (fd < 0)
        return;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    eventfd_read(fd, &count);
    pthread_setcancelstate(state, NULL);
    errno = saved;
}

void wake_after_fork(int fd)
{
    int own;

    if (fd < 0)
        return;
    /* The number is freed first: there may be no other left. */
    close(fd);
    own = wake_open(false);
    if (own >= 0 && own != fd) {
        dup3(own, fd, O_CLOEXEC);
        close(own);
    }
}
