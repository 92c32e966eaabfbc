/* SPDX-License-Identifier: MIT */
/* Canonical names of hosts, as libkrb5 would have them (expand_hostname in its sn2princ.c). */
#include "canonical.h"
#include "name.h"
#include "resolver.h"
#include "status.h"

#include <errno.h>
#include <krb5.h>
#include <profile.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct gss_canonical {
    gss_lookup *lookup;
    struct pollfd fds[GSS_LOOKUP_FDS];
    uint32_t count;
};

/* What krb5.conf says about names. */
struct rules {
    enum { AS_GIVEN, BY_DNS, FALLBACK } canonicalize;
    bool reverse;
    char *domain; /* for names without a dot, or NULL; "": none */
};

static void read_rules(krb5_context context, struct rules *rules)
{
    profile_t profile = NULL;
    int by_dns = 1;
    int reverse = 1;

    rules->canonicalize = BY_DNS;
    rules->domain = NULL;
    if (krb5_get_profile(context, &profile) == 0) {
        /* What is no boolean is "fallback": krb5_init_context refuses every other word. */
        if (profile_get_boolean(profile, "libdefaults", "dns_canonicalize_hostname", NULL, 1,
                                &by_dns) != 0)
            rules->canonicalize = FALLBACK;
        else if (!by_dns)
            rules->canonicalize = AS_GIVEN;
        profile_get_boolean(profile, "libdefaults", "rdns", NULL, 1, &reverse);
        profile_get_string(profile, "libdefaults", "qualify_shortname", NULL, NULL,
                           &rules->domain);
        profile_release(profile);
    }
    rules->reverse = reverse != 0;
}

/* The domain of a name without one: qualify_shortname, else the first that resolv.conf
 * searches. Freed with free; NULL if there is none. */
static char *qualify(const char *host, const char *domain)
{
    struct __res_state state;
    char *name = NULL;
    bool opened = false;

    memset(&state, 0, sizeof state);
    if (domain == NULL && res_ninit(&state) == 0) {
        opened = true;
        domain = state.dnsrch[0];
    }
    if (domain != NULL && *domain != '\0' && asprintf(&name, "%s.%s", host, domain) < 0)
        name = NULL;
    if (opened)
        res_nclose(&state);
    return name;
}

/* Small letters, no final dot. */
static void tidy(char *host)
{
    size_t length = strlen(host);

    for (char *c = host; *c != '\0'; c++)
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
    if (length > 0 && host[length - 1] == '.')
        host[length - 1] = '\0';
}

/* The host of a service, without the port or instance behind it ("host:1433", as MSSQLSvc has
 * it): *trailer is where that begins. */
static char *cut_host(const char *host, const char **trailer)
{
    const char *colon = strchr(host, ':');

    if (colon == NULL || colon[1] == '\0' || strchr(colon + 1, ':') != NULL)
        colon = host + strlen(host);
    *trailer = colon;
    return strndup(host, (size_t)(colon - host));
}

/* found: by the DNS, or NULL. */
static SECURITY_STATUS make_principal(krb5_context context, const char *service,
                                      const char *host, const char *trailer, const char *found,
                                      const char *domain, char **text, sspia_report *report)
{
    char *name = found == NULL && strchr(host, '.') == NULL ? qualify(host, domain) : NULL;
    char *whole = NULL;
    krb5_principal principal = NULL;
    char *unparsed = NULL;
    krb5_error_code code = ENOMEM;
    SECURITY_STATUS status;

    if (name == NULL)
        name = strdup(found != NULL ? found : host);
    if (name != NULL) {
        tidy(name);
        if (asprintf(&whole, "%s%s", name, trailer) < 0)
            whole = NULL;
    }
    /* Of this type libkrb5 looks up the realm alone. */
    if (whole != NULL)
        code = krb5_sname_to_principal(context, whole, service, KRB5_NT_UNKNOWN, &principal);
    if (code == 0)
        code = krb5_unparse_name(context, principal, &unparsed);
    if (code == 0)
        *text = strdup(unparsed);
    status = code != 0       ? gss_status_krb5(context, code, GSS_AT_INITIATE, host, report)
             : *text == NULL ? SEC_E_INSUFFICIENT_MEMORY
                             : SEC_E_OK;
    krb5_free_unparsed_name(context, unparsed);
    krb5_free_principal(context, principal);
    free(whole);
    free(name);
    return status;
}

void gss_canonical_stop(void *object)
{
    gss_canonical *work = object;

    gss_lookup_end(work->lookup);
    work->lookup = NULL;
}

void gss_canonical_end(gss_canonical *work)
{
    if (work == NULL)
        return;
    gss_lookup_end(work->lookup);
    free(work);
}

/* Goes on with the look-up. SEC_E_OK: it is over. */
static SECURITY_STATUS look_up(gss_canonical **made, const char *host,
                               const struct rules *rules, sspia_wait *wait)
{
    gss_canonical *work = *made;
    int64_t until;
    gss_lookup_state state;

    if (work == NULL) {
        work = *made = calloc(1, sizeof *work);
        if (work == NULL)
            return SEC_E_INSUFFICIENT_MEMORY;
        work->lookup = gss_lookup_begin(GSS_QUERY_CANONICAL,
                                        rules->reverse ? GSS_LOOKUP_REVERSE : 0, host);
    }
    if (work->lookup == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    state = gss_lookup_go(work->lookup, wait->call, (wait->flags & SSPIA_WAIT_THREAD) != 0,
                          work->fds, &work->count, &until);
    if (state == GSS_LOOKUP_DONE)
        return SEC_E_OK;
    wait->flags = state == GSS_LOOKUP_THREAD ? SSPIA_WAIT_THREAD : 0;
    wait->fds = work->fds;
    wait->fd_count = work->count;
    wait->until = until;
    wait->stop = gss_canonical_stop;
    wait->data = work;
    return SSPIA_WAITING;
}

static SECURITY_STATUS find(gss_canonical **work, krb5_context context, const char *service,
                            gss_candidate candidate, sspia_wait *wait, char **principal,
                            sspia_report *report)
{
    char *name = strdup(service);
    char *at = name != NULL ? strchr(name, '@') : NULL; /* gss_name_service_of promises one */
    const char *trailer = "";
    const char *found = NULL;
    char *host = at != NULL ? cut_host(at + 1, &trailer) : NULL;
    struct rules rules;
    bool by_dns;
    SECURITY_STATUS status = SEC_E_INSUFFICIENT_MEMORY;

    read_rules(context, &rules);
    by_dns = rules.canonicalize == (candidate == GSS_CANDIDATE_FIRST ? BY_DNS : FALLBACK);
    if (host == NULL)
        goto done;
    *at = '\0';
    status = SEC_E_OK;
    if (candidate == GSS_CANDIDATE_SECOND && !by_dns)
        goto done;
    if (by_dns)
        status = look_up(work, host, &rules, wait);
    if (status == SEC_E_OK && by_dns && gss_lookup_answer((*work)->lookup)->found == GSS_FOUND)
        found = gss_lookup_answer((*work)->lookup)->name;
    /* What the DNS does not know keeps its name, as with libkrb5. */
    if (status == SEC_E_OK)
        status = make_principal(context, name, host, trailer, found, rules.domain, principal,
                                report);

done:
    profile_release_string(rules.domain);
    free(host);
    free(name);
    return status;
}

SECURITY_STATUS gss_canonical_name(gss_canonical **work, const char *target,
                                   gss_candidate candidate, sspia_wait *wait, char **principal,
                                   sspia_report *report)
{
    krb5_context context = NULL;
    krb5_error_code code;
    char *service = NULL;
    SECURITY_STATUS status;

    *principal = NULL;
    if (!gss_name_service_of(target, &service))
        return SEC_E_INSUFFICIENT_MEMORY;
    if (service == NULL)
        return SEC_E_OK;
    code = krb5_init_context(&context);
    if (code != 0)
        status = gss_status_krb5(NULL, code, GSS_AT_INITIATE, "Kerberos configuration", report);
    else
        status = find(work, context, service, candidate, wait, principal, report);
    if (status != SSPIA_WAITING && *work != NULL) {
        wait->fds = NULL;
        wait->fd_count = 0;
        wait->stop = NULL;
        gss_canonical_end(*work);
        *work = NULL;
    }
    if (code == 0)
        krb5_free_context(context);
    free(service);
    return status;
}
