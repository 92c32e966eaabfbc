/* SPDX-License-Identifier: MIT */
/* Handshake messages that the peer is owed, without records. */
#ifndef SCHANNEL_FLIGHT_H
#define SCHANNEL_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>

#include "level.h"

struct flight {
    uint8_t *bytes;
    size_t size, room;
    size_t sizes[LEVELS]; /* of the messages of each level, which follow one another */
    bool lost;            /* there was no memory for one: the peer would not understand */
};

/* From SSL's message callback: a message that was written. */
void flight_add(struct flight *flight, const uint8_t *message, size_t size);
/* Forgets the messages. */
void flight_clear(struct flight *flight);

#endif
