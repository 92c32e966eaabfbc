/* SPDX-License-Identifier: MIT */
#ifndef NTLM_QUESTION_H
#define NTLM_QUESTION_H

#include "bytes.h"

/* What an acceptor wants to know: does this answer to its challenge come from somebody who
 * knows the user's password? Names are UTF-16LE, as they came. */
typedef struct ntlm_question {
    ntlm_bytes user;
    ntlm_bytes domain;
    const unsigned char *challenge;
    ntlm_bytes response; /* NTLMv2 */
} ntlm_question;

#endif
