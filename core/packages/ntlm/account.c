/* SPDX-License-Identifier: MIT */
/* Accounts: their names, and what an initiator needs of one. */
#include "account.h"
#include "host.h"
#include "status.h"
#include "text.h"
#include "upper.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OWN_NAME_SIZE 4096

SECURITY_STATUS ntlm_account_split(const char *user, const char *domain, char **bare_user,
                                   char **bare_domain, sspia_report *report)
{
    const char *backslash = strchr(user, '\\');
    const char *at = strrchr(user, '@');

    *bare_user = *bare_domain = NULL;
    if (ntlm_text_given(domain)) {
        *bare_user = strdup(user);
        *bare_domain = strdup(domain);
    } else if (backslash != NULL) {
        *bare_user = strdup(backslash + 1);
        *bare_domain = strndup(user, (size_t)(backslash - user));
    } else if (at != NULL) {
        *bare_user = strndup(user, (size_t)(at - user));
        *bare_domain = strdup(at + 1);
    } else {
        *bare_user = strdup(user);
        *bare_domain = strdup("");
    }
    if (*bare_user != NULL && *bare_domain != NULL && (*bare_user)[0] != '\0')
        return SEC_E_OK;
    free(*bare_user);
    free(*bare_domain);
    *bare_user = *bare_domain = NULL;
    return user[0] == '\0' || user[strlen(user) - 1] == '\\' || user[0] == '@'
               ? ntlm_report(report, SEC_E_INVALID_PARAMETER, "identity", "it names no user")
               : SEC_E_INSUFFICIENT_MEMORY;
}

static SECURITY_STATUS to_wire(const char *name, unsigned char wire[2 * NTLM_NAME_MAX],
                               size_t *size, sspia_report *report)
{
    *size = ntlm_text_to_wire(name, wire, 2 * NTLM_NAME_MAX);
    return *size != NTLM_TEXT_BAD
               ? SEC_E_OK
               : ntlm_report(report, SEC_E_INVALID_PARAMETER, "identity",
                             "user or domain is not UTF-8, or longer than 256 characters");
}

SECURITY_STATUS ntlm_account_fold(const char *name, unsigned char folded[2 * NTLM_NAME_MAX],
                                  size_t *size, sspia_report *report)
{
    SECURITY_STATUS status = to_wire(name, folded, size, report);

    if (status == SEC_E_OK)
        ntlm_upper(folded, *size);
    return status;
}

SECURITY_STATUS ntlm_account_make(const char *user, const char *domain,
                                  const unsigned char hash[NTLM_HASH_SIZE],
                                  ntlm_account **account, sspia_report *report)
{
    unsigned char folded[2 * NTLM_NAME_MAX];
    ntlm_account *made = calloc(1, sizeof *made);
    SECURITY_STATUS status = SEC_E_INSUFFICIENT_MEMORY;
    size_t size;

    *account = NULL;
    if (made == NULL)
        return status;
    made->anonymous = user == NULL;
    made->user = strdup(made->anonymous ? "" : user);
    made->domain = strdup(made->anonymous ? "" : domain);
    if (made->user == NULL || made->domain == NULL)
        goto done;
    status = to_wire(made->user, made->wire_user, &made->user_size, report);
    if (status == SEC_E_OK)
        status = to_wire(made->domain, made->wire_domain, &made->domain_size, report);
    if (status == SEC_E_OK)
        status = ntlm_account_fold(made->user, folded, &size, report);
    if (status == SEC_E_OK && !made->anonymous &&
        !ntlm_response_key(hash, (ntlm_bytes){folded, size},
                           (ntlm_bytes){made->wire_domain, made->domain_size}, made->key))
        status = ntlm_report_crypto(report);
    if (status == SEC_E_OK) {
        *account = made;
        made = NULL;
    }

done:
    ntlm_account_free(made);
    return status;
}

void ntlm_account_free(ntlm_account *account)
{
    if (account == NULL)
        return;
    free(account->user);
    free(account->domain);
    ntlm_crypto_wipe(account, sizeof *account);
    free(account);
}

char *ntlm_account_show(const char *user, const char *domain)
{
    size_t user_length = strlen(user);
    size_t domain_length = strlen(domain);
    char *text = ntlm_host->allocate(domain_length + user_length + 2);
    char *next = text;

    if (text == NULL)
        return NULL;
    if (domain_length > 0) {
        next = memcpy(text, domain, domain_length);
        next += domain_length;
        *next++ = '\\';
    }
    memcpy(next, user, user_length + 1);
    return text;
}

char *ntlm_account_own(void)
{
    char buffer[OWN_NAME_SIZE];
    struct passwd entry;
    struct passwd *found = NULL;

    if (getpwuid_r(geteuid(), &entry, buffer, sizeof buffer, &found) != 0 || found == NULL)
        return NULL;
    return strdup(found->pw_name);
}
