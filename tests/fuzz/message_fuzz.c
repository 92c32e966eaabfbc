/* SPDX-License-Identifier: MIT */
/*
 * Messages of a peer on an established context: DecryptMessage and VerifySignature. The first
 * byte: package (two bits), 4: signature, 8: one STREAM buffer instead of TOKEN and DATA. Then
 * a piece a buffer. And, with 16, an exported context into ImportSecurityContext.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "sides.h"

static struct side initiators[PACKAGES], acceptors[PACKAGES];
static unsigned used[PACKAGES];

static void connect_anew(int package)
{
    sides_end(&initiators[package]);
    sides_end(&acceptors[package]);
    initiators[package] = (struct side){.package = package};
    acceptors[package] = (struct side){.package = package, .acceptor = true};
    if (!sides_connect(&initiators[package], &acceptors[package], NULL, NULL))
        abort();
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count;
    (void)arguments;
    sides_start();
    for (int package = 0; package < PACKAGES; package++) {
        if (sides_have(package))
            connect_anew(package);
    }
    return 0;
}

static void import(int package, const uint8_t *data, size_t size)
{
    SecBuffer packed = {0, SECBUFFER_EMPTY, NULL};
    uint8_t *piece;
    size_t length;
    CtxtHandle context;

    if (!fuzz_piece(&data, &size, &piece, &length))
        return;
    packed.cbBuffer = (uint32_t)length;
    packed.pvBuffer = piece;
    if (ImportSecurityContextA((char *)(uintptr_t)sides_names[package], &packed, NULL,
                               &context) == SEC_E_OK)
        DeleteSecurityContext(&context);
    free(piece);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SecBuffer buffers[4] = {{0, SECBUFFER_EMPTY, NULL},
                            {0, SECBUFFER_EMPTY, NULL},
                            {0, SECBUFFER_EMPTY, NULL},
                            {0, SECBUFFER_EMPTY, NULL}};
    SecBufferDesc message = {SECBUFFER_VERSION, 4, buffers};
    uint8_t *pieces[2] = {NULL};
    size_t lengths[2] = {0};
    uint8_t first;
    int package;

    if (size == 0 || !sides_have(data[0] & 3))
        return 0;
    first = *data++;
    size--;
    package = first & 3;
    if ((first & 16) != 0) {
        import(package, data, size);
        return 0;
    }
    /* A bad message may end a TLS context or take NTLM's cipher out of step. */
    if (++used[package] % 64 == 0)
        connect_anew(package);
    fuzz_piece(&data, &size, &pieces[0], &lengths[0]);
    buffers[0] = (SecBuffer){(uint32_t)lengths[0], SECBUFFER_TOKEN, pieces[0]};
    if ((first & 8) != 0 || package == SCHANNEL) {
        buffers[0].BufferType = package == SCHANNEL ? SECBUFFER_DATA : SECBUFFER_STREAM;
        buffers[1].BufferType = package == SCHANNEL ? SECBUFFER_EMPTY : SECBUFFER_DATA;
    } else {
        fuzz_piece(&data, &size, &pieces[1], &lengths[1]);
        buffers[1] = (SecBuffer){(uint32_t)lengths[1], SECBUFFER_DATA, pieces[1]};
    }
    message.cBuffers = package == SCHANNEL ? 4 : 2;
    if ((first & 4) != 0)
        VerifySignature(&acceptors[package].context, &message, 0, NULL);
    else
        DecryptMessage(&acceptors[package].context, &message, 0, NULL);
    free(pieces[0]);
    free(pieces[1]);
    return 0;
}

void fuzz_write_seeds(const char *folder)
{
    for (int package = 0; package < PACKAGES; package++) {
        unsigned char token[256], padding[256];
        char data[] = "a message", name[64];
        SecBuffer buffers[4] = {{sizeof(token), SECBUFFER_TOKEN, token},
                                {sizeof(data), SECBUFFER_DATA, data},
                                {sizeof(padding), SECBUFFER_PADDING, padding},
                                {0, SECBUFFER_EMPTY, NULL}};
        SecBufferDesc message = {SECBUFFER_VERSION, 3, buffers};
        SecPkgContext_Sizes sizes;
        struct fuzz_seed seed;
        SecBuffer packed;

        if (!sides_have(package))
            continue;
        if (package != SCHANNEL &&
            QueryContextAttributesA(&initiators[package].context, SECPKG_ATTR_SIZES, &sizes) ==
                SEC_E_OK) {
            buffers[0].cbBuffer = sizes.cbSecurityTrailer;
            buffers[2].cbBuffer = sizes.cbBlockSize;
        } else if (package == SCHANNEL) {
            buffers[0] = (SecBuffer){5 + 8, SECBUFFER_STREAM_HEADER, token};
            buffers[2] = (SecBuffer){sizeof(padding), SECBUFFER_STREAM_TRAILER, padding};
            message.cBuffers = 4;
        }
        fuzz_seed_start(&seed, (uint8_t)package);
        if (EncryptMessage(&initiators[package].context, 0, &message, 0) == SEC_E_OK) {
            fuzz_seed_add(&seed, buffers[0].pvBuffer, buffers[0].cbBuffer);
            fuzz_seed_add(&seed, data, sizeof(data));
            strcpy(name, sides_names[package]);
            strcat(name, "-sealed");
            fuzz_seed_write(&seed, folder, name);
        }
        if (ExportSecurityContext(&initiators[package].context, 0, &packed, NULL) != SEC_E_OK)
            continue;
        fuzz_seed_start(&seed, (uint8_t)(package | 16));
        fuzz_seed_add(&seed, packed.pvBuffer, packed.cbBuffer);
        FreeContextBuffer(packed.pvBuffer);
        strcpy(name, sides_names[package]);
        strcat(name, "-exported");
        fuzz_seed_write(&seed, folder, name);
    }
}
