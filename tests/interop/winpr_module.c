/* SPDX-License-Identifier: MIT */
/*
 * winpr_module - this library as the SSPI module of a program that is written for WinPR: its
 * types, its loader, and a table of functions that it takes from a shared object, as FreeRDP
 * does. On the other side of each handshake is the implementation that WinPR has itself or,
 * where it has none (Debian's WinPR 2 has no Kerberos), ours once more.
 *
 *   winpr_module MODULE PACKAGE ours|theirs|both     who initiates; both: ours on both sides
 *
 * In a realm (tests/support/realm) alice logs on with her password to a service whose keys are
 * in the default keytab. Prints what went wrong, and ends with 1 then.
 */
#include <winpr/library.h>
#include <winpr/sspi.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_SIZE 65536
#define LEGS_MAX   8

static char user[] = "alice", target[] = "host/localhost";
static const char *domain = "TEST", *password = "correct-horse";

struct side {
    const char *name;
    SecurityFunctionTableA *table;
    BOOL accepts, by_default; /* without an identity */
    CredHandle credential;
    CtxtHandle context;
    BOOL started;
    SECURITY_STATUS status;
    BYTE token[TOKEN_SIZE];
    ULONG size, sent, received;
};

/* Whose table is whose: in a process with both libraries a symbol may lead astray. */
static BOOL same(const struct side *one, const struct side *other)
{
    return one->table->AcquireCredentialsHandleA == other->table->AcquireCredentialsHandleA;
}

static void check(const struct side *side, const char *what, SECURITY_STATUS status)
{
    if (status == SEC_E_OK)
        return;
    printf("%s: %s: %s [0x%08X]\n", side->name, what, GetSecurityStatusString(status),
           (unsigned)status);
    exit(1);
}

static void acquire(struct side *side, char *package)
{
    SEC_WINNT_AUTH_IDENTITY identity = {0};
    PSecPkgInfoA info = NULL;
    TimeStamp expiry;

    check(side, "QuerySecurityPackageInfo",
          side->table->QuerySecurityPackageInfoA(package, &info));
    check(side, "FreeContextBuffer", side->table->FreeContextBuffer(info));
    if (sspi_SetAuthIdentity(&identity, user, domain, password) < 0)
        exit(2);
    check(side, "AcquireCredentialsHandle",
          side->table->AcquireCredentialsHandleA(
              NULL, package, side->accepts ? SECPKG_CRED_INBOUND : SECPKG_CRED_OUTBOUND, NULL,
              side->by_default ? NULL : &identity, NULL, NULL, &side->credential, &expiry));
    free(identity.User);
    free(identity.Domain);
    free(identity.Password);
}

/* A leg with the other side's token. WinPR reads the input in the call alone. */
static void step(struct side *side, const struct side *other)
{
    SecBuffer in = {other->size, SECBUFFER_TOKEN, (void *)other->token};
    SecBuffer out = {TOKEN_SIZE, SECBUFFER_TOKEN, side->token};
    SecBufferDesc given = {SECBUFFER_VERSION, 1, &in}, made = {SECBUFFER_VERSION, 1, &out};
    PCtxtHandle context = side->started ? &side->context : NULL;
    TimeStamp expiry;
    ULONG attributes = 0;

    if (side->accepts)
        side->status = side->table->AcceptSecurityContext(
            &side->credential, context, &given, ASC_REQ_CONFIDENTIALITY | ASC_REQ_CONNECTION,
            SECURITY_NATIVE_DREP, &side->context, &made, &attributes, &expiry);
    else
        side->status = side->table->InitializeSecurityContextA(
            &side->credential, context, target, ISC_REQ_CONFIDENTIALITY | ISC_REQ_MUTUAL_AUTH,
            0, SECURITY_NATIVE_DREP, context != NULL ? &given : NULL, 0, &side->context, &made,
            &attributes, &expiry);
    side->started = TRUE;
    side->size = out.cbBuffer;
    if (side->status == SEC_I_COMPLETE_NEEDED || side->status == SEC_I_COMPLETE_AND_CONTINUE) {
        check(side, "CompleteAuthToken", side->table->CompleteAuthToken(&side->context, &made));
        side->status = side->status == SEC_I_COMPLETE_NEEDED ? SEC_E_OK : SEC_I_CONTINUE_NEEDED;
    }
    if (side->status != SEC_I_CONTINUE_NEEDED)
        check(side, "a leg", side->status);
}

static void shake(struct side *initiator, struct side *acceptor)
{
    for (int legs = 0; legs < LEGS_MAX; legs++) {
        step(initiator, acceptor);
        if (initiator->status == SEC_E_OK && initiator->size == 0)
            break;
        step(acceptor, initiator);
        if (acceptor->status == SEC_E_OK && acceptor->size == 0)
            break;
    }
    check(initiator, "the handshake", initiator->status);
    check(acceptor, "the handshake", acceptor->status);
}

/* A sealed message from one to the other, as CredSSP sends the key of the TLS connection. */
static void send_sealed(struct side *from, struct side *to)
{
    static const char text[] = "a message from one library to another";
    SecPkgContext_Sizes sizes;
    BYTE message[512] = {0};
    SecBuffer buffers[2];
    SecBufferDesc sealed = {SECBUFFER_VERSION, 2, buffers};
    ULONG qop = 0;

    check(from, "QueryContextAttributes",
          from->table->QueryContextAttributesA(&from->context, SECPKG_ATTR_SIZES, &sizes));
    buffers[0] = (SecBuffer){sizes.cbSecurityTrailer, SECBUFFER_TOKEN, message};
    buffers[1] = (SecBuffer){sizeof text, SECBUFFER_DATA, message + sizes.cbSecurityTrailer};
    memcpy(buffers[1].pvBuffer, text, sizeof text);
    check(from, "EncryptMessage",
          from->table->EncryptMessage(&from->context, 0, &sealed, from->sent++));
    check(to, "DecryptMessage",
          to->table->DecryptMessage(&to->context, &sealed, to->received++, &qop));
    if (memcmp(buffers[1].pvBuffer, text, sizeof text) != 0) {
        printf("%s: another text came out\n", to->name);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    static struct side sides[2];
    struct side *ours = &sides[0], *theirs = &sides[1], *initiator, *acceptor;
    INIT_SECURITY_INTERFACE_A init;
    HMODULE module;

    if (argc != 4)
        return 2;
    module = LoadLibraryA(argv[1]);
    if (module == NULL) {
        printf("%s cannot be loaded\n", argv[1]);
        return 1;
    }
    init = (INIT_SECURITY_INTERFACE_A)GetProcAddress(module, "InitSecurityInterfaceA");
    if (init == NULL)
        return 1;
    *ours = (struct side){.name = "ours", .table = init()};
    *theirs = (struct side){.name = "theirs", .table = InitSecurityInterfaceExA(0)};
    if (same(ours, theirs)) {
        printf("both sides are one implementation\n");
        return 1;
    }
    if (strcmp(argv[3], "both") == 0)
        *theirs = (struct side){.name = "ours, too", .table = ours->table};
    initiator = strcmp(argv[3], "theirs") == 0 ? theirs : ours;
    acceptor = initiator == ours ? theirs : ours;
    acceptor->accepts = TRUE;
    if (getenv("REALM") != NULL && getenv("ALICE_PASSWORD") != NULL) {
        domain = getenv("REALM");
        password = getenv("ALICE_PASSWORD");
        acceptor->by_default = TRUE;
    }
    acquire(initiator, argv[2]);
    acquire(acceptor, argv[2]);
    shake(initiator, acceptor);
    send_sealed(initiator, acceptor);
    send_sealed(acceptor, initiator);
    if (same(acceptor, ours)) {
        check(acceptor, "ImpersonateSecurityContext",
              ours->table->ImpersonateSecurityContext(&acceptor->context));
        check(acceptor, "RevertSecurityContext",
              ours->table->RevertSecurityContext(&acceptor->context));
    }
    for (int i = 0; i < 2; i++) {
        check(&sides[i], "DeleteSecurityContext",
              sides[i].table->DeleteSecurityContext(&sides[i].context));
        check(&sides[i], "FreeCredentialsHandle",
              sides[i].table->FreeCredentialsHandle(&sides[i].credential));
    }
    puts("well");
    return 0;
}
