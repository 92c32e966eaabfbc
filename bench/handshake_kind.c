/* SPDX-License-Identifier: MIT */
#include "handshake.h"

#include <stdio.h>
#include <stdlib.h>

#include "measure.h"

static const struct {
    const char *name;
    long count;
    const char *needs[4];
} kinds[] = {
    [HANDSHAKE_NTLM] = {"NTLM", 1500, {"NTLM_USER_FILE", "ALICE_PASSWORD"}},
    [HANDSHAKE_KERBEROS] = {"Kerberos", 800, {"KDC_PID", "CCACHE", "KEYTAB"}},
    [HANDSHAKE_NEGOTIATE_NTLM] = {"Negotiate (NTLM)",
                                  1500,
                                  {"NTLM_USER_FILE", "ALICE_PASSWORD"}},
    [HANDSHAKE_NEGOTIATE_KERBEROS] = {"Negotiate (Kerberos)",
                                      800,
                                      {"KDC_PID", "CCACHE", "KEYTAB"}},
    [HANDSHAKE_TLS] = {"TLS 1.3", 300, {"TLS_CERTIFICATE"}},
};

const char *handshake_name(enum handshake_kind kind)
{
    return kinds[kind].name;
}

bool handshake_possible(enum handshake_kind kind)
{
    for (const char *const *name = kinds[kind].needs; *name != NULL; name++) {
        if (getenv(*name) == NULL) {
            fprintf(stderr, "not measured: %s (%s is not set; ./dev bench does)\n",
                    kinds[kind].name, *name);
            return false;
        }
    }
    return true;
}

char *handshake_value(const char *name)
{
    char *value = getenv(name);

    if (value == NULL)
        measure_fail("%s is not set", name);
    return value;
}

long handshake_count(enum handshake_kind kind)
{
    return kinds[kind].count;
}

double handshake_cost(void (*run)(long count), long count)
{
    double begun = measure_now();

    run(count);
    return (measure_now() - begun) / 1e3 / (double)count;
}
