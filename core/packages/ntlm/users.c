/* SPDX-License-Identifier: MIT */
/* User files. One is read whole into memory that is wiped afterwards; what stays of a password
 * is its hash. Regular files only: reading one does not wait for anybody. */
#include "users.h"
#include "status.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (64u << 20)
#define HASH_HEX (2 * NTLM_HASH_SIZE)

typedef struct user {
    char *name;
    char *domain; /* "" matches any */
    unsigned char *folded;
    size_t name_size, domain_size; /* in folded, one after the other */
    unsigned char hash[NTLM_HASH_SIZE];
} user;

struct ntlm_users {
    atomic_uint references;
    struct stat source; /* of the file */
    unsigned char nobody[NTLM_HASH_SIZE];
    user *list;
    size_t count, room;
};

static bool read_hex(const char *text, unsigned char hash[NTLM_HASH_SIZE])
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";

    if (strlen(text) != HASH_HEX)
        return false;
    for (size_t i = 0; i < HASH_HEX; i++) {
        const char *digit = strchr(digits, text[i]);

        if (digit == NULL)
            return false;
        hash[i / 2] = (unsigned char)(hash[i / 2] << 4 | ((digit - digits) & 15));
    }
    return true;
}

/* Splits a line in place. False if it names no account. */
static bool parse(char *line, const char **name, const char **domain,
                  unsigned char hash[NTLM_HASH_SIZE])
{
    char *fields[4] = {NULL};
    char *rest = line;
    char *backslash;
    int count = 0;

    if (line[0] == '#')
        return false;
    line[strcspn(line, "\r\n")] = '\0';
    while (count < 4 && rest != NULL) {
        fields[count++] = rest;
        rest = strchr(rest, ':');
        if (rest != NULL)
            *rest++ = '\0';
    }
    if (count == 3) {
        *domain = fields[0];
        *name = fields[1];
        return **name != '\0' && ntlm_response_hash(fields[2], hash);
    }
    /* smbpasswd has more than four; a password cannot have a colon in it. */
    if (count < 4 || rest == NULL)
        return false;
    backslash = strchr(fields[0], '\\');
    *domain = "";
    *name = fields[0];
    if (backslash != NULL) {
        *backslash = '\0';
        *domain = fields[0];
        *name = backslash + 1;
    }
    return **name != '\0' && read_hex(fields[3], hash);
}

static bool make_room(ntlm_users *users)
{
    size_t room = users->room > 0 ? 2 * users->room : 4;
    user *list;

    if (users->count < users->room)
        return true;
    /* Not realloc: it would leave hashes behind. */
    list = calloc(room, sizeof *list);
    if (list == NULL)
        return false;
    if (users->count > 0)
        memcpy(list, users->list, users->count * sizeof *list);
    if (users->list != NULL)
        ntlm_crypto_wipe(users->list, users->count * sizeof *list);
    free(users->list);
    users->list = list;
    users->room = room;
    return true;
}

static SECURITY_STATUS add(ntlm_users *users, const char *name, const char *domain,
                           const unsigned char hash[NTLM_HASH_SIZE], sspia_report *report)
{
    unsigned char folded[4 * NTLM_NAME_MAX];
    user *next;
    size_t name_size;
    size_t domain_size;
    SECURITY_STATUS status = ntlm_account_fold(name, folded, &name_size, report);

    if (status == SEC_E_OK)
        status = ntlm_account_fold(domain, folded + name_size, &domain_size, report);
    if (status != SEC_E_OK)
        return status;
    if (!make_room(users))
        return SEC_E_INSUFFICIENT_MEMORY;
    next = &users->list[users->count++];
    next->name = strdup(name);
    next->domain = strdup(domain);
    next->folded = malloc(name_size + domain_size);
    next->name_size = name_size;
    next->domain_size = domain_size;
    memcpy(next->hash, hash, NTLM_HASH_SIZE);
    if (next->name == NULL || next->domain == NULL || next->folded == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    memcpy(next->folded, folded, name_size + domain_size);
    return SEC_E_OK;
}

static SECURITY_STATUS create(ntlm_users **users, sspia_report *report)
{
    *users = calloc(1, sizeof **users);
    if (*users == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    atomic_init(&(*users)->references, 1);
    if (ntlm_crypto_random((*users)->nobody, NTLM_HASH_SIZE))
        return SEC_E_OK;
    ntlm_users_drop(*users);
    *users = NULL;
    return ntlm_report_crypto(report);
}

SECURITY_STATUS ntlm_users_of_account(const char *name, const char *domain,
                                      const unsigned char hash[NTLM_HASH_SIZE],
                                      ntlm_users **users, sspia_report *report)
{
    SECURITY_STATUS status = create(users, report);

    if (status != SEC_E_OK)
        return status;
    status = add(*users, name, domain != NULL ? domain : "", hash, report);
    if (status != SEC_E_OK) {
        ntlm_users_drop(*users);
        *users = NULL;
    }
    return status;
}

/* *text has a NUL behind its end, and is to be wiped and freed. */
static SECURITY_STATUS read_whole(const char *path, struct stat *source, char **text,
                                  size_t *size, sspia_report *report)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    const char *why = NULL;
    ssize_t got = 1;
    SECURITY_STATUS status = SEC_E_OK;

    *text = NULL;
    *size = 0;
    if (file < 0 || fstat(file, source) != 0)
        why = strerror(errno);
    else if (!S_ISREG(source->st_mode))
        why = "it is not a regular file";
    else if (source->st_size > FILE_MAX)
        why = "it is larger than 64 MiB";
    else if ((*text = malloc((size_t)source->st_size + 1)) == NULL)
        status = SEC_E_INSUFFICIENT_MEMORY;
    while (why == NULL && *text != NULL && got != 0 && *size < (size_t)source->st_size) {
        got = read(file, *text + *size, (size_t)source->st_size - *size);
        if (got > 0)
            *size += (size_t)got;
        else if (got < 0 && errno != EINTR)
            why = strerror(errno);
    }
    if (file >= 0)
        close(file);
    if (why != NULL) {
        status = ntlm_report(report, SEC_E_NO_CREDENTIALS, path, why);
        if (*text != NULL)
            ntlm_crypto_wipe(*text, *size);
        free(*text);
        *text = NULL;
    }
    if (*text != NULL)
        (*text)[*size] = '\0';
    return status;
}

SECURITY_STATUS ntlm_users_load(const char *path, ntlm_users **users, sspia_report *report)
{
    unsigned char hash[NTLM_HASH_SIZE];
    struct stat source;
    size_t size;
    char *next;
    char *text;
    SECURITY_STATUS status = read_whole(path, &source, &text, &size, report);

    *users = NULL;
    if (status != SEC_E_OK)
        return status;
    status = create(users, report);
    if (status != SEC_E_OK)
        goto done;
    (*users)->source = source;
    for (char *line = text; status == SEC_E_OK && line != NULL; line = next) {
        const char *name;
        const char *domain;
        sspia_report ignored;

        next = memchr(line, '\n', (size_t)(text + size - line));
        if (next != NULL)
            *next++ = '\0';
        if (parse(line, &name, &domain, hash))
            status = add(*users, name, domain, hash, &ignored);
        if (status == SEC_E_INVALID_PARAMETER) /* a name that no client can send */
            status = SEC_E_OK;
    }
    if (status != SEC_E_OK) {
        ntlm_users_drop(*users);
        *users = NULL;
    }

done:
    ntlm_crypto_wipe(hash, sizeof hash);
    ntlm_crypto_wipe(text, size);
    free(text);
    return status;
}

ntlm_users *ntlm_users_keep(ntlm_users *users)
{
    atomic_fetch_add_explicit(&users->references, 1, memory_order_relaxed);
    return users;
}

void ntlm_users_drop(ntlm_users *users)
{
    /* acq_rel: the last one frees after everyone else's use. */
    if (users == NULL ||
        atomic_fetch_sub_explicit(&users->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < users->count; i++) {
        free(users->list[i].name);
        free(users->list[i].domain);
        free(users->list[i].folded);
    }
    if (users->list != NULL)
        ntlm_crypto_wipe(users->list, users->count * sizeof *users->list);
    free(users->list);
    free(users);
}

bool ntlm_users_fresh(const ntlm_users *users, const char *path)
{
    struct stat now;

    return stat(path, &now) == 0 && now.st_dev == users->source.st_dev &&
           now.st_ino == users->source.st_ino && now.st_size == users->source.st_size &&
           now.st_mtim.tv_sec == users->source.st_mtim.tv_sec &&
           now.st_mtim.tv_nsec == users->source.st_mtim.tv_nsec;
}

static bool same(ntlm_bytes one, const unsigned char *data, size_t size)
{
    return one.size == size && (size == 0 || memcmp(one.data, data, size) == 0);
}

bool ntlm_users_find(const ntlm_users *users, ntlm_bytes name, ntlm_bytes domain,
                     unsigned char hash[NTLM_HASH_SIZE])
{
    const user *found = NULL;

    /* To the end, also when it is found: the place of an account in the file shows in no time.
     */
    for (size_t i = 0; i < users->count; i++) {
        const user *entry = &users->list[i];

        if (same(name, entry->folded, entry->name_size) &&
            (domain.size == 0 || entry->domain_size == 0 ||
             same(domain, entry->folded + entry->name_size, entry->domain_size)) &&
            found == NULL)
            found = entry;
    }
    memcpy(hash, found != NULL ? found->hash : users->nobody, NTLM_HASH_SIZE);
    return found != NULL;
}

bool ntlm_users_name(const ntlm_users *users, const char *wanted, const char *wanted_domain,
                     const char **name, const char **domain, unsigned char hash[NTLM_HASH_SIZE])
{
    unsigned char folded[2 * NTLM_NAME_MAX];
    unsigned char folded_domain[2 * NTLM_NAME_MAX];
    size_t size = 0;
    size_t domain_size = 0;

    if (wanted != NULL &&
        (ntlm_account_fold(wanted, folded, &size, NULL) != SEC_E_OK ||
         ntlm_account_fold(wanted_domain, folded_domain, &domain_size, NULL) != SEC_E_OK))
        return false;
    for (size_t i = 0; i < users->count; i++) {
        const user *entry = &users->list[i];

        if (wanted != NULL &&
            (!same((ntlm_bytes){folded, size}, entry->folded, entry->name_size) ||
             (domain_size != 0 && entry->domain_size != 0 &&
              !same((ntlm_bytes){folded_domain, domain_size}, entry->folded + entry->name_size,
                    entry->domain_size))))
            continue;
        *name = entry->name;
        *domain = entry->domain;
        memcpy(hash, entry->hash, NTLM_HASH_SIZE);
        return true;
    }
    return false;
}
