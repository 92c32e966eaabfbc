/* SPDX-License-Identifier: MIT */
/*
 * sspi_hub.h - the flat face of the library, for bindings to other languages: bytes in,
 * bytes out, handles as numbers, no SecBuffer, no callback. C programs have sspi.h.
 *
 *     call = sspia_hub_call_create();
 *     sspia_hub_initialize(call, queue, 7, credential, 0, "HTTP@www.example.org", 20,
 *                          ISC_REQ_MUTUAL_AUTH, NULL, 0, NULL, 0, NULL, 0);
 *     ... poll(sspia_hub_queue_fd(queue)) ...
 *     count = sspia_hub_queue_take(queue, 0, completions, 64);   completions[i].id is 7
 *     sspia_hub_call_take(call, &outcome);
 *     sspia_hub_call_free(call);
 *
 * It is the same engine with the same contracts. A call is an async context of sspi.h that
 * also owns the places of its outputs: it may be freed at any moment, and what was not
 * taken of the outcome goes with it (a new credential is freed, a new context deleted, a
 * token wiped).
 *
 * Handles. Calls, queues, credentials and contexts are numbers from 1 to 2^53 - 1, so that they
 * are exact in a language whose numbers are doubles. They are checked as the handles of sspi.h
 * are: a number that is dead, of another kind, 0 or garbage gives SEC_E_INVALID_HANDLE. 0
 * stands for "none" where that is allowed.
 *
 * Bytes and text. In: a pointer and a size (NULL with 0 for none), copied before the
 * function returns. Text is UTF-8, needs no final zero, and is refused with
 * SEC_E_INVALID_PARAMETER if it has a NUL in it: a name is used whole or not at all. Out:
 * sspia_hub_bytes, memory of the library that the caller frees with sspia_hub_bytes_free,
 * which wipes it; text in it has no final zero. An output is written on success only, unless
 * noted.
 *
 * Layouts. The structures below are part of the ABI, on every 64-bit machine: their members
 * are in the machine's byte order at the offsets that are noted, and nothing is between them.
 * They may be read as bytes, or mirrored in another language.
 *
 * Threads. Every function may be called from any thread at any time, in completions being
 * handled too. "May block" is said where it is so; the others return at once.
 *
 * Times are seconds since 1970 UTC, -1 for never or not known; timeouts are milliseconds
 * (negative: no limit). Functions that return int32_t return a SECURITY_STATUS; the text of a
 * failure is sspia_hub_last_message on the same thread.
 */
#ifndef SSPI_ASYNC_SSPI_HUB_H
#define SSPI_ASYNC_SSPI_HUB_H

#include "sspi.h"
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Bytes that the caller owns; see above. 16 bytes. */
typedef struct sspia_hub_bytes {
    void *data;
    size_t size;
} sspia_hub_bytes;

/** Wipes and frees what a sspia_hub_bytes has as its data; NULL and what was not given out are
 * ignored. */
SSPI_ASYNC_API void sspia_hub_bytes_free(void *data);

/** ---- Queue ----------------------------------------------------------------------- */

/** 24 bytes. */
typedef struct sspia_hub_completion {
    uint64_t id;       /* as given at submit */
    uint64_t call;     /* may have been freed since */
    int32_t status;    /* 16: of that submit, also if the call was used again since */
    uint32_t reserved; /* 0 */
} sspia_hub_completion;

/** A completion queue (see sspi_queue.h), or 0 if memory ran out. */
SSPI_ASYNC_API uint64_t sspia_hub_queue_create(void);
/** Frees it and wakes those who wait on it; a dead one is ignored. Completions that were not
 * taken are lost, the calls go on. */
SSPI_ASYNC_API void sspia_hub_queue_free(uint64_t queue);
/** Readable while completions wait, or while a delete or free waits that the next take will
 * carry out: that take may then bring nothing. The queue owns it: never read or close it. -1
 * if the system has none left or the queue is dead.
 *
 * Level-triggered pollers take once whenever it is readable. Edge-triggered ones (EPOLLET) take
 * until a take without waiting brings fewer completions than it asked for; whatever comes after
 * that is a new edge. A dup of the descriptor may be polled in its place. In a forked child the
 * number leads to a queue of the child's own; a dup is still the parent's. */
SSPI_ASYNC_API int32_t sspia_hub_queue_fd(uint64_t queue);
/** Takes up to `most` completions, the oldest first, after waiting up to timeout_ms for one
 * (0: does not wait). Returns how many, 0 if none came, or SEC_E_INVALID_HANDLE if the queue
 * is, or meanwhile was, freed. Fewer than `most` means that no more were there. May block. */
SSPI_ASYNC_API int32_t sspia_hub_queue_take(uint64_t queue, int32_t timeout_ms,
                                            sspia_hub_completion *completions, uint32_t most);
/** Has all threads that wait in a take of this queue return: with 0, if no completion comes to
 * them meanwhile. If none waits, the next take that would wait returns 0 instead, so that a
 * thread that is on its way into one is not missed. The descriptor is not concerned. For
 * run-times that must interrupt a thread; a dead queue is ignored. */
SSPI_ASYNC_API void sspia_hub_queue_wake(uint64_t queue);

/** ---- Call ------------------------------------------------------------------------ */

/** What a call brought. 56 bytes. */
typedef struct sspia_hub_outcome {
    int32_t status;        /* 0: as sspia_hub_call_status */
    uint32_t attributes;   /* 4: ISC_RET_* or ASC_RET_* of a leg */
    uint64_t credential;   /* 8: of an acquire: the caller owns it now; or 0 */
    uint64_t context;      /* 16: of a first leg: the caller owns it now; or 0 */
    int64_t expiry;        /* 24: of an acquire or a leg; -1: never, or not known */
    uint32_t extra;        /* 32: bytes at the end of the input token that were not used */
    uint32_t missing;      /* 36: with SEC_E_INCOMPLETE_MESSAGE: how many more, 0 if unknown */
    sspia_hub_bytes token; /* 40: the caller owns it now; also with an error */
} sspia_hub_outcome;

/** An idle call, or 0 if memory ran out. */
SSPI_ASYNC_API uint64_t sspia_hub_call_create(void);
/** Frees it, and any part of its outcome that was not taken. A dead one is ignored. A pending
 * call is detached: it finishes in the background, without a completion. Deletes and frees of
 * handles are carried out. */
SSPI_ASYNC_API void sspia_hub_call_free(uint64_t call);
/** Makes a finished call idle again, for the next submit. STATUS_SUCCESS, STATUS_DEVICE_BUSY
 * or STATUS_INVALID_HANDLE. */
SSPI_ASYNC_API int32_t sspia_hub_call_reinit(uint64_t call);
/** SEC_E_NO_CONTEXT while idle, SEC_I_ASYNC_CALL_PENDING, then what the operation returned;
 * SEC_E_INVALID_HANDLE if dead. */
SSPI_ASYNC_API int32_t sspia_hub_call_status(uint64_t call);
/** Waits until the call is not pending and returns its status; SEC_I_ASYNC_CALL_PENDING if
 * the time ran out. May block. */
SSPI_ASYNC_API int32_t sspia_hub_call_wait(uint64_t call, int32_t timeout_ms);
/** Completes it at once with SEC_E_UNFINISHED_CONTEXT_DELETED; see sspia_async_cancel. */
SSPI_ASYNC_API int32_t sspia_hub_call_cancel(uint64_t call);
/** Sets the deadline of later operations: this many milliseconds after each submit (0: none;
 * 4294967295, the initial value: the default of the process), or a point in time in nanoseconds
 * of CLOCK_MONOTONIC. A call that is then still pending completes with
 * SEC_E_SECURITY_QOS_FAILED. See
 * sspia_async_set_deadline and sspia_async_set_deadline_at. */
SSPI_ASYNC_API int32_t sspia_hub_call_set_deadline(uint64_t call, uint32_t milliseconds);
SSPI_ASYNC_API int32_t sspia_hub_call_set_deadline_at(uint64_t call, int64_t monotonic_ns);
/** The default of the process, for acquires and legs: see sspia_set_default_deadline. */
SSPI_ASYNC_API void sspia_hub_set_default_deadline(uint32_t milliseconds);
/** Moves the outcome to the caller: a second take finds nothing but the status. SEC_E_OK,
 * SEC_I_ASYNC_CALL_PENDING, SEC_E_INVALID_HANDLE. *outcome is always written. */
SSPI_ASYNC_API int32_t sspia_hub_call_take(uint64_t call, sspia_hub_outcome *outcome);
/** Why the call failed, in one line; empty after a success. */
SSPI_ASYNC_API int32_t sspia_hub_call_message(uint64_t call, sspia_hub_bytes *text);

/** ---- Operations ------------------------------------------------------------------
 *
 * Each queues its work as the call and returns whether that was done; the result is the
 * call's. SEC_E_OK: one completion with this id will come to the queue (queue 0: none; poll
 * or wait). Anything else: none will. Refusals as in sspi.h: SEC_E_INVALID_HANDLE for a dead
 * call or queue, SEC_E_INVALID_PARAMETER for a call that is not idle or a bad argument,
 * SEC_E_INSUFFICIENT_MEMORY. Dead credentials and contexts show in the call's status.
 */

/** Gets a credential. principal: NULL for the default one. identity: pairs of name and value,
 * each text with its final zero, one after the other; none for the defaults of the process.
 * The caller must refuse a name or value that contains a NUL.
 *
 *     user domain password   whom to log on
 *     packages               what Negotiate may choose from: "Kerberos", "!ntlm"
 *     ccache keytab client_keytab replay_cache armor_cache impersonate delegation
 *     ntlm_user_file ntlm_helper
 *                            as in sspia_auth_identity; delegation as a number
 *     ntlm_verifier          the number of a verifier, see below
 *     certificate key key_password roots tls_flags
 *                            Schannel, without those above: a PEM or PKCS#12 file,
 *                            the file and the password of its key, a PEM file of the
 *                            roots to trust, and SCH_* flags as a number (schannel.h)
 *
 * A name that is not known is SEC_E_INVALID_PARAMETER. Loads the package's module, if that
 * was not done: may block on the file system. */
SSPI_ASYNC_API int32_t sspia_hub_acquire(uint64_t call, uint64_t queue, uint64_t id,
                                         const char *package, size_t package_size,
                                         const char *principal, size_t principal_size,
                                         uint32_t use, const void *identity,
                                         size_t identity_size);

/** One leg of the initiator. context 0: the first, whose outcome has the new context.
 * credential may be 0 on later legs. flags: ISC_REQ_*, 64 bits of them. bindings: what an
 * RFC 5929 name and its data are ("tls-server-end-point:..."), on the first leg. protocols:
 * ALPN, each name behind a byte with its length (Schannel, first leg). */
SSPI_ASYNC_API int32_t sspia_hub_initialize(uint64_t call, uint64_t queue, uint64_t id,
                                            uint64_t credential, uint64_t context,
                                            const char *target, size_t target_size,
                                            uint64_t flags, const void *token,
                                            size_t token_size, const void *bindings,
                                            size_t bindings_size, const void *protocols,
                                            size_t protocols_size);
/** One leg of the acceptor. flags: ASC_REQ_*. */
SSPI_ASYNC_API int32_t sspia_hub_accept(uint64_t call, uint64_t queue, uint64_t id,
                                        uint64_t credential, uint64_t context, uint64_t flags,
                                        const void *token, size_t token_size,
                                        const void *bindings, size_t bindings_size,
                                        const void *protocols, size_t protocols_size);
/** Deletes a context; frees a credential. The number is dead when the function returns. call
 * may be 0, here and in the next function: the library then uses a call of its own, of which
 * only the status in the completion is visible. */
SSPI_ASYNC_API int32_t sspia_hub_delete_context(uint64_t call, uint64_t queue, uint64_t id,
                                                uint64_t context);
SSPI_ASYNC_API int32_t sspia_hub_free_credential(uint64_t call, uint64_t queue, uint64_t id,
                                                 uint64_t credential);

/** Deletes many contexts as one call; see sspia_async_delete_contexts. contexts: 64-bit numbers
 * in the machine's byte order, one behind the other; size: of these bytes. */
SSPI_ASYNC_API int32_t sspia_hub_delete_contexts(uint64_t call, uint64_t queue, uint64_t id,
                                                 const void *contexts, size_t size);

/** The same, synchronously, for finalizers: neither waits for calls on the context. As
 * DeleteSecurityContext and FreeCredentialsHandle: SEC_E_OK too if it is dead but was alive
 * once, where the queued forms give SEC_E_INVALID_HANDLE; that is for what never was one. */
SSPI_ASYNC_API int32_t sspia_hub_delete_context_now(uint64_t context);
SSPI_ASYNC_API int32_t sspia_hub_free_credential_now(uint64_t credential);

/** ---- NTLM: accounts that the program looks up ---------------------------------------
 *
 * The counterpart of sspia_ntlm_verifier in sspi_queue.h, for languages that no thread of the
 * library may enter. The questions of acceptors wait in a verifier, which an acquire gets as
 * the identity's ntlm_verifier. A call completes when there are questions; take them, and
 * answer each, at once or later, on any thread.
 *
 *     sspia_hub_verifier_wait(call, queue, 8, verifier);   completes when there is one
 *     while (sspia_hub_verifier_take(verifier, &question, &user, &domain) == SEC_E_OK)
 *         sspia_hub_verifier_answer(question, SSPIA_NTLM_PASSWORD, password, size);
 *     sspia_hub_call_reinit(call);                         and again
 */

/** A verifier without questions, or 0 if memory ran out. In a forked child it is as if freed.
 */
SSPI_ASYNC_API uint64_t sspia_hub_verifier_create(void);
/** Frees it; a dead one is ignored. Questions that were not taken, and those that come later,
 * are answered with SSPIA_NTLM_UNABLE. The call that waits for a question ends with
 * SEC_E_INVALID_HANDLE. */
SSPI_ASYNC_API void sspia_hub_verifier_free(uint64_t verifier);
/** An operation like those above that is complete when a question is there to be taken. It
 * occupies no thread. If several calls wait, a question ends them all. */
SSPI_ASYNC_API int32_t sspia_hub_verifier_wait(uint64_t call, uint64_t queue, uint64_t id,
                                               uint64_t verifier);
/** Takes the oldest question: its number, and the user and domain as the client wrote them (the
 * domain may be empty, and the user alice@domain). Each question that was taken must be
 * answered. SEC_I_ASYNC_CALL_PENDING: there is none. SEC_E_INVALID_HANDLE. */
SSPI_ASYNC_API int32_t sspia_hub_verifier_take(uint64_t verifier, uint64_t *question,
                                               sspia_hub_bytes *user, sspia_hub_bytes *domain);
/** answer: SSPIA_NTLM_NO (0), _UNABLE (1), _HASH (2; secret: 16 bytes) or _PASSWORD (4; UTF-8,
 * without a zero). SEC_E_INVALID_PARAMETER, and the question stays; SEC_E_INVALID_HANDLE if it
 * was answered before. A late answer, which is no longer waited for, is still accepted. */
SSPI_ASYNC_API int32_t sspia_hub_verifier_answer(uint64_t question, uint32_t answer,
                                                 const void *secret, size_t secret_size);

/** ---- Messages on a context -------------------------------------------------------
 *
 * Each waits for its turn on the context: blocks while a leg runs there.
 */

/** *signature: what MakeSignature puts into TOKEN. */
SSPI_ASYNC_API int32_t sspia_hub_sign(uint64_t context, const void *data, size_t size,
                                      sspia_hub_bytes *signature);
/** SEC_E_MESSAGE_ALTERED, SEC_E_OUT_OF_SEQUENCE. */
SSPI_ASYNC_API int32_t sspia_hub_verify(uint64_t context, const void *data, size_t size,
                                        const void *signature, size_t signature_size);
/** *sealed: the whole message, token in front; of a stream package (Schannel) as many records
 * as it takes. qop: 0, or SECQOP_WRAP_NO_ENCRYPT. */
SSPI_ASYNC_API int32_t sspia_hub_encrypt(uint64_t context, uint32_t qop, const void *data,
                                         size_t size, sspia_hub_bytes *sealed);
/** Undoes one message; of a stream package all whole records. *used: bytes of the input that
 * are done with, the rest is to be given again with more. *qop: as encrypt had it.
 * SEC_E_INCOMPLETE_MESSAGE: not one record is whole. With SEC_I_RENEGOTIATE and
 * SEC_I_CONTEXT_EXPIRED (see schannel.h) *plain holds what came before. */
SSPI_ASYNC_API int32_t sspia_hub_decrypt(uint64_t context, const void *data, size_t size,
                                         sspia_hub_bytes *plain, uint32_t *qop, size_t *used);
/** The same for protocols that have a place of their own for the token, such as RPC. header and
 * trailer (none: NULL, 0) go readable before and after the data and are signed with it, where
 * the package has the capability READONLY_WITH_CHECKSUM. *sealed: as long as the data, padded
 * where SIZES has a block of more than 1; then there can be no trailer. Not for a stream
 * package: SEC_E_UNSUPPORTED_FUNCTION. */
SSPI_ASYNC_API int32_t sspia_hub_encrypt_parts(uint64_t context, uint32_t qop,
                                               const void *header, size_t header_size,
                                               const void *data, size_t size,
                                               const void *trailer, size_t trailer_size,
                                               sspia_hub_bytes *token, sspia_hub_bytes *sealed);
SSPI_ASYNC_API int32_t sspia_hub_decrypt_parts(uint64_t context, const void *token,
                                               size_t token_size, const void *header,
                                               size_t header_size, const void *data,
                                               size_t size, const void *trailer,
                                               size_t trailer_size, sspia_hub_bytes *plain,
                                               uint32_t *qop);
/** SSPIA_ATTR_MESSAGE_LIMIT: how much data goes into a message of `packet` bytes. */
SSPI_ASYNC_API int32_t sspia_hub_message_limit(uint64_t context, uint32_t qop, uint32_t packet,
                                               uint32_t *plaintext);
/** ApplyControlToken with these bytes as the token. */
SSPI_ASYNC_API int32_t sspia_hub_control(uint64_t context, const void *token, size_t size);

/** ExportSecurityContext and ImportSecurityContext. flags: SECPKG_CONTEXT_EXPORT_*. */
SSPI_ASYNC_API int32_t sspia_hub_export_context(uint64_t context, uint32_t flags,
                                                sspia_hub_bytes *packed);
SSPI_ASYNC_API int32_t sspia_hub_import_context(const char *package, size_t package_size,
                                                const void *packed, size_t size,
                                                uint64_t *context);

/** ---- Attributes ------------------------------------------------------------------
 *
 * QueryContextAttributes, one member at a time: `member` counts the members of one type in
 * the order of the Windows structure. SEC_E_INVALID_PARAMETER if there is no such member,
 * SEC_E_UNSUPPORTED_FUNCTION if the package does not have the attribute. All may block as
 * messages do.
 *
 *     number  SIZES 0-3, STREAM_SIZES 0-4, FLAGS, KEY_INFO 0-2 (bits, signature,
 *             encryption), LIFESPAN 0-1 (start, expiry; UTC, -1: never),
 *             NEGOTIATION_INFO (the state), PACKAGE_INFO 0-3 (capabilities, version,
 *             RPC id, largest token), CONNECTION_INFO 0-6, SESSION_INFO (the flags)
 *     text    NAMES, NATIVE_NAMES 0-1 (client, server), AUTHORITY, KEY_INFO 0-1
 *             (signature, encryption), PACKAGE_INFO and NEGOTIATION_INFO 0-2 (name,
 *             comment, object identifier in numbers, "" for none),
 *             CLIENT_SPECIFIED_TARGET
 *     bytes   SESSION_KEY; UNIQUE_BINDINGS, ENDPOINT_BINDINGS and
 *             SSPIA_ATTR_EXPORTER_BINDINGS (the application data);
 *             APPLICATION_PROTOCOL (its name), SESSION_INFO (the id),
 *             REMOTE_CERT_CONTEXT and LOCAL_CERT_CONTEXT (DER)
 */
SSPI_ASYNC_API int32_t sspia_hub_query_number(uint64_t context, uint32_t attribute,
                                              uint32_t member, int64_t *number);
SSPI_ASYNC_API int32_t sspia_hub_query_text(uint64_t context, uint32_t attribute,
                                            uint32_t member, sspia_hub_bytes *text);
SSPI_ASYNC_API int32_t sspia_hub_query_bytes(uint64_t context, uint32_t attribute,
                                             sspia_hub_bytes *bytes);
/** SSPIA_ATTR_DELEGATED_CREDENTIAL: a new credential, which the caller frees.
 * SEC_E_NO_CREDENTIALS: nothing was delegated. */
SSPI_ASYNC_API int32_t sspia_hub_delegated_credential(uint64_t context, uint64_t *credential,
                                                      int64_t *expiry);
/** The name of a credential's principal. */
SSPI_ASYNC_API int32_t sspia_hub_credential_name(uint64_t credential, sspia_hub_bytes *text);

/** ---- Packages and the library ----------------------------------------------------- */

/** The names of all packages that can be loaded here, each with a final zero. Loads them: may
 * block on the file system, as the next three may. */
SSPI_ASYNC_API int32_t sspia_hub_packages(sspia_hub_bytes *names);
/** Members as of PACKAGE_INFO above. SEC_E_SECPKG_NOT_FOUND. */
SSPI_ASYNC_API int32_t sspia_hub_package_number(const char *package, size_t package_size,
                                                uint32_t member, int64_t *number);
SSPI_ASYNC_API int32_t sspia_hub_package_text(const char *package, size_t package_size,
                                              uint32_t member, sspia_hub_bytes *text);
/** AddSecurityPackage: a module file (with '/'), or the module of that name. */
SSPI_ASYNC_API int32_t sspia_hub_package_add(const char *module, size_t module_size);
/** sspia_package_turn_off. */
SSPI_ASYNC_API int32_t sspia_hub_package_turn_off(const char *package, size_t package_size);

/** "SEC_E_INVALID_HANDLE", or "UNKNOWN"; a sentence that explains the status; "1.0.0", the
 * version of the library that runs. The strings are constant, with a final zero. */
SSPI_ASYNC_API const char *sspia_hub_status_name(int32_t status);
SSPI_ASYNC_API const char *sspia_hub_status_text(int32_t status);
SSPI_ASYNC_API const char *sspia_hub_version(void);

/** Why the last function that failed on this thread did. */
SSPI_ASYNC_API int32_t sspia_hub_last_message(sspia_hub_bytes *text);

/** The pool's limits, 0 for a default, and its counts by the position of the member in
 * sspia_pool_counts behind size (0: threads, ... 5: completed); -1 if there is none. */
SSPI_ASYNC_API int32_t sspia_hub_pool_configure(uint32_t min_threads, uint32_t max_threads,
                                                uint32_t max_quick_threads, uint32_t max_queued,
                                                uint32_t idle_ms);
SSPI_ASYNC_API int64_t sspia_hub_pool_count(uint32_t member);

#ifdef __cplusplus
}
#endif

#endif
