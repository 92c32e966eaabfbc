/* SPDX-License-Identifier: MIT */
/*
 * libkrb5 reads keytabs from files alone. The bytes go into a file without a name, which is
 * read by its descriptor and gone before this returns; its entries stay in a keytab in memory
 * ("MEMORY:..."), which libkrb5 counts the users of and wipes after the last.
 */
#include "packed_keytab.h"
#include "status.h"

#include <errno.h>
#include <krb5.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define NAME_SIZE 64

struct gss_packed_keytab {
    krb5_context context;
    krb5_keytab keys;
    char name[NAME_SIZE];
};

/* What is left of a file or of an entry. */
struct rest {
    const unsigned char *at;
    size_t size;
};

static bool skip(struct rest *rest, size_t size)
{
    if (size > rest->size)
        return false;
    rest->at += size;
    rest->size -= size;
    return true;
}

static bool take(struct rest *rest, size_t size, uint32_t *number)
{
    const unsigned char *at = rest->at;

    if (!skip(rest, size))
        return false;
    *number = 0;
    for (size_t i = 0; i < size; i++)
        *number = *number << 8 | at[i];
    return true;
}

/* Behind its length, which libkrb5 takes for a positive number of 16 bits. */
static bool skip_name(struct rest *rest)
{
    uint32_t length;

    return take(rest, 2, &length) && length > 0 && length <= INT16_MAX && skip(rest, length);
}

static bool is_entry(struct rest entry)
{
    uint32_t components, length;
    bool good = take(&entry, 2, &components) && components > 0 && components <= INT16_MAX &&
                skip_name(&entry); /* the realm */

    for (uint32_t i = 0; good && i < components; i++)
        good = skip_name(&entry);
    /* Type of the name, time, version, enctype; then the key. */
    return good && skip(&entry, 4 + 4 + 1 + 2) && take(&entry, 2, &length) && length > 0 &&
           length <= INT16_MAX && skip(&entry, length);
}

static bool is_keytab(struct rest file)
{
    uint32_t version, size;

    if (!take(&file, 2, &version) || version != 0x0502)
        return false;
    while (file.size > 0) {
        const unsigned char *entry;

        if (!take(&file, 4, &size))
            return false;
        if (size == 0)
            return true;
        entry = file.at;
        if (!skip(&file, size > INT32_MAX ? 0u - size : size) ||
            (size <= INT32_MAX && !is_entry((struct rest){entry, size})))
            return false;
    }
    return true;
}

static int write_file(const void *content, size_t size)
{
    const char *at = content;
    int file = memfd_create("keytab", MFD_CLOEXEC);

    while (file >= 0 && size > 0) {
        const ssize_t count = write(file, at, size);

        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0) {
            close(file);
            return -1;
        }
        at += count;
        size -= (size_t)count;
    }
    return file;
}

/* All entries of one keytab into another. KRB5_KT_NOTFOUND if there is none. */
static krb5_error_code copy_entries(krb5_context context, krb5_keytab from, krb5_keytab to)
{
    krb5_kt_cursor cursor;
    krb5_keytab_entry entry;
    size_t count = 0;
    krb5_error_code code = krb5_kt_start_seq_get(context, from, &cursor);

    if (code != 0)
        return code;
    while ((code = krb5_kt_next_entry(context, from, &entry, &cursor)) == 0) {
        code = krb5_kt_add_entry(context, to, &entry);
        krb5_free_keytab_entry_contents(context, &entry);
        if (code != 0)
            break;
        count++;
    }
    krb5_kt_end_seq_get(context, from, &cursor);
    if (code != KRB5_KT_END)
        return code;
    return count > 0 ? 0 : KRB5_KT_NOTFOUND;
}

static SECURITY_STATUS no_keytab(sspia_report *report)
{
    return gss_status_report(report, SEC_E_UNKNOWN_CREDENTIALS, "packed keytab",
                             "its bytes are not those of a keytab file with keys in it");
}

static SECURITY_STATUS fill(gss_packed_keytab *keytab, const void *content, size_t size,
                            sspia_report *report)
{
    char name[NAME_SIZE];
    krb5_keytab file_keys = NULL;
    krb5_error_code code;
    int file;

    if (!is_keytab((struct rest){content, size}))
        return no_keytab(report);
    file = write_file(content, size);
    if (file < 0)
        return SEC_E_INSUFFICIENT_MEMORY; /* of descriptors, perhaps */
    snprintf(name, sizeof name, "FILE:/proc/self/fd/%d", file);
    code = krb5_kt_resolve(keytab->context, name, &file_keys);
    if (code == 0)
        code = copy_entries(keytab->context, file_keys, keytab->keys);
    if (file_keys != NULL)
        krb5_kt_close(keytab->context, file_keys);
    close(file);
    if (code == 0 || code == ENOMEM)
        return code == 0 ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
    return no_keytab(report);
}

SECURITY_STATUS gss_packed_keytab_open(const void *content, size_t size,
                                       gss_packed_keytab **keytab, sspia_report *report)
{
    static atomic_uint counter;
    gss_packed_keytab *made = calloc(1, sizeof *made);
    krb5_error_code code;
    SECURITY_STATUS status;

    if (made == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    snprintf(made->name, sizeof made->name, "MEMORY:sspi-async-packed-%u",
             atomic_fetch_add_explicit(&counter, 1, memory_order_relaxed));
    code = krb5_init_context(&made->context);
    if (code == 0)
        code = krb5_kt_resolve(made->context, made->name, &made->keys);
    if (code != 0)
        status = gss_status_krb5(made->context, code, GSS_AT_ACQUIRE, "packed keytab", report);
    else
        status = fill(made, content, size, report);
    if (status != SEC_E_OK) {
        gss_packed_keytab_close(made);
        return status;
    }
    *keytab = made;
    return SEC_E_OK;
}

const char *gss_packed_keytab_name(const gss_packed_keytab *keytab)
{
    return keytab->name;
}

void gss_packed_keytab_close(gss_packed_keytab *keytab)
{
    if (keytab == NULL)
        return;
    if (keytab->keys != NULL)
        krb5_kt_close(keytab->context, keytab->keys);
    krb5_free_context(keytab->context);
    free(keytab);
}
