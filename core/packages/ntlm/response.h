/* SPDX-License-Identifier: MIT */
#ifndef NTLM_RESPONSE_H
#define NTLM_RESPONSE_H

#include "bytes.h"
#include "crypto.h"

#define NTLM_HASH_SIZE  16u
#define NTLM_PROOF_SIZE 16u

/* An NTLMv2 response (MS-NLMP 2.2.2.8): the proof, then NTLMv2_CLIENT_CHALLENGE with the pairs
 * at this place; an NTLMv1 response has 24 bytes. */
#define NTLM_RESPONSE_TIME  24u
#define NTLM_RESPONSE_NONCE 32u
#define NTLM_RESPONSE_PAIRS 44u
#define NTLM_RESPONSE_TAIL  4u
#define NTLM_RESPONSE_V1    24u

/* The NT hash of a password (MS-NLMP 3.3.1, NTOWFv1). False if it is not UTF-8 or has more than
 * 256 units, Windows' limit. */
bool ntlm_response_hash(const char *password, unsigned char hash[NTLM_HASH_SIZE]);

/* NTOWFv2 (3.3.2). user is upper-cased UTF-16LE, domain UTF-16LE as it is. */
bool ntlm_response_key(const unsigned char hash[NTLM_HASH_SIZE], ntlm_bytes user,
                       ntlm_bytes domain, unsigned char key[NTLM_KEY_SIZE]);

/* NTProofStr over the server's challenge and what follows the proof, and the session base key
 * that goes with it. */
bool ntlm_response_prove(const unsigned char key[NTLM_KEY_SIZE], const unsigned char *challenge,
                         ntlm_bytes rest, unsigned char proof[NTLM_PROOF_SIZE],
                         unsigned char base_key[NTLM_KEY_SIZE]);

/* Writes the head of NTLMv2_CLIENT_CHALLENGE, up to the pairs, behind room for the proof. */
void ntlm_response_write_head(unsigned char *response, const unsigned char time[8],
                              const unsigned char nonce[8]);

/* The MIC (3.1.5.1.2): over the three messages, the last with zeros in its place. */
bool ntlm_response_mic(const unsigned char key[NTLM_KEY_SIZE], ntlm_bytes negotiate,
                       ntlm_bytes challenge, ntlm_bytes authenticate,
                       unsigned char mic[NTLM_DIGEST_SIZE]);

#endif
