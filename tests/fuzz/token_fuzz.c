/* SPDX-License-Identifier: MIT */
/*
 * Tokens of a peer, into either side of each package. The first byte: package (two bits), 4:
 * acceptor, 8: the first piece is the list of application protocols. Then a piece a leg; an
 * initiator has made its own first leg before.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "sides.h"

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count;
    (void)arguments;
    sides_start();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct side side = {.package = 0};
    SecBuffer protocols, answer;
    uint8_t *piece, *list = NULL;
    size_t length;
    bool with_list;

    if (size == 0 || !sides_have(data[0] & 3))
        return 0;
    side.package = data[0] & 3;
    side.acceptor = (data[0] & 4) != 0;
    with_list = (data[0] & 8) != 0;
    data++;
    size--;
    if (with_list && fuzz_piece(&data, &size, &list, &length))
        protocols = (SecBuffer){(uint32_t)length, SECBUFFER_APPLICATION_PROTOCOLS, list};
    if (!side.acceptor) {
        if (sides_leg(&side, NULL, 0, list != NULL ? &protocols : NULL, &answer) < 0)
            goto done;
        FreeContextBuffer(answer.pvBuffer);
    }
    for (int leg = 0; leg < 8 && fuzz_piece(&data, &size, &piece, &length); leg++) {
        SECURITY_STATUS status = sides_leg(
            &side, piece, length, list != NULL && leg == 0 ? &protocols : NULL, &answer);

        free(piece);
        FreeContextBuffer(answer.pvBuffer);
        if (status < 0 && status != SEC_E_INCOMPLETE_MESSAGE)
            break;
    }
    sides_end(&side);
done:
    free(list);
    return 0;
}

struct pair_of_seeds {
    struct fuzz_seed to[2]; /* initiator, acceptor */
};

static void see(bool from_initiator, const SecBuffer *token, void *data)
{
    struct pair_of_seeds *seeds = data;

    fuzz_seed_add(&seeds->to[from_initiator], token->pvBuffer, token->cbBuffer);
}

void fuzz_write_seeds(const char *folder)
{
    static struct pair_of_seeds seeds;
    static const uint8_t list[] = {14,  0,   0, 0,   2,   0,   0,   0,   12,  0,   2,
                                   'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

    for (int package = 0; package < PACKAGES; package++) {
        struct side initiator = {.package = package};
        struct side acceptor = {.package = package, .acceptor = true};
        char name[64];

        if (!sides_have(package))
            continue;
        for (int side = 0; side < 2; side++) {
            fuzz_seed_start(&seeds.to[side], (uint8_t)(package | side << 2));
            if (package == SCHANNEL) {
                seeds.to[side].bytes[0] |= 8;
                fuzz_seed_add(&seeds.to[side], list, sizeof(list));
            }
        }
        if (!sides_connect(&initiator, &acceptor, see, &seeds))
            abort();
        for (int side = 0; side < 2; side++) {
            strcpy(name, sides_names[package]);
            strcat(name, side ? "-acceptor" : "-initiator");
            fuzz_seed_write(&seeds.to[side], folder, name);
        }
        sides_end(&initiator);
        sides_end(&acceptor);
    }
}
