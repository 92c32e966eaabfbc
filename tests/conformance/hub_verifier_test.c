/* SPDX-License-Identifier: MIT */
/* Questions of NTLM acceptors, answered through the flat face. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <sspi_hub.h>
#include <sspi_queue.h>

#define PATIENCE_MS 30000 /* as long as an acceptor waits */

static const char client[] = "user\0alice\0domain\0TEST\0password\0correct-horse";
static const unsigned char nt_hash[16] = {/* of correct-horse */
                                          0x91, 0xc8, 0x1b, 0xd7, 0xd0, 0x87, 0x2a, 0xd6,
                                          0x6d, 0x3f, 0x91, 0x7f, 0xea, 0x9f, 0xb5, 0xfb};

struct server {
    uint64_t verifier, credential;
    uint64_t ours, theirs; /* contexts */
    uint64_t wait, leg;    /* calls */
    uint64_t queue;
    uint64_t question;
};

static uint64_t acquire(uint32_t use, const char *identity, size_t size)
{
    uint64_t call = sspia_hub_call_create();
    sspia_hub_outcome outcome;

    assert_int_equal(sspia_hub_acquire(call, 0, 0, "NTLM", 4, NULL, 0, use, identity, size),
                     SEC_E_OK);
    assert_int_equal(sspia_hub_call_wait(call, PATIENCE_MS), SEC_E_OK);
    assert_int_equal(sspia_hub_call_take(call, &outcome), SEC_E_OK);
    sspia_hub_call_free(call);
    return outcome.credential;
}

static sspia_hub_outcome finish(uint64_t call)
{
    sspia_hub_outcome outcome;

    sspia_hub_call_wait(call, PATIENCE_MS);
    assert_int_equal(sspia_hub_call_take(call, &outcome), SEC_E_OK);
    assert_int_equal(sspia_hub_call_reinit(call), STATUS_SUCCESS);
    return outcome;
}

static void accept_leg(struct server *server, const sspia_hub_bytes *token)
{
    assert_int_equal(sspia_hub_accept(server->leg, server->queue, 7, server->credential,
                                      server->theirs, 0, token->data, token->size, NULL, 0,
                                      NULL, 0),
                     SEC_E_OK);
}

static sspia_hub_outcome initiate_leg(struct server *server, uint64_t call, uint64_t credential,
                                      const sspia_hub_bytes *token)
{
    assert_int_equal(sspia_hub_initialize(call, 0, 0, credential, server->ours,
                                          "HTTP@localhost", 14, 0, token->data, token->size,
                                          NULL, 0, NULL, 0),
                     SEC_E_OK);
    return finish(call);
}

static void let_go(sspia_hub_bytes *bytes)
{
    FreeContextBuffer(bytes->data);
    *bytes = (sspia_hub_bytes){NULL, 0};
}

/* A handshake up to the leg that asks, which is under way then; its completion has id 7. */
static void begin(struct server *server)
{
    uint64_t credential = acquire(SECPKG_CRED_OUTBOUND, client, sizeof client);
    uint64_t call = sspia_hub_call_create();
    sspia_hub_bytes token = {NULL, 0};
    sspia_hub_completion completion;
    sspia_hub_outcome leg = initiate_leg(server, call, credential, &token);

    server->ours = leg.context;
    accept_leg(server, &leg.token);
    assert_int_equal(sspia_hub_queue_take(server->queue, PATIENCE_MS, &completion, 1), 1);
    assert_int_equal(completion.id, 7);
    let_go(&leg.token);
    leg = finish(server->leg);
    assert_int_equal(leg.status, SEC_I_CONTINUE_NEEDED);
    server->theirs = leg.context;
    token = leg.token;
    leg = initiate_leg(server, call, 0, &token);
    let_go(&token);
    accept_leg(server, &leg.token);
    let_go(&leg.token);
    sspia_hub_call_free(call);
    sspia_hub_free_credential_now(credential);
}

static void set_up(struct server *server)
{
    char identity[64];
    size_t size;

    memset(server, 0, sizeof *server);
    server->verifier = sspia_hub_verifier_create();
    size = 1 + (size_t)snprintf(identity, sizeof identity, "ntlm_verifier%c%llu", 0,
                                (unsigned long long)server->verifier);
    server->credential = acquire(SECPKG_CRED_INBOUND, identity, size);
    server->queue = sspia_hub_queue_create();
    server->wait = sspia_hub_call_create();
    server->leg = sspia_hub_call_create();
}

static void tear_down(struct server *server)
{
    sspia_hub_call_free(server->leg);
    sspia_hub_call_free(server->wait);
    sspia_hub_queue_free(server->queue);
    sspia_hub_delete_context_now(server->ours);
    sspia_hub_delete_context_now(server->theirs);
    sspia_hub_free_credential_now(server->credential);
    sspia_hub_verifier_free(server->verifier);
}

static void listen_for_questions(struct server *server)
{
    assert_int_equal(sspia_hub_verifier_wait(server->wait, server->queue, 8, server->verifier),
                     SEC_E_OK);
}

/* The queue tells of a question; takes it. */
static void hear(struct server *server)
{
    sspia_hub_bytes user, domain;
    sspia_hub_completion completion;

    assert_int_equal(sspia_hub_queue_take(server->queue, PATIENCE_MS, &completion, 1), 1);
    assert_int_equal(completion.id, 8);
    assert_int_equal(completion.status, SEC_E_OK);
    assert_int_equal(
        sspia_hub_verifier_take(server->verifier, &server->question, &user, &domain), SEC_E_OK);
    assert_int_equal(user.size, 5);
    assert_memory_equal(user.data, "alice", 5);
    assert_int_equal(domain.size, 4);
    assert_memory_equal(domain.data, "TEST", 4);
    let_go(&user);
    let_go(&domain);
    assert_int_equal(sspia_hub_call_status(server->leg), SEC_I_ASYNC_CALL_PENDING);
    assert_int_equal(sspia_hub_verifier_take(server->verifier, &(uint64_t){0}, &user, &domain),
                     SEC_I_ASYNC_CALL_PENDING);
}

static int32_t answer(struct server *server, uint32_t kind, const void *secret, size_t size)
{
    return sspia_hub_verifier_answer(server->question, kind, secret, size);
}

static void expect_end(struct server *server, SECURITY_STATUS status)
{
    sspia_hub_outcome leg = finish(server->leg);

    assert_int_equal(leg.status, status);
    FreeContextBuffer(leg.token.data);
}

/* Wrong would be: an answer that does not reach the leg, or is taken for another. */
static void leg_ends_as_it_is_answered(void **state)
{
    static const struct {
        uint32_t answer;
        const void *secret;
        size_t size;
        SECURITY_STATUS status;
    } cases[] = {
        {SSPIA_NTLM_PASSWORD, "correct-horse", 13, SEC_E_OK},
        {SSPIA_NTLM_PASSWORD, "wrong", 5, SEC_E_LOGON_DENIED},
        {SSPIA_NTLM_PASSWORD, NULL, 0, SEC_E_LOGON_DENIED},
        {SSPIA_NTLM_PASSWORD, "\xff", 1, SEC_E_NO_AUTHENTICATING_AUTHORITY},
        {SSPIA_NTLM_HASH, nt_hash, 16, SEC_E_OK},
        {SSPIA_NTLM_HASH, "sixteen letters.", 16, SEC_E_LOGON_DENIED},
        {SSPIA_NTLM_NO, NULL, 0, SEC_E_LOGON_DENIED},
        {SSPIA_NTLM_UNABLE, NULL, 0, SEC_E_NO_AUTHENTICATING_AUTHORITY},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct server server;

        set_up(&server);
        listen_for_questions(&server);
        begin(&server);
        hear(&server);
        assert_int_equal(answer(&server, cases[i].answer, cases[i].secret, cases[i].size),
                         SEC_E_OK);
        expect_end(&server, cases[i].status);
        tear_down(&server);
    }
}

/* Wrong would be: a question that nobody waited for when it came, lost. */
static void question_that_is_there_ends_the_wait(void **state)
{
    struct server server;

    (void)state;
    set_up(&server);
    begin(&server);
    listen_for_questions(&server);
    hear(&server);
    assert_int_equal(answer(&server, SSPIA_NTLM_PASSWORD, "correct-horse", 13), SEC_E_OK);
    expect_end(&server, SEC_E_OK);
    tear_down(&server);
}

/* Wrong would be: a second answer that is believed, or a bad one that uses the question up. */
static void question_is_answered_once(void **state)
{
    struct server server;

    (void)state;
    set_up(&server);
    listen_for_questions(&server);
    begin(&server);
    hear(&server);
    assert_int_equal(answer(&server, SSPIA_NTLM_HASH, "short", 5), SEC_E_INVALID_PARAMETER);
    assert_int_equal(answer(&server, SSPIA_NTLM_KEY, nt_hash, 16), SEC_E_INVALID_PARAMETER);
    assert_int_equal(answer(&server, SSPIA_NTLM_PASSWORD, "a\0b", 3), SEC_E_INVALID_PARAMETER);
    assert_int_equal(answer(&server, 99, NULL, 0), SEC_E_INVALID_PARAMETER);
    assert_int_equal(answer(&server, SSPIA_NTLM_NO, NULL, 0), SEC_E_OK);
    assert_int_equal(answer(&server, SSPIA_NTLM_PASSWORD, "correct-horse", 13),
                     SEC_E_INVALID_HANDLE);
    assert_int_equal(sspia_hub_verifier_answer(server.verifier, SSPIA_NTLM_NO, NULL, 0),
                     SEC_E_INVALID_HANDLE);
    assert_int_equal(sspia_hub_verifier_answer(0, SSPIA_NTLM_NO, NULL, 0),
                     SEC_E_INVALID_HANDLE);
    expect_end(&server, SEC_E_LOGON_DENIED);
    tear_down(&server);
}

/* Wrong would be: an answer that hurts a leg that does not wait for it any more. */
static void late_answer_is_ignored(void **state)
{
    struct server server;

    (void)state;
    set_up(&server);
    listen_for_questions(&server);
    begin(&server);
    hear(&server);
    assert_int_equal(sspia_hub_call_cancel(server.leg), SEC_E_OK);
    sspia_hub_delete_context_now(server.theirs);
    assert_int_equal(answer(&server, SSPIA_NTLM_PASSWORD, "correct-horse", 13), SEC_E_OK);
    tear_down(&server);
}

/* Wrong would be: an acceptor that waits for an answer of somebody who is gone. */
static void freed_verifier_answers_at_once(void **state)
{
    const char dead[] = "ntlm_verifier\0"
                        "12345";
    struct server server;
    sspia_hub_completion completion;
    sspia_hub_bytes user, domain;
    uint64_t call = sspia_hub_call_create(), another = sspia_hub_verifier_create();

    (void)state;
    set_up(&server);
    listen_for_questions(&server);
    sspia_hub_verifier_free(server.verifier);
    assert_int_equal(sspia_hub_queue_take(server.queue, PATIENCE_MS, &completion, 1), 1);
    assert_int_equal(completion.status, SEC_E_INVALID_HANDLE);
    begin(&server);
    expect_end(&server, SEC_E_NO_AUTHENTICATING_AUTHORITY);
    assert_int_equal(sspia_hub_verifier_take(server.verifier, &server.question, &user, &domain),
                     SEC_E_INVALID_HANDLE);
    assert_int_equal(sspia_hub_verifier_wait(call, 0, 0, server.verifier),
                     SEC_E_INVALID_HANDLE);
    assert_int_equal(sspia_hub_acquire(call, 0, 0, "NTLM", 4, NULL, 0, SECPKG_CRED_INBOUND,
                                       dead, sizeof dead),
                     SEC_E_INVALID_HANDLE);
    tear_down(&server);

    set_up(&server); /* with a question in it */
    begin(&server);
    listen_for_questions(&server);
    assert_int_equal(sspia_hub_queue_take(server.queue, PATIENCE_MS, &completion, 1), 1);
    assert_int_equal(completion.id, 8);
    sspia_hub_verifier_free(server.verifier);
    expect_end(&server, SEC_E_NO_AUTHENTICATING_AUTHORITY);
    tear_down(&server);
    sspia_hub_verifier_free(another);
    sspia_hub_call_free(call);
}

/* Wrong would be: two that wait, of which one hears nothing; one that gives up, and takes the
 * other along. */
static void all_who_wait_are_told(void **state)
{
    struct server server;
    uint64_t second = sspia_hub_call_create(), third = sspia_hub_call_create();

    (void)state;
    set_up(&server);
    assert_int_equal(sspia_hub_verifier_wait(third, 0, 0, server.verifier), SEC_E_OK);
    listen_for_questions(&server);
    assert_int_equal(sspia_hub_verifier_wait(second, 0, 0, server.verifier), SEC_E_OK);
    sspia_hub_call_free(third);
    assert_int_equal(sspia_hub_call_cancel(second), SEC_E_OK);
    assert_int_equal(sspia_hub_call_reinit(second), STATUS_SUCCESS);
    assert_int_equal(sspia_hub_verifier_wait(second, 0, 0, server.verifier), SEC_E_OK);
    begin(&server);
    hear(&server);
    assert_int_equal(sspia_hub_call_wait(second, PATIENCE_MS), SEC_E_OK);
    assert_int_equal(answer(&server, SSPIA_NTLM_PASSWORD, "correct-horse", 13), SEC_E_OK);
    expect_end(&server, SEC_E_OK);
    sspia_hub_call_free(second);
    tear_down(&server);
}

/* Wrong would be: a child that waits half a minute for an answer of its parent's loop. */
static void child_has_no_verifier(void **state)
{
    struct server server;
    int status;
    pid_t child;

    (void)state;
    set_up(&server);
    listen_for_questions(&server);
    while (sspia_hub_pool_count(0) != sspia_hub_pool_count(1))
        usleep(1000); /* AddressSanitizer wants no thread in its allocator */
    child = fork();
    if (child == 0) {
        sspia_hub_call_free(server.leg);
        server.leg = sspia_hub_call_create();
        server.queue = sspia_hub_queue_create();
        begin(&server);
        expect_end(&server, SEC_E_NO_AUTHENTICATING_AUTHORITY);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    begin(&server);
    hear(&server);
    assert_int_equal(answer(&server, SSPIA_NTLM_PASSWORD, "correct-horse", 13), SEC_E_OK);
    expect_end(&server, SEC_E_OK);
    tear_down(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leg_ends_as_it_is_answered),
        cmocka_unit_test(question_that_is_there_ends_the_wait),
        cmocka_unit_test(question_is_answered_once),
        cmocka_unit_test(late_answer_is_ignored),
        cmocka_unit_test(freed_verifier_answers_at_once),
        cmocka_unit_test(all_who_wait_are_told),
        cmocka_unit_test(child_has_no_verifier),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
