/* SPDX-License-Identifier: MIT */
#include "level.h"

#include <openssl/ssl3.h>

enum level level_of(uint8_t type)
{
    switch (type) {
    case SSL3_MT_CLIENT_HELLO:
    case SSL3_MT_SERVER_HELLO:
        return LEVEL_INITIAL;
    case SSL3_MT_NEWSESSION_TICKET:
    case SSL3_MT_KEY_UPDATE:
        return LEVEL_APPLICATION;
    default:
        return LEVEL_HANDSHAKE;
    }
}
