/* SPDX-License-Identifier: MIT */
#include "output.h"

#include <string.h>

#include "memory.h"

void output_note(const SecBufferDesc *descriptor, struct output_places *places)
{
    places->count = 0;
    for (uint32_t i = 0; descriptor != NULL && i < descriptor->cBuffers; i++) {
        SecBuffer *buffer = &descriptor->pBuffers[i];
        const uint32_t type = buffer->BufferType & ~SECBUFFER_ATTRMASK;

        if (type != SECBUFFER_TRAFFIC_SECRETS &&
            type != SECBUFFER_SUBSCRIBE_GENERIC_TLS_EXTENSION)
            continue;
        if (places->count == OUTPUT_PLACES_MAX)
            return;
        places->at[places->count++] = (struct output_place){
            .buffer = buffer,
            .type = type,
            .memory = buffer->pvBuffer,
            .room = buffer->pvBuffer != NULL ? buffer->cbBuffer : 0,
        };
    }
}

/* The output that goes to a place: the n-th of a type to the n-th buffer of it. */
static const sspia_output *output_for(const struct output_places *places, uint32_t place,
                                      const sspia_step_result *result)
{
    uint32_t before = 0;

    for (uint32_t i = 0; i < place; i++)
        before += places->at[i].type == places->at[place].type;
    for (uint32_t i = 0; i < result->output_count; i++) {
        if (result->outputs[i].type == places->at[place].type && before-- == 0)
            return &result->outputs[i];
    }
    return NULL;
}

static SECURITY_STATUS too_small(uint32_t type)
{
    return type == SECBUFFER_SUBSCRIBE_GENERIC_TLS_EXTENSION ? SEC_E_EXT_BUFFER_TOO_SMALL
                                                             : SEC_E_BUFFER_TOO_SMALL;
}

SECURITY_STATUS output_check(struct output_places *places, const sspia_step_result *result)
{
    SECURITY_STATUS status = SEC_E_OK;
    uint32_t placed = 0;

    for (uint32_t i = 0; i < places->count; i++) {
        const sspia_output *output = output_for(places, i, result);

        if (output == NULL)
            continue;
        placed++;
        places->at[i].needed = (uint32_t)output->content.size;
        if (status == SEC_E_OK && places->at[i].needed > places->at[i].room)
            status = too_small(output->type);
    }
    if (status == SEC_E_OK && placed < result->output_count)
        status = too_small(result->outputs[0].type);
    return status;
}

void output_say_needed(const struct output_places *places)
{
    for (uint32_t i = 0; i < places->count; i++) {
        if (places->at[i].needed > 0)
            places->at[i].buffer->cbBuffer = places->at[i].needed;
    }
}

void output_publish(const struct output_places *places, const sspia_step_result *result)
{
    for (uint32_t i = 0; i < places->count; i++) {
        const struct output_place *place = &places->at[i];
        const sspia_output *output = output_for(places, i, result);

        place->buffer->cbBuffer = 0;
        if (place->type == SECBUFFER_TRAFFIC_SECRETS && place->room > 0)
            memset(place->memory, 0, place->room);
        if (output == NULL || output->content.size > place->room)
            continue;
        place->buffer->cbBuffer = (uint32_t)output->content.size;
        memcpy(place->memory, output->content.data, output->content.size);
    }
}

void output_free(sspia_step_result *result)
{
    for (uint32_t i = 0; i < result->output_count; i++)
        memory_free(result->outputs[i].content.data);
    result->output_count = 0;
}
