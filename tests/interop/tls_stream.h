/* SPDX-License-Identifier: MIT */
/* A TLS connection over a socket, by the public API alone: what a user's program would
 * write. Legs are asynchronous calls that are waited for. Every function ends the program
 * with a message when it cannot go on, unless it says otherwise. */
#ifndef TLS_STREAM_H
#define TLS_STREAM_H

#include <schannel.h>
#include <sspi.h>
#include <sspi_queue.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct tls_options {
    const char *certificate, *key, *password, *roots;
    const char *protocols;             /* "h2,http/1.1" */
    const char *version;               /* "1.2", "1.3" or NULL */
    const char *name;                  /* the client's target */
    bool server, mutual, manual, late; /* late: the certificate when it is asked for */
    size_t chop;                       /* takes at most this many bytes at once */
};

struct tls_stream {
    const struct tls_options *options;
    int socket;
    CredHandle credential;
    CtxtHandle context;
    bool has_context;
    SspiAsyncContext *async;
    SecPkgContext_StreamSizes sizes;
    unsigned char *input; /* received and not yet used */
    size_t input_size, input_room;
    bool closed;      /* by the peer, with close_notify */
    unsigned updates; /* handshake messages that came after the handshake */
};

CredHandle tls_credential(const struct tls_options *options, bool with_certificate);

/* The handshake. False: it failed; the reason is on stderr, and its status in *status. */
bool tls_open(struct tls_stream *stream, SECURITY_STATUS *status);

/* One line of what was negotiated, on stdout: "protocol=1.3 suite=... alpn=h2 resumed=0". */
void tls_describe(struct tls_stream *stream);

void tls_write(struct tls_stream *stream, const void *data, size_t size);
/* Gives the next data, reading from the socket once if there is no whole record. 0: the end,
 * with stream->closed telling whether the peer said so. -1: no data yet. The data is good
 * until the next call. */
ssize_t tls_read(struct tls_stream *stream, void **data);
/* There is data that needs no reading from the socket. */
bool tls_has_record(const struct tls_stream *stream);

/* New keys both ways; close_notify. */
void tls_update_keys(struct tls_stream *stream);
void tls_close(struct tls_stream *stream);
/* Deletes the context and closes the socket. */
void tls_end(struct tls_stream *stream);

/* Waits until no thread of the library has anything to do: for a look at leaks at exit. */
void tls_settle(void);

/* Copies a file to the peer and what the peer sends to another, both at once. input < 0:
 * nothing is sent. finish: closes when all is sent; else when the peer does. */
void tls_pump(struct tls_stream *stream, int input, int output, bool finish);

_Noreturn void tls_die(const char *what, SECURITY_STATUS status);

#endif
