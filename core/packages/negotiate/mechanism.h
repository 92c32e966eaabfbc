/* SPDX-License-Identifier: MIT */
/* The packages that can be negotiated: those with an object identifier. */
#ifndef NEGOTIATE_MECHANISM_H
#define NEGOTIATE_MECHANISM_H

#include "der.h"
#include "sspi_package.h"

#include <stdint.h>

#define NEG_MECHANISMS_MAX 8u
#define NEG_OID_MAX        32u

/* Parts of an identity that mean one kind of mechanism have to know which it is. */
typedef enum neg_kind { NEG_KERBEROS, NEG_OTHER, NEG_NTLM } neg_kind;

typedef struct neg_mechanism {
    const sspia_package *package;
    neg_kind kind;
    unsigned char oid[NEG_OID_MAX]; /* in DER, without tag and length */
    size_t oid_size;
} neg_mechanism;

/* Those that a PackageList leaves ("kerberos,ntlm", "!ntlm"; NULL: all), the best one first:
 * Kerberos, what programs have added, NTLM. Returns how many; if none, the report has the
 * reason why a module could not be loaded, if that is what is wrong. */
size_t neg_mechanisms(const char *package_list, neg_mechanism found[NEG_MECHANISMS_MAX],
                      sspia_report *report);

/* Whether an identifier stands for the mechanism; for Kerberos there are several. */
bool neg_mechanism_is(const neg_mechanism *mechanism, neg_bytes oid);

/* The mechanism of a package, listed or not: false if there is none here. */
bool neg_mechanism_of(const sspia_package *package, neg_mechanism *mechanism);

#endif
