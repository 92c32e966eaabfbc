/* SPDX-License-Identifier: MIT */
/*
 * What others write and the package Negotiate reads. Its mechanisms are the package NTLM and a
 * stand-in for Kerberos that needs no KDC. The first byte says what the pieces behind it are:
 *
 *   0  answers for an initiator           2  the same, after a greeting
 *   1  tokens for an acceptor             3  packed contexts; what can be imported is used
 *   4  a handshake with somebody in between: for each token a byte that says what is done to
 *      it, along its structure, and what that needs. Who ends up with two sides that are done
 *      has not made them choose another mechanism than they would have.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "negotiate/context.h"
#include "negotiate/host.h"
#include "negotiate/protect.h"
#include "negotiate/token.h"
#include "negotiate/transfer.h"
#include "ntlm/host.h"
#include "ntlm/module.h"

enum { ANSWERS, TOKENS, GREETED_ANSWERS, PACKED, BETWEEN, KINDS };

#define LEGS_MAX 10

static const unsigned char oids[][10] = {
    {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02},
    {0x2a, 0x86, 0x48, 0x82, 0xf7, 0x12, 0x01, 0x02, 0x02},
    {0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a},
    {0x55, 0x01, 0x02},
};
static const size_t oid_sizes[] = {9, 9, 10, 3};

/* ---- The stand-in: one token each way, and a signature that tells who made it ------- */

struct stand_in {
    bool initiator;
    bool done;
};

static SECURITY_STATUS stand_in_acquire(const char *principal, uint32_t use,
                                        const void *auth_data, void **credential,
                                        int64_t *expiry, sspia_report *report)
{
    (void)principal;
    (void)use;
    (void)auth_data;
    (void)report;
    *expiry = INT64_MAX;
    *credential = malloc(1);
    return SEC_E_OK;
}

static bool says(const sspia_step *step, const char *text)
{
    return step->input_count > 0 && step->input[0].cbBuffer == strlen(text) &&
           memcmp(step->input[0].pvBuffer, text, strlen(text)) == 0;
}

static void say(const char *text, sspia_step_result *result)
{
    result->token.data = malloc(strlen(text));
    result->token.size = strlen(text);
    memcpy(result->token.data, text, strlen(text));
}

static SECURITY_STATUS stand_in_leg(void **object, const sspia_step *step, bool initiator,
                                    sspia_step_result *result)
{
    struct stand_in *context = *object;
    const bool first = context == NULL;

    if (first)
        context = *object = calloc(1, sizeof *context);
    context->initiator = initiator;
    if (context->done || (!(first && initiator) && !says(step, initiator ? "yes" : "hello")))
        return SEC_E_INVALID_TOKEN;
    result->attributes = initiator ? ISC_RET_INTEGRITY : ASC_RET_INTEGRITY;
    context->done = !(first && initiator);
    if (!context->done || !initiator)
        say(initiator ? "hello" : "yes", result);
    return context->done ? SEC_E_OK : SEC_I_CONTINUE_NEEDED;
}

static SECURITY_STATUS stand_in_initialize(void **context, const sspia_step *step,
                                           sspia_step_result *result, sspia_report *report)
{
    (void)report;
    return stand_in_leg(context, step, true, result);
}

static SECURITY_STATUS stand_in_accept(void **context, const sspia_step *step,
                                       sspia_step_result *result, sspia_report *report)
{
    (void)report;
    return stand_in_leg(context, step, false, result);
}

static SECURITY_STATUS stand_in_query(void *context, uint32_t attribute, void *buffer,
                                      sspia_report *report)
{
    (void)context;
    (void)report;
    if (attribute != SECPKG_ATTR_SIZES)
        return SEC_E_UNSUPPORTED_FUNCTION;
    *(SecPkgContext_Sizes *)buffer = (SecPkgContext_Sizes){.cbMaxSignature = 8};
    return SEC_E_OK;
}

static uint64_t sum(const SecBuffer *data, bool initiator)
{
    uint64_t value = initiator ? 0x9e3779b97f4a7c15u : 0xc2b2ae3d27d4eb4fu;

    for (uint32_t i = 0; i < data->cbBuffer; i++)
        value = (value ^ ((unsigned char *)data->pvBuffer)[i]) * 0x100000001b3u;
    return value;
}

static SECURITY_STATUS stand_in_sign(void *object, uint32_t qop, SecBufferDesc *message,
                                     sspia_report *report)
{
    const struct stand_in *context = object;
    uint64_t value = sum(&message->pBuffers[1], context->initiator);

    (void)qop;
    (void)report;
    memcpy(message->pBuffers[0].pvBuffer, &value, sizeof value);
    return SEC_E_OK;
}

static SECURITY_STATUS stand_in_verify(void *object, SecBufferDesc *message, uint32_t *qop,
                                       sspia_report *report)
{
    const struct stand_in *context = object;
    uint64_t value = sum(&message->pBuffers[1], !context->initiator);

    (void)qop;
    (void)report;
    return message->pBuffers[0].cbBuffer == sizeof value &&
                   memcmp(message->pBuffers[0].pvBuffer, &value, sizeof value) == 0
               ? SEC_E_OK
               : SEC_E_MESSAGE_ALTERED;
}

static const sspia_package stand_in = {
    .abi = SSPIA_PACKAGE_ABI,
    .size = sizeof stand_in,
    .name = "Kerberos",
    .acquire = stand_in_acquire,
    .release = free,
    .initialize = stand_in_initialize,
    .accept = stand_in_accept,
    .delete_context = free,
    .query_context = stand_in_query,
    .make_signature = stand_in_sign,
    .verify_signature = stand_in_verify,
    .oid = "1.2.840.113554.1.2.2",
};

/* ---- The host ------------------------------------------------------------------------ */

static void report_line(sspia_report *report, const char *what, const char *why)
{
    snprintf(report->text, sizeof report->text, "%s: %s", what, why != NULL ? why : "");
}

static void do_nothing(void)
{
}

static const sspia_package *find(const char *name, sspia_report *report)
{
    (void)report;
    if (strcmp(name, "Kerberos") == 0)
        return &stand_in;
    return strcmp(name, "NTLM") == 0 ? &ntlm_package : NULL;
}

static const sspia_package *at(size_t place)
{
    (void)place;
    return NULL;
}

static const sspia_host host = {
    .abi = SSPIA_PACKAGE_ABI,
    .size = sizeof host,
    .allocate = malloc,
    .free = free,
    .quiesce = do_nothing,
    .report = report_line,
    .find = find,
    .at = at,
};

/* By what they can do: 1 Kerberos, 2 NTLM, 3 both. */
static void *clients[4], *servers[4];

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    static const char *const lists[] = {NULL, "kerberos", "ntlm", NULL};
    sspia_report report;
    int64_t expiry;

    (void)count;
    (void)arguments;
    ntlm_host = neg_host = &host;
    for (int i = 1; i < 4; i++) {
        sspia_identity alice = {.user = "alice",
                                .domain = "TEST",
                                .password = "correct-horse",
                                .package_list = lists[i]};
        sspia_identity accounts = alice;

        accounts.keytab = i & 1 ? "keys" : NULL;
        if (neg_credential_acquire(NULL, SECPKG_CRED_OUTBOUND, &alice, &clients[i], &expiry,
                                   &report) != SEC_E_OK ||
            neg_credential_acquire(NULL, SECPKG_CRED_INBOUND, &accounts, &servers[i], &expiry,
                                   &report) != SEC_E_OK)
            abort();
    }
    return 0;
}

struct end {
    void *credential;
    void *context;
    SECURITY_STATUS status;
    sspia_bytes token;
};

static SECURITY_STATUS leg(struct end *end, bool initiator, const void *token, size_t size)
{
    SecBuffer input = {(uint32_t)size, SECBUFFER_TOKEN, (void *)(uintptr_t)token};
    sspia_step step = {.size = sizeof step,
                       .credential = end->credential,
                       .target = initiator ? "HTTP/localhost" : NULL,
                       .input = &input,
                       .input_count = 1};
    sspia_step_result result = {.size = sizeof result};
    sspia_report report = {""};

    end->status =
        (initiator ? neg_initialize : neg_accept)(&end->context, &step, &result, &report);
    free(end->token.data);
    end->token = result.token;
    return end->status;
}

static void drop(struct end *end)
{
    free(end->token.data);
    neg_context_delete(end->context);
}

static void read_pieces(const uint8_t *data, size_t size, bool initiator, bool greeted)
{
    static const unsigned char greeting[] = {0x60, 0x0e, 0x06, 0x06, 0x2b, 0x06, 0x01, 0x05,
                                             0x05, 0x02, 0xa0, 0x04, 0x30, 0x02, 0xa0, 0x00};
    struct end end = {.credential = initiator ? clients[greeted ? 2 : 3] : servers[3]};
    uint8_t *piece;
    size_t length;

    if (initiator)
        leg(&end, true, greeting, greeted ? sizeof greeting : 0);
    while (end.status >= 0 && fuzz_piece(&data, &size, &piece, &length)) {
        leg(&end, initiator, piece, length);
        free(piece);
    }
    drop(&end);
}

static void use(void *context)
{
    unsigned char token[16];
    char text[] = "text";
    SecBuffer buffers[2] = {{16, SECBUFFER_TOKEN, token}, {4, SECBUFFER_DATA, text}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};
    SecPkgContext_Sizes sizes;
    sspia_report report;

    neg_query(context, SECPKG_ATTR_SIZES, &sizes, &report);
    neg_encrypt(context, 0, &message, &report);
    neg_make_signature(context, 0, &message, &report);
}

static void unpack(const uint8_t *data, size_t size)
{
    uint8_t *piece;
    size_t length;
    sspia_report report;

    while (fuzz_piece(&data, &size, &piece, &length)) {
        void *context = NULL;

        if (neg_import(piece, length, &context, &report) == SEC_E_OK) {
            use(context);
            neg_context_delete(context);
        }
        free(piece);
    }
}

/* ---- Somebody in between -------------------------------------------------------------- */

struct script {
    const uint8_t *data;
    size_t size;
    uint8_t *pieces[4]; /* in use by the token at hand */
    size_t count;
};

static uint8_t next(struct script *script)
{
    if (script->size == 0)
        return 0;
    script->size--;
    return *script->data++;
}

static neg_bytes next_piece(struct script *script)
{
    uint8_t *piece;
    size_t length;

    if (script->count == 4 || !fuzz_piece(&script->data, &script->size, &piece, &length))
        return (neg_bytes){NULL, 0};
    script->pieces[script->count++] = piece;
    return (neg_bytes){piece, length};
}

static neg_bytes next_oid(struct script *script)
{
    uint8_t which = next(script) % 5;

    return which == 4 ? next_piece(script) : (neg_bytes){oids[which], oid_sizes[which]};
}

static bool change_response(struct script *script, uint8_t how, sspia_bytes *token)
{
    const neg_bytes none = {NULL, 0};
    neg_response response;

    if (!neg_token_read_response((neg_bytes){token->data, token->size}, &response))
        return false;
    if (how & 0x01)
        response.state = (neg_state)(next(script) % 5);
    if (how & 0x02)
        response.mech = next_oid(script);
    if (how & 0x04)
        response.token = next(script) % 2 ? next_piece(script) : none;
    if (how & 0x08)
        response.mic = next(script) % 2 ? next_piece(script) : none;
    if (how & 0x10)
        response.mic = response.token;
    return neg_token_write_response(&response, token);
}

static bool change_init(struct script *script, uint8_t how, sspia_bytes *token)
{
    unsigned char list[256];
    unsigned char mechs[200];
    unsigned char *place = mechs;
    neg_bytes whole;
    neg_init init;

    if (!neg_token_read_init((neg_bytes){token->data, token->size}, &init))
        return false;
    whole = init.list;
    if (how & 0x01) {
        for (int i = next(script) % 5; i > 0; i--) {
            neg_bytes oid = next_oid(script);

            if (oid.size > 30)
                oid.size = 30;
            place = neg_der_put(place, 0x06, oid.size);
            if (oid.size > 0)
                memcpy(place, oid.data, oid.size);
            place += oid.size;
        }
        memcpy(neg_der_put(list, 0x30, (size_t)(place - mechs)), mechs,
               (size_t)(place - mechs));
        whole = (neg_bytes){list, neg_der_size((size_t)(place - mechs))};
    }
    if (how & 0x02)
        init.token = next(script) % 2 ? next_piece(script) : (neg_bytes){NULL, 0};
    return neg_token_write_init(whole, init.token, token);
}

/* What becomes of a token; in memory of its own. */
static sspia_bytes change(struct script *script, const sspia_bytes *token)
{
    const uint8_t how = next(script);
    sspia_bytes made = *token;
    neg_bytes piece;

    switch (how >> 5) {
    case 1:
        if (change_response(script, how, &made))
            return made;
        break;
    case 2:
        if (change_init(script, how, &made))
            return made;
        break;
    case 3:
        piece = next_piece(script);
        made = (sspia_bytes){(void *)(uintptr_t)piece.data, piece.size};
        break;
    case 4:
        if (made.size > 0)
            made.size = (size_t)next(script) * made.size / 256;
        break;
    default:
        break;
    }
    piece = (neg_bytes){made.data, made.size};
    made.data = malloc(piece.size + 1);
    if (piece.size > 0)
        memcpy(made.data, piece.data, piece.size);
    if (how >> 5 == 5 && made.size > 0)
        ((unsigned char *)made.data)[next(script) * made.size / 256] ^=
            (unsigned char)(1u << (how & 7));
    return made;
}

static neg_bytes list_of(const sspia_bytes *token)
{
    neg_init init;
    neg_bytes oid;

    return neg_token_form((neg_bytes){token->data, token->size}, &oid) == NEG_FORM_INIT &&
                   neg_token_read_init((neg_bytes){token->data, token->size}, &init)
               ? init.list
               : (neg_bytes){NULL, 0};
}

/* Notes the list of the first NegTokenInit. */
static void note(const sspia_bytes *token, unsigned char list[256], size_t *size)
{
    const neg_bytes found = list_of(token);

    if (*size > 0 || found.size == 0 || found.size > 256)
        return;
    memcpy(list, found.data, found.size);
    *size = found.size;
}

static const char *chosen(const struct end *end)
{
    uint32_t state;

    return neg_context_negotiated(end->context, &state);
}

static void be_between(const uint8_t *data, size_t size)
{
    struct script script = {.data = data, .size = size};
    const uint8_t first = next(&script);
    struct end ends[2] = {{.credential = clients[1 + (first & 3) % 3]},
                          {.credential = servers[1 + (first >> 2 & 3) % 3]}};
    unsigned char offered[256], seen[256];
    size_t offered_size = 0, seen_size = 0;
    int turn = first & 0x10 ? 1 : 0; /* a greeting comes first */

    for (int i = 0; i < LEGS_MAX && ends[0].status >= 0 && ends[1].status >= 0; i++) {
        struct end *to = &ends[turn % 2];
        sspia_bytes token = {NULL, 0};

        if (i > 0) {
            const struct end *from = &ends[1 - turn % 2];

            if (turn % 2 == 1)
                note(&from->token, offered, &offered_size);
            token = change(&script, &from->token);
            if (turn % 2 == 1)
                note(&token, seen, &seen_size);
        }
        leg(to, turn % 2 == 0, token.data, token.size);
        free(token.data);
        while (script.count > 0)
            free(script.pieces[--script.count]);
        turn++;
        if (i > 1 && ends[0].status == SEC_E_OK && ends[1].status == SEC_E_OK)
            break;
    }
    if (ends[0].context != NULL && ends[0].status == SEC_E_OK && ends[1].context != NULL &&
        ends[1].status == SEC_E_OK && offered_size > 0) {
        if (strcmp(chosen(&ends[0]), chosen(&ends[1])) != 0)
            abort();
        /* What is not the first choice stands under signatures. */
        if (strcmp(chosen(&ends[0]), "NTLM") == 0 &&
            (offered_size != seen_size || memcmp(offered, seen, seen_size) != 0))
            abort();
        use(ends[0].context);
        use(ends[1].context);
    }
    drop(&ends[0]);
    drop(&ends[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    switch (data[0]) {
    case ANSWERS:
        read_pieces(data + 1, size - 1, true, false);
        break;
    case TOKENS:
        read_pieces(data + 1, size - 1, false, false);
        break;
    case GREETED_ANSWERS:
        read_pieces(data + 1, size - 1, true, true);
        break;
    case PACKED:
        unpack(data + 1, size - 1);
        break;
    case BETWEEN:
        be_between(data + 1, size - 1);
        break;
    default:
        break;
    }
    return 0;
}

/* The tokens of a handshake as pieces for the one side and for the other. */
static void write_handshake(const char *folder, const char *name, int client, int server,
                            bool greeted)
{
    static struct fuzz_seed seeds[2];
    struct end ends[2] = {{.credential = clients[client]}, {.credential = servers[server]}};
    char file[64];

    fuzz_seed_start(&seeds[0], greeted ? GREETED_ANSWERS : ANSWERS);
    fuzz_seed_start(&seeds[1], TOKENS);
    for (int turn = greeted ? 1 : 0; turn < LEGS_MAX; turn++) {
        struct end *to = &ends[turn % 2];
        const struct end *from = &ends[1 - turn % 2];

        if (turn > (greeted && turn % 2 == 0 ? 2 : 0))
            fuzz_seed_add(&seeds[turn % 2], from->token.data, from->token.size);
        if (leg(to, turn % 2 == 0, from->token.data, from->token.size) < 0)
            abort();
        if (turn > 1 && ends[0].status == SEC_E_OK && ends[1].status == SEC_E_OK)
            break;
    }
    for (int side = 0; side < 2; side++) {
        snprintf(file, sizeof file, "%s-%s", name, side == 0 ? "answers" : "tokens");
        fuzz_seed_write(&seeds[side], folder, file);
    }
    if (strcmp(name, "ntlm") == 0) {
        sspia_bytes packed = {NULL, 0};
        sspia_report report;

        if (neg_export(ends[0].context, 0, &packed, &report) != SEC_E_OK)
            abort();
        fuzz_seed_start(&seeds[0], PACKED);
        fuzz_seed_add(&seeds[0], packed.data, packed.size);
        fuzz_seed_write(&seeds[0], folder, "packed");
        free(packed.data);
    }
    drop(&ends[0]);
    drop(&ends[1]);
}

void fuzz_write_seeds(const char *folder)
{
    static const struct {
        const char *name;
        uint8_t bytes[8];
    } scripts[] = {
        {"between-kerberos", {0}},
        {"between-second", {2 | 1 << 2, 0}},
        {"between-greeted", {0x10 | 1 | 1 << 2, 0}},
        {"between-list", {2 | 2 << 2, 0x41, 2, 3, 2}},
        {"between-stripped", {2 | 1 << 2, 0, 0, 0, 0x28, 0}},
        {"between-complete", {0x10 | 1 | 1 << 2, 0, 0, 0x21, 0}},
    };

    write_handshake(folder, "kerberos", 3, 3, false);
    write_handshake(folder, "second", 3, 2, false);
    write_handshake(folder, "ntlm", 2, 2, false);
    write_handshake(folder, "greeted", 2, 3, true);
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        static struct fuzz_seed seed;

        fuzz_seed_start(&seed, BETWEEN);
        memcpy(seed.bytes + 1, scripts[i].bytes, sizeof scripts[i].bytes);
        seed.size += sizeof scripts[i].bytes;
        fuzz_seed_write(&seed, folder, scripts[i].name);
    }
}
