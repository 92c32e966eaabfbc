/* SPDX-License-Identifier: MIT */
#ifndef NTLM_SESSION_H
#define NTLM_SESSION_H

#include "crypto.h"
#include "rc4.h"

#include <stddef.h>
#include <stdint.h>

#define NTLM_SIGNATURE_SIZE 16u

/* One way of a session. */
typedef struct ntlm_direction {
    unsigned char sign_key[NTLM_KEY_SIZE];
    ntlm_rc4 cipher;
    uint32_t number; /* of the next message */
} ntlm_direction;

/* The keys of an established context. All but the first are made when the first message needs
 * them: a handshake for a web server hardly ever has one. */
typedef struct ntlm_session {
    unsigned char key[NTLM_KEY_SIZE]; /* ExportedSessionKey */
    bool initiator;
    bool encrypts_checksum; /* NTLMSSP_NEGOTIATE_KEY_EXCH (MS-NLMP 3.4.4.2) */
    bool has_keys;
    ntlm_direction out; /* both are left as they were found while there are no keys: */
    ntlm_direction in;  /* what is never written is not to be wiped either */
} ntlm_session;

/* What is to be zero at the start, of a session that is at the end of something else. */
#define NTLM_SESSION_HEAD offsetof(ntlm_session, out)

/* A piece of a message, in order. All are signed; sealed ones are changed in place. */
typedef struct ntlm_piece {
    unsigned char *data;
    size_t size;
    bool sealed;
} ntlm_piece;

/* Seals and signs; numbers the message. False if the keys could not be made: nothing has
 * happened then. */
bool ntlm_session_protect(ntlm_session *session, const ntlm_piece *pieces, size_t count,
                          unsigned char signature[NTLM_SIGNATURE_SIZE]);

/* Begins both ciphers anew; the numbers go on. False as above. */
bool ntlm_session_restart(ntlm_session *session);

/* Whether there was more than one message either way. */
bool ntlm_session_is_used(const ntlm_session *session);

/* Leaves nothing of its keys. */
void ntlm_session_wipe(ntlm_session *session);

/* Unseals and checks. SEC_E_MESSAGE_ALTERED, or SEC_E_OUT_OF_SEQUENCE if it is not the next
 * message of the peer; the pieces are then as they were, and so is the session: what somebody
 * else has sent does not end it. */
SECURITY_STATUS ntlm_session_check(ntlm_session *session, const ntlm_piece *pieces,
                                   size_t count,
                                   const unsigned char signature[NTLM_SIGNATURE_SIZE]);

#endif
