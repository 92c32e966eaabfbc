/* SPDX-License-Identifier: MIT */
/*
 * on_linux.h - all that client.c and server.c need in place of
 *
 *     #include <winsock2.h>
 *     #include <windows.h>
 *     #include <security.h>
 *
 * The types of windows.h and SSPI come with this library; what follows is for the sockets.
 */
#ifndef ON_LINUX_H
#define ON_LINUX_H

#include <sspi_windows.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

typedef int SOCKET;
typedef struct WSAData {
    WORD wVersion;
} WSADATA;

#define INVALID_SOCKET            (-1)
#define SOCKET_ERROR              (-1)
#define MAKEWORD(low, high)       ((WORD)((BYTE)(low) | (WORD)((BYTE)(high) << 8)))
#define WSAStartup(version, data) ((data)->wVersion = (version), 0)
#define WSACleanup()              ((void)0)
#define closesocket(socket)       close(socket)

#endif
