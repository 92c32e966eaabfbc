/* SPDX-License-Identifier: MIT */
/* What client.c and server.c share: bytes behind their length, on a socket, and sealed. */
#ifndef MESSAGES_H
#define MESSAGES_H

#ifdef _WIN32
#define SECURITY_WIN32
#include <winsock2.h>

#include <windows.h>

#include <security.h>
#else
#include "on_linux.h"
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_MESSAGE 65536

#define SEC_SUCCESS(Status) ((Status) >= 0)

static BOOL SendBytes(SOCKET s, const BYTE *pBuf, DWORD cbBuf)
{
    while (cbBuf > 0) {
        int cbSent = (int)send(s, (const char *)pBuf, cbBuf, 0);

        if (cbSent == SOCKET_ERROR || cbSent == 0)
            return FALSE;
        pBuf += cbSent;
        cbBuf -= (DWORD)cbSent;
    }
    return TRUE;
}

static BOOL ReceiveBytes(SOCKET s, BYTE *pBuf, DWORD cbBuf)
{
    while (cbBuf > 0) {
        int cbRead = (int)recv(s, (char *)pBuf, cbBuf, 0);

        if (cbRead == SOCKET_ERROR || cbRead == 0)
            return FALSE;
        pBuf += cbRead;
        cbBuf -= (DWORD)cbRead;
    }
    return TRUE;
}

static BOOL SendMsg(SOCKET s, const BYTE *pBuf, DWORD cbBuf)
{
    return SendBytes(s, (const BYTE *)&cbBuf, sizeof(cbBuf)) && SendBytes(s, pBuf, cbBuf);
}

static BOOL ReceiveMsg(SOCKET s, BYTE *pBuf, DWORD cbBuf, DWORD *pcbRead)
{
    return ReceiveBytes(s, (BYTE *)pcbRead, sizeof(*pcbRead)) && *pcbRead <= cbBuf &&
           ReceiveBytes(s, pBuf, *pcbRead);
}

/* Trailer, data and padding go out as one message, behind the size of the trailer. */
static BOOL SendSealed(SOCKET s, PCtxtHandle hctxt, const char *pszText)
{
    SecPkgContext_Sizes Sizes;
    SecBuffer Buffers[3];
    SecBufferDesc Desc = {SECBUFFER_VERSION, 3, Buffers};
    DWORD cbText = (DWORD)strlen(pszText);
    BYTE *pMessage, *pEnd;
    SECURITY_STATUS ss;
    BOOL fSent = FALSE;

    ss = QueryContextAttributes(hctxt, SECPKG_ATTR_SIZES, &Sizes);
    if (!SEC_SUCCESS(ss))
        return FALSE;
    pMessage =
        (BYTE *)malloc(sizeof(DWORD) + Sizes.cbSecurityTrailer + cbText + Sizes.cbBlockSize);
    if (pMessage == NULL)
        return FALSE;
    Buffers[0].BufferType = SECBUFFER_TOKEN;
    Buffers[0].cbBuffer = Sizes.cbSecurityTrailer;
    Buffers[0].pvBuffer = pMessage + sizeof(DWORD);
    Buffers[1].BufferType = SECBUFFER_DATA;
    Buffers[1].cbBuffer = cbText;
    Buffers[1].pvBuffer = pMessage + sizeof(DWORD) + Sizes.cbSecurityTrailer;
    Buffers[2].BufferType = SECBUFFER_PADDING;
    Buffers[2].cbBuffer = Sizes.cbBlockSize;
    Buffers[2].pvBuffer = (BYTE *)Buffers[1].pvBuffer + cbText;
    CopyMemory(Buffers[1].pvBuffer, pszText, cbText);
    ss = EncryptMessage(hctxt, 0, &Desc, 0);
    if (SEC_SUCCESS(ss)) {
        /* The trailer may have turned out shorter than the room for it. */
        CopyMemory(pMessage, &Buffers[0].cbBuffer, sizeof(DWORD));
        pEnd = (BYTE *)Buffers[0].pvBuffer + Buffers[0].cbBuffer;
        MoveMemory(pEnd, Buffers[1].pvBuffer, Buffers[1].cbBuffer);
        pEnd += Buffers[1].cbBuffer;
        MoveMemory(pEnd, Buffers[2].pvBuffer, Buffers[2].cbBuffer);
        pEnd += Buffers[2].cbBuffer;
        fSent = SendMsg(s, pMessage, (DWORD)(pEnd - pMessage));
    }
    SecureZeroMemory(pMessage, sizeof(DWORD) + Sizes.cbSecurityTrailer + cbText);
    free(pMessage);
    return fSent;
}

/* What comes back lies in pBuf; NULL if it is not what the other side has sealed. */
static const BYTE *ReceiveSealed(SOCKET s, PCtxtHandle hctxt, BYTE *pBuf, DWORD cbBuf,
                                 DWORD *pcbText)
{
    SecBuffer Buffers[2];
    SecBufferDesc Desc = {SECBUFFER_VERSION, 2, Buffers};
    DWORD cbRead, cbTrailer;
    ULONG ulQop = 0;

    if (!ReceiveMsg(s, pBuf, cbBuf, &cbRead) || cbRead < sizeof(DWORD))
        return NULL;
    CopyMemory(&cbTrailer, pBuf, sizeof(DWORD));
    if (cbTrailer > cbRead - sizeof(DWORD))
        return NULL;
    Buffers[0].BufferType = SECBUFFER_TOKEN;
    Buffers[0].cbBuffer = cbTrailer;
    Buffers[0].pvBuffer = pBuf + sizeof(DWORD);
    Buffers[1].BufferType = SECBUFFER_DATA;
    Buffers[1].cbBuffer = cbRead - (DWORD)sizeof(DWORD) - cbTrailer;
    Buffers[1].pvBuffer = pBuf + sizeof(DWORD) + cbTrailer;
    if (DecryptMessage(hctxt, &Desc, 0, &ulQop) != SEC_E_OK)
        return NULL;
    *pcbText = Buffers[1].cbBuffer;
    return (const BYTE *)Buffers[1].pvBuffer;
}

#endif
