/* SPDX-License-Identifier: MIT */
#include "tls_pair.h"

#include <dlfcn.h>
#include <openssl/err.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sspi_queue.h"

static atomic_int blocks;

static void *host_allocate(size_t size)
{
    void *block = calloc(1, size > 0 ? size : 1);

    if (block != NULL)
        atomic_fetch_add(&blocks, 1);
    return block;
}

static void host_free(void *block)
{
    if (block != NULL)
        atomic_fetch_sub(&blocks, 1);
    free(block);
}

static void host_quiesce(void)
{
}

static void host_report(sspia_report *report, const char *what, const char *why)
{
    snprintf(report->text, sizeof(report->text), "%s: %s", what, why);
}

static const sspia_host host = {
    .abi = SSPIA_PACKAGE_ABI,
    .size = sizeof(host),
    .allocate = host_allocate,
    .free = host_free,
    .quiesce = host_quiesce,
    .report = host_report,
};

int tls_blocks(void)
{
    return atomic_load(&blocks);
}

void tls_free(const void *block)
{
    host_free((void *)block);
}

const sspia_package *tls_package(void)
{
    static const sspia_package *package;
    sspia_report report = {.text = ""};
    sspia_module_entry_fn entry;
    const sspia_package *const *packages;
    void *module;

    if (package != NULL)
        return package;
    module = dlopen(SCHANNEL_MODULE, RTLD_NOW | RTLD_LOCAL);
    if (module == NULL)
        fail_msg("%s", dlerror());
    *(void **)&entry = dlsym(module, SSPIA_MODULE_ENTRY);
    assert_non_null(entry);
    packages = entry(&host, &report);
    if (packages == NULL)
        fail_msg("%s", report.text);
    package = packages[0];
    assert_null(packages[1]);
    return package;
}

void tls_append(struct tls_bytes *bytes, const void *data, size_t size)
{
    if (bytes->size + size > bytes->room) {
        bytes->room = (bytes->size + size) * 2;
        bytes->data = realloc(bytes->data, bytes->room);
        assert_non_null(bytes->data);
    }
    if (size > 0)
        memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
}

void tls_consume(struct tls_bytes *bytes, size_t size)
{
    assert_true(size <= bytes->size);
    if (size > 0)
        memmove(bytes->data, bytes->data + size, bytes->size - size);
    bytes->size -= size;
}

void tls_clear(struct tls_bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct tls_bytes){NULL, 0, 0};
}

SECURITY_STATUS tls_acquire(struct tls_side *side, SCH_CREDENTIALS *settings)
{
    const sspia_package *package = tls_package();
    void *copy = NULL;
    int64_t expiry;

    side->report.text[0] = '\0';
    if (side->credential != NULL)
        package->release(side->credential);
    side->credential = NULL;
    side->status = SEC_E_OK;
    if (settings != NULL)
        side->status = package->copy_auth_data(settings, &copy, &side->report);
    if (side->status == SEC_E_OK)
        side->status =
            package->acquire(NULL, side->server ? SECPKG_CRED_INBOUND : SECPKG_CRED_OUTBOUND,
                             copy, &side->credential, &expiry, &side->report);
    if (copy != NULL)
        package->free_auth_data(copy);
    return side->status;
}

SECURITY_STATUS tls_acquire_without(struct tls_side *side, PCCERT_CONTEXT certificate,
                                    HCERTSTORE roots, uint32_t flags, uint32_t protocols)
{
    TLS_PARAMETERS parameters = {.grbitDisabledProtocols = protocols};
    SCH_CREDENTIALS settings = {
        .dwVersion = SCH_CREDENTIALS_VERSION,
        .cCreds = certificate != NULL ? 1 : 0,
        .paCred = &certificate,
        .hRootStore = roots,
        .dwFlags = flags,
        .cTlsParameters = 1,
        .pTlsParameters = &parameters,
    };

    return tls_acquire(side, &settings);
}

SECURITY_STATUS tls_acquire_with(struct tls_side *side, PCCERT_CONTEXT certificate,
                                 HCERTSTORE roots, uint32_t flags)
{
    return tls_acquire_without(side, certificate, roots, flags, 0);
}

/* An APPLICATION_PROTOCOLS buffer of "a,b". */
static uint32_t write_protocols(const char *list, uint8_t *buffer, size_t room)
{
    const uint32_t alpn = SecApplicationProtocolNegotiationExt_ALPN;
    size_t at = 10;
    uint32_t lists;
    uint16_t size;

    while (*list != '\0') {
        const size_t length = strcspn(list, ",");

        assert_true(at + 1 + length <= room);
        buffer[at++] = (uint8_t)length;
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

SECURITY_STATUS tls_leg(struct tls_side *side, const void *token, size_t size)
{
    const sspia_package *package = tls_package();
    uint8_t protocols[256];
    /* A copy of the exact size: reading past it is an error that sanitizers see. */
    void *copy = malloc(size > 0 ? size : 1);
    SecBuffer input[6] = {
        {.BufferType = SECBUFFER_TOKEN, .cbBuffer = (uint32_t)size, .pvBuffer = copy},
        {.BufferType = SECBUFFER_EMPTY},
    };
    sspia_step step = {
        .size = sizeof(step),
        .credential = side->credential,
        .target = side->target,
        .requested = side->flags,
        .input = input,
        .input_count = 2 + side->more_count,
    };

    assert_non_null(copy);
    assert_true(side->more_count <= 4);
    for (uint32_t i = 0; i < side->more_count; i++)
        input[2 + i] = side->more[i];
    if (size > 0)
        memcpy(copy, token, size);
    if (side->context == NULL && side->protocols != NULL)
        input[1] = (SecBuffer){
            .BufferType = SECBUFFER_APPLICATION_PROTOCOLS,
            .cbBuffer = write_protocols(side->protocols, protocols, sizeof(protocols)),
            .pvBuffer = protocols,
        };
    side->result = (sspia_step_result){.size = sizeof(side->result), .expiry = INT64_MAX};
    side->report.text[0] = '\0';
    side->status = (side->server ? package->accept : package->initialize)(
        &side->context, &step, &side->result, &side->report);
    free(copy);
    tls_append(&side->out, side->result.token.data, side->result.token.size);
    host_free(side->result.token.data);
    side->result.token.data = NULL;
    assert_true(side->result.extra <= size);
    return side->status;
}

SECURITY_STATUS tls_advance(struct tls_side *side)
{
    const size_t size = side->in.size;

    tls_leg(side, side->in.data, size);
    if (side->status != SEC_E_INCOMPLETE_MESSAGE)
        tls_consume(&side->in, size - side->result.extra);
    return side->status;
}

void tls_move(struct tls_side *from, struct tls_side *to)
{
    tls_append(&to->in, from->out.data, from->out.size);
    from->out.size = 0;
}

SECURITY_STATUS tls_shake(struct tls_side *client, struct tls_side *server)
{
    struct tls_side *sides[2] = {client, server};
    bool done[2] = {false, false};

    for (int turn = 0; turn < 40 && !(done[0] && done[1]); turn++) {
        struct tls_side *side = sides[turn % 2];

        if (done[turn % 2])
            continue;
        if (turn > 0 && side->in.size == 0)
            continue;
        tls_advance(side);
        tls_move(side, sides[1 - turn % 2]);
        if (side->status < 0 && side->status != SEC_E_INCOMPLETE_MESSAGE)
            return side->status;
        if (side->status == SEC_I_INCOMPLETE_CREDENTIALS)
            return side->status;
        done[turn % 2] = side->status == SEC_E_OK;
    }
    return done[0] && done[1] ? SEC_E_OK : SEC_I_CONTINUE_NEEDED;
}

SECURITY_STATUS tls_send(struct tls_side *side, const void *data, size_t size)
{
    const sspia_package *package = tls_package();
    SecPkgContext_StreamSizes sizes = {0};
    uint8_t header[64], trailer[64];

    side->status = tls_query(side, SECPKG_ATTR_STREAM_SIZES, &sizes);
    if (side->status != SEC_E_OK)
        return side->status;
    do {
        const size_t piece = size < sizes.cbMaximumMessage ? size : sizes.cbMaximumMessage;
        uint8_t *copy = malloc(piece > 0 ? piece : 1);
        SecBuffer buffers[4] = {
            {sizes.cbHeader, SECBUFFER_STREAM_HEADER, header},
            {(uint32_t)piece, SECBUFFER_DATA, copy},
            {sizes.cbTrailer, SECBUFFER_STREAM_TRAILER, trailer},
            {0, SECBUFFER_EMPTY, NULL},
        };
        SecBufferDesc message = {SECBUFFER_VERSION, 4, buffers};

        assert_non_null(copy);
        if (piece > 0)
            memcpy(copy, data, piece);
        side->report.text[0] = '\0';
        side->status = package->encrypt(side->context, 0, &message, &side->report);
        if (side->status == SEC_E_OK) {
            for (int i = 0; i < 3; i++)
                tls_append(&side->out, buffers[i].pvBuffer, buffers[i].cbBuffer);
        }
        free(copy);
        data = (const uint8_t *)data + piece;
        size -= piece;
    } while (size > 0 && side->status == SEC_E_OK);
    return side->status;
}

SECURITY_STATUS tls_receive(struct tls_side *side, struct tls_bytes *data)
{
    const sspia_package *package = tls_package();
    const size_t size = side->in.size;
    uint8_t *copy = malloc(size > 0 ? size : 1);
    SecBuffer buffers[4] = {{(uint32_t)size, SECBUFFER_DATA, copy}};
    SecBufferDesc message = {SECBUFFER_VERSION, 4, buffers};
    size_t extra = 0;

    assert_non_null(copy);
    if (size > 0)
        memcpy(copy, side->in.data, size);
    side->report.text[0] = '\0';
    side->status = package->decrypt(side->context, &message, NULL, &side->report);
    if (side->status >= 0) {
        for (int i = 0; i < 4; i++) {
            if (buffers[i].BufferType == SECBUFFER_EXTRA) {
                extra = buffers[i].cbBuffer;
                assert_ptr_equal(buffers[i].pvBuffer, copy + size - extra);
            } else if (buffers[i].BufferType == SECBUFFER_DATA && data != NULL) {
                tls_append(data, buffers[i].pvBuffer, buffers[i].cbBuffer);
            }
        }
        tls_consume(&side->in, size - extra);
    } else if (side->status == SEC_E_INCOMPLETE_MESSAGE) {
        /* Wine's dlls/secur32/tests/schannel.c, which runs on Windows too. */
        assert_int_equal(buffers[0].BufferType, SECBUFFER_MISSING);
        assert_ptr_equal(buffers[0].pvBuffer, copy);
        for (int i = 1; i < 4; i++)
            assert_int_equal(buffers[i].BufferType, SECBUFFER_EMPTY);
        if (size > 0)
            assert_memory_equal(copy, side->in.data, size);
        side->result.missing = buffers[0].cbBuffer;
    }
    free(copy);
    return side->status;
}

SECURITY_STATUS tls_receive_all(struct tls_side *side, struct tls_bytes *data)
{
    while (side->in.size > 0) {
        tls_receive(side, data);
        if (side->status == SEC_I_RENEGOTIATE)
            tls_advance(side);
        if (side->status != SEC_E_OK)
            break;
    }
    return side->status;
}

SECURITY_STATUS tls_control(struct tls_side *side, const void *token, uint32_t size)
{
    const SecBuffer buffer = {size, SECBUFFER_TOKEN, (void *)token};

    side->report.text[0] = '\0';
    return side->status = tls_package()->control(side->context, &buffer, 1, &side->report);
}

SECURITY_STATUS tls_query(struct tls_side *side, uint32_t attribute, void *buffer)
{
    side->report.text[0] = '\0';
    return tls_package()->query_context(side->context, attribute, buffer, &side->report);
}

void tls_reset(struct tls_side *side)
{
    if (side->context != NULL)
        tls_package()->delete_context(side->context);
    side->context = NULL;
    tls_clear(&side->out);
    tls_clear(&side->in);
}

void tls_release(struct tls_side *side)
{
    tls_reset(side);
    if (side->credential != NULL)
        tls_package()->release(side->credential);
    side->credential = NULL;
}

void tls_assert_status(SECURITY_STATUS actual, SECURITY_STATUS expected, const char *text,
                       const char *file, int line)
{
    if (actual == expected)
        return;
    print_error("%s is %s (0x%08X), not %s\n", text, sspia_status_name(actual),
                (unsigned)actual, sspia_status_name(expected));
    _fail(file, line);
}
