/* SPDX-License-Identifier: MIT */
#include "wait.h"

#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static bool is_under_way(const struct wait *wait)
{
    return wait->state != WAIT_BEGINS && wait->state != WAIT_OVER;
}

/* What the state has. */
static void let_go(struct wait *wait)
{
    if (!wait->was_told)
        return;
    control_leave(&wait->driven);
    if (wait->state == WAIT_FD)
        close(wait->fd.fd);
    wait->was_told = false;
}

static void end(struct wait *wait)
{
    let_go(wait);
    wait->state = WAIT_BEGINS;
    control_add(CONTROL_WAITING, -1);
}

static void stop(void *data)
{
    end(data);
    control_add(CONTROL_STOPPED, 1);
}

void wait_clear(struct wait *wait)
{
    if (!is_under_way(wait))
        return;
    end(wait);
    control_add(CONTROL_ABANDONED, 1);
}

/* A descriptor that becomes readable in time, or when it is driven. */
static bool open_fd(struct wait *wait, const struct stage *stage)
{
    const struct itimerspec in_time = {
        .it_value = {.tv_sec = stage->wait_fd_ms / 1000,
                     /* 0 would never be. */
                     .tv_nsec = (long)(stage->wait_fd_ms % 1000) * 1000000L + 1}};

    wait->fd = (struct pollfd){.events = POLLIN};
    if (stage->wait_fd_is_driven) {
        wait->fd.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (wait->fd.fd >= 0)
            control_join(&wait->driven, wait->fd.fd, NULL);
    } else {
        wait->fd.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
        if (wait->fd.fd >= 0)
            timerfd_settime(wait->fd.fd, 0, &in_time, NULL);
    }
    return wait->fd.fd >= 0;
}

/* Tells the core what this state waits for, the first time or once more. */
static bool tell(struct wait *wait, const struct stage *stage, sspia_wait *core)
{
    const bool is_first = !wait->was_told;

    core->fds = NULL;
    core->fd_count = 0;
    switch (wait->state) {
    case WAIT_FD:
        if (is_first && !open_fd(wait, stage))
            return false;
        core->fds = &wait->fd;
        core->fd_count = 1;
        break;
    case WAIT_UNTIL:
        if (is_first)
            wait->until = now_ns() + (int64_t)stage->wait_until_ms * 1000000;
        core->until = wait->until;
        break;
    case WAIT_RESUME:
        if (is_first && stage->wait_resume_is_driven)
            control_join(&wait->driven, -1, core->call);
        for (uint32_t i = 0; is_first && i < stage->wait_resumes; i++)
            scripted_host->resume(core->call);
        break;
    case WAIT_THREAD:
        core->flags = SSPIA_WAIT_THREAD;
        break;
    default:
        break;
    }
    wait->was_told = true;
    return true;
}

static bool is_asked_for(enum wait_state state, const struct stage *stage)
{
    switch (state) {
    case WAIT_FD:
        return stage->wait_fd;
    case WAIT_UNTIL:
        return stage->wait_until;
    case WAIT_RESUME:
        return stage->wait_resume;
    case WAIT_THREAD:
        return stage->wait_thread;
    default:
        return true;
    }
}

static bool has_come(const struct wait *wait, const struct stage *stage, const sspia_wait *core)
{
    switch (wait->state) {
    case WAIT_FD:
        return (wait->fd.revents & POLLIN) != 0;
    case WAIT_UNTIL:
        return now_ns() >= wait->until;
    case WAIT_RESUME:
        return !stage->wait_resume_is_driven || control_was_driven(&wait->driven);
    case WAIT_THREAD:
        return (core->flags & SSPIA_WAIT_THREAD) != 0;
    default:
        return true;
    }
}

static void begin(struct wait *wait, sspia_wait *core)
{
    core->stop = stop;
    core->data = wait;
    control_add(CONTROL_WAITING, 1);
    control_add(CONTROL_BEGUN, 1);
}

SECURITY_STATUS wait_run(struct wait *wait, const struct stage *stage, sspia_wait *core,
                         sspia_report *report)
{
    const bool is_first = wait->state == WAIT_BEGINS;

    if (!is_first && !has_come(wait, stage, core)) {
        control_add(CONTROL_IDLE_CALLS, 1);
        tell(wait, stage, core);
        return SSPIA_WAITING;
    }
    let_go(wait);
    do
        wait->state++;
    while (!is_asked_for(wait->state, stage));
    if (is_first && is_under_way(wait)) {
        if (core == NULL) {
            scripted_host->report(report, "the script waits in a call that cannot wait", NULL);
            wait->state = WAIT_BEGINS;
            return SEC_E_UNSUPPORTED_FUNCTION;
        }
        begin(wait, core);
    }
    if (wait->state == WAIT_OVER) {
        wait->state = WAIT_BEGINS;
        if (!is_first) {
            control_add(CONTROL_WAITING, -1);
            control_remember(core->call);
        }
        return SEC_E_OK;
    }
    if (tell(wait, stage, core))
        return SSPIA_WAITING;
    end(wait);
    scripted_host->report(report, "there is no descriptor to wait for", NULL);
    return SEC_E_INSUFFICIENT_MEMORY;
}
