/* SPDX-License-Identifier: MIT */
/* NTLM by WinPR, whose functions have the plain names of Windows: no header of ours in here. */
#include "handshake.h"

#include <stdlib.h>

#include <winpr/sspi.h>
#include <winpr/wtypes.h>

#include "measure.h"

#define TOKEN_SIZE 8192

static CredHandle credentials[2]; /* initiator, acceptor */
static SEC_WINNT_AUTH_IDENTITY alice;

struct side {
    CtxtHandle context;
    BOOL started, done;
    SecBuffer token;
    BYTE room[TOKEN_SIZE];
};

static void expect(SECURITY_STATUS status, const char *what)
{
    if (status != SEC_E_OK)
        measure_fail("WinPR: %s: 0x%08x", what, (unsigned)status);
}

void winpr_open(void)
{
    SEC_CHAR package[] = "NTLM";

    if (sspi_SetAuthIdentity(&alice, "alice", "TEST", handshake_value("ALICE_PASSWORD")) < 0)
        measure_fail("WinPR: no identity");
    expect(AcquireCredentialsHandleA(NULL, package, SECPKG_CRED_OUTBOUND, NULL, &alice, NULL,
                                     NULL, &credentials[0], NULL),
           "acquire");
    /* The acceptor has no file of users: it knows this one. */
    expect(AcquireCredentialsHandleA(NULL, package, SECPKG_CRED_INBOUND, NULL, &alice, NULL,
                                     NULL, &credentials[1], NULL),
           "acquire");
}

void winpr_close(void)
{
    expect(FreeCredentialsHandle(&credentials[0]), "free");
    expect(FreeCredentialsHandle(&credentials[1]), "free");
    /* WinPR 2 has no function for it. */
    free(alice.User);
    free(alice.Domain);
    free(alice.Password);
}

static SECURITY_STATUS leg(struct side *side, SecBuffer *in, int acceptor)
{
    SEC_CHAR target[] = "HTTP/localhost";
    SecBufferDesc input = {SECBUFFER_VERSION, 1, in};
    SecBufferDesc output = {SECBUFFER_VERSION, 1, &side->token};
    PCtxtHandle context = side->started ? &side->context : NULL;
    ULONG flags = 0;

    side->token = (SecBuffer){sizeof(side->room), SECBUFFER_TOKEN, side->room};
    if (acceptor)
        return AcceptSecurityContext(
            &credentials[1], context, &input,
            ASC_REQ_REPLAY_DETECT | ASC_REQ_SEQUENCE_DETECT | ASC_REQ_CONFIDENTIALITY,
            SECURITY_NATIVE_DREP, &side->context, &output, &flags, NULL);
    return InitializeSecurityContextA(&credentials[0], context, target,
                                      ISC_REQ_MUTUAL_AUTH | ISC_REQ_REPLAY_DETECT |
                                          ISC_REQ_SEQUENCE_DETECT | ISC_REQ_CONFIDENTIALITY |
                                          ISC_REQ_INTEGRITY,
                                      0, SECURITY_NATIVE_DREP, in->cbBuffer > 0 ? &input : NULL,
                                      0, &side->context, &output, &flags, NULL);
}

static void connect_sides(struct side sides[2])
{
    for (int i = 0; i < 2; i++) {
        sides[i].started = sides[i].done = FALSE;
        sides[i].token = (SecBuffer){0, SECBUFFER_TOKEN, NULL};
    }
    for (int turn = 0; !sides[0].done || !sides[1].done; turn = !turn) {
        struct side *side = &sides[turn];
        SECURITY_STATUS status = leg(side, &sides[!turn].token, turn);

        if (status == SEC_I_COMPLETE_NEEDED || status == SEC_I_COMPLETE_AND_CONTINUE) {
            SecBufferDesc output = {SECBUFFER_VERSION, 1, &side->token};

            expect(CompleteAuthToken(&side->context, &output), "complete");
            status = status == SEC_I_COMPLETE_NEEDED ? SEC_E_OK : SEC_I_CONTINUE_NEEDED;
        }
        if (status != SEC_I_CONTINUE_NEEDED)
            expect(status, turn == 0 ? "initialize" : "accept");
        side->started = TRUE;
        side->done = status == SEC_E_OK;
    }
}

void winpr_run(long count)
{
    struct side sides[2];

    while (count-- > 0) {
        connect_sides(sides);
        for (int i = 0; i < 2; i++)
            expect(DeleteSecurityContext(&sides[i].context), "delete");
    }
}

/* ---- Contexts that stay ----------------------------------------------------------------- */

static CtxtHandle kept[HANDSHAKES_KEPT][2];
static long kept_count;
static ULONG sequence;

void winpr_keep(long count)
{
    struct side sides[2];

    for (kept_count = 0; kept_count < count; kept_count++) {
        connect_sides(sides);
        for (int i = 0; i < 2; i++)
            kept[kept_count][i] = sides[i].context;
    }
    sequence = 0;
}

void winpr_exchange(long count)
{
    BYTE signature[16];
    BYTE text[1024] = {0};
    SecBuffer buffers[2] = {{sizeof(signature), SECBUFFER_TOKEN, signature},
                            {sizeof(text), SECBUFFER_DATA, text}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};
    ULONG qop = 0;

    while (count-- > 0) {
        expect(EncryptMessage(&kept[0][0], 0, &message, sequence), "encrypt");
        expect(DecryptMessage(&kept[0][1], &message, sequence++, &qop), "decrypt");
    }
}

void winpr_let_go(void)
{
    while (kept_count-- > 0) {
        for (int i = 0; i < 2; i++)
            expect(DeleteSecurityContext(&kept[kept_count][i]), "delete");
    }
}
