/* SPDX-License-Identifier: MIT */
/*
 * sspi_queue.h - what sspi-async adds to the Windows contract: completion queues with a
 * descriptor, waiting, cancelling and deadlines, readable error messages, the pool's limits,
 * identities that name their own ccache and keytab.
 *
 * The rules of sspi.h about threads, handles and errors apply here too. Times are
 * milliseconds of the monotonic clock; a negative timeout means no limit.
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
 * Collects the completions of the async contexts that name it. The callbacks run on the thread
 * that drains the queue, and never on a thread of the library. Usually each event loop has one
 * queue; several threads may drain the same queue.
 *
 *     queue = sspia_queue_create();
 *     sspia_async_set_queue(async, queue);
 *     SspiDeleteSecurityContextAsync(async, &context);
 *     ... poll(sspia_queue_fd(queue)) ...
 *     sspia_queue_dispatch(queue, 64, 0);
 *
 * A queue is a checked reference like the handles of sspi.h.
 *
 * Deletes and frees are cheaper than waking a thread. So, while no thread of the library is
 * awake, those whose completions go to a queue are left to the thread that drains it: the
 * descriptor becomes readable, and the functions that take completions first carry out such
 * calls (they do not block, see sspi_package.h). If no thread drains the queue within 10 ms, a
 * thread of the library carries them out.
 *
 * A callback on a thread of the library must return, and must not end its thread
 * (pthread_exit). It may fork: in the child it runs on the only thread, which is no longer a
 * thread of the pool; when the callback returns, that thread ends, and the child exits with
 * code 0.
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

/** Frees the queue and wakes the threads that wait on it. A dead queue is ignored. Completions
 * that it has not delivered are lost: their callbacks do not run. The calls themselves
 * continue, and can be polled and waited for. */
SSPI_ASYNC_API void sspia_queue_free(sspia_queue *queue);

/** A descriptor for poll, epoll, select or an event loop: readable exactly while
 * completions wait, or deletes that a drain would carry out; at most 20 us after they arrived.
 * A thread of the library may carry out a delete between your poll and your take: the take then
 * finds nothing, and the descriptor becomes readable again with the completion. With an
 * edge-triggered poller, drain until nothing is left. The queue owns it: never read, write or
 * close it. Made on the first call; -1 with errno set if the system has none left (or EBADF for
 * a dead queue). After a fork the child's queue has a descriptor of its own under the same
 * number. */
SSPI_ASYNC_API int sspia_queue_fd(sspia_queue *queue);

/** Takes the oldest completion, without running its callback. Waits up to timeout_ms for one
 * (0: does not wait). Returns SEC_E_OK,
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

/** Sets where the completions of later calls go: to a queue, or, if it is NULL, to callbacks on
 * threads of the library. Reinit keeps it. Returns SEC_E_OK, SEC_E_INVALID_PARAMETER
 * while a call is pending, or SEC_E_INVALID_HANDLE for a dead context or queue. */
SSPI_ASYNC_API SECURITY_STATUS sspia_async_set_queue(SspiAsyncContext *async,
                                                     sspia_queue *queue);

/** Queues one call that deletes many security contexts, for less than a submit of each. Copies
 * the `count` handles (any number; contexts may be NULL for 0): all are invalid when this
 * returns. Calls submitted earlier on one of them finish first, and the end of the last of them
 * destroys that context; the batch does not wait for it. The status of the call is SEC_E_OK, or
 * SEC_E_INVALID_HANDLE if not every handle was alive (those that were are still deleted).
 * Returns whether it was queued, like SspiDeleteSecurityContextAsync; on failure every handle
 * stays as it was. Does not block, whatever the contexts are doing. */
SSPI_ASYNC_API SECURITY_STATUS sspia_async_delete_contexts(SspiAsyncContext *async,
                                                           const CtxtHandle *contexts,
                                                           uint32_t count);

/** Waits until no call is pending and returns what SspiGetAsyncCallStatus then says;
 * SEC_I_ASYNC_CALL_PENDING if the time ran out, SEC_E_INVALID_HANDLE if the context is, or
 * meanwhile was, freed. Before it sleeps, the calling thread carries out queued deletes and
 * frees, which do not block; the functions that wait on a queue do the same. The call itself
 * runs on the calling thread if no other thread has begun it, if it has a queue or no callback,
 * and if it cannot block or there is no timeout. This function then returns when the package
 * does, even if another thread cancels the call or frees its context meanwhile. Give a timeout
 * where that matters. */
SSPI_ASYNC_API SECURITY_STATUS sspia_async_wait(SspiAsyncContext *async, int32_t timeout_ms);

/** Completes a pending call at once with SEC_E_UNFINISHED_CONTEXT_DELETED. Its callback
 * runs once, on the usual thread and not inside this function. Its outputs are not written
 * after this function has returned. Work that has not begun does not begin. Work inside a
 * package continues to its end in the background, and its result is discarded: a new credential
 * or context is deleted, a token wiped. An existing context whose leg was running can only be
 * deleted. Deletes and frees are still carried out.
 * Returns SEC_E_OK, SEC_E_NO_CONTEXT if no call is pending (idle, or already complete),
 * SEC_E_INVALID_HANDLE, or SEC_E_INSUFFICIENT_MEMORY (the call continues). */
SSPI_ASYNC_API SECURITY_STATUS sspia_async_cancel(SspiAsyncContext *async);

/** Deadlines. A call that is still pending at its deadline completes with
 * SEC_E_SECURITY_QOS_FAILED, a status that no other event in this library returns, and with a
 * message that says whether it had begun. Otherwise it behaves as with sspia_async_cancel: the
 * callback runs once, or the queue gets one completion; waiting threads are woken; outputs are
 * not written; work that no thread has begun does not begin, work inside a package continues in
 * the background and is discarded, and deletes and frees are still carried out. A call that
 * ends in time is not affected, and one that ends at its deadline has exactly one of the two
 * results. A completion may be later than its deadline if the processors are busy, but never
 * earlier.
 *
 * The deadline is a setting of the async context, like its callback and queue. It applies to
 * later calls of every kind and package, counts from each submit, and is kept by reinit. These
 * functions may be called on any thread and in callbacks, and do not block. They return
 * SEC_E_OK, SEC_E_INVALID_PARAMETER while a call is pending (its deadline does not change),
 * SEC_E_INVALID_HANDLE, or SEC_E_INSUFFICIENT_MEMORY. A submit with a deadline may fail with
 * SEC_E_INSUFFICIENT_MEMORY where one without would not, because it needs the thread that
 * watches deadlines; there is one such thread while there are deadlines, and for 5 s after.
 *
 * Synchronous functions have no deadline. A thread in sspia_async_wait leaves a call that may
 * block and has a deadline to the pool, and returns at the deadline.
 */
#define SSPIA_DEADLINE_DEFAULT 0xFFFFFFFFu

/** Sets the deadline to this many milliseconds after each submit. 0 means none, even if the
 * process has a default. SSPIA_DEADLINE_DEFAULT, the initial value, means the default of the
 * process. */
SSPI_ASYNC_API SECURITY_STATUS sspia_async_set_deadline(SspiAsyncContext *async,
                                                        uint32_t milliseconds);

/** Sets the deadline to a point in time, in nanoseconds of CLOCK_MONOTONIC (more than 0, else
 * SEC_E_INVALID_PARAMETER), for a handshake whose legs share one deadline. A call that is
 * submitted after that time ends at once. */
SSPI_ASYNC_API SECURITY_STATUS sspia_async_set_deadline_at(SspiAsyncContext *async,
                                                           int64_t monotonic_ns);

/** Sets the default of the process, for later calls of async contexts without a setting of
 * their own: this many milliseconds after the submit; 0, the initial value, means none. It
 * applies to acquires and legs; deletes and frees, which contact no server, have no default. */
SSPI_ASYNC_API void sspia_set_default_deadline(uint32_t milliseconds);

/** Copies the message of the last call that completed on the context: one line that names
 * package, operation and cause, "" after a success. At most size bytes, always
 * terminated. Returns the length of the whole message (like snprintf), or 0 for a dead
 * context. Messages never hold passwords, keys or tokens. */
SSPI_ASYNC_API size_t sspia_async_message(SspiAsyncContext *async, char *buffer, size_t size);

/** ---- Messages and names ---------------------------------------------------------- */

/** The same for the last function of this library that failed on the calling thread. */
SSPI_ASYNC_API size_t sspia_last_message(char *buffer, size_t size);

/** Writes a line to a descriptor for each call that ends, with the time, package, operation,
 * status, and how long it took since it began. A negative descriptor turns that off. A line
 * that cannot be written at once is dropped. No line contains a name, a password, a key or a
 * token. The environment variable SSPI_ASYNC_TRACE does the same from the start of the process,
 * with the name of a file to append to, or "-" for standard error; a process with raised
 * privilege ignores it. Synchronous functions write no lines. */
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

/** Turns a package off in this process, by name or alias, whatever its configuration says; also
 * for Negotiate. Acquiring a credential and importing a context then return
 * SEC_E_SECPKG_NOT_FOUND. Existing credentials and contexts continue to work, so call this
 * before the first one is acquired. It cannot be undone. Loads nothing, and the package need
 * not be installed. Returns SEC_E_OK, SEC_E_INVALID_PARAMETER if the name is not valid, or
 * SEC_E_INSUFFICIENT_MEMORY if sixteen packages are already off. Example:
 * sspia_package_turn_off("NTLM"). */
SSPI_ASYNC_API SECURITY_STATUS sspia_package_turn_off(const char *package);

/** "1.0.0", the version of the library that runs. The string is constant. */
SSPI_ASYNC_API const char *sspia_version(void);

/** ---- Impersonation ------------------------------------------------------------------
 *
 * A server for Windows calls ImpersonateSecurityContext, works with the rights of its client,
 * and calls RevertSecurityContext. Linux has no access tokens that a context could give to a
 * thread, so both return SEC_E_UNSUPPORTED_FUNCTION: after a false success, the server would
 * continue with its own rights. A program can choose another behaviour, once, before its first
 * such call:
 *
 *   SSPIA_IMPERSONATE_REFUSE   return that status (the default)
 *   SSPIA_IMPERSONATE_NOTHING  return SEC_E_OK and do nothing: for servers that call them by
 *                              habit, and do not rely on them to restrict a client
 *   SSPIA_IMPERSONATE_ASK      call the program's own functions, which map the client to a user
 *                              of the system and change the thread's rights, or refuse
 *
 * With NOTHING and ASK, ImpersonateSecurityContext refuses a context without a client: that of
 * an initiator, and one that is not complete (SEC_E_NO_IMPERSONATION). RevertSecurityContext
 * requires only that the context is alive: revert before you delete it.
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
 * A call that cannot block, and whose async context has neither a callback nor a queue, does
 * not wake a thread, because that would cost more than a delete. It begins within 10 ms, or at
 * once when a thread reads its status or waits for it. A thread without work looks for such
 * calls until there was none for 0.2 s, and then sleeps: an idle process has no wake-ups.
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
 * threads end when they are idle. NULL restores the defaults. Returns SEC_E_OK or
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

/** Fills in the current counts. Returns SEC_E_OK or SEC_E_INVALID_PARAMETER. */
SSPI_ASYNC_API SECURITY_STATUS sspia_pool_stats(sspia_pool_counts *counts);

/** ---- NTLM: accounts that the program looks up -------------------------------------
 *
 * An NTLM acceptor must verify that the answer to its challenge was made with the user's
 * password. A program that keeps its own accounts provides a function for that:
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
 * The function is called on any thread, also on several at once, and must not wait for
 * anything. If the answer takes time, keep the pointer, return, and answer later, on any
 * thread. The leg waits for the answer without a thread, for up to 30 s.
 */

/** The possible answers. NO: there is no such account. UNABLE: the account could not be looked
 * up, and the leg returns SEC_E_NO_AUTHENTICATING_AUTHORITY. HASH: the secret is the NT hash of
 * the account, and the library verifies the response. KEY: the response is right, and the
 * secret is its session base key. PASSWORD: the secret is the account's password, in UTF-8 with
 * a final zero. */
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

    /* Gives the answer: exactly once for every question, inside the function or after it has
     * returned, on any thread; the question must not be used afterwards. secret has 16 bytes,
     * or is a password (NULL for NO and UNABLE), and is copied. Does not block. An answer that
     * comes too late is ignored. */
    void (*answer)(const struct sspia_ntlm_question *question, uint32_t answer,
                   const unsigned char *secret);
} sspia_ntlm_question;

/** Copied with the identity. What data points to must exist until the credential is freed, the
 * contexts made from it are deleted, and every question is answered. */
typedef struct sspia_ntlm_verifier {
    void (*ask)(void *data, const sspia_ntlm_question *question);
    void *data;
} sspia_ntlm_verifier;

/** ---- Identity --------------------------------------------------------------------
 *
 * Pass it as pAuthData in place of a SEC_WINNT_AUTH_IDENTITY, to say where a credential comes
 * from without changing the environment of the process. Every string is UTF-8; NULL means the
 * system's configuration. The structure may grow in later versions, so set `size`.
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

/* armor_cache names a ticket cache, usually that of the machine
 * ("FILE:/var/lib/sssd/db/fast_ccache"), whose ticket-granting ticket encrypts the requests for
 * the account's own tickets (FAST, RFC 6113), so that an eavesdropper cannot try passwords on
 * them. It is used with a password or a client keytab. FAST is then required: if the cache has
 * no valid ticket, or the KDC does not support FAST, the first leg fails. */

/* A service can act for users who have not given it their tickets (MS-SFU). The KDC decides for
 * which users and at which services; a refusal is reported by the leg.
 *
 * impersonate names the user, "bob" or "bob@EXAMPLE.ORG", whom the service has authenticated by
 * other means. The other members identify the service, and say how it gets its tickets. The
 * credential is that of the user: for the service itself (S4U2Self, protocol transition), and
 * for the services that the KDC allows (S4U2Proxy).
 *
 * With SSPIA_DELEGATION_CONSTRAINED and SECPKG_CRED_BOTH, each context that the credential
 * accepts has a delegated credential (SSPIA_ATTR_DELEGATED_CREDENTIAL), whether or not the
 * client delegated, as long as its ticket is forwardable. The KDC decides which services it
 * reaches (S4U2Proxy). Besides the keytab to accept with, the identity needs a way to get
 * tickets as the same account: a client keytab, a password or a ccache. ASC_RET_DELEGATE then
 * only says that there is such a credential.
 *
 * A leg of such a credential first requests a ticket from the KDC without a thread, to find out
 * whether it answers; libkrb5 then gets the other tickets on a thread of the library. */

#ifdef __cplusplus
}
#endif

#endif
