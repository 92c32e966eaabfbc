/* SPDX-License-Identifier: MIT */
/*
 * dtls_peer - one end of a DTLS connection over UDP, by the public API: what a user's program
 * would write. Legs are asynchronous calls that are waited for.
 *
 *   dtls_peer server MTU CERTIFICATE [ROOTS]        prints its port; ROOTS: of client
 * certificates dtls_peer client MTU PORT ROOTS [CERTIFICATE]   of localhost
 *
 * Each line of the input is a datagram for the peer; its end closes the connection. Prints
 * "open ..." after the handshake, "got ..." for each datagram (a line), "closed" when the peer
 * has closed, and "failed STATUS" with status 1 if the handshake fails.
 */
#include "tls_stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 240000
#define SIZE_MOST   2048

struct peer {
    struct tls_options options;
    SEC_DTLS_MTU mtu;
    int socket;
    struct sockaddr_in address; /* where the last datagram came from */
    bool opened;                /* the handshake is done */
    CredHandle credential;
    CtxtHandle context;
    bool has_context;
    SspiAsyncContext *async;
    SecPkgContext_StreamSizes sizes;
};

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void send_datagram(const struct peer *peer, const void *data, size_t size)
{
    /* Who is gone does not hear it, as where the net has lost it. */
    if (sendto(peer->socket, data, size, 0, (const struct sockaddr *)&peer->address,
               sizeof(peer->address)) < 0 &&
        errno != ECONNREFUSED)
        die("sendto");
}

/* ---- The handshake ---- */

static SECURITY_STATUS one_leg(struct peer *peer, void *data, size_t size)
{
    SecBuffer input[3] = {{(uint32_t)size, SECBUFFER_TOKEN, data},
                          {sizeof(peer->mtu), SECBUFFER_DTLS_MTU, &peer->mtu},
                          {sizeof(peer->address), SECBUFFER_EXTRA, &peer->address}};
    SecBuffer output = {0, SECBUFFER_TOKEN, NULL};
    SecBufferDesc input_desc = {SECBUFFER_VERSION, peer->options.server ? 3 : 2, input};
    SecBufferDesc output_desc = {SECBUFFER_VERSION, 1, &output};
    CtxtHandle *old = peer->has_context ? &peer->context : NULL;
    uint32_t attributes;
    SECURITY_STATUS status;

    SspiReinitAsyncContext(peer->async);
    if (peer->options.server)
        status =
            SspiAcceptSecurityContextAsync(peer->async, &peer->credential, old, &input_desc,
                                           ASC_REQ_DATAGRAM | ASC_REQ_ALLOCATE_MEMORY |
                                               (peer->options.mutual ? ASC_REQ_MUTUAL_AUTH : 0),
                                           0, &peer->context, &output_desc, &attributes, NULL);
    else
        status = SspiInitializeSecurityContextAsyncA(
            peer->async, &peer->credential, old, (char *)peer->options.name,
            ISC_REQ_DATAGRAM | ISC_REQ_ALLOCATE_MEMORY, 0, 0, &input_desc, 0, &peer->context,
            &output_desc, &attributes, NULL);
    if (status != SEC_E_OK)
        tls_die("submit", status);
    status = sspia_async_wait(peer->async, PATIENCE_MS);
    if (status >= 0)
        peer->has_context = true;
    if (output.pvBuffer != NULL) {
        send_datagram(peer, output.pvBuffer, output.cbBuffer);
        FreeContextBuffer(output.pvBuffer);
    }
    return status;
}

static void describe(struct peer *peer)
{
    SecPkgContext_CipherInfo cipher;
    SecPkgContext_ConnectionInfo info;
    PCCERT_CONTEXT certificate = NULL;
    SECURITY_STATUS status;

    status = QueryContextAttributesA(&peer->context, SECPKG_ATTR_STREAM_SIZES, &peer->sizes);
    if (status == SEC_E_OK)
        status = QueryContextAttributesA(&peer->context, SECPKG_ATTR_CONNECTION_INFO, &info);
    if (status == SEC_E_OK)
        status = QueryContextAttributesA(&peer->context, SECPKG_ATTR_CIPHER_INFO, &cipher);
    if (status != SEC_E_OK)
        tls_die("QueryContextAttributes", status);
    printf("open %s suite=", info.dwProtocol & SP_PROT_DTLS1_2 ? "DTLS1.2" : "?");
    for (size_t i = 0; cipher.szCipherSuite[i] != 0; i++)
        putchar((int)cipher.szCipherSuite[i]);
    status =
        QueryContextAttributesA(&peer->context, SECPKG_ATTR_REMOTE_CERT_CONTEXT, &certificate);
    printf(" certificate=%s\n", status == SEC_E_OK ? "yes" : "no");
    sspia_certificate_free(certificate);
}

/* A leg with a datagram or, without one, with the time that has passed. */
static void leg(struct peer *peer, void *data, size_t size)
{
    SECURITY_STATUS status = one_leg(peer, data, size);
    char message[1024];

    while (status == SEC_I_MESSAGE_FRAGMENT)
        status = one_leg(peer, NULL, 0);
    if (status == SEC_E_OK && !peer->opened) {
        peer->opened = true;
        describe(peer);
    }
    /* There is no other credential to show: once more, without one. */
    if (status == SEC_I_INCOMPLETE_CREDENTIALS) {
        leg(peer, data, size);
        return;
    }
    if (status < 0) {
        sspia_async_message(peer->async, message, sizeof(message));
        printf("failed %s\n", sspia_status_name(status));
        fprintf(stderr, "%s\n", message);
        exit(1);
    }
}

/* For how long a datagram may be waited for, as poll wants it. */
static int patience(struct peer *peer)
{
    uint32_t milliseconds = UINT32_MAX;
    SECURITY_STATUS status = SEC_E_OK;

    if (peer->has_context && !peer->opened)
        status =
            QueryContextAttributesA(&peer->context, SSPIA_ATTR_DTLS_PATIENCE, &milliseconds);
    if (status != SEC_E_OK)
        tls_die("SSPIA_ATTR_DTLS_PATIENCE", status);
    return milliseconds == UINT32_MAX ? PATIENCE_MS : (int)milliseconds;
}

/* ---- Messages ---- */

static void send_message(struct peer *peer, const char *text, size_t size)
{
    unsigned char record[SIZE_MOST];
    SecBuffer buffers[4] = {
        {peer->sizes.cbHeader, SECBUFFER_STREAM_HEADER, record},
        {(uint32_t)size, SECBUFFER_DATA, record + peer->sizes.cbHeader},
        {peer->sizes.cbTrailer, SECBUFFER_STREAM_TRAILER, record + peer->sizes.cbHeader + size},
        {0, SECBUFFER_EMPTY, NULL}};
    SecBufferDesc message = {SECBUFFER_VERSION, 4, buffers};
    SECURITY_STATUS status;

    memcpy(buffers[1].pvBuffer, text, size);
    status = EncryptMessage(&peer->context, 0, &message, 0);
    if (status != SEC_E_OK)
        tls_die("EncryptMessage", status);
    send_datagram(peer, record,
                  buffers[0].cbBuffer + buffers[1].cbBuffer + buffers[2].cbBuffer);
}

/* All records of a datagram. False: the peer has closed. */
static bool read_records(struct peer *peer, unsigned char *data, size_t size)
{
    while (size > 0) {
        SecBuffer buffers[4] = {{(uint32_t)size, SECBUFFER_DATA, data}};
        SecBufferDesc message = {SECBUFFER_VERSION, 4, buffers};
        const SECURITY_STATUS status = DecryptMessage(&peer->context, &message, 0, NULL);

        size = 0;
        if (status == SEC_I_CONTEXT_EXPIRED) {
            puts("closed");
            return false;
        }
        for (int i = 0; i < 4; i++) {
            if (buffers[i].BufferType == SECBUFFER_DATA && buffers[i].cbBuffer > 0)
                printf("got %.*s", (int)buffers[i].cbBuffer, (char *)buffers[i].pvBuffer);
            if (buffers[i].BufferType == SECBUFFER_EXTRA) {
                data = buffers[i].pvBuffer;
                size = buffers[i].cbBuffer;
            }
        }
        /* The peer's handshake once more: our last datagrams may be lost. */
        if (status == SEC_I_RENEGOTIATE)
            leg(peer, NULL, 0);
        else if (status < 0)
            tls_die("DecryptMessage", status);
    }
    return true;
}

static void close_connection(struct peer *peer)
{
    uint32_t shutdown = SCHANNEL_SHUTDOWN;
    SecBuffer buffer = {sizeof(shutdown), SECBUFFER_TOKEN, &shutdown};
    SecBufferDesc control = {SECBUFFER_VERSION, 1, &buffer};
    const SECURITY_STATUS status = ApplyControlToken(&peer->context, &control);

    if (status != SEC_E_OK)
        tls_die("ApplyControlToken", status);
    leg(peer, NULL, 0);
}

/* ---- The program ---- */

static void receive(struct peer *peer, unsigned char *data, ssize_t *size)
{
    socklen_t length = sizeof(peer->address);

    *size =
        recvfrom(peer->socket, data, SIZE_MOST, 0, (struct sockaddr *)&peer->address, &length);
    if (*size < 0 && errno != ECONNREFUSED)
        die("recvfrom");
}

/* Until one side has closed. */
static void run(struct peer *peer)
{
    for (;;) {
        struct pollfd polls[2] = {{peer->socket, POLLIN, 0}, {0, POLLIN, 0}};
        unsigned char data[SIZE_MOST];
        const int count = poll(polls, peer->opened ? 2 : 1, patience(peer));
        ssize_t size;

        if (count == 0) {
            if (patience(peer) == PATIENCE_MS)
                return;
            leg(peer, NULL, 0);
        } else if (polls[0].revents != 0) {
            receive(peer, data, &size);
            if (size <= 0)
                continue;
            if (!peer->opened)
                leg(peer, data, (size_t)size);
            else if (!read_records(peer, data, (size_t)size))
                return;
        } else {
            size = read(0, data, 128);
            if (size <= 0) {
                close_connection(peer);
                return;
            }
            send_message(peer, (char *)data, (size_t)size);
        }
    }
}

static void open_socket(struct peer *peer, uint16_t port)
{
    struct sockaddr_in local = {.sin_family = AF_INET};
    socklen_t length = sizeof(local);

    local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    peer->socket = socket(AF_INET, SOCK_DGRAM, 0);
    if (peer->socket < 0 ||
        bind(peer->socket, (const struct sockaddr *)&local, sizeof(local)) != 0 ||
        getsockname(peer->socket, (struct sockaddr *)&local, &length) != 0)
        die("socket");
    peer->address = local;
    peer->address.sin_port = htons(port);
    if (peer->options.server)
        printf("port %u\n", ntohs(local.sin_port));
}

int main(int argc, char **argv)
{
    struct peer peer = {.options = {.name = "localhost"}};
    struct tls_options *options = &peer.options;
    const bool server = argc > 1 && strcmp(argv[1], "server") == 0;
    const int least = server ? 4 : 5;
    uint16_t port = 0;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc < least || argc > least + 1 || (!server && strcmp(argv[1], "client") != 0)) {
        fprintf(stderr, "usage: dtls_peer server MTU CERTIFICATE [ROOTS]\n"
                        "       dtls_peer client MTU PORT ROOTS [CERTIFICATE]\n");
        return 2;
    }
    peer.mtu.PathMTU = (uint16_t)atoi(argv[2]);
    options->server = server;
    if (server) {
        options->certificate = argv[3];
        options->roots = argv[4];
        options->mutual = argc == 5;
    } else {
        port = (uint16_t)atoi(argv[3]);
        options->roots = argv[4];
        options->certificate = argv[5];
    }
    peer.credential = tls_credential(options, true);
    peer.async = SspiCreateAsyncContext();
    open_socket(&peer, port);
    if (!options->server)
        leg(&peer, NULL, 0);
    run(&peer);
    /* As msquic deletes: nobody waits. */
    SspiReinitAsyncContext(peer.async);
    SspiDeleteSecurityContextAsync(peer.async, &peer.context);
    SspiFreeAsyncContext(peer.async);
    FreeCredentialsHandle(&peer.credential);
    close(peer.socket);
    tls_settle();
    return peer.opened ? 0 : 1;
}
