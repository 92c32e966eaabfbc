/* SPDX-License-Identifier: MIT */
/* Alerts (RFC 8446 6): their names. */
#ifndef SCHANNEL_ALERT_H
#define SCHANNEL_ALERT_H

#include <stdint.h>

/* "handshake_failure"; "unknown" for what no RFC defines. The string is constant. */
const char *alert_name(uint8_t description);

#endif
