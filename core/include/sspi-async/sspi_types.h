/* SPDX-License-Identifier: MIT */
/*
 * sspi_types.h - the types of Windows that sspi.h is written in. Programs include sspi.h;
 * those that use more of windows.h than this include sspi_windows.h.
 *
 * Beside WinPR: include <winpr/wtypes.h> first. Its types are taken as they are, so that a
 * WCHAR is WinPR's (uint16_t) in C++ too.
 */
#ifndef SSPI_ASYNC_SSPI_TYPES_H
#define SSPI_ASYNC_SSPI_TYPES_H

#include <stdint.h>
#ifndef __cplusplus
#include <uchar.h>
#endif

#if defined(__GNUC__)
#define SSPI_ASYNC_API __attribute__((visibility("default")))
#else
#define SSPI_ASYNC_API
#endif

#define SEC_ENTRY
#define SEC_FAR

#ifndef WINPR_WTYPES_H
typedef int32_t NTSTATUS;
typedef int32_t LONG;
typedef uint32_t ULONG;
typedef uint32_t DWORD;
typedef uint16_t USHORT;
typedef uint8_t UCHAR;
typedef uint8_t BOOLEAN;
typedef char16_t WCHAR;
typedef uint8_t BYTE;
typedef uintptr_t ULONG_PTR;
typedef void *PVOID;
typedef ULONG *PULONG;
typedef UCHAR *PUCHAR;
typedef char *LPSTR;
typedef WCHAR *LPWSTR, *PWSTR;
typedef const WCHAR *LPCWSTR, *PCWSTR;
#endif

typedef int32_t SECURITY_STATUS; /* >= 0 is success or information, < 0 an error */
typedef char SEC_CHAR;
typedef WCHAR SEC_WCHAR;

#ifndef WINPR_NT_H
typedef struct _UNICODE_STRING {
    uint16_t Length; /* bytes */
    uint16_t MaximumLength;
    WCHAR *Buffer;
} UNICODE_STRING, *PUNICODE_STRING;
#endif

#ifndef TRUE
#define TRUE 1
#endif
#ifndef FALSE
#define FALSE 0
#endif

/* Strings and their constants, of the kind that UNICODE says. */
#ifdef UNICODE
#define SEC_TEXT(text) u##text
typedef SEC_WCHAR *SECURITY_PSTR;
typedef const SEC_WCHAR *SECURITY_PCSTR;
#else
#define SEC_TEXT(text) text
typedef SEC_CHAR *SECURITY_PSTR;
typedef const SEC_CHAR *SECURITY_PCSTR;
#endif

#endif
