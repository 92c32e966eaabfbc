/* SPDX-License-Identifier: MIT */
/* A security context: one TLS connection between two memory BIOs. */
#ifndef SCHANNEL_CONTEXT_H
#define SCHANNEL_CONTEXT_H

#include <openssl/ssl.h>

#include "credential.h"
#include "extension.h"
#include "flight.h"
#include "seal.h"
#include "target.h"
#include "wrapper.h"

enum context_state {
    CONTEXT_HANDSHAKE,
    CONTEXT_OPEN,  /* messages flow; either direction may have been closed */
    CONTEXT_FAILED /* nothing but `failure` comes out of it any more */
};

enum validation {
    VALIDATION_STRICT,   /* what is wrong ends the handshake */
    VALIDATION_DEFERRED, /* is kept for SECPKG_ATTR_CERT_CHECK_RESULT */
    VALIDATION_MANUAL    /* nobody looks */
};

/* What ApplyControlToken left for the next leg. */
enum control { CONTROL_NONE, CONTROL_KEY_UPDATE, CONTROL_SHUTDOWN, CONTROL_ALERT };

struct context {
    struct credential *credential; /* a reference */
    bool server;
    enum context_state state;
    SECURITY_STATUS failure; /* in CONTEXT_FAILED */
    sspia_report failure_report;

    SSL *ssl;
    BIO *in, *out;      /* the SSL's; out holds records that the peer is owed, in order */
    uint64_t requested; /* on any leg so far */
    struct target target;

    /* The input that SEC_I_INCOMPLETE_CREDENTIALS was answered to, which callers present
     * again; and whether that answer was given. */
    uint8_t *seen;
    size_t seen_size;
    bool asked;
    bool paused;   /* in the certificate callback */
    bool answered; /* initiator: a certificate was asked for, and one was there */

    /* Messages without records: messages.c says what is when. */
    bool messages;
    bool hello, finished; /* the ServerHello went by; this side's Finished is in the flight */
    struct flight flight;
    struct wrapper wrapper;
    struct extensions extensions;
    uint8_t *waiting;
    size_t waiting_size;
    bool stopped;  /* the leg before asked the caller something */
    size_t taken;  /* how much of its token that leg took */
    uint32_t told; /* which secrets the caller knows (secret.c) */

    /* DTLS (datagram.c). */
    bool datagrams;
    uint32_t mtu;
    struct {
        uint8_t bytes[128]; /* any sockaddr fits */
        size_t size;
    } peer;         /* an acceptor's, as the caller has it */
    bool fragments; /* the leg before gave a datagram, and more are in `out` */
    SECURITY_STATUS fragments_status; /* of the leg that gives the last one */

    uint8_t *protocols; /* ALPN, wire form; NULL: none */
    size_t protocols_size;

    enum validation validation;
    SECURITY_STATUS verify_status; /* of the first thing that was wrong */
    int verify_error;              /* X509_V_ERR_* of it */
    char verify_text[480];

    uint8_t sent_alert[2];
    bool handshake_seen;      /* a handshake message came in since this was cleared */
    bool peer_closed, closed; /* closed: an alert of the caller's was sent, in any state */
    int64_t opened;           /* when the handshake was complete, seconds since 1970 */

    enum control control;
    uint8_t control_alert[2];
    bool no_sessions; /* SCHANNEL_SESSION said so */
    struct seal seal;

    /* SECPKG_ATTR_KEYING_MATERIAL_INFO. */
    char *export_label;
    uint8_t *export_context;
    size_t export_label_size, export_context_size;
    bool export_has_context;
    uint32_t export_size;
};

/* A new context in its first state; retains the credential. */
SECURITY_STATUS context_create(struct credential *credential, const sspia_step *step,
                               struct context **context, sspia_report *report);
/* sspia_package.delete_context: works in every state. */
void context_delete(void *context);

/* Goes on with another credential (the answer to SEC_I_INCOMPLETE_CREDENTIALS). */
SECURITY_STATUS context_adopt(struct context *context, struct credential *credential,
                              sspia_report *report);

/* Ends a context: every later call returns status with this report. Returns status. */
SECURITY_STATUS context_fail(struct context *context, SECURITY_STATUS status,
                             sspia_report *report);
/* The same for a failure of an operation of the SSL, which is named: with verification's
 * findings, or OpenSSL's reason. */
SECURITY_STATUS context_fail_openssl(struct context *context, const char *what,
                                     sspia_report *report);
/* What it ended with, once more. */
SECURITY_STATUS context_failed(const struct context *context, sspia_report *report);

/* An operation of the SSL stopped for want of input, not of a failure. */
bool context_waits(const struct context *context);

/* Where sessions of this connection are kept: false if nowhere. */
#define CONTEXT_SESSION_KEY_SIZE (TARGET_SIZE + 4u)
bool context_session_key(const struct context *context, char key[CONTEXT_SESSION_KEY_SIZE]);

#endif
