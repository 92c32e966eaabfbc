/* SPDX-License-Identifier: MIT */
/* The package: contexts that count their legs and do what the credential's script says. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control.h"
#include "protect.h"
#include "script.h"
#include "wait.h"

#define EXPORT __attribute__((visibility("default")))

struct credential {
    struct script script;
    struct wait wait; /* while it is acquired */
};

/* Memory that a leg made its context hold. */
struct grown {
    struct grown *next;
    size_t size;
};

struct context {
    uint32_t legs;
    char *name;
    struct grown *grown;
    struct protect protect;
    struct wait wait; /* of a leg */
    bool in_leg;      /* one waits */
};

static void wait_as_told(const struct stage *stage)
{
    const struct timespec delay = {.tv_sec = stage->delay_ms / 1000,
                                   .tv_nsec = (long)(stage->delay_ms % 1000) * 1000000L};

    if (stage->release > 0)
        control_release(stage->release);
    if (stage->delay_ms > 0)
        clock_nanosleep(CLOCK_MONOTONIC, 0, &delay, NULL);
    if (stage->block)
        control_block();
}

static void say(const struct stage *stage, sspia_report *report)
{
    if (stage->say != NULL)
        scripted_host->report(report, stage->say, NULL);
}

static void release(void *object)
{
    struct credential *credential = object;

    wait_clear(&credential->wait);
    script_clear(&credential->script);
    free(credential);
    control_add(CONTROL_CREDENTIALS, -1);
}

/* A credential whose script is still to be parsed. */
static struct credential *make_credential(void)
{
    struct credential *credential = calloc(1, sizeof(*credential));

    if (credential != NULL)
        control_add(CONTROL_CREDENTIALS, 1);
    return credential;
}

static SECURITY_STATUS acquire_waiting(const char *principal, uint32_t use,
                                       const void *auth_data, void **result, int64_t *expiry,
                                       sspia_wait *wait, sspia_report *report)
{
    const sspia_identity *identity = auth_data;
    struct credential *credential = *result;
    SECURITY_STATUS status = SEC_E_OK;
    const struct stage *stage;

    (void)use;
    if (credential == NULL) {
        control_note('A');
        credential = *result = make_credential();
        if (credential == NULL)
            return SEC_E_INSUFFICIENT_MEMORY;
        if (principal == NULL && identity != NULL)
            principal = identity->user;
        status = script_parse(principal, &credential->script, report);
    }
    stage = &credential->script.acquire;
    if (status == SEC_E_OK)
        status = wait_run(&credential->wait, stage, wait, report);
    if (status != SEC_E_OK) /* or it waits */
        return status;
    wait_as_told(stage);
    say(stage, report);
    *expiry = stage->expiry;
    return stage->has_status ? stage->status : SEC_E_OK;
}

/* For a core, or a package, that cannot wait. */
static SECURITY_STATUS acquire(const char *principal, uint32_t use, const void *auth_data,
                               void **result, int64_t *expiry, sspia_report *report)
{
    void *credential = NULL;
    SECURITY_STATUS status =
        acquire_waiting(principal, use, auth_data, &credential, expiry, NULL, report);

    if (status == SEC_E_OK)
        *result = credential;
    else if (credential != NULL)
        release(credential);
    return status;
}

static uint32_t credential_may_block(void *object)
{
    const struct credential *credential = object;

    return credential->script.quick ? 0 : SSPIA_OP_INITIALIZE | SSPIA_OP_ACCEPT;
}

static SECURITY_STATUS query_credential(void *object, uint32_t attribute, void *buffer,
                                        sspia_report *report)
{
    (void)object;
    (void)report;
    return control_query(attribute, buffer);
}

static SECURITY_STATUS set_credential(void *object, uint32_t attribute, const void *buffer,
                                      size_t size, sspia_report *report)
{
    (void)object;
    (void)report;
    return control_set(attribute, buffer, size);
}

static struct context *create(const struct credential *credential)
{
    const char *name = credential->script.name != NULL ? credential->script.name : "scripted";
    struct context *context = calloc(1, sizeof(*context));

    if (context == NULL)
        return NULL;
    context->name = strdup(name);
    if (context->name == NULL) {
        free(context);
        return NULL;
    }
    control_add(CONTROL_CONTEXTS, 1);
    return context;
}

static void delete_context(void *object)
{
    struct context *context = object;

    control_note('D');
    wait_clear(&context->wait);
    while (context->grown != NULL) {
        struct grown *next = context->grown->next;

        control_add(CONTROL_GROWN, -(int64_t)context->grown->size);
        free(context->grown);
        context->grown = next;
    }
    free(context->name);
    free(context);
    control_add(CONTROL_CONTEXTS, -1);
}

/* Memory that is touched: an untouched page costs nothing. */
static bool grow(struct context *context, size_t size)
{
    struct grown *grown = size > 0 ? malloc(sizeof(*grown) + size) : NULL;

    if (grown == NULL)
        return size == 0;
    memset(grown + 1, 0x5a, size);
    *grown = (struct grown){.next = context->grown, .size = size};
    context->grown = grown;
    control_add(CONTROL_GROWN, (int64_t)size);
    return true;
}

static const SecBuffer *input_token(const sspia_step *step)
{
    for (uint32_t i = 0; i < step->input_count; i++) {
        if (step->input[i].BufferType == SECBUFFER_TOKEN)
            return &step->input[i];
    }
    return NULL;
}

static bool is_expected(const struct stage *stage, const sspia_step *step)
{
    const SecBuffer *token = input_token(step);
    size_t size = token != NULL ? token->cbBuffer : 0;

    return stage->expect == NULL ||
           (size == strlen(stage->expect) &&
            (size == 0 || memcmp(token->pvBuffer, stage->expect, size) == 0));
}

static SECURITY_STATUS give_token(const struct context *context, const struct stage *stage,
                                  sspia_step_result *result)
{
    result->token.size = stage->has_token ? stage->token_size : 1;
    if (result->token.size == 0)
        return SEC_E_OK;
    result->token.data = scripted_host->allocate(result->token.size);
    if (result->token.data == NULL) {
        result->token.size = 0;
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    if (stage->token != NULL)
        memcpy(result->token.data, stage->token, result->token.size);
    else
        memset(result->token.data, (int)(context->legs & 0xff), result->token.size);
    return SEC_E_OK;
}

static SECURITY_STATUS run_stage(struct context *context, const struct stage *stage, bool last,
                                 const sspia_step *step, sspia_step_result *result,
                                 sspia_report *report)
{
    SECURITY_STATUS status = wait_run(&context->wait, stage, step->wait, report);

    context->in_leg = status == SSPIA_WAITING;
    if (status != SEC_E_OK)
        return status;
    status = last && !stage->more ? SEC_E_OK : SEC_I_CONTINUE_NEEDED;
    wait_as_told(stage);
    if (!is_expected(stage, step)) {
        scripted_host->report(report, "the peer's token is not the one that the script expects",
                              NULL);
        return SEC_E_INVALID_TOKEN;
    }
    if (!grow(context, stage->grow))
        return SEC_E_INSUFFICIENT_MEMORY;
    say(stage, report);
    if (stage->has_status)
        status = stage->status;
    result->attributes = stage->attributes;
    result->expiry = stage->expiry;
    result->extra = stage->extra;
    result->missing = stage->missing;
    memcpy(result->alert, stage->alert, sizeof(result->alert));
    /* A call that fails has an error token only where the script says so. */
    if ((status >= 0 || stage->has_token) && give_token(context, stage, result) != SEC_E_OK)
        return SEC_E_INSUFFICIENT_MEMORY;
    return status;
}

/* The words of this leg, where legs bring their own: the target's, or the input token's. */
static SECURITY_STATUS own_stage(const sspia_step *step, struct stage *stage,
                                 sspia_report *report)
{
    const SecBuffer *token = input_token(step);
    SECURITY_STATUS status;
    char *text;

    if (step->target != NULL || token == NULL)
        return stage_parse(step->target, stage, report);
    text = calloc(1, (size_t)token->cbBuffer + 1);
    if (text == NULL) {
        stage_parse(NULL, stage, report);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    if (token->cbBuffer > 0)
        memcpy(text, token->pvBuffer, token->cbBuffer);
    status = stage_parse(text, stage, report);
    free(text);
    return status;
}

static SECURITY_STATUS leg(char operation, void **place, const sspia_step *step,
                           sspia_step_result *result, sspia_report *report)
{
    const struct credential *credential = step->credential;
    const struct script *script = &credential->script;
    struct context *context = *place;

    if (context == NULL)
        context = *place = create(credential);
    if (context == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    if (!context->in_leg) {
        control_note(operation);
        control_add(CONTROL_LEGS, 1);
        context->legs++;
    }
    if (script->per_leg) {
        struct stage stage;
        SECURITY_STATUS status = own_stage(step, &stage, report);

        if (status == SEC_E_OK)
            status = run_stage(context, &stage, true, step, result, report);
        stage_clear(&stage);
        return status;
    }
    if (context->legs > script->leg_count) {
        scripted_host->report(report, "the script has no more legs", NULL);
        return SEC_E_OUT_OF_SEQUENCE;
    }
    return run_stage(context, &script->legs[context->legs - 1],
                     context->legs == script->leg_count, step, result, report);
}

static SECURITY_STATUS initialize(void **context, const sspia_step *step,
                                  sspia_step_result *result, sspia_report *report)
{
    return leg('I', context, step, result, report);
}

static SECURITY_STATUS accept(void **context, const sspia_step *step, sspia_step_result *result,
                              sspia_report *report)
{
    return leg('C', context, step, result, report);
}

static SECURITY_STATUS query_context(void *object, uint32_t attribute, void *buffer,
                                     sspia_report *report)
{
    const struct context *context = object;
    SecPkgContext_NamesA *names = buffer;

    (void)report;
    if (attribute == SECPKG_ATTR_SIZES) {
        *(SecPkgContext_Sizes *)buffer = (SecPkgContext_Sizes){
            .cbMaxToken = 65536,
            .cbMaxSignature = PROTECT_TOKEN_SIZE,
            .cbBlockSize = 1,
            .cbSecurityTrailer = PROTECT_TOKEN_SIZE,
        };
        return SEC_E_OK;
    }
    if (attribute != SECPKG_ATTR_NAMES)
        return SEC_E_UNSUPPORTED_FUNCTION;
    names->sUserName = scripted_host->allocate(strlen(context->name) + 1);
    if (names->sUserName == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    strcpy(names->sUserName, context->name);
    return SEC_E_OK;
}

static SECURITY_STATUS make_signature(void *object, uint32_t qop, SecBufferDesc *message,
                                      sspia_report *report)
{
    struct context *context = object;

    (void)qop;
    control_note('S');
    return protect_sign(&context->protect, message, false, report);
}

static SECURITY_STATUS verify_signature(void *object, SecBufferDesc *message, uint32_t *qop,
                                        sspia_report *report)
{
    struct context *context = object;

    if (qop != NULL)
        *qop = 0;
    control_note('V');
    return protect_verify(&context->protect, message, false, report);
}

static SECURITY_STATUS encrypt(void *object, uint32_t qop, SecBufferDesc *message,
                               sspia_report *report)
{
    struct context *context = object;

    (void)qop;
    control_note('E');
    return protect_sign(&context->protect, message, true, report);
}

static SECURITY_STATUS decrypt(void *object, SecBufferDesc *message, uint32_t *qop,
                               sspia_report *report)
{
    struct context *context = object;

    if (qop != NULL)
        *qop = 0;
    control_note('O');
    return protect_verify(&context->protect, message, true, report);
}

static const sspia_package package = {
    .abi = SSPIA_PACKAGE_ABI,
    .size = sizeof(package),
    .name = SSPIA_SCRIPTED_NAME,
    .alias = "Scripted test package",
    .comment = "Follows a script, for tests; protects nothing",
    .capabilities = SECPKG_FLAG_CONNECTION,
    .version = 1,
    .rpc_id = 0xffff,
    .max_token = 65536,
    .may_block = SSPIA_OP_ACQUIRE | SSPIA_OP_INITIALIZE | SSPIA_OP_ACCEPT,
    .acquire = acquire,
    .acquire_waiting = acquire_waiting,
    .credential_may_block = credential_may_block,
    .release = release,
    .query_credential = query_credential,
    .set_credential = set_credential,
    .initialize = initialize,
    .accept = accept,
    .delete_context = delete_context,
    .query_context = query_context,
    .make_signature = make_signature,
    .verify_signature = verify_signature,
    .encrypt = encrypt,
    .decrypt = decrypt,
};

EXPORT const sspia_package *const *sspia_module_entry(const sspia_host *host,
                                                      sspia_report *report);

const sspia_package *const *sspia_module_entry(const sspia_host *host, sspia_report *report)
{
    static const sspia_package *const list[] = {&package, NULL};

    (void)report;
    scripted_host = host;
    return list;
}
