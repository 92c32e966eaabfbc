/* SPDX-License-Identifier: MIT */
/* The engine by itself: it is linked here without the operations, the exported functions and
 * the hub, and runs an operation of this file. What it owes an operation is shown by which of
 * its functions were called. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "async_context.h"
#include "gate.h"
#include "submission.h"
#include "turn.h"

#define PATIENCE_S 30

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t moved = PTHREAD_COND_INITIALIZER;

/* What a job of this file works on. */
struct task {
    bool held; /* its run waits until it is let go */
    int started, ran, published, abandoned, refused, discarded;
    int place;           /* in the order of the runs */
    struct turns *turns; /* of what it works on, or NULL */
};

static int runs;

static void count(int *counter)
{
    pthread_mutex_lock(&lock);
    ++*counter;
    pthread_cond_broadcast(&moved);
    pthread_mutex_unlock(&lock);
}

static void wait_for(const int *counter, int value)
{
    struct timespec deadline;
    int failed = 0;

    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += PATIENCE_S;
    pthread_mutex_lock(&lock);
    while (*counter != value && failed == 0)
        failed = pthread_cond_timedwait(&moved, &lock, &deadline);
    pthread_mutex_unlock(&lock);
    assert_int_equal(*counter, value);
}

static void let_go(struct task *task)
{
    pthread_mutex_lock(&lock);
    task->held = false;
    pthread_cond_broadcast(&moved);
    pthread_mutex_unlock(&lock);
}

static void run(struct job *job, sspia_report *report)
{
    struct task *task = job->arguments;

    (void)report;
    count(&task->started);
    pthread_mutex_lock(&lock);
    while (task->held)
        pthread_cond_wait(&moved, &lock);
    task->place = ++runs;
    pthread_mutex_unlock(&lock);
    count(&task->ran);
    job->status = SEC_I_CONTINUE_NEEDED;
}

static void publish(struct job *job)
{
    count(&((struct task *)job->arguments)->published);
}

static void abandon(struct job *job)
{
    count(&((struct task *)job->arguments)->abandoned);
}

static struct turns *turns_of(const struct job *job)
{
    return ((struct task *)job->arguments)->turns;
}

static void refuse(struct job *job)
{
    count(&((struct task *)job->arguments)->refused);
}

static void discard(struct job *job)
{
    count(&((struct task *)job->arguments)->discarded);
}

static const struct operation operation = {
    .name = "Test",
    .turns = turns_of,
    .refuse = refuse,
    .run = run,
    .publish = publish,
    .abandon = abandon,
    .discard = discard,
};

static struct job job_of(struct task *task, struct turns *turns)
{
    task->turns = turns;
    return (struct job){.operation = &operation, .arguments = task};
}

static SspiAsyncContext *submit(struct task *task, struct turns *turns)
{
    SspiAsyncContext *async = SspiCreateAsyncContext();
    struct job job = job_of(task, turns);

    assert_non_null(async);
    assert_int_equal(async_submit(async, &job), SEC_E_OK);
    return async;
}

static SECURITY_STATUS end(SspiAsyncContext *async)
{
    SECURITY_STATUS status = sspia_async_wait(async, PATIENCE_S * 1000);

    SspiFreeAsyncContext(async);
    return status;
}

static int set_up(void **state)
{
    const sspia_pool_config config = {.size = sizeof(config), .max_quick_threads = 1};

    (void)state;
    runs = 0;
    return sspia_pool_configure(&config) == SEC_E_OK ? 0 : -1;
}

/* A job that is not published, or discarded twice or never. */
static void job_runs_is_published_and_discarded_once(void **state)
{
    struct task task = {.held = false};

    (void)state;
    assert_int_equal(end(submit(&task, NULL)), SEC_I_CONTINUE_NEEDED);
    wait_for(&task.discarded, 1);
    assert_int_equal(task.ran, 1);
    assert_int_equal(task.published, 1);
    assert_int_equal(task.abandoned, 0);
}

/* A cancelled job that runs all the same, or whose arguments are lost. */
static void job_cancelled_before_it_began_is_only_discarded(void **state)
{
    struct task first = {.held = true}, second = {.held = false};
    SspiAsyncContext *one = submit(&first, NULL), *two;

    (void)state;
    wait_for(&first.started, 1);
    two = submit(&second, NULL); /* there is one thread */
    assert_int_equal(sspia_async_cancel(two), SEC_E_OK);
    assert_int_equal(second.discarded, 1);
    let_go(&first);
    assert_int_equal(end(one), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(end(two), SEC_E_UNFINISHED_CONTEXT_DELETED);
    wait_for(&first.discarded, 1);
    assert_int_equal(second.ran + second.published + second.abandoned, 0);
}

/* Outputs that are written after a cancel has returned. */
static void job_cancelled_while_it_runs_is_abandoned(void **state)
{
    struct task task = {.held = true};
    SspiAsyncContext *async = submit(&task, NULL);

    (void)state;
    wait_for(&task.started, 1);
    assert_int_equal(sspia_async_cancel(async), SEC_E_OK);
    let_go(&task);
    wait_for(&task.discarded, 1);
    assert_int_equal(task.published, 0);
    assert_int_equal(task.abandoned, 1);
    assert_int_equal(end(async), SEC_E_UNFINISHED_CONTEXT_DELETED);
}

/* Jobs on one object that overtake each other, or that a job waiting for its turn holds up. */
static void jobs_with_turns_run_in_the_order_of_submit(void **state)
{
    struct turns turns = {.taken = false};
    struct task first = {.held = true}, second = {.held = false}, other = {.held = false};
    const sspia_pool_config config = {.size = sizeof(config), .max_quick_threads = 2};
    SspiAsyncContext *one, *two;

    (void)state;
    assert_int_equal(sspia_pool_configure(&config), SEC_E_OK);
    one = submit(&first, &turns);
    wait_for(&first.started, 1);
    two = submit(&second, &turns);
    assert_int_equal(end(submit(&other, NULL)), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(second.started, 0);
    let_go(&first);
    assert_int_equal(end(one), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(end(two), SEC_I_CONTINUE_NEEDED);
    assert_true(first.place < second.place);
    wait_for(&first.discarded, 1);
    wait_for(&second.discarded, 1);
    wait_for(&other.discarded, 1);
}

/* A job that works on what a delete has ended. */
static void job_behind_a_delete_is_refused(void **state)
{
    struct turns turns = {.taken = false};
    struct task task = {.held = false};

    (void)state;
    turn_close(&turns);
    end(submit(&task, &turns));
    wait_for(&task.discarded, 1);
    assert_int_equal(task.refused, 1);
}

/* ---- Batches --------------------------------------------------------------------------------
 */

static int destroyed;

static bool destroy(void *object)
{
    free(object);
    count(&destroyed);
    return true;
}

static void run_batch(struct job *job, sspia_report *report)
{
    (void)report;
    job->status = job->batch.missed ? SEC_E_INVALID_HANDLE : SEC_E_OK;
}

static const struct operation batch = {
    .name = "Test", .is_end = true, .is_batch = true, .run = run_batch};

static bool handle_at(const void *handles, uint32_t index, struct handle *handle)
{
    *handle = ((const struct handle *)handles)[index];
    return handle->slot != 0;
}

/* A batch that is not worked off whole, however many slices it has. */
static void batch_ends_all_of_its_objects(void **state)
{
    enum { MANY = 1000 };
    static struct handle handles[MANY + 1]; /* the last is none */
    SspiAsyncContext *async = SspiCreateAsyncContext();

    (void)state;
    destroyed = 0;
    handle_define(HANDLE_CONTEXT, destroy, NULL);
    for (int i = 0; i < MANY; i++)
        assert_true(handle_open(HANDLE_CONTEXT, malloc(1), &handles[i]));
    assert_int_equal(
        async_submit_batch(async, &batch, HANDLE_CONTEXT, handle_at, handles, MANY + 1, NULL),
        SEC_E_OK);
    assert_null(handle_acquire(HANDLE_CONTEXT, handles[0]));
    assert_int_equal(end(async), SEC_E_INVALID_HANDLE);
    assert_int_equal(destroyed, MANY);
}

/* ---- Two threads ----------------------------------------------------------------------------
 */

static const struct operation light_end = {.name = "Test", .is_end = true, .run = run};

static SspiAsyncContext *submit_end(struct task *task)
{
    SspiAsyncContext *async = SspiCreateAsyncContext();
    struct job job = {.operation = &light_end, .arguments = task, .alone = true};

    assert_non_null(async);
    assert_int_equal(async_submit(async, &job), SEC_E_OK);
    return async;
}

static int set_up_two(void **state)
{
    const sspia_pool_config config = {.size = sizeof(config), .max_quick_threads = 2};

    (void)state;
    runs = 0;
    return sspia_pool_configure(&config) == SEC_E_OK ? 0 : -1;
}

/* A second thread that leaves light work to the first for good, when that does not get on. */
static void light_work_does_not_wait_for_a_thread_that_is_stuck(void **state)
{
    struct task stuck = {.held = true}, behind = {.held = false}, last = {.held = false};
    SspiAsyncContext *first = submit_end(&stuck), *second, *third;

    (void)state;
    SspiGetAsyncCallStatus(first); /* it begins at once */
    wait_for(&stuck.started, 1);
    second = submit_end(&behind);
    wait_for(&behind.ran, 1);
    third = submit_end(&last);
    wait_for(&last.ran, 1);
    let_go(&stuck);
    end(first);
    end(second);
    end(third);
}

static void note(SspiAsyncContext *async, void *told)
{
    (void)async;
    count(told);
}

/* A job that its deadline does not take back, or leaves to nobody to discard. */
static void job_that_is_late_is_only_discarded(void **state)
{
    struct task first = {.held = true}, second = {.held = false};
    struct turns turns = {.taken = false};
    SspiAsyncContext *busy = submit(&first, &turns), *async = SspiCreateAsyncContext();
    struct job job = job_of(&second, &turns);
    int told = 0;

    (void)state;
    wait_for(&first.started, 1);
    assert_int_equal(sspia_async_set_deadline(async, 1), SEC_E_OK);
    assert_int_equal(SspiSetAsyncNotifyCallback(async, note, &told), SEC_E_OK);
    assert_int_equal(async_submit(async, &job), SEC_E_OK);
    assert_int_equal(end(async), SEC_E_SECURITY_QOS_FAILED);
    let_go(&first);
    wait_for(&told, 1);
    assert_int_equal(second.discarded, 1); /* before the callback */
    assert_int_equal(end(busy), SEC_I_CONTINUE_NEEDED);
    wait_for(&first.discarded, 1); /* the thread is not done when the call is */
    assert_int_equal(second.started, 0);
    assert_int_equal(second.abandoned, 0);
}

/* A job that runs, and is not abandoned at its deadline. */
static void job_that_takes_too_long_is_abandoned(void **state)
{
    struct task task = {.held = true};
    SspiAsyncContext *async = SspiCreateAsyncContext();
    struct job job = job_of(&task, NULL);

    (void)state;
    /* Long enough for it to begin, which is waited for. */
    assert_int_equal(sspia_async_set_deadline(async, 1000), SEC_E_OK);
    assert_int_equal(async_submit(async, &job), SEC_E_OK);
    wait_for(&task.started, 1);
    assert_int_equal(end(async), SEC_E_SECURITY_QOS_FAILED);
    let_go(&task);
    wait_for(&task.discarded, 1);
    assert_int_equal(task.published, 0);
    assert_int_equal(task.abandoned, 1);
}

/* A deadline that passes when the process is on its way out. */
static void nothing_passes_after_quiesce(void **state)
{
    struct task task = {.held = true};
    pid_t child = fork();
    int status = -1;

    (void)state;
    if (child == 0) {
        SspiAsyncContext *async = SspiCreateAsyncContext();
        struct job job = job_of(&task, NULL);
        int told = 0;

        SspiSetAsyncNotifyCallback(async, note, &told);
        sspia_async_set_deadline(async, 200);
        if (async_submit(async, &job) != SEC_E_OK)
            _exit(1);
        gate_quiesce();
        if (SspiGetAsyncCallStatus(async) != SEC_I_ASYNC_CALL_PENDING)
            _exit(0); /* it was before, on a machine that is busy */
        usleep(400000);
        _exit(told == 0 && SspiGetAsyncCallStatus(async) == SEC_I_ASYNC_CALL_PENDING ? 0 : 2);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(job_runs_is_published_and_discarded_once, set_up),
        cmocka_unit_test_setup(job_cancelled_before_it_began_is_only_discarded, set_up),
        cmocka_unit_test_setup(job_cancelled_while_it_runs_is_abandoned, set_up),
        cmocka_unit_test_setup(jobs_with_turns_run_in_the_order_of_submit, set_up),
        cmocka_unit_test_setup(job_behind_a_delete_is_refused, set_up),
        cmocka_unit_test_setup(batch_ends_all_of_its_objects, set_up),
        cmocka_unit_test_setup(light_work_does_not_wait_for_a_thread_that_is_stuck, set_up_two),
        cmocka_unit_test_setup(job_that_is_late_is_only_discarded, set_up),
        cmocka_unit_test_setup(job_that_takes_too_long_is_abandoned, set_up),
        cmocka_unit_test_setup(nothing_passes_after_quiesce, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
