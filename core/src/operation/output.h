/* SPDX-License-Identifier: MIT */
/* What a leg yields besides token and alert, and the caller's buffers that it goes to. */
#ifndef SSPI_ASYNC_OUTPUT_H
#define SSPI_ASYNC_OUTPUT_H

#include "sspi_package.h"

#define OUTPUT_PLACES_MAX 8u

/* Buffers of the caller, as they were at submit. */
struct output_place {
    SecBuffer *buffer;
    uint32_t type;
    void *memory;
    uint32_t room;
    uint32_t needed; /* of what did not fit */
};

struct output_places {
    struct output_place at[OUTPUT_PLACES_MAX];
    uint32_t count;
};

/* Notes the buffers of the types that a package may fill; others are left alone. */
void output_note(const SecBufferDesc *descriptor, struct output_places *places);

/* SEC_E_OK if everything has a place that is large enough. Else, and what is needed is noted:
 * SEC_E_EXT_BUFFER_TOO_SMALL if it is an extension that has none, or SEC_E_BUFFER_TOO_SMALL. */
SECURITY_STATUS output_check(struct output_places *places, const sspia_step_result *result);

/* Says in the caller's buffers how much room is needed. */
void output_say_needed(const struct output_places *places);

/* Fills the buffers. Those for which there is nothing have size 0; traffic secrets are zeroed
 * as well, as programs look at TrafficSecretType alone. */
void output_publish(const struct output_places *places, const sspia_step_result *result);

/* Frees what the result still holds. */
void output_free(sspia_step_result *result);

#endif
