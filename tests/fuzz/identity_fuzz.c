/* SPDX-License-Identifier: MIT */
/* pAuthData: structures whose numbers are anything and whose pointers are good for the lengths
 * that they claim, as sspi.h asks of callers. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "identity.h"
#include "sspi_queue.h"

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count;
    (void)arguments;
    return 0;
}

static void copy(const void *auth_data)
{
    sspia_report report = {.text = ""};
    sspia_identity *identity;

    if (identity_copy(auth_data, &identity, &report) == SEC_E_OK)
        identity_free(identity);
}

/* First byte: which structure, and which strings are there. Then flags (a piece), and pieces.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SEC_WINNT_AUTH_IDENTITY_EXA extended = {.Version = SEC_WINNT_AUTH_IDENTITY_VERSION,
                                            .Length = sizeof(extended)};
    SEC_WINNT_AUTH_IDENTITY_A plain = {.User = NULL};
    sspia_auth_identity ours = {.version = SSPIA_AUTH_IDENTITY_VERSION, .size = sizeof(ours)};
    const char **places[] = {&ours.credential_cache, &ours.keytab,         &ours.client_keytab,
                             &ours.replay_cache,     &ours.ntlm_user_file, &ours.armor_cache};
    uint8_t *pieces[6] = {NULL}, *flags = NULL, *text[6] = {NULL};
    size_t lengths[6] = {0}, length, unit;
    uint8_t first;

    if (size == 0)
        return 0;
    first = *data++;
    size--;
    if (fuzz_piece(&data, &size, &flags, &length) && length >= 4)
        memcpy(&plain.Flags, flags, 4);
    extended.Flags = plain.Flags;
    unit = (plain.Flags & SEC_WINNT_AUTH_IDENTITY_UNICODE) != 0 ? sizeof(WCHAR) : 1;
    for (int i = 0; i < 4; i++)
        fuzz_piece(&data, &size, &pieces[i], &lengths[i]);
    extended.User = plain.User = pieces[0];
    extended.UserLength = plain.UserLength = (uint32_t)(lengths[0] / unit);
    extended.Domain = plain.Domain = pieces[1];
    extended.DomainLength = plain.DomainLength = (uint32_t)(lengths[1] / unit);
    extended.Password = plain.Password = pieces[2];
    extended.PasswordLength = plain.PasswordLength = (uint32_t)(lengths[2] / unit);
    extended.PackageList = pieces[3];
    extended.PackageListLength = (uint32_t)(lengths[3] / unit);
    if ((first & 8) != 0)
        extended.Length = first;
    for (int i = 0; i < 6; i++) {
        size_t room;
        uint8_t *piece;

        if (!fuzz_piece(&data, &size, &piece, &room))
            break;
        text[i] = calloc(1, room + 1);
        memcpy(text[i], piece, room);
        free(piece);
        *places[i] = (char *)text[i];
    }
    switch (first & 7) {
    case 0:
        copy(&plain);
        break;
    case 1:
        copy(&extended);
        break;
    case 2:
        ours.identity = &plain;
        copy(&ours);
        break;
    case 3:
        ours.identity = &extended;
        copy(&ours);
        break;
    case 4:
        ours.size = first;
        copy(&ours);
        break;
    case 5:
        extended.Version = SEC_WINNT_AUTH_IDENTITY_VERSION_2;
        copy(&extended);
        break;
    default:
        copy(&ours);
        break;
    }
    for (int i = 0; i < 6; i++) {
        free(pieces[i]);
        free(text[i]);
    }
    free(flags);
    return 0;
}

void fuzz_write_seeds(const char *folder)
{
    static const uint32_t forms[] = {SEC_WINNT_AUTH_IDENTITY_ANSI,
                                     SEC_WINNT_AUTH_IDENTITY_UNICODE};
    struct fuzz_seed seed;

    for (uint8_t kind = 0; kind < 8; kind++) {
        for (int wide = 0; wide < 2; wide++) {
            char name[] = "identity-00";

            fuzz_seed_start(&seed, kind);
            fuzz_seed_add(&seed, &forms[wide], 4);
            for (int i = 0; i < 4; i++)
                fuzz_seed_add(&seed, wide ? (const void *)u"name" : "name", wide ? 8 : 4);
            for (int i = 0; i < 6; i++)
                fuzz_seed_add(&seed, "FILE:/place", 11);
            name[9] = (char)('0' + kind);
            name[10] = (char)('0' + wide);
            fuzz_seed_write(&seed, folder, name);
        }
    }
}
