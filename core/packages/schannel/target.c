/* SPDX-License-Identifier: MIT */
#include "target.h"

#include <arpa/inet.h>
#include <string.h>

#include "status.h"

static bool is_address(const char *name)
{
    unsigned char bytes[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1;
}

/* Letters, digits, hyphens, dots; underscores are in use. */
static bool is_host_name(const char *name)
{
    for (const char *at = name; *at != '\0'; at++) {
        if ((*at == '.' && (at == name || at[1] == '.')) ||
            strchr("abcdefghijklmnopqrstuvwxyz0123456789-_.", *at) == NULL)
            return false;
    }
    return name[0] != '\0';
}

SECURITY_STATUS target_parse(const char *text, struct target *target, sspia_report *report)
{
    size_t length = text != NULL ? strlen(text) : 0;

    *target = (struct target){.name = ""};
    if (length == 0)
        return SEC_E_OK;
    if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
        text++;
        length -= 2;
    } else if (text[length - 1] == '.') {
        length--; /* RFC 6066 3: SNI goes without it */
    }
    if (length >= TARGET_SIZE) {
        report_line(report, "the target name is longer than a host name can be");
        return SEC_E_TARGET_UNKNOWN;
    }
    for (size_t i = 0; i < length; i++) {
        /* Not tolower: the locale has no say in this. */
        target->name[i] =
            text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] - 'A' + 'a') : text[i];
    }
    target->is_address = is_address(target->name);
    if (target->is_address || is_host_name(target->name))
        return SEC_E_OK;
    *target = (struct target){.name = ""};
    report_line(report, "the target name must be a host name (beyond ASCII: its xn-- form) or "
                        "an IP address");
    return SEC_E_TARGET_UNKNOWN;
}
