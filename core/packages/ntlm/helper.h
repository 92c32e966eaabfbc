/* SPDX-License-Identifier: MIT */
#ifndef NTLM_HELPER_H
#define NTLM_HELPER_H

#include "sspi_package.h"

#include <stdbool.h>
#include <sys/types.h>

/* A program that was started to answer questions, one at a time: Samba's ntlm_auth. It belongs
 * to whoever holds it. */
typedef struct ntlm_helper {
    struct ntlm_helper *next; /* of those without work */
    pid_t owner;              /* the process that started it */
    int socket;               /* its input and output; ours is the other end */
    int process;              /* to end it; -1 where the kernel has no such descriptors */
    bool proven;              /* it has answered before */
} ntlm_helper;

/* SEC_E_NO_AUTHENTICATING_AUTHORITY if it cannot be started. Waits for the kernel to load the
 * program, not for the program. */
SECURITY_STATUS ntlm_helper_start(const char *path, ntlm_helper **helper, sspia_report *report);

/* Ends it, in the process that started it; a child of that only closes what it has inherited.
 * NULL is ignored. */
void ntlm_helper_end(ntlm_helper *helper);

#endif
