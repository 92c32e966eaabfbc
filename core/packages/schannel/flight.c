/* SPDX-License-Identifier: MIT */
#include "flight.h"

#include <openssl/crypto.h>
#include <string.h>

#define ROOM 2048u

void flight_add(struct flight *flight, const uint8_t *message, size_t size)
{
    uint8_t *larger;

    if (size > flight->room - flight->size) {
        larger = OPENSSL_realloc(flight->bytes, flight->size + size + ROOM);
        if (larger == NULL) {
            flight->lost = true;
            return;
        }
        flight->bytes = larger;
        flight->room = flight->size + size + ROOM;
    }
    memcpy(flight->bytes + flight->size, message, size);
    flight->size += size;
    flight->sizes[level_of(message[0])] += size;
}

void flight_clear(struct flight *flight)
{
    OPENSSL_free(flight->bytes);
    *flight = (struct flight){.lost = flight->lost};
}
