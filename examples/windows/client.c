/* SPDX-License-Identifier: MIT */
/*
 * client.c - a client for Windows, in the manner of "Using SSPI with a Windows Sockets Client"
 * of Microsoft's documentation. It is compiled on Linux as it is: see on_linux.h.
 *
 *     client PORT USER DOMAIN PASSWORD
 */
#include "messages.h"

static const DWORD fContextReq = ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY |
                                 ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT;
static BYTE g_Buffer[MAX_MESSAGE];

static BOOL Connect(const char *pszPort, SOCKET *ps)
{
    struct sockaddr_in Address;

    ZeroMemory(&Address, sizeof(Address));
    Address.sin_family = AF_INET;
    Address.sin_port = htons((USHORT)atoi(pszPort));
    Address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *ps = socket(AF_INET, SOCK_STREAM, 0);
    return *ps != INVALID_SOCKET &&
           connect(*ps, (struct sockaddr *)&Address, sizeof(Address)) != SOCKET_ERROR;
}

static BOOL AcquireCredentials(char *pszUser, char *pszDomain, char *pszPassword,
                               PCredHandle phCred)
{
    SEC_WINNT_AUTH_IDENTITY_A Identity;
    TimeStamp Lifetime;
    SECURITY_STATUS ss;

    ZeroMemory(&Identity, sizeof(Identity));
    Identity.User = (unsigned char *)pszUser;
    Identity.UserLength = (ULONG)strlen(pszUser);
    Identity.Domain = (unsigned char *)pszDomain;
    Identity.DomainLength = (ULONG)strlen(pszDomain);
    Identity.Password = (unsigned char *)pszPassword;
    Identity.PasswordLength = (ULONG)strlen(pszPassword);
    Identity.Flags = SEC_WINNT_AUTH_IDENTITY_ANSI;
    ss = AcquireCredentialsHandle(NULL, (LPTSTR)NEGOSSP_NAME, SECPKG_CRED_OUTBOUND, NULL,
                                  &Identity, NULL, NULL, phCred, &Lifetime);
    SecureZeroMemory(pszPassword, strlen(pszPassword));
    if (!SEC_SUCCESS(ss))
        fprintf(stderr, "AcquireCredentialsHandle failed: 0x%08x\n", (unsigned int)ss);
    return SEC_SUCCESS(ss);
}

/* One leg after the other, until both sides have had enough. */
static BOOL Authenticate(SOCKET s, PCredHandle phCred, PCtxtHandle phContext)
{
    SecBuffer InBuffer, OutBuffer;
    SecBufferDesc InDesc = {SECBUFFER_VERSION, 1, &InBuffer};
    SecBufferDesc OutDesc = {SECBUFFER_VERSION, 1, &OutBuffer};
    BOOL fNew = TRUE;
    DWORD cbIn = 0;
    ULONG fContextAttr;
    TimeStamp Lifetime;
    SECURITY_STATUS ss;

    do {
        InBuffer.BufferType = SECBUFFER_TOKEN;
        InBuffer.cbBuffer = cbIn;
        InBuffer.pvBuffer = g_Buffer;
        OutBuffer.BufferType = SECBUFFER_TOKEN;
        OutBuffer.cbBuffer = 0;
        OutBuffer.pvBuffer = NULL;
        ss = InitializeSecurityContext(
            phCred, fNew ? NULL : phContext, (LPTSTR)TEXT("host/localhost"),
            fContextReq | ISC_REQ_ALLOCATE_MEMORY, 0, SECURITY_NATIVE_DREP,
            fNew ? NULL : &InDesc, 0, phContext, &OutDesc, &fContextAttr, &Lifetime);
        if (ss == SEC_I_COMPLETE_NEEDED || ss == SEC_I_COMPLETE_AND_CONTINUE) {
            if (!SEC_SUCCESS(CompleteAuthToken(phContext, &OutDesc)))
                return FALSE;
        }
        if (!SEC_SUCCESS(ss)) {
            fprintf(stderr, "InitializeSecurityContext failed: 0x%08x\n", (unsigned int)ss);
            return FALSE;
        }
        fNew = FALSE;
        if (OutBuffer.cbBuffer > 0 &&
            !SendMsg(s, (const BYTE *)OutBuffer.pvBuffer, OutBuffer.cbBuffer))
            return FALSE;
        FreeContextBuffer(OutBuffer.pvBuffer);
        if ((ss == SEC_I_CONTINUE_NEEDED || ss == SEC_I_COMPLETE_AND_CONTINUE) &&
            !ReceiveMsg(s, g_Buffer, sizeof(g_Buffer), &cbIn)) {
            fprintf(stderr, "the server has hung up\n");
            return FALSE;
        }
    } while (ss == SEC_I_CONTINUE_NEEDED || ss == SEC_I_COMPLETE_AND_CONTINUE);
    return TRUE;
}

static BOOL Talk(SOCKET s, PCtxtHandle phContext)
{
    DWORD cbText;
    const BYTE *pText = ReceiveSealed(s, phContext, g_Buffer, sizeof(g_Buffer), &cbText);

    if (pText == NULL) {
        fprintf(stderr, "what the server sent cannot be read\n");
        return FALSE;
    }
    printf("the server says: %.*s\n", (int)cbText, (const char *)pText);
    return SendSealed(s, phContext, "and a good day to you");
}

int main(int argc, char **argv)
{
    WSADATA wsaData;
    SOCKET s;
    CredHandle hCred;
    CtxtHandle hContext;
    BOOL fDone = FALSE;

    if (argc != 5) {
        fprintf(stderr, "client PORT USER DOMAIN PASSWORD\n");
        return 2;
    }
    if (WSAStartup(MAKEWORD(2, 2), &wsaData) != 0 || !Connect(argv[1], &s)) {
        fprintf(stderr, "no connection\n");
        return 1;
    }
    SecInvalidateHandle(&hContext);
    if (AcquireCredentials(argv[2], argv[3], argv[4], &hCred)) {
        fDone = Authenticate(s, &hCred, &hContext) && Talk(s, &hContext);
        if (SecIsValidHandle(&hContext))
            DeleteSecurityContext(&hContext);
        FreeCredentialsHandle(&hCred);
    }
    closesocket(s);
    WSACleanup();
    return fDone ? 0 : 1;
}
