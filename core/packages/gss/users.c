/* SPDX-License-Identifier: MIT */
/*
 * NTLM user files, as gss-ntlmssp reads them.
 *
 * An acceptor of gss-ntlmssp reads the file at every handshake and hashes the password it
 * finds, which costs 450 us and loses 15 KB each time (nthash.c). So it gets another file:
 * in memory (memfd_create), in smbpasswd's format, with NT hashes. The LM column holds
 * random digits: gss-ntlmssp checks LM responses against it at low LM_COMPAT_LEVELs, and a
 * hash that somebody knows, such as zeros, would open the account there.
 */
#include "users.h"
#include "status.h"
#include "text.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct gss_users {
    atomic_uint references;
    int descriptor;
    char path[32];
    struct stat source; /* of the file it was made from */
};

#define LINE_MAX_LENGTH 1024 /* gss-ntlmssp's */

/* Splits a line of either format in place; the hash of a password is computed only if
 * asked for. False for comments and lines that are neither. */
static bool parse(char *line, const char **name, const char **domain, char hash[GSS_NTHASH_HEX],
                  const char *want_name, const char *want_domain)
{
    char *rest = line;
    char *fields[4] = {NULL};
    int count = 0;
    char *backslash;

    if (line[0] == '#')
        return false;
    line[strcspn(line, "\r\n")] = '\0';
    while (count < 4 && rest != NULL) {
        /* The third field of a DOMAIN:user:password line may not contain ':' either: the
         * fourth tells the formats apart. */
        fields[count++] = rest;
        rest = strchr(rest, ':');
        if (rest != NULL)
            *rest++ = '\0';
    }
    if (count < 3 || (count == 4 && rest == NULL))
        return false;
    *domain = fields[0];
    *name = fields[1];
    if (count == 4) {
        *name = fields[0];
        *domain = NULL;
        backslash = strchr(fields[0], '\\');
        if (backslash != NULL) {
            *backslash = '\0';
            *domain = fields[0];
            *name = backslash + 1;
        }
    }
    if ((want_name != NULL && strcasecmp(want_name, *name) != 0) ||
        (want_domain != NULL && *domain != NULL && strcasecmp(want_domain, *domain) != 0))
        return false;
    if (count == 3)
        return gss_nthash(fields[2], hash);
    if (strlen(fields[3]) != GSS_NTHASH_HEX - 1 ||
        strspn(fields[3], "0123456789abcdefABCDEF") != GSS_NTHASH_HEX - 1)
        return false;
    memcpy(hash, fields[3], GSS_NTHASH_HEX);
    return true;
}

/* An open user file. The buffer is ours, so that no copy of a password outlives it. */
typedef struct user_file {
    FILE *file;
    char buffer[4096];
} user_file;

static bool open_file(user_file *open, const char *path, sspia_report *report)
{
    open->file = fopen(path, "re");
    if (open->file == NULL) {
        gss_status_report(report, SEC_E_NO_CREDENTIALS, path, strerror(errno));
        return false;
    }
    setvbuf(open->file, open->buffer, _IOFBF, sizeof open->buffer);
    return true;
}

static void close_file(user_file *open)
{
    fclose(open->file);
    OPENSSL_cleanse(open->buffer, sizeof open->buffer);
}

SECURITY_STATUS gss_user_find(const char *path, const char *name, const char *domain,
                              gss_user *user, sspia_report *report)
{
    char line[LINE_MAX_LENGTH];
    const char *found_name = NULL;
    const char *found_domain = NULL;
    SECURITY_STATUS status = SEC_E_NO_CREDENTIALS;
    user_file open;

    memset(user, 0, sizeof *user);
    if (!open_file(&open, path, report))
        return status;
    while (status == SEC_E_NO_CREDENTIALS && fgets(line, sizeof line, open.file) != NULL) {
        if (!parse(line, &found_name, &found_domain, user->hash, name, domain))
            continue;
        status = SEC_E_OK;
        if (!gss_text_copy(found_name, &user->name) ||
            !gss_text_copy(found_domain, &user->domain)) {
            gss_user_wipe(user);
            status = gss_status_report(report, SEC_E_INSUFFICIENT_MEMORY, path, NULL);
        }
    }
    if (status == SEC_E_NO_CREDENTIALS)
        gss_status_report(report, status, path, "no such user");
    OPENSSL_cleanse(line, sizeof line);
    close_file(&open);
    return status;
}

void gss_user_wipe(gss_user *user)
{
    free(user->name);
    free(user->domain);
    OPENSSL_cleanse(user, sizeof *user);
}

static bool write_all(int descriptor, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(descriptor, bytes, size);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        bytes += written;
        size -= (size_t)written;
    }
    return true;
}

/* One line of smbpasswd's format, without line feeds in its names. */
static bool write_line(int descriptor, const char *domain, const char *name,
                       const char hash[GSS_NTHASH_HEX])
{
    char out[LINE_MAX_LENGTH + 3 * GSS_NTHASH_HEX];
    char lm[GSS_NTHASH_HEX];
    int length;
    bool done;

    if (!gss_nthash_random(lm))
        return false;
    length = snprintf(out, sizeof out, "%s%s%s:0:%s:%s:[U]:\n", domain != NULL ? domain : "",
                      domain != NULL ? "\\" : "", name, lm, hash);
    done =
        length > 0 && (size_t)length < sizeof out && write_all(descriptor, out, (size_t)length);
    OPENSSL_cleanse(out, sizeof out);
    return done;
}

static bool hash_lines(FILE *file, int descriptor)
{
    char line[LINE_MAX_LENGTH];
    char hash[GSS_NTHASH_HEX];
    const char *name;
    const char *domain;
    bool done = true;

    while (done && fgets(line, sizeof line, file) != NULL) {
        if (parse(line, &name, &domain, hash, NULL, NULL))
            done = write_line(descriptor, domain, name, hash);
    }
    OPENSSL_cleanse(line, sizeof line);
    OPENSSL_cleanse(hash, sizeof hash);
    return done;
}

static gss_users *create(void)
{
    gss_users *made = calloc(1, sizeof *made);

    if (made == NULL)
        return NULL;
    atomic_init(&made->references, 1);
    made->descriptor = memfd_create("ntlm-users", MFD_CLOEXEC);
    snprintf(made->path, sizeof made->path, "/proc/self/fd/%d", made->descriptor);
    return made;
}

SECURITY_STATUS gss_users_of_account(const char *domain, const char *name,
                                     const char hash[GSS_NTHASH_HEX], gss_users **users,
                                     sspia_report *report)
{
    gss_users *made;

    *users = NULL;
    if (strpbrk(name, ":\\\r\n") != NULL ||
        (domain != NULL && strpbrk(domain, ":\\\r\n") != NULL))
        return gss_status_report(report, SEC_E_INVALID_PARAMETER, "identity",
                                 "user or domain has a colon, backslash or line feed");
    made = create();
    if (made == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    if (made->descriptor < 0 || !write_line(made->descriptor, domain, name, hash)) {
        gss_users_drop(made);
        return gss_status_report(report, SEC_E_INSUFFICIENT_MEMORY, "identity",
                                 "there is no memory file to be had, or the name is too long");
    }
    *users = made;
    return SEC_E_OK;
}

SECURITY_STATUS gss_users_load(const char *path, gss_users **users, sspia_report *report)
{
    user_file open;
    gss_users *made = NULL;
    SECURITY_STATUS status = SEC_E_INSUFFICIENT_MEMORY;

    *users = NULL;
    if (!open_file(&open, path, report))
        return SEC_E_NO_CREDENTIALS;
    made = create();
    if (made == NULL)
        goto done;
    if (made->descriptor < 0 || fstat(fileno(open.file), &made->source) != 0 ||
        !hash_lines(open.file, made->descriptor)) {
        status = gss_status_report(report, SEC_E_INTERNAL_ERROR, path,
                                   "cannot be prepared: memory file or MD4 is missing");
        goto done;
    }
    *users = made;
    made = NULL;
    status = SEC_E_OK;

done:
    gss_users_drop(made);
    close_file(&open);
    return status;
}

gss_users *gss_users_keep(gss_users *users)
{
    if (users != NULL)
        atomic_fetch_add_explicit(&users->references, 1, memory_order_relaxed);
    return users;
}

void gss_users_drop(gss_users *users)
{
    /* acq_rel: the last one sees all use of the descriptor by the others. */
    if (users == NULL ||
        atomic_fetch_sub_explicit(&users->references, 1, memory_order_acq_rel) != 1)
        return;
    if (users->descriptor >= 0)
        close(users->descriptor);
    free(users);
}

const char *gss_users_path(const gss_users *users)
{
    return users->path;
}

bool gss_users_fresh(const gss_users *users, const char *path)
{
    struct stat now;

    return stat(path, &now) == 0 && now.st_dev == users->source.st_dev &&
           now.st_ino == users->source.st_ino && now.st_size == users->source.st_size &&
           now.st_mtim.tv_sec == users->source.st_mtim.tv_sec &&
           now.st_mtim.tv_nsec == users->source.st_mtim.tv_nsec;
}
