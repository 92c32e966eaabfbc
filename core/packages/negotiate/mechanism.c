/* SPDX-License-Identifier: MIT */
#include "mechanism.h"
#include "host.h"
#include "status.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define OWN_NAME "Negotiate"

/* 1.2.840.48018.1.2.2, which Windows 2000 sent by mistake and Windows still offers first, and
 * 1.3.5.1.5.2 of Kerberos's early days. */
static const unsigned char microsoft_kerberos[] = {0x2a, 0x86, 0x48, 0x82, 0xf7,
                                                   0x12, 0x01, 0x02, 0x02};
static const unsigned char old_kerberos[] = {0x2b, 0x05, 0x01, 0x05, 0x02};

static size_t put_arc(unsigned char *place, unsigned long arc)
{
    size_t count = 1;

    for (unsigned long left = arc >> 7; left > 0; left >>= 7)
        count++;
    for (size_t i = count; i > 0; i--) {
        place[i - 1] = (unsigned char)((arc & 0x7f) | (i < count ? 0x80 : 0));
        arc >>= 7;
    }
    return count;
}

/* "1.2.840" to DER. */
static bool encode(const char *text, unsigned char oid[NEG_OID_MAX], size_t *size)
{
    unsigned long arcs[2] = {0, 0};
    size_t used = 0;
    int number = 0;

    for (; *text != '\0'; number++) {
        char *end;
        unsigned long arc = strtoul(text, &end, 10);

        if (end == text || (*end != '.' && *end != '\0') || arc > 0xfffffff ||
            used + 5 > NEG_OID_MAX)
            return false;
        if (number < 2)
            arcs[number] = arc;
        if (number == 1)
            used += put_arc(oid + used, 40 * arcs[0] + arcs[1]);
        else if (number > 1)
            used += put_arc(oid + used, arc);
        text = *end == '.' ? end + 1 : end;
    }
    *size = used;
    return number > 1;
}

bool neg_mechanism_of(const sspia_package *package, neg_mechanism *mechanism)
{
    *mechanism = (neg_mechanism){.package = package, .kind = NEG_OTHER};
    if (package == NULL || package->oid == NULL || package->copy_auth_data != NULL ||
        strcasecmp(package->name, OWN_NAME) == 0)
        return false;
    if (strcasecmp(package->name, "Kerberos") == 0)
        mechanism->kind = NEG_KERBEROS;
    else if (strcasecmp(package->name, "NTLM") == 0)
        mechanism->kind = NEG_NTLM;
    return encode(package->oid, mechanism->oid, &mechanism->oid_size);
}

bool neg_mechanism_is(const neg_mechanism *mechanism, neg_bytes oid)
{
    if (neg_bytes_equal((neg_bytes){mechanism->oid, mechanism->oid_size}, oid))
        return true;
    return mechanism->kind == NEG_KERBEROS &&
           (neg_bytes_equal((neg_bytes){microsoft_kerberos, sizeof microsoft_kerberos}, oid) ||
            neg_bytes_equal((neg_bytes){old_kerberos, sizeof old_kerberos}, oid));
}

static bool is_name(const char *entry, size_t length, const char *name)
{
    return strlen(name) == length && strncasecmp(entry, name, length) == 0;
}

/* Names of packages that are not here count as named, so that a list of them alone leaves
 * nothing. */
static bool is_listed(const char *list, const char *package)
{
    bool any_named = false;
    bool named = false;

    while (neg_given(list)) {
        size_t length = strcspn(list, ",");
        const char *entry = list;
        bool exclude;
        bool meant;

        list += length + (list[length] == ',' ? 1 : 0);
        for (; length > 0 && entry[0] == ' '; length--)
            entry++;
        while (length > 0 && entry[length - 1] == ' ')
            length--;
        exclude = length > 0 && entry[0] == '!';
        if (exclude) {
            entry++;
            length--;
        }
        meant = is_name(entry, length, package) || is_name(entry, length, OWN_NAME);
        if (exclude && meant)
            return false;
        if (!exclude && length > 0) {
            any_named = true;
            named = named || meant;
        }
    }
    return named || !any_named;
}

size_t neg_mechanisms(const char *package_list, neg_mechanism found[NEG_MECHANISMS_MAX],
                      sspia_report *report)
{
    const sspia_package *kerberos = NULL;
    const sspia_package *ntlm = NULL;
    const sspia_package *other;
    size_t count = 0;

    report->text[0] = '\0';
    if (is_listed(package_list, "Kerberos"))
        kerberos = neg_host->find("Kerberos", report);
    if (is_listed(package_list, "NTLM"))
        ntlm = neg_host->find("NTLM", report);
    if (neg_mechanism_of(kerberos, &found[count]))
        count++;
    for (size_t i = 0; (other = neg_host->at(i)) != NULL && count < NEG_MECHANISMS_MAX - 1;
         i++) {
        if (neg_mechanism_of(other, &found[count]) && found[count].kind == NEG_OTHER &&
            is_listed(package_list, other->name))
            count++;
    }
    if (neg_mechanism_of(ntlm, &found[count]))
        count++;
    return count;
}
