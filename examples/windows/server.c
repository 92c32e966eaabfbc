/* SPDX-License-Identifier: MIT */
/*
 * server.c - a server for Windows, in the manner of "Using SSPI with a Windows Sockets Server"
 * of Microsoft's documentation. It is compiled on Linux as it is: see on_linux.h. Its accounts
 * are there those of the keytab and of the file that NTLM_USER_FILE names.
 *
 *     server COUNT     says its port, serves as many clients one after the other
 */
#include "messages.h"

static BYTE g_Buffer[MAX_MESSAGE];

static BOOL Listen(SOCKET *ps)
{
    struct sockaddr_in Address;
#ifdef _WIN32
    int cbAddress = sizeof(Address);
#else
    socklen_t cbAddress = sizeof(Address);
#endif

    ZeroMemory(&Address, sizeof(Address));
    Address.sin_family = AF_INET;
    Address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *ps = socket(AF_INET, SOCK_STREAM, 0);
    if (*ps == INVALID_SOCKET ||
        bind(*ps, (struct sockaddr *)&Address, sizeof(Address)) == SOCKET_ERROR ||
        listen(*ps, 1) == SOCKET_ERROR ||
        getsockname(*ps, (struct sockaddr *)&Address, &cbAddress) == SOCKET_ERROR)
        return FALSE;
    printf("port %u\n", (unsigned int)ntohs(Address.sin_port));
    fflush(stdout);
    return TRUE;
}

static BOOL Authenticate(SOCKET s, PCredHandle phCred, PCtxtHandle phContext)
{
    SecBuffer InBuffer, OutBuffer;
    SecBufferDesc InDesc = {SECBUFFER_VERSION, 1, &InBuffer};
    SecBufferDesc OutDesc = {SECBUFFER_VERSION, 1, &OutBuffer};
    BOOL fNew = TRUE;
    DWORD cbIn;
    ULONG fContextAttr;
    TimeStamp Lifetime;
    SECURITY_STATUS ss;

    do {
        if (!ReceiveMsg(s, g_Buffer, sizeof(g_Buffer), &cbIn))
            return FALSE;
        InBuffer.BufferType = SECBUFFER_TOKEN;
        InBuffer.cbBuffer = cbIn;
        InBuffer.pvBuffer = g_Buffer;
        OutBuffer.BufferType = SECBUFFER_TOKEN;
        OutBuffer.cbBuffer = 0;
        OutBuffer.pvBuffer = NULL;
        ss = AcceptSecurityContext(phCred, fNew ? NULL : phContext, &InDesc,
                                   ASC_REQ_CONFIDENTIALITY | ASC_REQ_ALLOCATE_MEMORY,
                                   SECURITY_NATIVE_DREP, phContext, &OutDesc, &fContextAttr,
                                   &Lifetime);
        if (ss == SEC_I_COMPLETE_NEEDED || ss == SEC_I_COMPLETE_AND_CONTINUE) {
            if (!SEC_SUCCESS(CompleteAuthToken(phContext, &OutDesc)))
                return FALSE;
        }
        if (!SEC_SUCCESS(ss)) {
            printf("refused: 0x%08x\n", (unsigned int)ss);
            return FALSE;
        }
        fNew = FALSE;
        if (OutBuffer.cbBuffer > 0 &&
            !SendMsg(s, (const BYTE *)OutBuffer.pvBuffer, OutBuffer.cbBuffer))
            return FALSE;
        FreeContextBuffer(OutBuffer.pvBuffer);
    } while (ss == SEC_I_CONTINUE_NEEDED || ss == SEC_I_COMPLETE_AND_CONTINUE);
    return TRUE;
}

static void TellWhoItIs(PCtxtHandle phContext)
{
    SecPkgContext_NamesA Names;
    SecPkgContext_NegotiationInfoA Info;

    if (SEC_SUCCESS(QueryContextAttributesA(phContext, SECPKG_ATTR_NEGOTIATION_INFO, &Info))) {
        printf("by %s: ", Info.PackageInfo->Name);
        FreeContextBuffer(Info.PackageInfo);
    }
    if (SEC_SUCCESS(QueryContextAttributesA(phContext, SECPKG_ATTR_NAMES, &Names))) {
        printf("%s\n", Names.sUserName);
        FreeContextBuffer(Names.sUserName);
    }
}

/* A server that cannot act as its client says what it has to say as itself. */
static BOOL Talk(SOCKET s, PCtxtHandle phContext)
{
    DWORD cbText;
    const BYTE *pText;
    BOOL fImpersonates = ImpersonateSecurityContext(phContext) == SEC_E_OK;
    BOOL fSent = SendSealed(s, phContext, "good day");

    if (fImpersonates)
        RevertSecurityContext(phContext);
    if (!fSent)
        return FALSE;
    pText = ReceiveSealed(s, phContext, g_Buffer, sizeof(g_Buffer), &cbText);
    if (pText == NULL)
        return FALSE;
    printf("the client says: %.*s\n", (int)cbText, (const char *)pText);
    return TRUE;
}

static BOOL Serve(SOCKET s, PCredHandle phCred)
{
    CtxtHandle hContext;
    BOOL fDone = FALSE;

    SecInvalidateHandle(&hContext);
    if (Authenticate(s, phCred, &hContext)) {
        TellWhoItIs(&hContext);
        fDone = Talk(s, &hContext);
    }
    if (SecIsValidHandle(&hContext))
        DeleteSecurityContext(&hContext);
    return fDone;
}

int main(int argc, char **argv)
{
    WSADATA wsaData;
    SOCKET Listener, s;
    CredHandle hCred;
    TimeStamp Lifetime;
    SECURITY_STATUS ss;
    int cClients = argc == 2 ? atoi(argv[1]) : 1;

    if (WSAStartup(MAKEWORD(2, 2), &wsaData) != 0)
        return 1;
    ss = AcquireCredentialsHandle(NULL, (LPTSTR)NEGOSSP_NAME, SECPKG_CRED_INBOUND, NULL, NULL,
                                  NULL, NULL, &hCred, &Lifetime);
    if (!SEC_SUCCESS(ss)) {
        fprintf(stderr, "AcquireCredentialsHandle failed: 0x%08x\n", (unsigned int)ss);
        return 1;
    }
    if (!Listen(&Listener)) {
        fprintf(stderr, "no port\n");
        return 1;
    }
    for (; cClients > 0; cClients--) {
        s = accept(Listener, NULL, NULL);
        if (s == INVALID_SOCKET)
            return 1;
        Serve(s, &hCred);
        fflush(stdout);
        closesocket(s);
    }
    closesocket(Listener);
    FreeCredentialsHandle(&hCred);
    WSACleanup();
    return 0;
}
