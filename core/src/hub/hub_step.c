/* SPDX-License-Identifier: MIT */
/* Legs and deletes of the hub. */
#include "hub.h"

#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "message.h"
#include "outcome.h"

struct leg_input {
    const void *token;
    size_t token_size;
    const void *bindings;
    size_t bindings_size;
    const void *protocols;
    size_t protocols_size;
};

/* SEC_CHANNEL_BINDINGS, or the ALPN list of schannel.h, in front of its content. */
static void *with_head(const void *head, size_t head_size, const void *data, size_t size)
{
    unsigned char *block = malloc(head_size + size);

    if (block == NULL)
        return NULL;
    memcpy(block, head, head_size);
    memcpy(block + head_size, data, size);
    return block;
}

static void *make_bindings(const struct leg_input *input, size_t *size)
{
    const SEC_CHANNEL_BINDINGS head = {
        .cbApplicationDataLength = (uint32_t)input->bindings_size,
        .dwApplicationDataOffset = sizeof(head),
    };

    *size = sizeof(head) + input->bindings_size;
    return with_head(&head, sizeof(head), input->bindings, input->bindings_size);
}

/* SEC_APPLICATION_PROTOCOLS: the size of all lists; of the one list its kind (2: ALPN) and
 * its size; then the names. */
static void *make_protocols(const struct leg_input *input, size_t *size)
{
    const uint32_t lists = (uint32_t)(6 + input->protocols_size), alpn = 2;
    const uint16_t list = (uint16_t)input->protocols_size;
    unsigned char head[10];

    memcpy(head, &lists, 4);
    memcpy(head + 4, &alpn, 4);
    memcpy(head + 8, &list, 2);
    *size = sizeof(head) + input->protocols_size;
    return with_head(head, sizeof(head), input->protocols, input->protocols_size);
}

static SECURITY_STATUS check(const struct leg_input *input)
{
    if ((input->token_size > 0 && input->token == NULL) ||
        (input->bindings_size > 0 && input->bindings == NULL) ||
        (input->protocols_size > 0 && input->protocols == NULL))
        return SEC_E_INVALID_PARAMETER;
    if (input->bindings_size > UINT16_MAX || input->protocols_size > UINT16_MAX)
        return SEC_E_INVALID_PARAMETER;
    return SEC_E_OK;
}

static const char *name_of(bool acceptor)
{
    return acceptor ? "AcceptSecurityContext" : "InitializeSecurityContext";
}

static SECURITY_STATUS step(uint64_t call, uint64_t queue, uint64_t id, uint64_t credential,
                            uint64_t context, const char *target, uint64_t flags,
                            const struct leg_input *input, bool acceptor)
{
    SecHandle credential_words = hub_words(HANDLE_CREDENTIAL, credential);
    SecHandle context_words = hub_words(HANDLE_CONTEXT, context);
    const SEC_FLAGS all_flags = {flags};
    struct outcome *outcome = outcome_create();
    struct step_arguments arguments = {
        .acceptor = acceptor,
        .credential = credential != 0 ? &credential_words : NULL,
        .context = context != 0 ? &context_words : NULL,
        .requested = (uint32_t)flags | ISC_REQ_ALLOCATE_MEMORY,
        .data_rep = SECURITY_NATIVE_DREP,
    };
    void *bindings = NULL, *protocols = NULL;
    struct job job;
    SECURITY_STATUS status = check(input);
    size_t size;

    if (outcome == NULL)
        return message_fail(name_of(acceptor), SEC_E_INSUFFICIENT_MEMORY, NULL);
    if (input->token_size > 0)
        outcome_add_input(outcome, SECBUFFER_TOKEN, input->token, input->token_size);
    if (flags > UINT32_MAX)
        outcome_add_input(outcome, SECBUFFER_FLAGS, &all_flags, sizeof(all_flags));
    if (status == SEC_E_OK && input->bindings_size > 0) {
        bindings = make_bindings(input, &size);
        outcome_add_input(outcome, SECBUFFER_CHANNEL_BINDINGS, bindings, size);
        status = bindings != NULL ? status : SEC_E_INSUFFICIENT_MEMORY;
    }
    if (status == SEC_E_OK && input->protocols_size > 0) {
        protocols = make_protocols(input, &size);
        outcome_add_input(outcome, SECBUFFER_APPLICATION_PROTOCOLS, protocols, size);
        status = protocols != NULL ? status : SEC_E_INSUFFICIENT_MEMORY;
    }
    arguments.input = &outcome->input;
    arguments.output = &outcome->output;
    arguments.new_context = context == 0 ? &outcome->context : NULL;
    arguments.attributes = &outcome->attributes;
    arguments.expiry_utc = &outcome->expiry;
    if (status != SEC_E_OK)
        message_fail(name_of(acceptor), status,
                     status == SEC_E_INVALID_PARAMETER ? "an input is NULL or too long" : NULL);
    else
        status = api_prepare_step(&job, false, target, &arguments);
    free(bindings);
    free(protocols);
    if (status == SEC_E_OK)
        return hub_submit(call, queue, id, &job, outcome);
    outcome_free(outcome);
    return status;
}

int32_t sspia_hub_initialize(uint64_t call, uint64_t queue, uint64_t id, uint64_t credential,
                             uint64_t context, const char *target, size_t target_size,
                             uint64_t flags, const void *token, size_t token_size,
                             const void *bindings, size_t bindings_size, const void *protocols,
                             size_t protocols_size)
{
    const struct leg_input input = {token,         token_size, bindings,
                                    bindings_size, protocols,  protocols_size};
    char *name;
    SECURITY_STATUS status = hub_string(name_of(false), "target", target, target_size, &name);

    if (status == SEC_E_OK)
        status = step(call, queue, id, credential, context, name, flags, &input, false);
    free(name);
    return status;
}

int32_t sspia_hub_accept(uint64_t call, uint64_t queue, uint64_t id, uint64_t credential,
                         uint64_t context, uint64_t flags, const void *token, size_t token_size,
                         const void *bindings, size_t bindings_size, const void *protocols,
                         size_t protocols_size)
{
    const struct leg_input input = {token,         token_size, bindings,
                                    bindings_size, protocols,  protocols_size};

    return step(call, queue, id, credential, context, NULL, flags, &input, true);
}

int32_t sspia_hub_delete_context(uint64_t call, uint64_t queue, uint64_t id, uint64_t context)
{
    return hub_submit_end(call, queue, id, &operation_delete, HANDLE_CONTEXT, context);
}

static bool number_at(const void *contexts, uint32_t index, struct handle *handle)
{
    uint64_t number;

    memcpy(&number, (const unsigned char *)contexts + (size_t)index * sizeof(number),
           sizeof(number)); /* the caller's bytes need not be aligned */
    return handle_from_pointer(HANDLE_CONTEXT, hub_pointer(number), handle);
}

int32_t sspia_hub_delete_contexts(uint64_t call, uint64_t queue, uint64_t id,
                                  const void *contexts, size_t size)
{
    struct async_destination destination;
    size_t count = size / sizeof(uint64_t);
    SECURITY_STATUS status = SEC_E_INVALID_PARAMETER;

    if ((contexts == NULL && size > 0) || size % sizeof(uint64_t) != 0 || count > UINT32_MAX)
        return message_fail("DeleteSecurityContext", status,
                            "contexts is not an array of 64-bit numbers");
    status = hub_open_destination(&destination, queue, id, NULL);
    if (status == SEC_E_OK)
        status = async_submit_batch(hub_pointer(call), &operation_delete_many, HANDLE_CONTEXT,
                                    number_at, contexts, (uint32_t)count, &destination);
    else
        message_fail("DeleteSecurityContext", status, "the queue is not alive");
    hub_close_destination(&destination);
    return status;
}

int32_t sspia_hub_delete_context_now(uint64_t context)
{
    SecHandle words = hub_words(HANDLE_CONTEXT, context);

    return sspia_DeleteSecurityContext(&words);
}
