/* SPDX-License-Identifier: MIT */
#ifndef NTLM_MESSAGE_H
#define NTLM_MESSAGE_H

#include "bytes.h"

/* MS-NLMP names no limit; Windows says this in SecPkgInfo.cbMaxToken. */
#define NTLM_MAX_TOKEN 2888u

#include <stdbool.h>

/* NegotiateFlags (MS-NLMP 2.2.2.5), as far as they mean something here. */
#define NTLM_UNICODE        0x00000001u
#define NTLM_OEM            0x00000002u
#define NTLM_REQUEST_TARGET 0x00000004u
#define NTLM_SIGN           0x00000010u
#define NTLM_SEAL           0x00000020u
#define NTLM_DATAGRAM       0x00000040u
#define NTLM_NTLM           0x00000200u
#define NTLM_ANONYMOUS      0x00000800u
#define NTLM_ALWAYS_SIGN    0x00008000u
#define NTLM_TARGET_SERVER  0x00020000u
#define NTLM_EXTENDED       0x00080000u /* extended session security */
#define NTLM_IDENTIFY       0x00100000u
#define NTLM_TARGET_INFO    0x00800000u
#define NTLM_VERSION        0x02000000u
#define NTLM_128            0x20000000u
#define NTLM_KEY_EXCHANGE   0x40000000u

#define NTLM_CHALLENGE_SIZE    8u
#define NTLM_NEGOTIATE_SIZE    40u /* of those written here */
#define NTLM_CHALLENGE_HEAD    56u
#define NTLM_AUTHENTICATE_HEAD 88u
#define NTLM_MIC_PLACE         72u
#define NTLM_MIC_SIZE          16u
#define NTLM_FIELD_MAX         0xffffu

/* What a message says; its parts point into it. */
typedef struct ntlm_challenge {
    uint32_t flags;
    unsigned char nonce[NTLM_CHALLENGE_SIZE];
    ntlm_bytes target;
    ntlm_bytes target_info;
} ntlm_challenge;

typedef struct ntlm_authenticate {
    uint32_t flags;
    ntlm_bytes lm_response;
    ntlm_bytes nt_response;
    ntlm_bytes domain;
    ntlm_bytes user;
    ntlm_bytes workstation;
    ntlm_bytes session_key;
    bool has_mic; /* there is room for one in front of everything else */
} ntlm_authenticate;

/* The readers take what MS-NLMP lets a peer leave out: Version, the names of a
 * NEGOTIATE_MESSAGE, a challenge's target info, the MIC. False if it is another message, or a
 * part is not inside it; *why then says so in words for people. */
bool ntlm_message_read_negotiate(ntlm_bytes message, uint32_t *flags, const char **why);
bool ntlm_message_read_challenge(ntlm_bytes message, ntlm_challenge *challenge,
                                 const char **why);
bool ntlm_message_read_authenticate(ntlm_bytes message, ntlm_authenticate *authenticate,
                                    const char **why);

/* The writers fill a place that is large enough. */
void ntlm_message_write_negotiate(unsigned char place[NTLM_NEGOTIATE_SIZE], uint32_t flags);

/* NTLM_CHALLENGE_HEAD, target and target_info together. */
size_t ntlm_message_challenge_size(const ntlm_challenge *challenge);
void ntlm_message_write_challenge(unsigned char *place, const ntlm_challenge *challenge);

/* The MIC is zero. */
size_t ntlm_message_authenticate_size(const ntlm_authenticate *authenticate);
void ntlm_message_write_authenticate(unsigned char *place,
                                     const ntlm_authenticate *authenticate);

#endif
