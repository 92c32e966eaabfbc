/* SPDX-License-Identifier: MIT */
/* What AcquireCredentialsHandle asks for, copied, and where the answer goes. */
#ifndef SSPI_ASYNC_ACQUISITION_H
#define SSPI_ASYNC_ACQUISITION_H

#include "credential.h"
#include "job.h"
#include "sspi_package.h"
#include "waiting.h"

struct acquisition {
    const sspia_package *package; /* NULL: there is none of that name */
    char *package_name;
    char *principal;
    uint32_t use;
    void *auth_data; /* the package's copy, or an sspia_identity */

    /* What the package has made so far, if it waits. */
    void *state;
    struct waiting waiting;

    /* The answer, and the caller's places for it. */
    struct credential *credential; /* with the owner's reference */
    int64_t expiry;
    PCredHandle credential_place;
    PTimeStamp expiry_place;
    int64_t *expiry_utc_place;
};

struct acquisition_arguments {
    char *principal;    /* UTF-8 of malloc, both; they pass to the acquisition, */
    char *package_name; /* also on failure */
    uint32_t use;
    void *logon_id;
    void *auth_data;
    SEC_GET_KEY_FN get_key;
    void *get_key_argument;
    PCredHandle credential;
    PTimeStamp expiry;
    int64_t *expiry_utc; /* the same in seconds since 1970 UTC; or NULL */
};

/* Checks and copies. May load the package's module. */
SECURITY_STATUS acquisition_prepare(const struct acquisition_arguments *arguments,
                                    struct acquisition **acquisition, sspia_report *report);

/* Its job's arguments are an acquisition. */
extern const struct operation operation_acquire;

#endif
