/* SPDX-License-Identifier: MIT */
/*
 * What others write and the package NTLM reads. The first byte says what the pieces behind it
 * are:
 *
 *   0  challenges for an initiator
 *   1  an offer and an answer for an acceptor
 *   2  four bytes of flags and the pairs of an answer, which is made right: its proof and MIC
 * fit, so that what comes behind their check is reached 3  sealed messages, each as a STREAM
 * for DecryptMessage, by turns with integrity alone 4  packed contexts; what can be imported is
 * used 5  a user file 6  what a helper says, as it comes bit by bit
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "ntlm/attribute.h"
#include "ntlm/av_pair.h"
#include "ntlm/context.h"
#include "ntlm/host.h"
#include "ntlm/protect.h"
#include "ntlm/reply.h"
#include "ntlm/transfer.h"

enum { CHALLENGES, ANSWERS, RIGHT_ANSWERS, SEALED, PACKED, USERS, REPLIES, KINDS };

static const sspia_identity alice = {
    .user = "alice", .domain = "TEST", .password = "correct-horse"};

static ntlm_credential *client, *server;

static void report_line(sspia_report *report, const char *what, const char *why)
{
    snprintf(report->text, sizeof report->text, "%s: %s", what, why != NULL ? why : "");
}

static void do_nothing(void)
{
}

static const sspia_host host = {
    .abi = SSPIA_PACKAGE_ABI,
    .size = sizeof host,
    .allocate = malloc,
    .free = free,
    .quiesce = do_nothing,
    .report = report_line,
};

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    sspia_report report;
    int64_t expiry;
    void *made[2];

    (void)count;
    (void)arguments;
    ntlm_host = &host;
    for (int i = 0; i < 2; i++) {
        if (ntlm_credential_acquire(NULL, i == 0 ? SECPKG_CRED_OUTBOUND : SECPKG_CRED_INBOUND,
                                    &alice, &made[i], &expiry, &report) != SEC_E_OK)
            abort();
    }
    client = made[0];
    server = made[1];
    return 0;
}

/* A leg; the token that comes of it is freed by the caller. */
static SECURITY_STATUS leg(void **context, ntlm_credential *credential, uint64_t flags,
                           const void *token, size_t size, sspia_bytes *answer)
{
    SecBuffer input = {(uint32_t)size, SECBUFFER_TOKEN, (void *)(uintptr_t)token};
    sspia_step step = {.size = sizeof step,
                       .credential = credential,
                       .target = credential == client ? "HTTP/localhost" : NULL,
                       .requested = flags,
                       .input = &input,
                       .input_count = 1};
    sspia_step_result result = {.size = sizeof result};
    sspia_report report;
    SECURITY_STATUS status = credential == client
                                 ? ntlm_initialize(context, &step, &result, &report)
                                 : ntlm_accept(context, &step, &result, &report);

    *answer = (sspia_bytes){result.token.data, result.token.size};
    return status;
}

static void connect_sides(uint64_t flags, void *sides[2])
{
    sspia_bytes token = {NULL, 0};
    sspia_bytes answer;

    sides[0] = sides[1] = NULL;
    for (int turn = 0; turn < 4; turn++) {
        if (leg(&sides[turn % 2], turn % 2 == 0 ? client : server, flags, token.data,
                token.size, &answer) < 0)
            abort();
        free(token.data);
        token = answer;
    }
}

static void query_all(void *context)
{
    static const uint32_t attributes[] = {SECPKG_ATTR_SIZES, SECPKG_ATTR_LIFESPAN,
                                          SECPKG_ATTR_FLAGS};
    union {
        SecPkgContext_Sizes sizes;
        SecPkgContext_Lifespan lifespan;
        SecPkgContext_Flags flags;
    } buffer;
    SecPkgContext_NativeNamesA names;
    SecPkgContext_ClientSpecifiedTarget target;
    sspia_report report;

    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++)
        ntlm_attribute_query(context, attributes[i], &buffer, &report);
    if (ntlm_attribute_query(context, SECPKG_ATTR_NATIVE_NAMES, &names, &report) == SEC_E_OK) {
        free(names.sClientName);
        free(names.sServerName);
    }
    if (ntlm_attribute_query(context, SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, &target, &report) ==
        SEC_E_OK)
        free(target.sTargetName);
}

static void read_challenges(const uint8_t *data, size_t size)
{
    uint8_t *piece;
    size_t length;

    while (fuzz_piece(&data, &size, &piece, &length)) {
        void *context = NULL;
        sspia_bytes answer;

        leg(&context, client, ISC_REQ_INTEGRITY, NULL, 0, &answer);
        free(answer.data);
        if (leg(&context, client, ISC_REQ_INTEGRITY, piece, length, &answer) == SEC_E_OK)
            query_all(context);
        free(answer.data);
        free(piece);
        ntlm_context_delete(context);
    }
}

static void read_answers(const uint8_t *data, size_t size)
{
    void *context = NULL;
    uint8_t *piece;
    size_t length;
    sspia_bytes answer;

    for (int i = 0; i < 2 && fuzz_piece(&data, &size, &piece, &length); i++) {
        SECURITY_STATUS status =
            leg(&context, server, ASC_REQ_ALLOW_NULL_SESSION, piece, length, &answer);

        free(answer.data);
        free(piece);
        if (status == SEC_E_OK)
            query_all(context);
        if (status != SEC_I_CONTINUE_NEEDED)
            break;
    }
    ntlm_context_delete(context);
}

static SECURITY_STATUS give_right_answer(const uint8_t *data, size_t size)
{
    static const uint32_t offered =
        NTLM_UNICODE | NTLM_EXTENDED | NTLM_SIGN | NTLM_SEAL | NTLM_128 | NTLM_KEY_EXCHANGE;
    const ntlm_account *account = NULL;
    ntlm_authenticate answer = {.flags = offered};
    unsigned char offer[NTLM_NEGOTIATE_SIZE];
    unsigned char base[NTLM_KEY_SIZE];
    unsigned char sent[NTLM_KEY_SIZE] = {0};
    unsigned char now[8];
    unsigned char *response;
    unsigned char *message;
    void *context = NULL;
    sspia_bytes challenge;
    sspia_bytes none;
    sspia_report report;
    ntlm_rc4 cipher;
    uint8_t *pairs;
    SECURITY_STATUS status;
    size_t length;

    if (size < 4)
        return SEC_E_INVALID_TOKEN;
    for (int i = 0; i < 4; i++)
        answer.flags ^= (uint32_t)data[i] << (8 * i);
    data += 4;
    size -= 4;
    if (!fuzz_piece(&data, &size, &pairs, &length))
        return SEC_E_INVALID_TOKEN;
    response = malloc(NTLM_RESPONSE_PAIRS + length);
    ntlm_message_write_negotiate(offer, offered);
    if (response == NULL || ntlm_credential_account(client, &account, &report) != SEC_E_OK ||
        leg(&context, server, 0, offer, sizeof offer, &challenge) != SEC_I_CONTINUE_NEEDED)
        abort();
    ntlm_machine_time(now);
    ntlm_response_write_head(response, now, now);
    memcpy(response + NTLM_RESPONSE_PAIRS, pairs, length);
    if (!ntlm_response_prove(account->key, (unsigned char *)challenge.data + 24,
                             (ntlm_bytes){response + NTLM_PROOF_SIZE,
                                          NTLM_RESPONSE_PAIRS - NTLM_PROOF_SIZE + length},
                             response, base))
        abort();
    answer.nt_response = (ntlm_bytes){response, NTLM_RESPONSE_PAIRS + length};
    answer.user = (ntlm_bytes){account->wire_user, account->user_size};
    answer.domain = (ntlm_bytes){account->wire_domain, account->domain_size};
    answer.session_key = (ntlm_bytes){sent, sizeof sent};
    length = ntlm_message_authenticate_size(&answer);
    message = malloc(length);
    if (message == NULL)
        abort();
    ntlm_message_write_authenticate(message, &answer);
    ntlm_rc4_start(&cipher, base, sizeof base);
    ntlm_rc4_apply(&cipher, sent, sizeof sent);
    ntlm_response_mic(sent, (ntlm_bytes){offer, sizeof offer},
                      (ntlm_bytes){challenge.data, challenge.size},
                      (ntlm_bytes){message, length}, message + NTLM_MIC_PLACE);
    status = leg(&context, server, 0, message, length, &none);
    if (status == SEC_E_OK)
        query_all(context);
    free(message);
    free(response);
    free(pairs);
    free(challenge.data);
    ntlm_context_delete(context);
    return status;
}

static void make_right(const uint8_t *data, size_t size)
{
    give_right_answer(data, size);
}

static void open_messages(const uint8_t *data, size_t size)
{
    void *sides[2];
    uint8_t *piece;
    size_t length;
    sspia_report report;

    connect_sides(size % 2 == 0 ? ISC_REQ_INTEGRITY : ISC_REQ_CONFIDENTIALITY, sides);
    while (fuzz_piece(&data, &size, &piece, &length)) {
        SecBuffer buffers[2] = {{(uint32_t)length, SECBUFFER_STREAM, piece},
                                {0, SECBUFFER_DATA, NULL}};
        SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};
        uint32_t qop;

        ntlm_decrypt(sides[1], &message, &qop, &report);
        free(piece);
    }
    ntlm_context_delete(sides[0]);
    ntlm_context_delete(sides[1]);
}

static void unpack(const uint8_t *data, size_t size)
{
    uint8_t *piece;
    size_t length;
    sspia_report report;

    while (fuzz_piece(&data, &size, &piece, &length)) {
        void *context = NULL;

        if (ntlm_import(piece, length, &context, &report) == SEC_E_OK) {
            unsigned char token[16];
            char text[] = "text";
            SecBuffer buffers[2] = {{16, SECBUFFER_TOKEN, token}, {4, SECBUFFER_DATA, text}};
            SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};

            query_all(context);
            ntlm_encrypt(context, 0, &message, &report);
            ntlm_make_signature(context, 0, &message, &report);
            ntlm_context_delete(context);
        }
        free(piece);
    }
}

static void read_users(const uint8_t *data, size_t size)
{
    int file = memfd_create("users", MFD_CLOEXEC);
    char path[32];
    ntlm_users *users;
    sspia_report report;
    const char *name;
    const char *domain;
    unsigned char hash[NTLM_HASH_SIZE];

    if (file < 0 || write(file, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    if (ntlm_users_load(path, &users, &report) == SEC_E_OK) {
        if (ntlm_users_name(users, NULL, NULL, &name, &domain, hash) &&
            !ntlm_users_name(users, name, domain, &name, &domain, hash))
            abort();
        ntlm_users_drop(users);
    }
    close(file);
}

static void read_replies(const uint8_t *data, size_t size)
{
    unsigned char key[NTLM_KEY_SIZE];
    char *text = malloc(size + 1);
    ntlm_reply reply = NTLM_REPLY_UNFINISHED;

    if (text == NULL)
        abort();
    for (size_t i = 0; i <= size && reply == NTLM_REPLY_UNFINISHED; i++) {
        if (i > 0)
            text[i - 1] = (char)data[i - 1];
        reply = ntlm_reply_read(text, i, key);
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[KINDS])(const uint8_t *data, size_t size) = {
        read_challenges, read_answers, make_right,  open_messages,
        unpack,          read_users,   read_replies};

    if (size > 0 && data[0] < KINDS)
        readers[data[0]](data + 1, size - 1);
    return 0;
}

void fuzz_write_seeds(const char *folder)
{
    static struct fuzz_seed seed;
    static const uint8_t pairs[] = {NTLM_AV_FLAGS,
                                    0,
                                    4,
                                    0,
                                    2,
                                    0,
                                    0,
                                    0,
                                    NTLM_AV_TARGET,
                                    0,
                                    4,
                                    0,
                                    'h',
                                    0,
                                    'o',
                                    0,
                                    0,
                                    0,
                                    0,
                                    0,
                                    0,
                                    0,
                                    0,
                                    0};
    static const char users[] = "TEST:alice:secret\n"
                                "TEST\\bob:1:x:a4f49c406510bdcab6824ee7c30fd852:[U ]:\n";
    static const char replies[] = ".\nAuthenticated: Yes\n"
                                  "User-Session-Key: 000102030405060708090A0B0C0D0E0F\n.\n";
    void *sides[2] = {NULL, NULL};
    sspia_bytes tokens[3];
    sspia_bytes none;
    sspia_report report;
    unsigned char message[16 + 4] = "................text";
    SecBuffer buffers[2] = {{16, SECBUFFER_TOKEN, message}, {4, SECBUFFER_DATA, message + 16}};
    SecBufferDesc sealed = {SECBUFFER_VERSION, 2, buffers};

    leg(&sides[0], client, ISC_REQ_CONFIDENTIALITY, NULL, 0, &tokens[0]);
    leg(&sides[1], server, 0, tokens[0].data, tokens[0].size, &tokens[1]);
    leg(&sides[0], client, ISC_REQ_CONFIDENTIALITY, tokens[1].data, tokens[1].size, &tokens[2]);
    fuzz_seed_start(&seed, CHALLENGES);
    fuzz_seed_add(&seed, tokens[1].data, tokens[1].size);
    fuzz_seed_write(&seed, folder, "challenge");
    fuzz_seed_start(&seed, ANSWERS);
    fuzz_seed_add(&seed, tokens[0].data, tokens[0].size);
    fuzz_seed_add(&seed, tokens[2].data, tokens[2].size);
    fuzz_seed_write(&seed, folder, "answer");
    fuzz_seed_start(&seed, RIGHT_ANSWERS);
    memset(seed.bytes + 1, 0, 4);
    seed.size += 4;
    fuzz_seed_add(&seed, pairs, sizeof pairs);
    fuzz_seed_write(&seed, folder, "right-answer");
    if (give_right_answer(seed.bytes + 1, seed.size - 1) != SEC_E_OK)
        abort();
    if (leg(&sides[1], server, 0, tokens[2].data, tokens[2].size, &none) != SEC_E_OK)
        abort();
    ntlm_encrypt(sides[0], 0, &sealed, &report);
    fuzz_seed_start(&seed, SEALED);
    fuzz_seed_add(&seed, message, sizeof message);
    fuzz_seed_write(&seed, folder, "sealed");
    ntlm_export(sides[0], 0, &none, &report);
    fuzz_seed_start(&seed, PACKED);
    fuzz_seed_add(&seed, none.data, none.size);
    fuzz_seed_write(&seed, folder, "packed");
    free(none.data);
    fuzz_seed_start(&seed, USERS);
    memcpy(seed.bytes + 1, users, sizeof users - 1);
    seed.size += sizeof users - 1;
    fuzz_seed_write(&seed, folder, "users");
    fuzz_seed_start(&seed, REPLIES);
    memcpy(seed.bytes + 1, replies, sizeof replies - 1);
    seed.size += sizeof replies - 1;
    fuzz_seed_write(&seed, folder, "replies");
    for (int i = 0; i < 3; i++)
        free(tokens[i].data);
    ntlm_context_delete(sides[0]);
    ntlm_context_delete(sides[1]);
}
