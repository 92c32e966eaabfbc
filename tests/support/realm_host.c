/* SPDX-License-Identifier: MIT */
#include "realm_host.h"

#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define SKIPPED 77
#define MODULES 3

struct block {
    size_t size;
    _Alignas(16) unsigned char bytes[];
};

static atomic_int blocks;
static const sspia_package *const *packages[MODULES + 1]; /* the last: the test's own */

void *realm_host_allocate(size_t size)
{
    struct block *block = calloc(1, sizeof *block + size);

    if (block == NULL)
        return NULL;
    block->size = size;
    atomic_fetch_add(&blocks, 1);
    return block->bytes;
}

void realm_host_free(void *memory)
{
    struct block *block;

    if (memory == NULL)
        return;
    block = (struct block *)((unsigned char *)memory - offsetof(struct block, bytes));
    memset(block->bytes, 0xa5, block->size);
    atomic_fetch_sub(&blocks, 1);
    free(block);
}

int realm_host_blocks(void)
{
    return atomic_load(&blocks);
}

static void quiesce(void)
{
}

static void report_line(sspia_report *report, const char *what, const char *why)
{
    snprintf(report->text, sizeof report->text, "%s%s%s", what, why != NULL ? ": " : "",
             why != NULL ? why : "");
}

/* Readable when a leg of this thread was resumed. It stays for good: somebody may be resumed
 * late. */
static _Thread_local int resumption = -1;

static void expect_resumptions(void)
{
    if (resumption < 0)
        resumption = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

static void resume(void *call)
{
    realm_leg *leg = call;

    atomic_store(&leg->resumed, true);
    if (eventfd_write(leg->resumption, 1) != 0)
        abort();
}

static int is_wanted(void *call)
{
    realm_leg *leg = call;

    if (leg != NULL && leg->patience > 0 && --leg->patience == 0)
        leg->given_up = true;
    return leg == NULL || !leg->given_up;
}

static const sspia_package *find(const char *name, sspia_report *report)
{
    const sspia_package *package = realm_host_package(name);

    if (package == NULL)
        report_line(report, name, "no such package");
    return package;
}

static const sspia_package *at(size_t place)
{
    for (size_t module = 0; module <= MODULES; module++) {
        for (size_t i = 0; packages[module] != NULL && packages[module][i] != NULL; i++) {
            if (place-- == 0)
                return packages[module][i];
        }
    }
    return NULL;
}

static const sspia_host host = {
    .abi = SSPIA_PACKAGE_ABI,
    .size = sizeof(sspia_host),
    .allocate = realm_host_allocate,
    .free = realm_host_free,
    .quiesce = quiesce,
    .report = report_line,
    .resume = resume,
    .is_wanted = is_wanted,
    .find = find,
    .at = at,
};

static const sspia_package *const *load(const char *file)
{
    sspia_module_entry_fn entry;
    sspia_report report = {""};
    const sspia_package *const *list;
    void *module = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    void *symbol = module != NULL ? dlsym(module, SSPIA_MODULE_ENTRY) : NULL;

    if (symbol == NULL) {
        fprintf(stderr, "%s: %s\n", file, dlerror());
        exit(EXIT_FAILURE);
    }
    memcpy(&entry, &symbol, sizeof entry);
    list = entry(&host, &report);
    if (list == NULL) {
        fprintf(stderr, "%s: %s\n", file, report.text);
        exit(EXIT_FAILURE);
    }
    return list;
}

void realm_host_load(void)
{
    static const char *const names[MODULES] = {"negotiate", "gss", "ntlm"};
    const char *folder = getenv("SSPI_ASYNC_PACKAGE_PATH");
    const char *one = getenv("REALM_HOST_MODULE");

    if (packages[0] != NULL)
        return;
    if (one == NULL && getenv("REALM_DIR") == NULL) {
        fprintf(stderr, "skipped: run me with tests/support/realm run - ...\n");
        exit(SKIPPED);
    }
    expect_resumptions();
    for (size_t i = 0; i < (one != NULL ? 1 : MODULES); i++) {
        char file[4096];

        snprintf(file, sizeof file, "%s/libsspi-async-%s.so", folder != NULL ? folder : ".",
                 one != NULL ? one : names[i]);
        if (one != NULL || i < 2 || access(file, F_OK) == 0)
            packages[i] = load(file);
    }
}

void realm_host_add(const sspia_package *package)
{
    static const sspia_package *own[2];

    own[0] = package;
    packages[MODULES] = own;
}

const sspia_package *realm_host_package(const char *name)
{
    for (size_t module = 0; module <= MODULES; module++) {
        for (size_t i = 0; packages[module] != NULL && packages[module][i] != NULL; i++) {
            if (strcmp(packages[module][i]->name, name) == 0)
                return packages[module][i];
        }
    }
    return NULL;
}

const char *realm_host_env(const char *name)
{
    const char *value = getenv(name);

    if (value == NULL) {
        fprintf(stderr, "%s is not set: not in a realm\n", name);
        exit(EXIT_FAILURE);
    }
    return value;
}

SECURITY_STATUS realm_side_acquire(realm_side *side, const char *package, uint32_t use,
                                   const char *principal, const sspia_identity *identity)
{
    side->package = realm_host_package(package);
    if (side->package == NULL)
        return side->status = SEC_E_SECPKG_NOT_FOUND;
    side->report.text[0] = '\0';
    side->initiator = (use & SECPKG_CRED_OUTBOUND) != 0;
    side->status = side->package->acquire(principal, use, identity, &side->credential,
                                          &side->expiry, &side->report);
    return side->status;
}

/* One call into the package; wait may be NULL. */
static SECURITY_STATUS call_side(realm_side *side, const void *token, size_t size,
                                 sspia_wait *wait)
{
    /* A copy of exact size on the heap, so that a read past its end shows. */
    void *copy = size > 0 ? malloc(size) : NULL;
    SecBuffer input[2] = {{(uint32_t)size, SECBUFFER_TOKEN, copy},
                          {side->bindings_size, SECBUFFER_CHANNEL_BINDINGS, NULL}};
    sspia_step step = {.size = sizeof step,
                       .credential = side->credential,
                       .target = side->initiator ? side->target : NULL,
                       .requested = side->flags,
                       .data_rep = SECURITY_NATIVE_DREP,
                       .input = input,
                       .input_count = side->bindings != NULL ? 2 : 1,
                       .wait = wait};
    sspia_step_result result = {.size = sizeof result};

    if (size > 0)
        memcpy(copy, token, size);
    memcpy(&input[1].pvBuffer, &side->bindings, sizeof(void *));
    side->report.text[0] = '\0';
    if (side->initiator)
        side->status = side->package->initialize(&side->context, &step, &result, &side->report);
    else
        side->status = side->package->accept(&side->context, &step, &result, &side->report);
    free(copy);
    if (side->status == SSPIA_WAITING)
        return side->status;
    realm_host_free(side->token.data);
    side->token = result.token;
    side->attributes = result.attributes;
    side->expiry = result.expiry;
    return side->status;
}

SECURITY_STATUS realm_side_step(realm_side *side, const void *token, size_t size)
{
    realm_leg leg;

    if (getenv("REALM_HOST_WAITS") == NULL || !side->initiator || side->context != NULL)
        return call_side(side, token, size, NULL);
    realm_leg_begin(&leg, side);
    realm_legs_run(&leg, 1, INT64_MAX);
    return side->status;
}

static void call_leg(realm_leg *leg)
{
    leg->calls++;
    leg->status = call_side(leg->side, leg->token, leg->token_size, &leg->wait);
}

void realm_leg_begin(realm_leg *leg, realm_side *side)
{
    realm_leg_answer(leg, side, NULL, 0);
}

void realm_leg_answer(realm_leg *leg, realm_side *side, const void *token, size_t size)
{
    memset(leg, 0, sizeof *leg);
    leg->side = side;
    leg->token = token;
    leg->token_size = size;
    leg->wait.size = sizeof leg->wait;
    leg->wait.call = leg;
    leg->wait.until = INT64_MAX;
    expect_resumptions();
    leg->resumption = resumption;
    call_leg(leg);
}

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

/* Whether something has happened that the leg waits for; poll has been asked. */
static bool is_due(realm_leg *leg)
{
    bool due = leg->wait.until <= now() || leg->wait.flags & SSPIA_WAIT_THREAD;

    for (uint32_t i = 0; i < leg->wait.fd_count; i++)
        due = due || leg->wait.fds[i].revents != 0;
    return atomic_exchange(&leg->resumed, false) || due;
}

/* Asks poll for all that the legs wait for, until something happens or the moment comes. */
static void wait_for(realm_leg *legs, unsigned count, int64_t until)
{
    unsigned total = 1;
    struct pollfd *all;
    eventfd_t ignored;
    int64_t left;

    for (unsigned i = 0; i < count; i++)
        total += legs[i].status == SSPIA_WAITING ? legs[i].wait.fd_count : 0;
    all = calloc(total, sizeof *all);
    all[0] = (struct pollfd){resumption, POLLIN, 0};
    total = 1;
    for (unsigned i = 0; i < count; i++) {
        realm_leg *leg = &legs[i];

        if (leg->status != SSPIA_WAITING)
            continue;
        if (leg->wait.flags & SSPIA_WAIT_THREAD || atomic_load(&leg->resumed))
            until = 0;
        until = leg->wait.until < until ? leg->wait.until : until;
        for (uint32_t j = 0; j < leg->wait.fd_count; j++)
            all[total++] = leg->wait.fds[j];
    }
    left = until == INT64_MAX ? -1 : (until - now() + 999999) / 1000000;
    left = left < -1 ? 0 : left > 3600000 ? 3600000 : left;
    if (poll(all, total, until != INT64_MAX && left < 0 ? 0 : (int)left) < 0 && errno != EINTR)
        abort();
    eventfd_read(resumption, &ignored);
    total = 1;
    for (unsigned i = 0; i < count; i++) {
        for (uint32_t j = 0; legs[i].status == SSPIA_WAITING && j < legs[i].wait.fd_count; j++)
            legs[i].wait.fds[j].revents = all[total++].revents;
    }
    free(all);
}

bool realm_legs_run(realm_leg *legs, unsigned count, int64_t milliseconds)
{
    int64_t end =
        milliseconds > INT64_MAX / 2000000 ? INT64_MAX : now() + milliseconds * 1000000;

    for (;;) {
        bool waiting = false;

        for (unsigned i = 0; i < count; i++)
            waiting = waiting || legs[i].status == SSPIA_WAITING;
        if (!waiting || now() >= end)
            return !waiting;
        wait_for(legs, count, end);
        for (unsigned i = 0; i < count; i++) {
            if (legs[i].status != SSPIA_WAITING || !is_due(&legs[i]))
                continue;
            legs[i].threads += legs[i].wait.flags & SSPIA_WAIT_THREAD;
            legs[i].wait.until = INT64_MAX;
            call_leg(&legs[i]);
        }
    }
}

void realm_leg_stop(realm_leg *leg)
{
    if (leg->status == SSPIA_WAITING && leg->wait.stop != NULL)
        leg->wait.stop(leg->wait.data);
    leg->status = SEC_E_UNFINISHED_CONTEXT_DELETED;
    realm_side_reset(leg->side);
}

SECURITY_STATUS realm_shake(realm_side *initiator, realm_side *acceptor)
{
    bool initiator_done = false;
    bool acceptor_done = false;

    for (int leg = 0; leg < 10; leg++) {
        if (!initiator_done &&
            realm_side_step(initiator, acceptor->token.data, acceptor->token.size) < 0)
            return initiator->status;
        initiator_done = initiator->status == SEC_E_OK;
        if (initiator_done && acceptor_done)
            return SEC_E_OK;
        if (!acceptor_done &&
            realm_side_step(acceptor, initiator->token.data, initiator->token.size) < 0)
            return acceptor->status;
        acceptor_done = acceptor->status == SEC_E_OK;
        if (initiator_done && acceptor_done)
            return SEC_E_OK;
    }
    return SEC_E_INTERNAL_ERROR;
}

void realm_side_reset(realm_side *side)
{
    if (side->context != NULL)
        side->package->delete_context(side->context);
    side->context = NULL;
    realm_host_free(side->token.data);
    side->token.data = NULL;
    side->token.size = 0;
}

void realm_side_release(realm_side *side)
{
    realm_side_reset(side);
    if (side->credential != NULL)
        side->package->release(side->credential);
    side->credential = NULL;
}

SECURITY_STATUS realm_connect(realm_side *initiator, realm_side *acceptor, const char *package,
                              const char *target, uint64_t flags)
{
    const sspia_identity account = {
        .user = "alice", .domain = "TEST", .password = realm_host_env("ALICE_PASSWORD")};
    const sspia_identity tickets = {.credential_cache = realm_host_env("CCACHE")};
    const sspia_identity server = {.keytab = realm_host_env("KEYTAB"),
                                   .ntlm_user_file = realm_host_env("NTLM_USER_FILE")};
    SECURITY_STATUS status;

    *initiator = (realm_side){.target = target, .flags = flags};
    *acceptor = (realm_side){.flags = 0};
    status = realm_side_acquire(initiator, package, SECPKG_CRED_OUTBOUND, NULL,
                                strcmp(package, "NTLM") == 0 ? &account : &tickets);
    if (status == SEC_E_OK)
        status = realm_side_acquire(acceptor, package, SECPKG_CRED_INBOUND, NULL, &server);
    return status == SEC_E_OK ? realm_shake(initiator, acceptor) : status;
}
