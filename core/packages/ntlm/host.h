/* SPDX-License-Identifier: MIT */
#ifndef NTLM_HOST_H
#define NTLM_HOST_H

#include "bytes.h"

#define NTLM_HOST_NETBIOS 15u
#define NTLM_HOST_DNS     255u
#define NTLM_HOST_INFO                                                                         \
    (2 * (4 + 2 * NTLM_HOST_NETBIOS) + 2 * (4 + 2 * NTLM_HOST_DNS) + (4 + 8) + 4)

/* What this machine calls itself in messages, in UTF-16LE: its NetBIOS name, and the pairs of a
 * challenge. The time is filled in for each challenge, at time_place of info. */
typedef struct ntlm_host_names {
    unsigned char computer[2 * NTLM_HOST_NETBIOS];
    size_t computer_size;
    unsigned char info[NTLM_HOST_INFO];
    size_t info_size;
    size_t time_place;
} ntlm_host_names;

void ntlm_host_read(ntlm_host_names *names);

/* Now, as the messages have it: FILETIME, little-endian (MS-DTYP 2.3.3). */
void ntlm_host_time(unsigned char time[8]);

#endif
