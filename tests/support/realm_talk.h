/* SPDX-License-Identifier: MIT */
#ifndef REALM_TALK_H
#define REALM_TALK_H

#include "realm_host.h"

/* A message from one side of a handshake to the other, sealed and opened in place. */
void realm_talk(realm_side *from, realm_side *to);

#endif
