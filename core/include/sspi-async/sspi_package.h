/* SPDX-License-Identifier: MIT */
/*
 * sspi_package.h - what a security package implements.
 *
 * A package module is a shared object libsspi-async-<name>.so that exports
 * sspia_module_entry. The library loads it on first use, from <libdir>/sspi-async/ beside
 * itself, from SSPI_ASYNC_PACKAGE_PATH (not in a process with raised privilege), or when a
 * program names it to AddSecurityPackage. A module is never unloaded.
 *
 * Division of work. The core owns handles, order, threads, copies of inputs, the caller's
 * output buffers, UTF-16 and messages' framing. A package sees objects of its own, UTF-8
 * strings and plain bytes.
 *
 * Threads. The core calls one security context's functions one at a time. Functions of a
 * credential may run on many threads at once, for it and for contexts made from it. A
 * function may block only where may_block says so. No function may call the API of
 * sspi.h, nor exit the process.
 *
 * Waiting. initialize, accept and acquire_waiting need not block: they return SSPIA_WAITING,
 * having said in their sspia_wait what they wait for, and are called again, with the same
 * arguments, when there is something to do; on any thread, but never two at once. A call that
 * waits holds no thread. Synchronous functions wait on their caller's: a package has one path.
 * A package that waits leaves may_block 0 and asks for a thread where it finds that it must
 * block. One that knows nothing of this loses nothing.
 *
 * Messages. A function that fails may put one line, without final newline, into
 * report->text; the core puts package and operation in front. Never a secret.
 */
#ifndef SSPI_ASYNC_SSPI_PACKAGE_H
#define SSPI_ASYNC_SSPI_PACKAGE_H

#include "sspi.h"
#include <poll.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SSPIA_PACKAGE_ABI 1u

/** Bits of may_block. Everything else must return without waiting on the outside. */
#define SSPIA_OP_ACQUIRE    0x1u
#define SSPIA_OP_INITIALIZE 0x2u
#define SSPIA_OP_ACCEPT     0x4u

#define SSPIA_REPORT_SIZE 512

/** Text of an error, for people. */
typedef struct sspia_report {
    char text[SSPIA_REPORT_SIZE];
} sspia_report;

/** Bytes, owned as the place that uses them says. */
typedef struct sspia_bytes {
    void *data;
    size_t size;
} sspia_bytes;

/** pAuthData of the SEC_WINNT_AUTH_IDENTITY family and sspia_auth_identity, copied and
 * converted. Strings are NULL where nothing was given. The core owns and wipes it; a
 * package that keeps a part copies it, and wipes its copy. */
typedef struct sspia_identity {
    const char *user;
    const char *domain;
    const char *password;
    const char *package_list; /* comma-separated, '!' excludes */
    const char *credential_cache;
    const char *keytab;
    const char *client_keytab;
    const char *replay_cache;
    const char *ntlm_user_file;
    uint32_t flags;      /* SEC_WINNT_AUTH_IDENTITY_* */
    uint32_t delegation; /* SSPIA_DELEGATION_* */
    const char *impersonate;
    const char *ntlm_helper;
    const struct sspia_ntlm_verifier *ntlm_verifier; /* of sspi_queue.h */
    /* A packed keytab: what stands in the file. NULL: none was given. */
    const void *keytab_content;
    size_t keytab_content_size;
    const char *armor_cache;
} sspia_identity;

typedef struct sspia_package sspia_package;

/** Services of the core for packages; the table lives for ever. */
typedef struct sspia_host {
    uint32_t abi; /* SSPIA_PACKAGE_ABI of the core */
    uint32_t size;

    /* Memory that FreeContextBuffer accepts: for what a caller will own. It is wiped when it
     * is freed. NULL if there is none. */
    void *(*allocate)(size_t size);
    void (*free)(void *memory);

    /* Stops new calls from entering packages and waits, bounded, for those inside. A module
     * that links a library with destructors or atexit handlers registers this with atexit
     * after that library has registered its own. Repeating it does nothing. */
    void (*quiesce)(void);

    /* The report of an SEC_E_OK-like return is ignored; this one formats a line into a
     * report that the package holds: "<what>: <why>", cut at the buffer's end. */
    void (*report)(sspia_report *report, const char *what, const char *why);

    /* Has a call that waits called again: wait.call. Any thread may do it, early, late or
     * twice; a call that is over is left alone. */
    void (*resume)(void *call);

    /* Another package, for one that is made of others: by name, its module is loaded if it is
     * known. NULL with a reason in report. Not from a module's entry. */
    const sspia_package *(*find)(const char *name, sspia_report *report);
    /* The packages that are loaded, in the order in which they came: the one at a place, NULL
     * beyond the last. */
    const sspia_package *(*at)(size_t place);

    /* Whether a call's result is still wanted: wait.call, of a call that the package is at work
     * on, on a thread that it asked for (SSPIA_WAIT_THREAD). False after a cancel, a deadline,
     * a free, and at exit. To be asked from time to time where the package itself waits there,
     * so that the thread comes back. */
    int (*is_wanted)(void *call);
} sspia_host;

/** What initialize, accept or acquire_waiting returns instead of a status: it is not over. No
 * caller ever sees it. */
#define SSPIA_WAITING ((SECURITY_STATUS)0x00097001)

/** Bit of sspia_wait.flags. From the package: call again at once, on a thread that may block.
 * From the core: the call asked for such a thread, and this is one. */
#define SSPIA_WAIT_THREAD 0x1u

/** What a call waits for: any of its descriptors, its time, or host->resume; for ever, if there
 * is none of them. All but size and call is the package's to set before it returns
 * SSPIA_WAITING. Before every call flags and until are set anew (until: INT64_MAX); the rest
 * stays as it was left, so that revents can be read. A call may be called again without a
 * cause: it looks at what it waits for, and returns SSPIA_WAITING once more. */
typedef struct sspia_wait {
    uint32_t size;
    uint32_t flags; /* SSPIA_WAIT_* */
    void *call;     /* for host->resume; the core's */

    /* The package's memory, until the call is called again or is over. events as in poll();
     * the core writes revents. A descriptor may be in one wait only: others that want it are
     * resumed by the call that has it. */
    struct pollfd *fds;
    uint32_t fd_count;
    int64_t until; /* nanoseconds of CLOCK_MONOTONIC; INT64_MAX: no time */

    /* Optional. The wait is over without another call: cancel, deadline, free, exit, fork.
     * Called once, from any thread, and not while the package is at work on the call. Closes
     * what was waited for, and does nothing that takes time: the thread may have a thousand
     * others to stop. The core looks at fds no more. delete_context or release follows, on
     * another thread perhaps; not at exit, nor in the child of a fork, which stops its copies
     * of what the parent waits for, and must send nothing. A synchronous wait is stopped at
     * exit and in a child alone. */
    void (*stop)(void *data);
    void *data;
} sspia_wait;

/** A leg, both sides. What it points to is good during the call. */
typedef struct sspia_step {
    uint32_t size;
    void *credential;       /* the package's, never NULL */
    const char *target;     /* UTF-8; NULL if none was given, and for acceptors */
    uint64_t requested;     /* ISC_REQ_* or ASC_REQ_*, SECBUFFER_FLAGS merged in */
    uint32_t data_rep;      /* SECURITY_NATIVE_DREP or SECURITY_NETWORK_DREP */
    const SecBuffer *input; /* the caller's buffers, copied; types masked */
    uint32_t input_count;
    sspia_wait *wait; /* NULL: the leg must end in this call */
} sspia_step;

/** What goes to an output buffer that is neither TOKEN nor ALERT: TRAFFIC_SECRETS or
 * SUBSCRIBE_GENERIC_TLS_EXTENSION, in the caller's layout. */
typedef struct sspia_output {
    uint32_t type;       /* SECBUFFER_* */
    sspia_bytes content; /* from host->allocate; the core takes it */
} sspia_output;

#define SSPIA_OUTPUTS_MAX 5u

/** What a leg yields. Zero on entry. */
typedef struct sspia_step_result {
    uint32_t size;
    sspia_bytes token;   /* from host->allocate; the core takes it, also after an error. None
                          * with SEC_E_INCOMPLETE_MESSAGE leaves the caller's buffer alone */
    uint32_t attributes; /* ISC_RET_* or ASC_RET_* without ALLOCATED_MEMORY */
    int64_t expiry;      /* seconds since 1970 UTC; INT64_MAX: never */
    size_t extra;        /* bytes at the end of the input token that were not used */
    size_t missing;      /* with SEC_E_INCOMPLETE_MESSAGE: how many more, 0 if unknown */
    uint8_t alert[2];    /* level, description; alert[0] 0: none */
    uint32_t hints;      /* SSPIA_HINT_*: what a status does not tell of a leg that failed */

    /* The n-th of a type goes to the caller's n-th buffer of that type. What does not fit is
     * kept for the same call with larger buffers, as the token is. */
    sspia_output outputs[SSPIA_OUTPUTS_MAX];
    uint32_t output_count;
} sspia_step_result;

/** What query_context writes for SSPIA_ATTR_DELEGATED_CREDENTIAL, in place of the structure of
 * sspi.h: the core makes a handle of it. Zero on entry. */
typedef struct sspia_delegated {
    const sspia_package *package; /* whose credential it is; NULL: the context's */
    void *credential;             /* a new one, which release ends */
    int64_t expiry;               /* as in sspia_step_result */
} sspia_delegated;

/** Bits of hints, for a package that uses others. LOGON: the logon itself failed, so that it
 * would fail for any target at present. UNKNOWN: this package does not know the account, but
 * another one may. */
#define SSPIA_HINT_LOGON   0x1u
#define SSPIA_HINT_UNKNOWN 0x2u

/** Between Negotiate and a mechanism inside it. query_context (a uint32_t): not 0 if its tokens
 * have a protection that insists on the signed list of mechanisms, mechListMIC (MS-SPNG
 * 3.3.5.1). set_context (no bytes): those signatures are made, its ciphers begin anew. A
 * mechanism that has neither needs neither. */
#define SSPIA_ATTR_LIST_SIGNED 0x53510001u

/** One security package. Constant; lives for ever. A function pointer that is NULL means
 * SEC_E_UNSUPPORTED_FUNCTION, save where noted. */
struct sspia_package {
    uint32_t abi;  /* SSPIA_PACKAGE_ABI */
    uint32_t size; /* sizeof(sspia_package) */

    const char *name;
    const char *alias; /* a second name, or NULL */
    const char *comment;
    uint32_t capabilities; /* SECPKG_FLAG_*; STREAM: allocates where a TOKEN has no memory */
    uint16_t version;
    uint16_t rpc_id;
    uint32_t max_token;
    uint32_t may_block; /* SSPIA_OP_* */

    /* For a package whose pAuthData is not an identity: makes a copy of the caller's
     * structure, with all it points to; releases one. Both NULL: sspia_identity. */
    SECURITY_STATUS (*copy_auth_data)(const void *auth_data, void **copy, sspia_report *report);
    void (*free_auth_data)(void *copy);

    /* Required. *credential and *expiry (as in sspia_step_result) on success only.
     * auth_data: a const sspia_identity *, what copy_auth_data made, or NULL. */
    SECURITY_STATUS(*acquire)
    (const char *principal, uint32_t use, const void *auth_data, void **credential,
     int64_t *expiry, sspia_report *report);
    void (*release)(void *credential);
    SECURITY_STATUS(*query_credential)
    (void *credential, uint32_t attribute, void *buffer, sspia_report *report);
    SECURITY_STATUS(*set_credential)
    (void *credential, uint32_t attribute, const void *buffer, size_t size,
     sspia_report *report);

    /* Required. *context is NULL on the first leg. The package may set it then, also when
     * it fails; the core deletes what a failed first leg left. */
    SECURITY_STATUS(*initialize)
    (void **context, const sspia_step *step, sspia_step_result *result, sspia_report *report);
    SECURITY_STATUS(*accept)
    (void **context, const sspia_step *step, sspia_step_result *result, sspia_report *report);
    void (*delete_context)(void *context);

    /* As the functions of the same name in sspi.h. Descriptors are checked: version,
     * count, no NULL with a size. Query: A structures, strings in UTF-8 from
     * host->allocate; PACKAGE_INFO and NEGOTIATION_INFO are made by the core from
     * negotiated(). */
    SECURITY_STATUS(*query_context)
    (void *context, uint32_t attribute, void *buffer, sspia_report *report);
    SECURITY_STATUS(*set_context)
    (void *context, uint32_t attribute, const void *buffer, size_t size, sspia_report *report);
    SECURITY_STATUS(*make_signature)
    (void *context, uint32_t qop, SecBufferDesc *message, sspia_report *report);
    SECURITY_STATUS(*verify_signature)
    (void *context, SecBufferDesc *message, uint32_t *qop, sspia_report *report);
    SECURITY_STATUS(*encrypt)
    (void *context, uint32_t qop, SecBufferDesc *message, sspia_report *report);
    SECURITY_STATUS(*decrypt)
    (void *context, SecBufferDesc *message, uint32_t *qop, sspia_report *report);
    SECURITY_STATUS(*control)
    (void *context, const SecBuffer *input, uint32_t input_count, sspia_report *report);

    /* The source stays usable. packed->data from host->allocate. */
    SECURITY_STATUS(*export_context)
    (void *context, uint32_t flags, sspia_bytes *packed, sspia_report *report);
    SECURITY_STATUS(*import_context)
    (const void *packed, size_t size, void **context, sspia_report *report);

    /* For packages that choose another one: its name, and SECPKG_NEGOTIATION_* in *state.
     * NULL: the package itself, complete. */
    const char *(*negotiated)(void *context, uint32_t *state);

    /* What of may_block holds for legs with this credential. NULL: all of it. */
    uint32_t (*credential_may_block)(void *credential);

    /* The object identifier of the mechanism, "1.2.840.113554.1.2.2"; NULL if it has none. */
    const char *oid;

    /* acquire that may return SSPIA_WAITING. *credential then holds what there is so far (NULL
     * before the first call); the core releases it if the wait is stopped or the call fails.
     * wait is never NULL. NULL: acquire is called. */
    SECURITY_STATUS(*acquire_waiting)
    (const char *principal, uint32_t use, const void *auth_data, void **credential,
     int64_t *expiry, sspia_wait *wait, sspia_report *report);
};

/** What a module exports. Returns a NULL-terminated array of packages that lives for ever,
 * or NULL with a reason in report. Called once. */
#define SSPIA_MODULE_ENTRY "sspia_module_entry"
typedef const sspia_package *const *(*sspia_module_entry_fn)(const sspia_host *host,
                                                             sspia_report *report);

#ifdef __cplusplus
}
#endif

#endif
