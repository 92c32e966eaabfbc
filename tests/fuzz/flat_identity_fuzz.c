/* SPDX-License-Identifier: MIT */
/* SEC_WINNT_AUTH_IDENTITY_EX2 of unknown origin: any bytes, of a known size. What is taken must
 * come out of a copy as it went in. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "sspi.h"

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count;
    (void)arguments;
    return 0;
}

static void same(PSEC_WINNT_AUTH_IDENTITY_OPAQUE one, PSEC_WINNT_AUTH_IDENTITY_OPAQUE other)
{
    uint32_t one_size, other_size;
    char *one_bytes, *other_bytes;

    if (sspia_SspiMarshalAuthIdentity(one, &one_size, &one_bytes) != SEC_E_OK ||
        sspia_SspiMarshalAuthIdentity(other, &other_size, &other_bytes) != SEC_E_OK ||
        one_size != other_size || memcmp(one_bytes, other_bytes, one_size) != 0)
        abort();
    sspia_SspiLocalFree(one_bytes);
    sspia_SspiLocalFree(other_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE identity, copy;
    PCWSTR user, domain, password;
    /* Memory of exactly this size. */
    char *bytes = malloc(size > 0 ? size : 1);

    memcpy(bytes, data, size);
    if (sspia_SspiUnmarshalAuthIdentity((uint32_t)size, bytes, &identity) == SEC_E_OK) {
        if (sspia_SspiValidateAuthIdentity(identity) != SEC_E_OK ||
            sspia_SspiCopyAuthIdentity(identity, &copy) != SEC_E_OK)
            abort();
        same(identity, copy);
        sspia_SspiFreeAuthIdentity(copy);
        if (sspia_SspiEncodeAuthIdentityAsStrings(identity, &user, &domain, &password) ==
            SEC_E_OK) {
            sspia_SspiFreeAuthIdentity((void *)(uintptr_t)user);
            sspia_SspiFreeAuthIdentity((void *)(uintptr_t)domain);
            sspia_SspiFreeAuthIdentity((void *)(uintptr_t)password);
        }
        sspia_SspiZeroAuthIdentity(identity);
        sspia_SspiFreeAuthIdentity(identity);
    }
    free(bytes);
    return 0;
}

void fuzz_write_seeds(const char *folder)
{
    static const char *const passwords[] = {NULL, "", "s3cr\xc3\xa9t"};

    for (size_t i = 0; i < sizeof(passwords) / sizeof(passwords[0]); i++) {
        char name[] = "flat-0", path[4096];
        SEC_WINNT_AUTH_IDENTITY_EXA identity = {
            .Version = SEC_WINNT_AUTH_IDENTITY_VERSION,
            .Length = sizeof(identity),
            .User = (unsigned char *)(uintptr_t) "alice",
            .UserLength = 5,
            .Domain = (unsigned char *)(uintptr_t) "TEST",
            .DomainLength = 4,
            .Password = (unsigned char *)(uintptr_t)passwords[i],
            .PasswordLength = passwords[i] != NULL ? (uint32_t)strlen(passwords[i]) : 0,
            .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI,
            .PackageList = (unsigned char *)(uintptr_t) "!ntlm",
            .PackageListLength = 5,
        };
        uint32_t size;
        char *bytes;
        FILE *file;

        if (sspia_SspiMarshalAuthIdentity(&identity, &size, &bytes) != SEC_E_OK)
            abort();
        name[5] = (char)('0' + i);
        snprintf(path, sizeof(path), "%s/%s", folder, name);
        file = fopen(path, "wb");
        if (file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
            abort();
        sspia_SspiLocalFree(bytes);
    }
}
