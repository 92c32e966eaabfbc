/* SPDX-License-Identifier: MIT */
#include "tls_stream.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 240000

_Noreturn void tls_die(const char *what, SECURITY_STATUS status)
{
    char message[1024];

    sspia_last_message(message, sizeof(message));
    fprintf(stderr, "%s: %s (%s)\n", what, sspia_status_name(status), message);
    exit(1);
}

CredHandle tls_credential(const struct tls_options *options, bool with_certificate)
{
    TLS_PARAMETERS parameters = {0};
    SCH_CREDENTIALS settings = {.dwVersion = SCH_CREDENTIALS_VERSION};
    PCCERT_CONTEXT certificate = NULL;
    HCERTSTORE roots = NULL;
    CredHandle credential;
    SECURITY_STATUS status = SEC_E_OK;

    if (options->version != NULL) {
        parameters.grbitDisabledProtocols =
            strcmp(options->version, "1.2") == 0 ? SP_PROT_TLS1_3 : SP_PROT_TLS1_2;
        settings.cTlsParameters = 1;
        settings.pTlsParameters = &parameters;
    }
    if (with_certificate && options->certificate != NULL) {
        status = sspia_certificate_load_file(options->certificate, options->key,
                                             options->password, &certificate);
        if (status != SEC_E_OK)
            tls_die("the certificate", status);
        settings.cCreds = 1;
        settings.paCred = &certificate;
    }
    if (options->roots != NULL) {
        status = sspia_roots_load_file(options->roots, 0, &roots);
        if (status != SEC_E_OK)
            tls_die("the roots", status);
        settings.hRootStore = roots;
    }
    if (options->manual)
        settings.dwFlags = SCH_CRED_MANUAL_CRED_VALIDATION;
    status =
        AcquireCredentialsHandleA(NULL, (char *)UNISP_NAME_A,
                                  options->server ? SECPKG_CRED_INBOUND : SECPKG_CRED_OUTBOUND,
                                  NULL, &settings, NULL, NULL, &credential, NULL);
    if (status != SEC_E_OK)
        tls_die("AcquireCredentialsHandle", status);
    sspia_certificate_free(certificate);
    sspia_roots_free(roots);
    return credential;
}

static void send_all(struct tls_stream *stream, const void *data, size_t size)
{
    const char *at = data;

    while (size > 0) {
        ssize_t count = send(stream->socket, at, size, MSG_NOSIGNAL);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0) {
            /* Who closes in the middle of our data need not hear the rest. */
            if (errno == EPIPE || errno == ECONNRESET)
                return;
            perror("send");
            exit(1);
        }
        at += count;
        size -= (size_t)count;
    }
}

/* Appends to the input; false at the end. */
static bool receive(struct tls_stream *stream)
{
    size_t most = 65536;
    ssize_t count;

    if (stream->options->chop != 0)
        most = stream->options->chop;
    if (stream->input_size + most > stream->input_room) {
        stream->input_room = stream->input_size + most;
        stream->input = realloc(stream->input, stream->input_room);
        if (stream->input == NULL)
            abort();
    }
    do {
        count = recv(stream->socket, stream->input + stream->input_size, most, 0);
    } while (count < 0 && errno == EINTR);
    if (count < 0 && errno != ECONNRESET) {
        perror("recv");
        exit(1);
    }
    if (count > 0)
        stream->input_size += (size_t)count;
    return count > 0;
}

static void keep_last(struct tls_stream *stream, size_t size)
{
    if (size > 0)
        memmove(stream->input, stream->input + stream->input_size - size, size);
    stream->input_size = size;
}

static uint32_t write_protocols(const char *list, unsigned char *buffer)
{
    const uint32_t alpn = SecApplicationProtocolNegotiationExt_ALPN;
    size_t at = 10;
    uint32_t lists;
    uint16_t size;

    while (*list != '\0') {
        const size_t length = strcspn(list, ",");

        buffer[at++] = (unsigned char)length;
        memcpy(buffer + at, list, length);
        at += length;
        list += length + (list[length] == ',' ? 1 : 0);
    }
    size = (uint16_t)(at - 10);
    lists = (uint32_t)(at - 4);
    memcpy(buffer, &lists, 4);
    memcpy(buffer + 4, &alpn, 4);
    memcpy(buffer + 8, &size, 2);
    return (uint32_t)at;
}

/* One leg: sends the token, keeps what was not used of the input. */
static SECURITY_STATUS leg(struct tls_stream *stream)
{
    const struct tls_options *options = stream->options;
    unsigned char protocols[512];
    SecBuffer input[3] = {{(uint32_t)stream->input_size, SECBUFFER_TOKEN, stream->input},
                          {0, SECBUFFER_EMPTY, NULL},
                          {0, SECBUFFER_EMPTY, NULL}};
    SecBuffer output = {0, SECBUFFER_TOKEN, NULL};
    SecBufferDesc input_desc = {SECBUFFER_VERSION, 2, input};
    SecBufferDesc output_desc = {SECBUFFER_VERSION, 1, &output};
    CtxtHandle *old = stream->has_context ? &stream->context : NULL;
    uint32_t flags = ISC_REQ_ALLOCATE_MEMORY, attributes = 0;
    SECURITY_STATUS status;

    if (old == NULL && options->protocols != NULL) {
        input[2] = (SecBuffer){write_protocols(options->protocols, protocols),
                               SECBUFFER_APPLICATION_PROTOCOLS, protocols};
        input_desc.cBuffers = 3;
    }
    SspiReinitAsyncContext(stream->async);
    if (options->server)
        status = SspiAcceptSecurityContextAsync(
            stream->async, &stream->credential, old, &input_desc,
            flags | ASC_REQ_STREAM | (options->mutual ? ASC_REQ_MUTUAL_AUTH : 0), 0,
            &stream->context, &output_desc, &attributes, NULL);
    else
        status = SspiInitializeSecurityContextAsyncA(
            stream->async, &stream->credential, old, (char *)options->name,
            flags | ISC_REQ_STREAM, 0, 0, &input_desc, 0, &stream->context, &output_desc,
            &attributes, NULL);
    if (status != SEC_E_OK)
        tls_die("submit", status);
    status = sspia_async_wait(stream->async, PATIENCE_MS);
    if (status >= 0)
        stream->has_context = true;
    if (output.pvBuffer != NULL) {
        send_all(stream, output.pvBuffer, output.cbBuffer);
        FreeContextBuffer(output.pvBuffer);
    }
    if (status != SEC_E_INCOMPLETE_MESSAGE) {
        size_t extra = 0;

        for (size_t i = 1; i < 2; i++) {
            if (input[i].BufferType == SECBUFFER_EXTRA)
                extra = input[i].cbBuffer;
        }
        keep_last(stream, extra);
    }
    return status;
}

bool tls_open(struct tls_stream *stream, SECURITY_STATUS *status)
{
    char message[1024];

    stream->async = SspiCreateAsyncContext();
    *status = SEC_I_CONTINUE_NEEDED;
    if (!stream->options->server)
        *status = leg(stream);
    while (*status == SEC_I_CONTINUE_NEEDED || *status == SEC_E_INCOMPLETE_MESSAGE ||
           *status == SEC_I_INCOMPLETE_CREDENTIALS) {
        if (*status == SEC_I_INCOMPLETE_CREDENTIALS) {
            if (stream->options->late) {
                /* The old credential goes; the context has a reference of its own. */
                FreeCredentialsHandle(&stream->credential);
                stream->credential = tls_credential(stream->options, true);
            }
        } else if ((stream->input_size == 0 || *status == SEC_E_INCOMPLETE_MESSAGE) &&
                   !receive(stream)) {
            fprintf(stderr, "the peer closed in the handshake\n");
            return false;
        }
        *status = leg(stream);
    }
    if (*status == SEC_E_OK) {
        *status =
            QueryContextAttributesA(&stream->context, SECPKG_ATTR_STREAM_SIZES, &stream->sizes);
        if (*status != SEC_E_OK)
            tls_die("STREAM_SIZES", *status);
        return true;
    }
    sspia_async_message(stream->async, message, sizeof(message));
    fprintf(stderr, "%s\n", message);
    return false;
}

void tls_describe(struct tls_stream *stream)
{
    SecPkgContext_CipherInfo cipher;
    SecPkgContext_ApplicationProtocol protocol;
    SecPkgContext_SessionInfo session;
    PCCERT_CONTEXT peer = NULL;
    SECURITY_STATUS status;

    status = QueryContextAttributesA(&stream->context, SECPKG_ATTR_CIPHER_INFO, &cipher);
    if (status == SEC_E_OK)
        status = QueryContextAttributesA(&stream->context, SECPKG_ATTR_APPLICATION_PROTOCOL,
                                         &protocol);
    if (status == SEC_E_OK)
        status = QueryContextAttributesA(&stream->context, SECPKG_ATTR_SESSION_INFO, &session);
    if (status != SEC_E_OK)
        tls_die("QueryContextAttributes", status);
    printf("protocol=1.%u suite=", (unsigned)(cipher.dwProtocol & 0xff) - 1);
    for (size_t i = 0; cipher.szCipherSuite[i] != 0; i++)
        putchar((int)cipher.szCipherSuite[i]);
    printf(" alpn=%.*s resumed=%u", (int)protocol.ProtocolIdSize,
           (const char *)protocol.ProtocolId, (unsigned)(session.dwFlags & 1));
    status = QueryContextAttributesA(&stream->context, SECPKG_ATTR_REMOTE_CERT_CONTEXT, &peer);
    printf(" peer=%u\n", status == SEC_E_OK ? (unsigned)peer->cbCertEncoded : 0);
    sspia_certificate_free(peer);
    fflush(stdout);
}

void tls_write(struct tls_stream *stream, const void *data, size_t size)
{
    const SecPkgContext_StreamSizes *sizes = &stream->sizes;
    const char *at = data;
    char *record = malloc(sizes->cbHeader + sizes->cbMaximumMessage + sizes->cbTrailer);

    if (record == NULL)
        abort();
    while (size > 0) {
        const size_t piece = size < sizes->cbMaximumMessage ? size : sizes->cbMaximumMessage;
        SecBuffer buffers[4] = {
            {sizes->cbHeader, SECBUFFER_STREAM_HEADER, record},
            {(uint32_t)piece, SECBUFFER_DATA, record + sizes->cbHeader},
            {sizes->cbTrailer, SECBUFFER_STREAM_TRAILER, record + sizes->cbHeader + piece},
            {0, SECBUFFER_EMPTY, NULL}};
        SecBufferDesc message = {SECBUFFER_VERSION, 4, buffers};
        SECURITY_STATUS status;

        memcpy(record + sizes->cbHeader, at, piece);
        status = EncryptMessage(&stream->context, 0, &message, 0);
        if (status != SEC_E_OK)
            tls_die("EncryptMessage", status);
        send_all(stream, record,
                 buffers[0].cbBuffer + buffers[1].cbBuffer + buffers[2].cbBuffer);
        at += piece;
        size -= piece;
    }
    free(record);
}

/* How much of the input is the first record; 0 if it is not whole. */
static size_t first_record(const struct tls_stream *stream)
{
    size_t size;

    if (stream->input_size < 5)
        return 0;
    size = 5 + ((size_t)stream->input[3] << 8 | stream->input[4]);
    return stream->input_size >= size ? size : 0;
}

bool tls_has_record(const struct tls_stream *stream)
{
    return first_record(stream) > 0;
}

ssize_t tls_read(struct tls_stream *stream, void **data)
{
    static unsigned char plain[16384];
    SecBuffer buffers[4] = {{0, SECBUFFER_DATA, NULL}};
    SecBufferDesc message = {SECBUFFER_VERSION, 4, buffers};
    size_t extra = 0, size = 0;
    SECURITY_STATUS status;

    if (!tls_has_record(stream) && !receive(stream))
        return 0;
    buffers[0].cbBuffer = (uint32_t)stream->input_size;
    buffers[0].pvBuffer = stream->input;
    status = DecryptMessage(&stream->context, &message, 0, NULL);
    if (status == SEC_E_INCOMPLETE_MESSAGE)
        return -1;
    if (status < 0)
        tls_die("DecryptMessage", status);
    for (size_t i = 0; i < 4; i++) {
        if (buffers[i].BufferType == SECBUFFER_DATA) {
            size = buffers[i].cbBuffer;
            if (size > 0)
                memcpy(plain, buffers[i].pvBuffer, size);
        } else if (buffers[i].BufferType == SECBUFFER_EXTRA) {
            extra = buffers[i].cbBuffer;
        }
    }
    keep_last(stream, extra);
    if (status == SEC_I_CONTEXT_EXPIRED) {
        stream->closed = true;
        return 0;
    }
    if (status == SEC_I_RENEGOTIATE) {
        stream->updates++;
        status = leg(stream);
        if (status != SEC_E_OK)
            tls_die("after SEC_I_RENEGOTIATE", status);
    }
    *data = plain;
    return size > 0 ? (ssize_t)size : -1;
}

static void control(struct tls_stream *stream, uint32_t token)
{
    SecBuffer buffer = {sizeof(token), SECBUFFER_TOKEN, &token};
    SecBufferDesc message = {SECBUFFER_VERSION, 1, &buffer};
    SECURITY_STATUS status = ApplyControlToken(&stream->context, &message);

    if (status == SEC_E_OK)
        status = leg(stream);
    if (status < 0)
        tls_die("ApplyControlToken", status);
}

void tls_update_keys(struct tls_stream *stream)
{
    control(stream, SCHANNEL_RENEGOTIATE);
}

void tls_close(struct tls_stream *stream)
{
    control(stream, SCHANNEL_SHUTDOWN);
    shutdown(stream->socket, SHUT_WR);
}

void tls_end(struct tls_stream *stream)
{
    if (stream->has_context) {
        /* As msquic deletes: nobody waits. */
        SspiReinitAsyncContext(stream->async);
        SspiDeleteSecurityContextAsync(stream->async, &stream->context);
        SecInvalidateHandle(&stream->context);
    }
    SspiFreeAsyncContext(stream->async);
    stream->has_context = false;
    close(stream->socket);
    free(stream->input);
    stream->input = NULL;
    stream->input_size = stream->input_room = 0;
}

void tls_settle(void)
{
    sspia_pool_counts counts = {.size = sizeof(counts)};

    for (int i = 0; i < 3000; i++) {
        if (sspia_pool_stats(&counts) == SEC_E_OK && counts.pending == 0 &&
            counts.idle == counts.threads)
            return;
        usleep(1000);
    }
}

static void write_out(int output, const void *data, size_t size)
{
    const char *at = data;

    while (size > 0) {
        ssize_t count = write(output, at, size);

        if (count <= 0) {
            perror("write");
            exit(1);
        }
        at += count;
        size -= (size_t)count;
    }
}

void tls_pump(struct tls_stream *stream, int input, int output, bool finish)
{
    static char block[65536];
    bool sending = input >= 0;

    for (;;) {
        struct pollfd polls[2] = {{stream->socket, POLLIN, 0}, {input, POLLIN, 0}};
        void *data;
        ssize_t size;

        if (!tls_has_record(stream) && poll(polls, sending ? 2 : 1, PATIENCE_MS) <= 0) {
            fprintf(stderr, "the peer says nothing\n");
            exit(1);
        }
        if (tls_has_record(stream) || polls[0].revents != 0) {
            size = tls_read(stream, &data);
            if (size == 0)
                break;
            if (size > 0)
                write_out(output, data, (size_t)size);
        } else if (sending && polls[1].revents != 0) {
            ssize_t count = read(input, block, sizeof(block));

            if (count > 0) {
                tls_write(stream, block, (size_t)count);
                continue;
            }
            sending = false;
            if (finish) {
                tls_close(stream);
                finish = false;
            }
        }
    }
}
