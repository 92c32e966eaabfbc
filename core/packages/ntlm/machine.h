/* SPDX-License-Identifier: MIT */
#ifndef NTLM_MACHINE_H
#define NTLM_MACHINE_H

#include "bytes.h"

#define NTLM_MACHINE_NETBIOS 15u
#define NTLM_MACHINE_DNS     255u
#define NTLM_MACHINE_INFO                                                                      \
    (2 * (4 + 2 * NTLM_MACHINE_NETBIOS) + 2 * (4 + 2 * NTLM_MACHINE_DNS) + (4 + 8) + 4)

/* What this machine calls itself in messages, in UTF-16LE: its NetBIOS name, and the pairs of a
 * challenge. The time is filled in for each challenge, at time_place of info. */
typedef struct ntlm_machine_names {
    unsigned char computer[2 * NTLM_MACHINE_NETBIOS];
    size_t computer_size;
    unsigned char info[NTLM_MACHINE_INFO];
    size_t info_size;
    size_t time_place;
} ntlm_machine_names;

void ntlm_machine_read(ntlm_machine_names *names);

/* Now, as the messages have it: FILETIME, little-endian (MS-DTYP 2.3.3). */
void ntlm_machine_time(unsigned char time[8]);

#endif
