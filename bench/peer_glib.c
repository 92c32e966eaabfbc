/* SPDX-License-Identifier: MIT */
#include <glib.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "gate.h"
#include "measure.h"
#include "peer.h"

struct item {
    void (*work)(void);
    GMainContext *loop; /* of who is told, or NULL */
    atomic_bool done;
};

struct caller {
    struct item *items;
    GMainContext *loop;
};

static GThreadPool *pool;
static struct caller callers[PEER_CALLERS];
static struct gate gate = GATE_OPEN;
static struct item *holders;

static gboolean on_done(gpointer data)
{
    struct item *item = data;

    atomic_store_explicit(&item->done, true, memory_order_relaxed);
    return G_SOURCE_REMOVE;
}

/* A source for each completion, which is how GTask comes back too. g_main_context_invoke would
 * run it here, while the caller is not in its loop. */
static void tell(struct item *item)
{
    GSource *source = g_idle_source_new();

    g_source_set_priority(source, G_PRIORITY_DEFAULT);
    g_source_set_callback(source, on_done, item, NULL);
    g_source_attach(source, item->loop);
    g_source_unref(source);
}

static void run(gpointer data, gpointer user_data)
{
    struct item *item = data;

    (void)user_data;
    item->work();
    if (item->loop != NULL)
        tell(item);
    else /* pairs with the acquire of finish */
        atomic_store_explicit(&item->done, true, memory_order_release);
}

static void do_nothing(void)
{
}

static void stay_inside(void)
{
    gate_pass(&gate);
}

static void push(struct item *item)
{
    if (!g_thread_pool_push(pool, item, NULL))
        measure_fail("g_thread_pool_push");
}

static void start(long most)
{
    for (int i = 0; i < PEER_CALLERS; i++) {
        callers[i].items = calloc((size_t)most, sizeof(*callers[i].items));
        callers[i].loop = g_main_context_new();
        if (callers[i].items == NULL)
            measure_fail("no memory");
    }
    holders = calloc((size_t)peer_workers(), sizeof(*holders));
    pool = g_thread_pool_new(run, NULL, peer_workers(), TRUE, NULL);
    if (holders == NULL || pool == NULL)
        measure_fail("no memory");
}

static void stop(void)
{
    g_thread_pool_free(pool, FALSE, TRUE);
    for (int i = 0; i < PEER_CALLERS; i++) {
        g_main_context_unref(callers[i].loop);
        free(callers[i].items);
    }
    free(holders);
}

static void prepare(int which, long count, bool told)
{
    for (long i = 0; i < count; i++) {
        callers[which].items[i].work = do_nothing;
        callers[which].items[i].loop = told ? callers[which].loop : NULL;
        atomic_store(&callers[which].items[i].done, false);
    }
}

/* Told or not is what `prepare` has set. */
static void submit(int which, long item)
{
    push(&callers[which].items[item]);
}

static void turn(int which)
{
    (void)which;
}

static void await(struct item *items, long count)
{
    double until = measure_now() + 30e9;

    for (long i = 0; i < count; i++) {
        while (!atomic_load_explicit(&items[i].done, memory_order_acquire)) {
            if (measure_now() > until)
                measure_fail("GLib: item %ld of %ld is not done", i, count);
            measure_sleep(0.05);
        }
    }
}

static void finish(int which, long count, bool told)
{
    struct caller *caller = &callers[which];

    for (long i = 0; told && i < count; i++) {
        while (!atomic_load_explicit(&caller->items[i].done, memory_order_relaxed))
            g_main_context_iteration(caller->loop, TRUE);
    }
    await(caller->items, count);
}

static void hold(void)
{
    gate_shut(&gate);
    for (int i = 0; i < peer_workers(); i++) {
        holders[i].work = stay_inside;
        holders[i].loop = NULL;
        atomic_store(&holders[i].done, false);
        push(&holders[i]);
    }
    if (!gate_await(&gate, peer_workers()))
        measure_fail("GLib: the workers are not all held");
}

static void release(void)
{
    gate_open(&gate);
    await(holders, peer_workers());
}

const struct peer peer_glib = {
    .name = "GThreadPool",
    .start = start,
    .stop = stop,
    .prepare = prepare,
    .submit = submit,
    .turn = turn,
    .finish = finish,
    .hold = hold,
    .release = release,
};
