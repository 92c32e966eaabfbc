/* SPDX-License-Identifier: MIT */
/* Which keys protect a handshake message of TLS 1.3 (RFC 9001 4: encryption levels). */
#ifndef SCHANNEL_LEVEL_H
#define SCHANNEL_LEVEL_H

#include <stdint.h>

enum level { LEVEL_INITIAL, LEVEL_HANDSHAKE, LEVEL_APPLICATION };
#define LEVELS 3u

/* By its type (RFC 8446 4); each is of one level. */
enum level level_of(uint8_t type);

#endif
