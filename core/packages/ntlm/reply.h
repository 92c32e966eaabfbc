/* SPDX-License-Identifier: MIT */
#ifndef NTLM_REPLY_H
#define NTLM_REPLY_H

#include "crypto.h"
#include "question.h"

#include <stdbool.h>

/*
 * The words of ntlm_auth --helper-protocol=ntlm-server-1: lines of a name and a value, and a
 * dot alone at the end. After an answer of no, ntlm_auth of Samba 4 sends a second dot, which
 * may come as late as it likes.
 */

/* The question, in memory to be freed and *size long; NULL if there is none, or a name is
 * malformed, which *malformed tells. */
char *ntlm_reply_ask(const ntlm_question *question, size_t *size, bool *malformed);

typedef enum ntlm_reply {
    NTLM_REPLY_UNFINISHED,
    NTLM_REPLY_YES,      /* with the key */
    NTLM_REPLY_NO,       /* the account is not let in */
    NTLM_REPLY_UNABLE,   /* nobody could be asked */
    NTLM_REPLY_NONSENSE, /* it is no answer */
} ntlm_reply;

/* Reads what has come so far. */
ntlm_reply ntlm_reply_read(const char *text, size_t size, unsigned char key[NTLM_KEY_SIZE]);

/* Whether this is nothing but dots, which belong to the answer before. */
bool ntlm_reply_is_rest(const char *text, size_t size);

#endif
