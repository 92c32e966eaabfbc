/* SPDX-License-Identifier: MIT */
/* This machine: its names, and its clock. */
#include "machine.h"
#include "av_pair.h"
#include "text.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* NetBIOS names are short and in capitals; only ASCII can stand in a host name. */
static void make_short(const char *name, char computer[NTLM_MACHINE_NETBIOS + 1])
{
    size_t length = strcspn(name, ".");

    if (length > NTLM_MACHINE_NETBIOS)
        length = NTLM_MACHINE_NETBIOS;
    for (size_t i = 0; i < length; i++)
        computer[i] = (char)(name[i] >= 'a' && name[i] <= 'z' ? name[i] - 'a' + 'A' : name[i]);
    computer[length] = '\0';
}

/* The machine's own name, if it can stand in a message. */
static void read_name(char name[NTLM_MACHINE_DNS + 1])
{
    bool usable = gethostname(name, NTLM_MACHINE_DNS + 1) == 0;

    name[NTLM_MACHINE_DNS] = '\0';
    usable = usable && name[0] != '\0' && name[0] != '.';
    for (const char *c = name; usable && *c != '\0'; c++)
        usable = (unsigned char)*c < 0x80;
    if (!usable)
        strcpy(name, "localhost");
}

void ntlm_machine_read(ntlm_machine_names *names)
{
    static const unsigned char no_time[8];
    char name[NTLM_MACHINE_DNS + 1];
    char computer[NTLM_MACHINE_NETBIOS + 1];
    unsigned char dns[2 * NTLM_MACHINE_DNS];
    unsigned char *next = names->info;
    size_t dns_size;

    read_name(name);
    make_short(name, computer);
    names->computer_size = ntlm_text_to_wire(computer, names->computer, sizeof names->computer);
    dns_size = ntlm_text_to_wire(name, dns, sizeof dns);
    /* A machine that belongs to no domain is its own (MS-NLMP 3.2.5.1.1). */
    next = ntlm_av_put(next, NTLM_AV_NB_DOMAIN, names->computer, names->computer_size);
    next = ntlm_av_put(next, NTLM_AV_NB_COMPUTER, names->computer, names->computer_size);
    next = ntlm_av_put(next, NTLM_AV_DNS_DOMAIN, dns, dns_size);
    next = ntlm_av_put(next, NTLM_AV_DNS_COMPUTER, dns, dns_size);
    names->time_place = (size_t)(next - names->info) + NTLM_AV_HEAD;
    next = ntlm_av_put(next, NTLM_AV_TIMESTAMP, no_time, sizeof no_time);
    next = ntlm_av_put(next, NTLM_AV_EOL, NULL, 0);
    names->info_size = (size_t)(next - names->info);
}

void ntlm_machine_time(unsigned char time[8])
{
    struct timespec now;
    uint64_t ticks;

    clock_gettime(CLOCK_REALTIME, &now);
    ticks = ((uint64_t)now.tv_sec + 11644473600u) * 10000000u + (uint64_t)now.tv_nsec / 100;
    for (int i = 0; i < 8; i++)
        time[i] = (unsigned char)(ticks >> (8 * i));
}
