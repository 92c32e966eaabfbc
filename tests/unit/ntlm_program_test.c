/* SPDX-License-Identifier: MIT */
/* An acceptor that asks its program. */
#include "ntlm/host.h"
#include "ntlm/upper.h"
#include "ntlm/verifier.h"
#include "ntlm_pair.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SEALED (ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY)

static const sspia_identity alice = {
    .user = "Alice", .domain = "Test", .password = "correct horse"};

static sspia_ntlm_question const *kept; /* what keep was asked */
static atomic_int resumed;

static void report_line(sspia_report *report, const char *what, const char *why)
{
    snprintf(report->text, sizeof report->text, "%s: %s", what, why != NULL ? why : "");
}

static void count_resumes(void *call)
{
    atomic_fetch_add((atomic_int *)call, 1);
}

/* For the parts that are called without the module. */
static const sspia_host host = {
    .abi = SSPIA_PACKAGE_ABI,
    .size = sizeof host,
    .allocate = malloc,
    .free = free,
    .report = report_line,
    .resume = count_resumes,
};

static void hash_of(const char *password, unsigned char hash[NTLM_HASH_SIZE])
{
    assert_true(ntlm_response_hash(password, hash));
}

/* A program that knows hashes; data is the password that it has for alice. */
static void give_hash(void *data, const sspia_ntlm_question *question)
{
    unsigned char hash[NTLM_HASH_SIZE];

    if (strcmp(question->user, "Alice") != 0 || strcmp(question->domain, "Test") != 0) {
        question->answer(question, SSPIA_NTLM_NO, NULL);
        return;
    }
    hash_of(data, hash);
    question->answer(question, SSPIA_NTLM_HASH, hash);
}

/* A program that has somebody else check the response: for this test, the functions of the
 * package. */
static void give_key(void *data, const sspia_ntlm_question *question)
{
    static unsigned char user[] = "A\0L\0I\0C\0E"; /* and a NUL, which belongs to it */
    static const unsigned char domain[] = "T\0e\0s\0t";
    unsigned char hash[NTLM_HASH_SIZE];
    unsigned char key[NTLM_KEY_SIZE];
    unsigned char proof[NTLM_PROOF_SIZE];
    unsigned char base[NTLM_KEY_SIZE];

    assert_true(question->size >= sizeof *question);
    hash_of(data, hash);
    assert_true(ntlm_response_key(hash, (ntlm_bytes){user, sizeof user},
                                  (ntlm_bytes){domain, sizeof domain}, key));
    assert_true(ntlm_response_prove(
        key, question->challenge,
        (ntlm_bytes){question->response + 16, question->response_size - 16}, proof, base));
    question->answer(
        question, memcmp(proof, question->response, 16) == 0 ? SSPIA_NTLM_KEY : SSPIA_NTLM_NO,
        base);
}

static void give_nothing(void *data, const sspia_ntlm_question *question)
{
    question->answer(question, *(const uint32_t *)data, NULL);
}

static void keep(void *data, const sspia_ntlm_question *question)
{
    (void)data;
    kept = question;
}

static void *answer_later(void *question)
{
    usleep(20000);
    give_hash((char[]){"correct horse"}, question);
    return NULL;
}

static void start_answering(void *data, const sspia_ntlm_question *question)
{
    assert_int_equal(pthread_create(data, NULL, answer_later, (void *)(uintptr_t)question), 0);
}

static SECURITY_STATUS connect_with(void (*ask)(void *, const sspia_ntlm_question *),
                                    void *data, ntlm_pair *pair)
{
    const sspia_ntlm_verifier program = {ask, data};
    const sspia_identity server = {.ntlm_verifier = &program};

    return ntlm_pair_connect(pair, &alice, &server, SEALED);
}

static void talk(ntlm_pair *pair)
{
    char text[] = "of any length";
    unsigned char token[16];

    assert_int_equal(ntlm_pair_seal(&pair->initiator, 0, text, sizeof text, token), SEC_E_OK);
    assert_int_equal(ntlm_pair_unseal(&pair->acceptor, text, sizeof text, token, NULL),
                     SEC_E_OK);
    assert_string_equal(text, "of any length");
}

/* Wrong would be: a user that the program knows and the library does not, or other keys. */
static void program_knows_the_hash(void **state)
{
    ntlm_pair pair;

    (void)state;
    assert_int_equal(connect_with(give_hash, (char[]){"correct horse"}, &pair), SEC_E_OK);
    talk(&pair);
    ntlm_pair_end(&pair);
    assert_int_equal(connect_with(give_hash, (char[]){"another"}, &pair), SEC_E_LOGON_DENIED);
    ntlm_pair_end(&pair);
}

static void give_password(void *data, const sspia_ntlm_question *question)
{
    question->answer(question, SSPIA_NTLM_PASSWORD, data);
}

/* Wrong would be: a password that is taken for a hash, or for another one. */
static void program_knows_the_password(void **state)
{
    const struct {
        const char *password;
        SECURITY_STATUS status;
    } cases[] = {{"correct horse", SEC_E_OK},
                 {"correct", SEC_E_LOGON_DENIED},
                 {"", SEC_E_LOGON_DENIED},
                 {"\xff is no UTF-8", SEC_E_NO_AUTHENTICATING_AUTHORITY}};
    ntlm_pair pair;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(
            connect_with(give_password, (void *)(uintptr_t)cases[i].password, &pair),
            cases[i].status);
        if (cases[i].status == SEC_E_OK)
            talk(&pair);
        ntlm_pair_end(&pair);
    }
}

/* Wrong would be: a check made by somebody else that is not believed, or keys that differ. */
static void program_knows_the_key(void **state)
{
    ntlm_pair pair;

    (void)state;
    assert_int_equal(connect_with(give_key, (char[]){"correct horse"}, &pair), SEC_E_OK);
    talk(&pair);
    ntlm_pair_end(&pair);
    assert_int_equal(connect_with(give_key, (char[]){"another"}, &pair), SEC_E_LOGON_DENIED);
    ntlm_pair_end(&pair);
}

/* Wrong would be: somebody let in by an answer that is none. */
static void answers_without_a_secret_let_nobody_in(void **state)
{
    static const struct {
        uint32_t answer;
        SECURITY_STATUS status;
    } cases[] = {{SSPIA_NTLM_NO, SEC_E_LOGON_DENIED},
                 {SSPIA_NTLM_UNABLE, SEC_E_NO_AUTHENTICATING_AUTHORITY},
                 {SSPIA_NTLM_HASH, SEC_E_NO_AUTHENTICATING_AUTHORITY},
                 {SSPIA_NTLM_KEY, SEC_E_NO_AUTHENTICATING_AUTHORITY},
                 {99, SEC_E_NO_AUTHENTICATING_AUTHORITY}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t answer = cases[i].answer;
        ntlm_pair pair;

        assert_int_equal(connect_with(give_nothing, &answer, &pair), cases[i].status);
        ntlm_pair_end(&pair);
    }
}

/* Wrong would be: a synchronous leg that does not wait for an answer of another thread. */
static void leg_that_cannot_wait_blocks(void **state)
{
    pthread_t thread;
    ntlm_pair pair;

    (void)state;
    assert_int_equal(connect_with(start_answering, &thread, &pair), SEC_E_OK);
    assert_int_equal(pthread_join(thread, NULL), 0);
    talk(&pair);
    ntlm_pair_end(&pair);
}

typedef struct asked {
    ntlm_verifier verifier;
    ntlm_pending pending;
    sspia_wait wait;
    unsigned char key[NTLM_KEY_SIZE];
} asked;

static SECURITY_STATUS go_on(asked *question)
{
    static const unsigned char challenge[8];
    static const unsigned char response[80];
    static const unsigned char user[] = {'a', 0};
    const ntlm_question put = {
        .user = {user, 2}, .challenge = challenge, .response = {response, sizeof response}};
    sspia_report report;

    question->wait =
        (sspia_wait){.size = sizeof question->wait, .call = &resumed, .until = INT64_MAX};
    return ntlm_verifier_ask(&question->verifier, &put, &question->pending, &question->wait,
                             question->key, &report);
}

static void open_asked(asked *question)
{
    memset(question, 0, sizeof *question);
    ntlm_verifier_init(&question->verifier);
    question->verifier.program = (sspia_ntlm_verifier){keep, NULL};
    atomic_store(&resumed, 0);
}

/* Wrong would be: a thread that is held, a call that nobody wakes, or one that wakes too early.
 */
static void leg_that_can_wait_is_resumed(void **state)
{
    unsigned char secret[NTLM_KEY_SIZE] = "a session's key";
    asked question;

    (void)state;
    open_asked(&question);
    assert_int_equal(go_on(&question), SSPIA_WAITING);
    assert_int_equal(go_on(&question), SSPIA_WAITING);
    assert_int_equal(atomic_load(&resumed), 0);
    kept->answer(kept, SSPIA_NTLM_KEY, secret);
    assert_int_equal(atomic_load(&resumed), 1);
    assert_int_equal(go_on(&question), SEC_E_OK);
    assert_memory_equal(question.key, secret, sizeof secret);
    ntlm_verifier_clear(&question.verifier);
}

/* Wrong would be: an answer into memory that is gone, or for a call that is over. */
static void late_answer_is_ignored(void **state)
{
    asked question;

    (void)state;
    open_asked(&question);
    assert_int_equal(go_on(&question), SSPIA_WAITING);
    question.wait.stop(question.wait.data);
    ntlm_verifier_forget(&question.pending);
    kept->answer(kept, SSPIA_NTLM_NO, NULL);
    assert_int_equal(atomic_load(&resumed), 0);

    question.verifier.patience = 0;
    assert_int_equal(go_on(&question), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    kept->answer(kept, SSPIA_NTLM_NO, NULL);
    ntlm_verifier_clear(&question.verifier);
}

/* Wrong would be: logons that ask a file behind others that ask a program, or the other way
 * round. */
static void only_those_who_ask_others_may_block(void **state)
{
    ntlm_pair pair;

    (void)state;
    assert_int_equal(connect_with(give_hash, (char[]){"correct horse"}, &pair), SEC_E_OK);
    assert_int_equal(pair.acceptor.package->credential_may_block(pair.acceptor.credential),
                     SSPIA_OP_ACCEPT);
    assert_int_equal(pair.initiator.package->credential_may_block(pair.initiator.credential),
                     0);
    ntlm_pair_end(&pair);
    assert_int_equal(ntlm_pair_acquire(&pair, &alice, &alice, SEALED), SEC_E_OK);
    assert_int_equal(pair.acceptor.package->credential_may_block(pair.acceptor.credential), 0);
    ntlm_pair_end(&pair);
}

/* Wrong would be: a credential that can let nobody in. */
static void verifier_needs_a_function(void **state)
{
    ntlm_pair pair;

    (void)state;
    assert_int_equal(connect_with(NULL, NULL, &pair), SEC_E_INVALID_PARAMETER);
    ntlm_pair_end(&pair);
}

static int load(void **state)
{
    sspia_report report;

    (void)state;
    ntlm_host = &host;
    realm_host_load();
    return ntlm_crypto_ready(&report) != SEC_E_OK;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(program_knows_the_hash),
        cmocka_unit_test(program_knows_the_key),
        cmocka_unit_test(program_knows_the_password),
        cmocka_unit_test(answers_without_a_secret_let_nobody_in),
        cmocka_unit_test(leg_that_cannot_wait_blocks),
        cmocka_unit_test(leg_that_can_wait_is_resumed),
        cmocka_unit_test(late_answer_is_ignored),
        cmocka_unit_test(only_those_who_ask_others_may_block),
        cmocka_unit_test(verifier_needs_a_function),
    };

    return cmocka_run_group_tests(tests, load, NULL);
}
