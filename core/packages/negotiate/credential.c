/* SPDX-License-Identifier: MIT */
/*
 * From one identity to the credentials of several mechanisms.
 *
 * Who names something that means one mechanism (tickets, keys, a user file) means that account,
 * and not whatever another mechanism finds by default. A mechanism that finds nothing in the
 * identity to work with is left out; but what was named for it and cannot be had is an error.
 */
#include "credential.h"
#include "host.h"
#include "status.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAUSE 60

static const sspia_identity no_identity;

static uint32_t usable_outbound(neg_kind kind, const char *principal,
                                const sspia_identity *identity)
{
    const bool tickets = neg_given(identity->credential_cache) ||
                         neg_given(identity->client_keytab) ||
                         identity->keytab_content != NULL || neg_given(identity->impersonate);
    const bool accounts = neg_given(identity->ntlm_user_file);
    const bool password = identity->password != NULL;
    const bool user = neg_given(identity->user) || neg_given(principal);
    bool usable = true;

    if (kind != NEG_KERBEROS && neg_given(identity->armor_cache))
        return 0;             /* nothing else would keep the password from who listens */
    if (kind == NEG_KERBEROS) /* a user file alone means the first user in it */
        usable = !(accounts && !tickets && !password && !user) &&
                 !(identity->flags & SEC_WINNT_AUTH_IDENTITY_FLAGS_NULL_USER);
    else if (kind == NEG_NTLM)
        usable = !tickets || accounts || password;
    else
        usable = (!tickets && !accounts) || password;
    return usable ? SECPKG_CRED_OUTBOUND : 0;
}

static uint32_t usable_inbound(neg_kind kind, uint32_t use, const sspia_identity *identity)
{
    const bool keys = neg_given(identity->keytab) || identity->keytab_content != NULL;
    const bool named = neg_given(identity->ntlm_user_file) ||
                       neg_given(identity->ntlm_helper) || identity->ntlm_verifier != NULL;
    /* A password for both directions is the one to log on with. */
    const bool accounts =
        named || (identity->password != NULL && !(use & SECPKG_CRED_OUTBOUND));
    bool usable = true;

    if (kind == NEG_KERBEROS)
        usable = keys || !accounts;
    else if (kind == NEG_NTLM)
        usable = accounts || !keys;
    else
        usable = !keys && !named;
    return usable ? SECPKG_CRED_INBOUND : 0;
}

/* Whether the identity has a part that is for this mechanism alone. */
static bool is_named(neg_kind kind, const sspia_identity *identity)
{
    if (kind == NEG_KERBEROS)
        return neg_given(identity->credential_cache) || neg_given(identity->client_keytab) ||
               neg_given(identity->keytab) || identity->keytab_content != NULL ||
               neg_given(identity->replay_cache) || neg_given(identity->impersonate) ||
               neg_given(identity->armor_cache) || identity->delegation != 0;
    return kind == NEG_NTLM &&
           (neg_given(identity->ntlm_user_file) || neg_given(identity->ntlm_helper) ||
            identity->ntlm_verifier != NULL);
}

/* Decides who takes part, and leaves out the rest. */
static void choose(neg_credential *made, const char *principal, uint32_t use,
                   const sspia_identity *identity)
{
    size_t count = 0;

    for (size_t i = 0; i < made->count; i++) {
        const neg_kind kind = made->members[i].mechanism.kind;
        uint32_t member_use = 0;

        if (use & SECPKG_CRED_OUTBOUND)
            member_use |=
                usable_outbound(kind, use & SECPKG_CRED_INBOUND ? NULL : principal, identity);
        if (use & SECPKG_CRED_INBOUND)
            member_use |= usable_inbound(kind, use, identity);
        if (member_use == 0)
            continue;
        made->members[count].mechanism = made->members[i].mechanism;
        made->members[count].use = member_use;
        count++;
    }
    made->count = count;
}

static SECURITY_STATUS create(const char *principal, uint32_t use,
                              const sspia_identity *identity, neg_credential **credential,
                              sspia_report *report)
{
    const uint32_t known =
        SECPKG_CRED_BOTH | SECPKG_CRED_AUTOLOGON_RESTRICTED | SECPKG_CRED_PROCESS_POLICY_ONLY;
    neg_mechanism found[NEG_MECHANISMS_MAX];
    neg_credential *made;

    if ((use & SECPKG_CRED_BOTH) == 0 || (use & ~known) != 0)
        return neg_report(report, SEC_E_INVALID_PARAMETER, "fCredentialUse", NULL);
    if ((use & SECPKG_CRED_AUTOLOGON_RESTRICTED) && identity == &no_identity)
        return neg_report(report, SEC_E_NO_CREDENTIALS, "fCredentialUse",
                          "the default identity is excluded");
    made = calloc(1, sizeof *made);
    if (made == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    atomic_init(&made->references, 1);
    made->use = use & SECPKG_CRED_BOTH;
    made->count = neg_mechanisms(identity->package_list, found, report);
    if (made->count == 0) {
        free(made);
        return report->text[0] != '\0'
                   ? SEC_E_SECPKG_NOT_FOUND
                   : neg_report(report, SEC_E_SECPKG_NOT_FOUND, "PackageList",
                                "allows no package that is available");
    }
    for (size_t i = 0; i < made->count; i++) {
        made->members[i].mechanism = found[i];
        atomic_init(&made->members[i].paused, 0);
    }
    choose(made, principal, made->use, identity);
    if (made->count == 0) {
        free(made);
        return neg_report(report, SEC_E_NO_CREDENTIALS, "identity",
                          "it has nothing for the packages that PackageList allows");
    }
    *credential = made;
    return SEC_E_OK;
}

static bool has_kind(const neg_credential *credential, neg_kind kind)
{
    for (size_t i = 0; i < credential->count; i++) {
        if (credential->members[i].mechanism.kind == kind)
            return true;
    }
    return false;
}

/* What the mechanism is told: Kerberos refuses a password beside tickets, and one for an
 * acceptor; where NTLM takes it, that is what it is for. */
static sspia_identity identity_for(const neg_credential *credential, const neg_member *member,
                                   const sspia_identity *identity)
{
    sspia_identity told = *identity;

    if (member->mechanism.kind == NEG_KERBEROS && has_kind(credential, NEG_NTLM) &&
        (neg_given(identity->credential_cache) || !(member->use & SECPKG_CRED_OUTBOUND)))
        told.password = NULL;
    return told;
}

/* Without a wait it does not return SSPIA_WAITING. */
static SECURITY_STATUS acquire_member(neg_credential *made, neg_member *member,
                                      const char *principal, const sspia_identity *identity,
                                      sspia_wait *wait, sspia_report *report)
{
    const sspia_package *package = member->mechanism.package;
    const sspia_identity told = identity_for(made, member, identity);
    const void *auth_data = identity == &no_identity ? NULL : &told;
    int64_t expiry = INT64_MAX;

    /* Of a credential for both directions the principal is the acceptor's. */
    if (made->use == SECPKG_CRED_BOTH && !(member->use & SECPKG_CRED_INBOUND))
        principal = NULL;
    if (wait != NULL && package->acquire_waiting != NULL)
        return package->acquire_waiting(principal, member->use, auth_data, &member->credential,
                                        &expiry, wait, report);
    return package->acquire(principal, member->use, auth_data, &member->credential, &expiry,
                            report);
}

/* Whether the whole fails because of one mechanism. */
static bool is_fatal(SECURITY_STATUS status, const neg_member *member,
                     const sspia_identity *identity)
{
    return status == SEC_E_INSUFFICIENT_MEMORY || is_named(member->mechanism.kind, identity) ||
           (status == SEC_E_INVALID_PARAMETER && member->mechanism.kind == NEG_KERBEROS &&
            neg_given(identity->user));
}

static void release_member(neg_member *member)
{
    if (member->credential != NULL)
        member->mechanism.package->release(member->credential);
    member->credential = NULL;
}

/* Takes out the member at the place that was asked last. */
static void leave_out(neg_credential *made)
{
    for (size_t i = made->acquired; i + 1 < made->count; i++) {
        made->members[i].mechanism = made->members[i + 1].mechanism;
        made->members[i].use = made->members[i + 1].use;
    }
    made->count--;
}

/* Asks one mechanism after the other; goes on where it was when it had to wait. The report of
 * the first that fails is kept, for the case that all do. */
static SECURITY_STATUS acquire_members(neg_credential *made, const char *principal,
                                       const sspia_identity *identity, sspia_wait *wait,
                                       sspia_report *report)
{
    SECURITY_STATUS lack = SEC_E_OK;
    sspia_report reason;

    while (made->acquired < made->count) {
        neg_member *member = &made->members[made->acquired];
        SECURITY_STATUS status;

        reason.text[0] = '\0';
        status = acquire_member(made, member, principal, identity, wait, &reason);
        if (status == SSPIA_WAITING)
            return status;
        if (status >= 0) {
            made->acquired++;
            continue;
        }
        release_member(member);
        if (lack == SEC_E_OK || is_fatal(status, member, identity)) {
            lack = status;
            *report = reason;
        }
        if (is_fatal(status, member, identity))
            return status;
        leave_out(made);
    }
    return made->count > 0 ? SEC_E_OK : lack;
}

SECURITY_STATUS neg_credential_acquire_waiting(const char *principal, uint32_t use,
                                               const void *auth_data, void **credential,
                                               int64_t *expiry, sspia_wait *wait,
                                               sspia_report *report)
{
    const sspia_identity *identity = auth_data != NULL ? auth_data : &no_identity;
    neg_credential *made = *credential;
    SECURITY_STATUS status = SEC_E_OK;

    if (made == NULL)
        status = create(principal, use, identity, &made, report);
    if (status == SEC_E_OK)
        status = acquire_members(made, principal, identity, wait, report);
    *expiry = INT64_MAX; /* that of tickets is known when there are some */
    if (status == SSPIA_WAITING || status == SEC_E_OK) {
        *credential = made;
        return status;
    }
    neg_credential_release(made);
    *credential = NULL;
    return status;
}

SECURITY_STATUS neg_credential_acquire(const char *principal, uint32_t use,
                                       const void *auth_data, void **credential,
                                       int64_t *expiry, sspia_report *report)
{
    void *made = NULL;
    SECURITY_STATUS status =
        neg_credential_acquire_waiting(principal, use, auth_data, &made, expiry, NULL, report);

    if (status == SEC_E_OK)
        *credential = made;
    return status;
}

neg_credential *neg_credential_of(const sspia_package *package, void *own)
{
    neg_mechanism found[NEG_MECHANISMS_MAX];
    sspia_report ignored;
    const size_t count = neg_mechanisms(NULL, found, &ignored);
    neg_credential *made = calloc(1, sizeof *made);

    if (made == NULL)
        return NULL;
    atomic_init(&made->references, 1);
    made->use = SECPKG_CRED_OUTBOUND;
    for (size_t i = 0; i < count && made->count == 0; i++) {
        if (found[i].package == package)
            made->members[made->count++].mechanism = found[i];
    }
    made->acquired = made->count;
    made->members[0].use = SECPKG_CRED_OUTBOUND;
    made->members[0].credential = own;
    if (made->count > 0)
        return made;
    free(made);
    return NULL;
}

neg_credential *neg_credential_keep(neg_credential *credential)
{
    atomic_fetch_add_explicit(&credential->references, 1, memory_order_relaxed);
    return credential;
}

void neg_credential_release(void *object)
{
    neg_credential *credential = object;

    /* acq_rel: the last one frees after everyone else's use. */
    if (credential == NULL ||
        atomic_fetch_sub_explicit(&credential->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < credential->count; i++)
        release_member(&credential->members[i]);
    free(credential);
}

/* The name by the best mechanism that knows it. What the first one says of its lack is told:
 * Kerberos has more to say. */
SECURITY_STATUS neg_credential_query(void *object, uint32_t attribute, void *buffer,
                                     sspia_report *report)
{
    neg_credential *credential = object;
    SECURITY_STATUS lack = neg_report(report, SEC_E_UNSUPPORTED_FUNCTION, "attribute", NULL);
    bool asked = false;

    for (size_t i = 0; i < credential->count; i++) {
        const neg_member *member = &credential->members[i];
        const sspia_package *package = member->mechanism.package;
        SECURITY_STATUS status;
        sspia_report reason;

        /* Of a credential for both directions the initiator's name is told, as ever. */
        if (package->query_credential == NULL ||
            ((credential->use & ~member->use) & SECPKG_CRED_OUTBOUND))
            continue;
        reason.text[0] = '\0';
        status = package->query_credential(member->credential, attribute, buffer, &reason);
        if (status >= 0)
            return status;
        if (!asked) {
            lack = status;
            *report = reason;
        }
        asked = true;
    }
    return lack;
}

uint32_t neg_credential_may_block(void *object)
{
    const neg_credential *credential = object;
    uint32_t may_block = 0;

    for (size_t i = 0; i < credential->count; i++) {
        const neg_member *member = &credential->members[i];
        const sspia_package *package = member->mechanism.package;
        uint32_t own = package->credential_may_block != NULL
                           ? package->credential_may_block(member->credential)
                           : package->may_block;

        if (!(member->use & SECPKG_CRED_OUTBOUND))
            own &= ~SSPIA_OP_INITIALIZE;
        if (!(member->use & SECPKG_CRED_INBOUND))
            own &= ~SSPIA_OP_ACCEPT;
        may_block |= own;
    }
    return may_block;
}

neg_member *neg_credential_find(neg_credential *credential, uint32_t use, neg_bytes oid)
{
    for (size_t i = 0; i < credential->count; i++) {
        neg_member *member = &credential->members[i];

        if ((member->use & use) && neg_mechanism_is(&member->mechanism, oid))
            return member;
    }
    return NULL;
}

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec;
}

void neg_member_pause(neg_member *member)
{
    /* relaxed: nothing else is published with it. */
    atomic_store_explicit(&member->paused, now() + PAUSE, memory_order_relaxed);
}

bool neg_member_is_paused(const neg_member *member)
{
    const int64_t paused = atomic_load_explicit(&member->paused, memory_order_relaxed);

    return paused != 0 && paused > now();
}
