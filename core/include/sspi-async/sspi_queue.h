/* SPDX-License-Identifier: MIT */
/*
 * sspi_queue.h - what sspi-async adds to the Windows contract: completion queues with a
 * descriptor, wait, cancel and deadlines, messages for people, the pool's limits, identities
 * that name their own ccache and keytab.
 *
 * The rules of sspi.h about threads, handles and errors hold here too. Times are
 * milliseconds by the monotonic clock; a negative timeout means no limit.
 *
 * Cancellation points (pthread_cancel, deferred): sspia_async_wait, sspia_queue_next,
 * sspia_queue_dispatch and sspia_hub_queue_take, when they are called and while they wait,
 * unless the timeout is 0. A thread that is cancelled there has taken nothing: the completion
 * stays for others. No other function of the library is a cancellation point, the synchronous
 * calls included, and a callback that sspia_queue_dispatch runs has cancellation disabled.
 */
#ifndef SSPI_ASYNC_SSPI_QUEUE_H
#define SSPI_ASYNC_SSPI_QUEUE_H

#include "sspi.h"
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** ---- Completion queue ------------------------------------------------------------
 *
 * Collects the completions of the async contexts that name it. Whoever drains it does so
 * on its own thread: no thread of the library then runs a callback. One loop usually has
 * one queue; several threads may drain the same one.
 *
 *     queue = sspia_queue_create();
 *     sspia_async_set_queue(async, queue);
 *     SspiDeleteSecurityContextAsync(async, &context);
 *     ... poll(sspia_queue_fd(queue)) ...
 *     sspia_queue_dispatch(queue, 64, 0);
 *
 * A queue is a checked reference like the handles of sspi.h.
 *
 * Deletes and frees are cheaper than the wake-up of a thread. So, while no thread of the
 * library is awake, those whose completions go to a queue are left to the thread that drains
 * it: the descriptor becomes readable, and the functions that take completions carry such calls
 * out first (they do not block, see sspi_package.h). If nobody comes within 10 ms, a thread of
 * the library does it.
 *
 * A callback on a thread of the library must return, and not end its thread (pthread_exit). It
 * may fork: in the child it runs on the only thread there is, which is no thread of the pool
 * any more; when the callback returns, that thread ends, and the child exits with code 0.
 */
typedef struct sspia_queue sspia_queue;

/** One finished call. */
typedef struct sspia_completion {
    SspiAsyncContext *async;          /* may have been freed since */
    SspiAsyncNotifyCallback callback; /* as set when the call was submitted; or NULL */
    void *data;                       /* CallbackData, likewise */
    SECURITY_STATUS status;           /* of that call, also if reused since */
} sspia_completion;

/** Returns an empty queue, or NULL if memory ran out. */
SSPI_ASYNC_API sspia_queue *sspia_queue_create(void);

/** Frees the queue and wakes those who wait on it. A dead one is ignored. What the queue
 * would still have delivered is not: those callbacks do not run, the calls go on and can
 * be polled and waited for. */
SSPI_ASYNC_API void sspia_queue_free(sspia_queue *queue);

/** A descriptor for poll, epoll, select or an event loop: readable exactly while
 * completions wait, or deletes that a drain would carry out; at most 20 us after they came.
 * A thread of the library may carry a delete out between your poll and your take: the take then
 * finds nothing, and the descriptor tells once more when the completion is there. With an
 * edge-triggered poller, drain until nothing is left. The queue owns it: never read, write or
 * close it. Made on the first call; -1 with errno set if the system has none left (or EBADF for
 * a dead queue). After a fork the child's queue has a descriptor of its own under the same
 * number. */
SSPI_ASYNC_API int sspia_queue_fd(sspia_queue *queue);

/** Takes the oldest completion; the caller stands in for the callback, which is not run.
 * Waits up to timeout_ms for one (0: does not wait). Returns SEC_E_OK,
 * SEC_I_ASYNC_CALL_PENDING if there was none, or SEC_E_INVALID_HANDLE if the queue is, or
 * meanwhile was, freed. */
SSPI_ASYNC_API SECURITY_STATUS sspia_queue_next(sspia_queue *queue, int32_t timeout_ms,
                                                sspia_completion *completion);

/** Runs the callbacks of up to `most` completions on the calling thread, after waiting up
 * to timeout_ms for the first. Returns how many completions were taken (a call without a
 * callback counts), or SEC_E_INVALID_HANDLE. May be called in a callback. Takes up to 32 at a
 * time: where several threads drain one queue, a callback that blocks holds up those that were
 * taken with its own; `most` = 1 takes one. */
SSPI_ASYNC_API int32_t sspia_queue_dispatch(sspia_queue *queue, uint32_t most,
                                            int32_t timeout_ms);

/** ---- Async context --------------------------------------------------------------- */

/** Where completions of the calls submitted from now on go: a queue, or NULL for callbacks
 * on threads of the library. Reinit keeps it. Returns SEC_E_OK, SEC_E_INVALID_PARAMETER
 * while a call is pending, or SEC_E_INVALID_HANDLE for a dead context or queue. */
SSPI_ASYNC_API SECURITY_STATUS sspia_async_set_queue(SspiAsyncContext *async,
                                                     sspia_queue *queue);

/** Queues one call that deletes many security contexts, for less than a submit of each. Copies
 * the `count` handles (any number; contexts may be NULL for 0): all are invalid when this
 * returns. Calls submitted before on one of them finish first; whoever ends the last of these
 * takes the context down, and the batch does not wait for it. The status of the call is
 * SEC_E_OK, or SEC_E_INVALID_HANDLE if not every handle was alive (all that were are deleted
 * all the same). Returns whether it was queued, like SspiDeleteSecurityContextAsync; on
 * failure every handle stays as it was. Does not block, whatever the contexts are doing. */
SSPI_ASYNC_API SECURITY_STATUS sspia_async_delete_contexts(SspiAsyncContext *async,
                                                           const CtxtHandle *contexts,
                                                           uint32_t count);

/** Waits until no call is pending and returns what SspiGetAsyncCallStatus then says;
 * SEC_I_ASYNC_CALL_PENDING if the time ran out, SEC_E_INVALID_HANDLE if the context is, or
 * meanwhile was, freed. Before it sleeps, the calling thread carries out deletes and frees
 * that are queued; those do not block. So do the functions that wait on a queue. The call that
 * is waited for runs on the calling thread too if no other has begun it, its completion goes to
 * a queue or to nobody, and it cannot block or there is no limit of time: this function then
 * returns when the package does, even if another thread cancels the call or frees its context
 * meanwhile. Give a limit of time where that matters. */
SSPI_ASYNC_API SECURITY_STATUS sspia_async_wait(SspiAsyncContext *async, int32_t timeout_ms);

/** Completes a pending call at once with SEC_E_UNFINISHED_CONTEXT_DELETED. Its callback
 * runs (once, as always, on the usual thread, not in here); its outputs are left alone and
 * are not written after this function has returned. What had not begun does not begin;
 * what a package is doing runs to its end out of sight and is discarded: a new credential
 * or context is deleted, a token wiped. An existing context whose leg was running can
 * only be deleted. Deletes and frees are carried out all the same.
 * Returns SEC_E_OK, SEC_E_NO_CONTEXT if no call is pending (idle, or already complete),
 * SEC_E_INVALID_HANDLE, or SEC_E_INSUFFICIENT_MEMORY (the call goes on). */
SSPI_ASYNC_API SECURITY_STATUS sspia_async_cancel(SspiAsyncContext *async);

/** Deadlines. A call that is still pending at its deadline completes then with
 * SEC_E_SECURITY_QOS_FAILED, a status that nothing else in this library returns, and with a
 * message that says whether it had begun. All else is as with sspia_async_cancel: the callback
 * runs once, or the completion comes to the queue once; those who wait are woken; outputs are
 * left alone; what no thread has begun does not begin, what a package is doing runs to its end
 * out of sight and is discarded, and deletes and frees are carried out all the same. A call
 * that ends in time is not concerned, and one that ends at its deadline has one of the two
 * results, whole. A completion may come later than its deadline where the processors are busy,
 * and never comes before it.
 *
 * The deadline is a setting of the async context like its callback and queue: it concerns the
 * calls submitted from now on, of every kind and package, begins with each submit, and is kept
 * by reinit. These functions may be called on any thread, in callbacks too, and do not block.
 * They return SEC_E_OK, SEC_E_INVALID_PARAMETER while a call is pending (its deadline stays as
 * it is), SEC_E_INVALID_HANDLE, or SEC_E_INSUFFICIENT_MEMORY. A submit with a deadline may fail
 * with SEC_E_INSUFFICIENT_MEMORY where one without would not: it needs the thread that watches
 * over deadlines, of which there is one while there are any, and for 5 s after.
 *
 * Synchronous functions have no deadline. A thread in sspia_async_wait leaves a call that may
 * block and has a deadline to the pool, and returns at the deadline.
 */
#define SSPIA_DEADLINE_DEFAULT 0xFFFFFFFFu

/** So many milliseconds after each submit. 0: none, also where the process has a default.
 * SSPIA_DEADLINE_DEFAULT, as at first: the default of the process. */
SSPI_ASYNC_API SECURITY_STATUS sspia_async_set_deadline(SspiAsyncContext *async,
                                                        uint32_t milliseconds);

/** At this moment, in nanoseconds of CLOCK_MONOTONIC (more than 0, else
 * SEC_E_INVALID_PARAMETER): for a handshake whose legs share one deadline. A call that is
 * submitted later ends at once. */
SSPI_ASYNC_API SECURITY_STATUS sspia_async_set_deadline_at(SspiAsyncContext *async,
                                                           int64_t monotonic_ns);

/** The default of the process, for the calls submitted from now on by async contexts that have
 * no setting of their own: so many milliseconds after the submit; 0, as at first: none. It
 * concerns acquire and legs; deletes and frees, which ask no server, have none by default. */
SSPI_ASYNC_API void sspia_set_default_deadline(uint32_t milliseconds);

/** Copies the message of the last call that completed on the context: one line that names
 * package, operation and cause, "" after a success. At most size bytes, always
 * terminated. Returns the length of the whole message (like snprintf), or 0 for a dead
 * context. Messages never hold passwords, keys or tokens. */
SSPI_ASYNC_API size_t sspia_async_message(SspiAsyncContext *async, char *buffer, size_t size);

/** ---- Messages and names ---------------------------------------------------------- */

/** The same for the last function of this library that failed on the calling thread. */
SSPI_ASYNC_API size_t sspia_last_message(char *buffer, size_t size);

/** Has a line written to a descriptor for each call that ends: when, package, operation,
 * status, and how long it took since it began. A negative descriptor ends that. A line that
 * cannot be written at once is left out; it never holds a name, a password, a key or a token.
 * The environment variable SSPI_ASYNC_TRACE does the same from the start, with the name of a
 * file that lines are added to, or "-" for the standard error; it is ignored in a process with
 * raised privilege. Synchronous functions write no line. */
SSPI_ASYNC_API void sspia_set_trace(int descriptor);

/** "SEC_E_INVALID_HANDLE", or "UNKNOWN". The string is constant. */
SSPI_ASYNC_API const char *sspia_status_name(SECURITY_STATUS status);
/** A sentence that explains the status. The string is constant. */
SSPI_ASYNC_API const char *sspia_status_text(SECURITY_STATUS status);

/** The object identifier of a package's mechanism in numbers, "1.2.840.113554.1.2.2" for
 * Kerberos: its name in GSSAPI, SPNEGO, SASL and SSH (RFC 4462 hashes its DER form). The string
 * is constant. NULL if the package has none (Schannel) or cannot be loaded: the last message
 * says which. Loads the package's module, if that was not done: may block on the file system.
 */
SSPI_ASYNC_API const char *sspia_package_oid(const char *package);

/** Has this process do without a package, by name or alias, whatever its configuration says:
 * nobody finds it from now on, Negotiate neither. SEC_E_SECPKG_NOT_FOUND is what acquiring a
 * credential and importing a context then say. Credentials and contexts that are there go on:
 * call this before the first one is acquired. It cannot be taken back. Loads nothing, and the
 * package need not be installed. Returns SEC_E_OK, SEC_E_INVALID_PARAMETER for what can be no
 * name, or SEC_E_INSUFFICIENT_MEMORY if sixteen are off. Example:
 * sspia_package_turn_off("NTLM"). */
SSPI_ASYNC_API SECURITY_STATUS sspia_package_turn_off(const char *package);

/** "1.0.0", the version of the library that runs. The string is constant. */
SSPI_ASYNC_API const char *sspia_version(void);

/** ---- Impersonation ------------------------------------------------------------------
 *
 * A server for Windows calls ImpersonateSecurityContext, works with the rights of its client,
 * and calls RevertSecurityContext. Linux has no tokens that a context could give to a thread,
 * so both return SEC_E_UNSUPPORTED_FUNCTION: whoever relied on a success would go on with
 * rights of its own. A program that knows better says so, once, before it needs it:
 *
 *   SSPIA_IMPERSONATE_REFUSE   that answer; what holds if nothing was said
 *   SSPIA_IMPERSONATE_NOTHING  SEC_E_OK, and nothing happens: for servers that call them by
 *                              habit, and do not depend on it for what a client may do
 *   SSPIA_IMPERSONATE_ASK      the program's own functions are called, which map the client to
 *                              a user of the system and change the thread's rights, or refuse
 *
 * With NOTHING and ASK, ImpersonateSecurityContext refuses a context without a client: that of
 * an initiator, and one that is not complete (SEC_E_NO_IMPERSONATION). RevertSecurityContext
 * asks no more than that the context is alive: revert before you delete it.
 */
#define SSPIA_IMPERSONATE_REFUSE  0u
#define SSPIA_IMPERSONATE_NOTHING 1u
#define SSPIA_IMPERSONATE_ASK     2u

/** Both are called on the thread that called ImpersonateSecurityContext or
 * RevertSecurityContext, by several threads at once, with no lock held; what they return is
 * what the caller gets. user: the client as SECPKG_ATTR_NAMES has it ("alice@TEST",
 * "TEST\alice"), UTF-8, good during the call. They may use the context. */
typedef struct sspia_impersonator {
    uint32_t size; /* sizeof(sspia_impersonator) */
    uint32_t reserved;
    SECURITY_STATUS (*impersonate)(void *data, PCtxtHandle context, const char *user);
    SECURITY_STATUS (*revert)(void *data, PCtxtHandle context);
    void *data;
} sspia_impersonator;

/** Sets it for the process. impersonator: for SSPIA_IMPERSONATE_ASK, copied; else NULL. The
 * copy is kept until the process ends, for calls that still use it. Returns SEC_E_OK,
 * SEC_E_INVALID_PARAMETER or SEC_E_INSUFFICIENT_MEMORY. */
SSPI_ASYNC_API SECURITY_STATUS sspia_set_impersonation(uint32_t mode,
                                                       const sspia_impersonator *impersonator);

/** ---- Pool ------------------------------------------------------------------------
 *
 * Calls run on threads in three lanes: calls that cannot block (delete, free, packages
 * without network), calls that may wait for a server such as a KDC (initialize, and acquire
 * where a package says so), and legs of acceptors that may block for a moment (accept). No lane
 * waits for another's threads: a silent KDC delays no logon at a server in the same process. A
 * lane starts a thread when there is work and none is idle, and lets it go after idle_ms
 * without work. A thread that is inside a callback does not count against its lane. There is no
 * thread before the first call.
 *
 * A call that cannot block and that nobody can be waiting for (its async context has neither a
 * callback nor a queue) wakes no thread for itself, which costs more than a delete: it is begun
 * within 10 ms, or at once when somebody asks for its status or waits for it. A thread without
 * work looks for such calls until there was none for 0.2 s, and then sleeps: an idle process
 * has no wake-ups.
 */
typedef struct sspia_pool_config {
    uint32_t size;              /* sizeof(sspia_pool_config) */
    uint32_t min_threads;       /* kept in each lane once started; default 0 */
    uint32_t max_threads;       /* that may block, in each such lane; 1 to 4096, default 64 */
    uint32_t max_quick_threads; /* that cannot block; 1 to 4096, default: processors */
    uint32_t max_queued;        /* accepted and unfinished calls a lane; default 1048576 */
    uint32_t idle_ms;           /* default 2000 */
} sspia_pool_config;

/** Sets the limits; a member that is 0 takes its default. Takes effect at once; surplus
 * threads leave when they are idle. NULL restores the defaults. Returns SEC_E_OK or
 * SEC_E_INVALID_PARAMETER. */
SSPI_ASYNC_API SECURITY_STATUS sspia_pool_configure(const sspia_pool_config *config);

typedef struct sspia_pool_counts {
    uint32_t size;         /* sizeof(sspia_pool_counts), set by the caller */
    uint32_t threads;      /* alive, in all lanes */
    uint32_t idle;         /* of these, without work */
    uint32_t in_callbacks; /* of these, inside a callback */
    uint64_t pending;      /* calls accepted and not finished */
    uint64_t submitted;    /* calls accepted since the start */
    uint64_t completed;    /* calls finished since the start, detached ones too */
} sspia_pool_counts;

/** Fills in counts of one moment. Returns SEC_E_OK or SEC_E_INVALID_PARAMETER. */
SSPI_ASYNC_API SECURITY_STATUS sspia_pool_stats(sspia_pool_counts *counts);

/** ---- NTLM: accounts that the program looks up -------------------------------------
 *
 * An acceptor of NTLM asks whether an answer to its challenge comes from somebody who knows the
 * user's password. Where a program keeps its accounts itself, it answers by a function of its
 * own:
 *
 *     static void ask(void *data, const sspia_ntlm_question *question)
 *     {
 *         struct account *found = look_up(data, question->user, question->domain);
 *
 *         if (found != NULL)
 *             question->answer(question, SSPIA_NTLM_HASH, found->nt_hash);
 *         else
 *             question->answer(question, SSPIA_NTLM_NO, NULL);
 *     }
 *
 *     sspia_ntlm_verifier verifier = {ask, accounts};
 *     sspia_auth_identity identity = {.version = SSPIA_AUTH_IDENTITY_VERSION,
 *                                     .size = sizeof identity, .ntlm_verifier = &verifier};
 *     AcquireCredentialsHandle(..., SECPKG_CRED_INBOUND, NULL, &identity, ...);
 *
 * The function is called on any thread, on several at once, and must not wait for anything: if
 * the answer takes time, it keeps the pointer, returns, and whoever has the answer gives it, on
 * any thread. The leg waits for it without a thread of its own, up to 30 s.
 */

/** What can be answered: there is no such account; it could not be found out, and the leg
 * returns SEC_E_NO_AUTHENTICATING_AUTHORITY; here is the NT hash of the account, and the
 * library does the rest; the response is right, and here is its session base key; here is the
 * account's password, UTF-8 with a final zero. */
#define SSPIA_NTLM_NO       0u
#define SSPIA_NTLM_UNABLE   1u
#define SSPIA_NTLM_HASH     2u
#define SSPIA_NTLM_KEY      3u
#define SSPIA_NTLM_PASSWORD 4u

typedef struct sspia_ntlm_question {
    uint32_t size; /* sizeof(sspia_ntlm_question) of the library */
    uint32_t response_size;
    const char *user;               /* UTF-8, as the client wrote it; may be alice@domain */
    const char *domain;             /* likewise; "" if it named none */
    const unsigned char *challenge; /* the acceptor's, 8 bytes */
    const unsigned char *response;  /* NTLMv2: the proof, 16 bytes, and what it was made of */

    /* Answers: once, for every question, inside the function or after it has returned, on any
     * thread; the question is gone then. secret has 16 bytes, or is a password (NULL for NO and
     * UNABLE), and is copied. Does not block. An answer that nobody waits for any more is
     * ignored. */
    void (*answer)(const struct sspia_ntlm_question *question, uint32_t answer,
                   const unsigned char *secret);
} sspia_ntlm_question;

/** Copied with the identity. What data leads to must be there until the credential is freed,
 * the contexts made from it are deleted, and every question is answered. */
typedef struct sspia_ntlm_verifier {
    void (*ask)(void *data, const sspia_ntlm_question *question);
    void *data;
} sspia_ntlm_verifier;

/** ---- Identity --------------------------------------------------------------------
 *
 * Passed as pAuthData where a SEC_WINNT_AUTH_IDENTITY may stand, to say where a credential
 * comes from without touching the environment of the process. Every string is UTF-8; NULL
 * leaves that place to the system's configuration. The structure may grow: `size` tells.
 */
#define SSPIA_AUTH_IDENTITY_VERSION 0x53500001u

typedef struct sspia_auth_identity {
    uint32_t version;             /* SSPIA_AUTH_IDENTITY_VERSION */
    uint32_t size;                /* sizeof(sspia_auth_identity) */
    void *identity;               /* a SEC_WINNT_AUTH_IDENTITY_A/W/EXA/EXW/EX2, or NULL */
    const char *credential_cache; /* Kerberos initiator: "FILE:/run/user/1000/krb5cc" */
    const char *keytab;           /* Kerberos acceptor: "FILE:/etc/http.keytab" */
    const char *client_keytab;    /* Kerberos initiator: keys to get tickets with */
    const char *replay_cache;     /* Kerberos acceptor: "none:", "dfl:", "file2:/path" */
    const char *ntlm_user_file;   /* NTLM: a file of DOMAIN:user:password lines */
    /* NTLM acceptor: the absolute path of Samba's ntlm_auth, which asks the domain that this
     * machine is a member of */
    const char *ntlm_helper;
    const sspia_ntlm_verifier *ntlm_verifier; /* NTLM acceptor: the program is asked */
    const char *impersonate;                  /* Kerberos initiator: see below */
    uint32_t delegation;                      /* SSPIA_DELEGATION_*, Kerberos: see below */
    uint32_t reserved;                        /* 0 */
    const char *armor_cache;                  /* Kerberos initiator: see below */
} sspia_auth_identity;

/* armor_cache names a ticket cache, a machine's as a rule
 * ("FILE:/var/lib/sssd/db/fast_ccache"), whose ticket-granting ticket encrypts the requests for
 * the account's own tickets (FAST, RFC 6113): who listens cannot try passwords on them. It goes
 * with a password or a client keytab. FAST is required then: without a ticket in the cache that
 * is still good, or with a KDC that has no FAST, the first leg fails. */

/* A service that acts for users who have not given it their tickets (MS-SFU). The KDC decides
 * for whom and towards whom it may; a refusal shows on the leg.
 *
 * impersonate names the user, "bob" or "bob@EXAMPLE.ORG", whom the service has found to be it
 * in a way of its own. The other members say who the service is and how it gets its tickets.
 * The credential is the user's: towards the service itself (S4U2Self, protocol transition), and
 * towards those that the KDC lets the service reach (S4U2Proxy).
 *
 * SSPIA_DELEGATION_CONSTRAINED, with SECPKG_CRED_BOTH: each context that the credential accepts
 * has a delegated credential (SSPIA_ATTR_DELEGATED_CREDENTIAL), whether the client delegated or
 * not, as long as its ticket is forwardable: what it reaches the KDC decides (S4U2Proxy).
 * Besides the keytab to accept with, the identity needs the means to get tickets as the same
 * account: a client keytab, a password, a ccache. ASC_RET_DELEGATE then says that there is a
 * credential, and no more.
 *
 * A leg of such a credential first asks the KDC for a ticket without holding a thread, to see
 * that it answers; libkrb5 then gets the others on a thread of the library. */

#ifdef __cplusplus
}
#endif

#endif
