/* SPDX-License-Identifier: MIT */
/*
 * Look-ups shared by all calls of the process, and their answers.
 *
 *     RUNNING --the leader has an answer--> DONE --time--> forgotten
 *        +---------the last one ends---------------------> forgotten
 *
 * Invariants:
 *   1. The lock guards the table, the lists of those who wait, leadership and state. It is held
 *      for list and pointer work only: not across c-ares, the C library or host->resume.
 *   2. A search's inquiry, and its answer while it is RUNNING, belong to the leader. Leadership
 *      changes under the lock, and only while the leader is not inside gss_lookup_go.
 *   3. Once DONE, nothing of a search changes but its references; its answer goes with it.
 *   4. A search has a reference of the table as long as it can be found there, and one of each
 *      look-up. The last one frees it, and closes what is open, outside the lock.
 *   5. While somebody waits there is a leader: whoever gives leadership up names another first,
 *      and resumes it.
 *   6. A child of fork leaves the searches of its parent alone, whose leaders may not exist
 * there.
 */
#include "resolver.h"
#include "blocking.h"
#include "inquiry.h"

#include <ctype.h>
#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#define BUCKETS     64u
#define BUCKET_MAX  8u /* answers that are remembered in each */
#define TTL_UNKNOWN 60
#define TTL_MIN     1
#define TTL_MAX     3600
#define TTL_NOTHING 5
#define NO_TIME     INT64_MAX
#define NANOSECONDS INT64_C(1000000000)

struct search {
    struct search *next; /* in its bucket */
    unsigned references;
    bool listed; /* in the table */
    pid_t process;
    gss_query query;
    unsigned flags;
    char *name;

    bool done;
    int64_t until; /* done: when it is forgotten */
    gss_answer *answer;

    gss_lookup *leader;
    gss_lookup *first; /* those who wait, in order */
    gss_lookup *last;
    gss_inquiry *inquiry;
    bool needs_thread;
};

struct gss_lookup {
    struct search *search;
    void *call;
    bool waits; /* is in the search's list */
    gss_lookup *next;
    gss_lookup *before;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;
static struct search *table[BUCKETS];

static void hold(void)
{
    pthread_mutex_lock(&lock);
}

static void release(void)
{
    pthread_mutex_unlock(&lock);
}

/* The lock is whole in a child. */
static void watch_forks(void)
{
    pthread_atfork(hold, release, release);
}

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * NANOSECONDS + time.tv_nsec;
}

static struct search **bucket_of(const char *name)
{
    unsigned hash = 2166136261u; /* FNV-1a */

    for (; *name != '\0'; name++)
        hash = (hash ^ (unsigned)tolower((unsigned char)*name)) * 16777619u;
    return &table[hash % BUCKETS];
}

static void destroy(struct search *gone)
{
    if (gone == NULL)
        return;
    gss_inquiry_close(gone->inquiry);
    gss_answer_free(gone->answer);
    free(gone->name);
    free(gone);
}

/* Gives a reference back; what has to be destroyed then goes onto *gone. Lock held. */
static void drop(struct search *search, struct search **gone)
{
    if (--search->references > 0)
        return;
    search->next = *gone;
    *gone = search;
}

static void destroy_all(struct search *gone)
{
    while (gone != NULL) {
        struct search *next = gone->next;

        destroy(gone);
        gone = next;
    }
}

/* Lock held. */
static void unlist(struct search *search, struct search **gone)
{
    struct search **link = bucket_of(search->name);

    if (!search->listed)
        return;
    while (*link != search)
        link = &(*link)->next;
    *link = search->next;
    search->listed = false;
    drop(search, gone);
}

/* Makes room in a bucket: for those that are past their time, and the oldest beyond a number.
 * New ones come first. Lock held. */
static void tidy(struct search **bucket, int64_t moment, struct search **gone)
{
    unsigned done = 0;

    for (struct search *one = *bucket, *next; one != NULL; one = next) {
        next = one->next;
        if (one->done && (one->until <= moment || ++done > BUCKET_MAX))
            unlist(one, gone);
    }
}

static struct search *create(gss_query query, unsigned flags, const char *name)
{
    struct search *made = calloc(1, sizeof *made);

    if (made == NULL)
        return NULL;
    made->query = query;
    made->flags = flags;
    made->process = getpid();
    made->name = strdup(name);
    made->answer = gss_answer_create();
    if (made->name == NULL || made->answer == NULL) {
        destroy(made);
        return NULL;
    }
    return made;
}

/* The DNS knows no case, plug-ins may. */
static bool is_same_name(gss_query query, const char *one, const char *other)
{
    return (gss_query_is_by_plugin(query) ? strcmp : strcasecmp)(one, other) == 0;
}

/* Lock held. */
static struct search *find(struct search *const *bucket, const struct search *wanted,
                           int64_t moment)
{
    for (struct search *one = *bucket; one != NULL; one = one->next) {
        if (one->query == wanted->query && one->flags == wanted->flags &&
            (one->done ? one->until > moment : one->process == wanted->process) &&
            is_same_name(one->query, one->name, wanted->name))
            return one;
    }
    return NULL;
}

gss_lookup *gss_lookup_begin(gss_query query, unsigned flags, const char *name)
{
    gss_lookup *lookup = calloc(1, sizeof *lookup);
    struct search *fresh = create(query, flags, name);
    struct search **bucket = bucket_of(name);
    struct search *gone = NULL;
    int64_t moment = now();

    if (lookup == NULL || fresh == NULL) {
        destroy(fresh);
        free(lookup);
        return NULL;
    }
    pthread_once(&fork_once, watch_forks);
    hold();
    tidy(bucket, moment, &gone);
    lookup->search = find(bucket, fresh, moment);
    if (lookup->search == NULL) {
        fresh->next = *bucket;
        *bucket = fresh;
        fresh->listed = true;
        fresh->references = 1; /* the table's */
        lookup->search = fresh;
        fresh = NULL;
    }
    lookup->search->references++;
    release();
    destroy(fresh);
    destroy_all(gone);
    return lookup;
}

/* Lock held, both. */
static void enlist(struct search *search, gss_lookup *lookup)
{
    lookup->waits = true;
    lookup->next = NULL;
    lookup->before = search->last;
    if (search->last != NULL)
        search->last->next = lookup;
    else
        search->first = lookup;
    search->last = lookup;
}

static void leave(struct search *search, gss_lookup *lookup)
{
    lookup->waits = false;
    if (lookup->before != NULL)
        lookup->before->next = lookup->next;
    else
        search->first = lookup->next;
    if (lookup->next != NULL)
        lookup->next->before = lookup->before;
    else
        search->last = lookup->before;
}

/* Seconds for which an answer is good. */
static uint32_t life_of(const gss_answer *answer)
{
    if (answer->found == GSS_FOUND_REFUSED)
        return 0;
    if (answer->found == GSS_FOUND_NONE)
        return TTL_NOTHING;
    if (answer->ttl == UINT32_MAX)
        return TTL_UNKNOWN;
    if (answer->ttl == 0)
        return TTL_MIN; /* of the hosts file, too */
    return answer->ttl < TTL_MAX ? answer->ttl : TTL_MAX;
}

/* The leader's answer is everybody's. */
static void finish(struct search *search)
{
    uint32_t life = life_of(search->answer);
    struct search *gone = NULL;

    gss_inquiry_close(search->inquiry);
    search->inquiry = NULL;
    hold();
    search->done = true;
    search->leader = NULL;
    search->until = now() + life * NANOSECONDS;
    if (life == 0)
        unlist(search, &gone); /* the leader's reference is left */
    while (search->first != NULL) {
        void *call = search->first->call;

        leave(search, search->first);
        release();
        gss_host->resume(call);
        hold();
    }
    release();
}

/* An address instead of a name needs no DNS. */
static bool read_numbers(struct search *search)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
    struct addrinfo *found = NULL;
    gss_answer *answer = search->answer;

    if (search->query != GSS_QUERY_ADDRESSES ||
        getaddrinfo(search->name, NULL, &hints, &found) != 0)
        return false;
    answer->found = gss_answer_add_address(answer, found->ai_addr, found->ai_addrlen)
                        ? GSS_FOUND
                        : GSS_FOUND_REFUSED;
    freeaddrinfo(found);
    return true;
}

/* The leader's part. */
static gss_lookup_state lead(struct search *search, bool may_block, struct pollfd *fds,
                             uint32_t *count, int64_t *until)
{
    bool over = false;

    if (search->inquiry == NULL && !search->needs_thread) {
        *count = 0;
        over = read_numbers(search);
        if (!over && !gss_query_is_by_plugin(search->query))
            search->inquiry =
                gss_inquiry_open(search->query, search->flags, search->name, search->answer);
        search->needs_thread = !over && search->inquiry == NULL;
    }
    if (search->inquiry != NULL)
        over = gss_inquiry_go(search->inquiry, fds, count, until);
    if (search->needs_thread) {
        *count = 0;
        *until = NO_TIME;
        if (!may_block)
            return GSS_LOOKUP_THREAD;
        gss_blocking_ask(search->query, search->flags, search->name, search->answer);
        over = true;
    }
    if (!over)
        return GSS_LOOKUP_WAITS;
    finish(search);
    return GSS_LOOKUP_DONE;
}

gss_lookup_state gss_lookup_go(gss_lookup *lookup, void *call, bool may_block,
                               struct pollfd *fds, uint32_t *count, int64_t *until)
{
    struct search *search = lookup->search;
    gss_lookup_state state = GSS_LOOKUP_WAITS;
    bool leads = false;

    hold();
    lookup->call = call;
    if (search->done) {
        state = GSS_LOOKUP_DONE;
    } else {
        if (search->leader == NULL)
            search->leader = lookup;
        leads = search->leader == lookup;
        if (!leads && !lookup->waits)
            enlist(search, lookup);
    }
    release();
    if (leads)
        return lead(search, may_block, fds, count, until);
    *count = 0;
    *until = NO_TIME;
    return state;
}

const gss_answer *gss_lookup_answer(const gss_lookup *lookup)
{
    return lookup->search->answer;
}

void gss_lookup_end(gss_lookup *lookup)
{
    struct search *gone = NULL;
    struct search *search;
    gss_lookup *heir = NULL;
    void *call = NULL;

    if (lookup == NULL)
        return;
    search = lookup->search;
    hold();
    if (lookup->waits)
        leave(search, lookup);
    if (search->leader == lookup) {
        heir = search->first;
        search->leader = heir;
        if (heir != NULL) {
            leave(search, heir);
            call = heir->call;
        }
    }
    /* Nobody is left but the table: a look-up that nobody wants. */
    if (!search->done && search->listed && search->references == 2)
        unlist(search, &gone);
    drop(search, &gone);
    release();
    if (heir != NULL)
        gss_host->resume(call);
    destroy_all(gone);
    free(lookup);
}

void gss_resolver_forget(void)
{
    struct search *gone = NULL;

    hold();
    for (unsigned i = 0; i < BUCKETS; i++) {
        for (struct search *one = table[i], *next; one != NULL; one = next) {
            next = one->next;
            if (one->done)
                unlist(one, &gone);
        }
    }
    release();
    destroy_all(gone);
}
