/* SPDX-License-Identifier: MIT */
/*
 * sspi_windows.h - for programs written for Windows: the types and macros of windows.h that
 * such programs use around SSPI, and sspi.h. In place of
 *
 *     #include <windows.h>
 *     #include <sspi.h>
 *
 * a program says #include <sspi_windows.h>, and needs no other change than ULONG for each
 * `unsigned long`. UNICODE decides between WCHAR (UTF-16) and char (UTF-8) as it does there.
 *
 * Nothing of the rest of the system is here: no files, no threads, no sockets.
 *
 * Beside WinPR: include <winpr/wtypes.h> first; what it has is taken from there.
 */
#ifndef SSPI_ASYNC_SSPI_WINDOWS_H
#define SSPI_ASYNC_SSPI_WINDOWS_H

#include "sspi_types.h"
#include <string.h>

/** ---- Types ------------------------------------------------------------------------ */

#ifndef WINPR_WTYPES_H
typedef int32_t BOOL, *PBOOL, *LPBOOL;
typedef BOOLEAN *PBOOLEAN;
typedef char CHAR, *PCHAR, *PSTR;
typedef const char *LPCSTR, *PCSTR;
typedef BYTE *PBYTE, *LPBYTE;
typedef int16_t SHORT, *PSHORT;
typedef int32_t INT, *PINT, *LPINT;
typedef uint32_t UINT, *PUINT;
typedef LONG *PLONG, *LPLONG;
typedef USHORT *PUSHORT;
typedef WCHAR *PWCHAR;
typedef uint16_t WORD, *PWORD, *LPWORD;
typedef DWORD *PDWORD, *LPDWORD;
typedef int64_t LONGLONG, LONG64, *PLONGLONG;
typedef uint64_t ULONGLONG, ULONG64, DWORD64, DWORDLONG, *PULONGLONG;
typedef int8_t INT8;
typedef int16_t INT16;
typedef int32_t INT32, LONG32;
typedef int64_t INT64;
typedef uint8_t UINT8;
typedef uint16_t UINT16;
typedef uint32_t UINT32, ULONG32, DWORD32;
typedef uint64_t UINT64;
typedef intptr_t INT_PTR, LONG_PTR;
typedef uintptr_t UINT_PTR, DWORD_PTR;
typedef uintptr_t SIZE_T, *PSIZE_T;
typedef intptr_t SSIZE_T;
typedef ULONG_PTR *PULONG_PTR;
typedef void *LPVOID;
typedef const void *LPCVOID;
typedef void *HANDLE, *PHANDLE;
typedef HANDLE HMODULE, HINSTANCE, HWND;
typedef LONG HRESULT;
typedef NTSTATUS *PNTSTATUS;
#ifdef UNICODE
typedef WCHAR *LPTSTR, *PTSTR;
typedef const WCHAR *LPCTSTR, *PCTSTR;
#else
typedef char *LPTSTR, *PTSTR;
typedef const char *LPCTSTR, *PCTSTR;
#endif

typedef struct _LUID {
    DWORD LowPart;
    LONG HighPart;
} LUID, *PLUID;

typedef struct _FILETIME {
    DWORD dwLowDateTime;
    DWORD dwHighDateTime;
} FILETIME, *PFILETIME, *LPFILETIME;

/** Without the unnamed structure of Windows, which ISO C99 and C++ do not have. */
typedef union _LARGE_INTEGER {
    struct {
        DWORD LowPart;
        LONG HighPart;
    } u;
    LONGLONG QuadPart;
} LARGE_INTEGER, *PLARGE_INTEGER;

#ifndef GUID_DEFINED
#define GUID_DEFINED
typedef struct _GUID {
    uint32_t Data1;
    uint16_t Data2;
    uint16_t Data3;
    uint8_t Data4[8];
} GUID;
#endif
typedef GUID *PGUID, *LPGUID;
#endif /* WINPR_WTYPES_H */

#ifndef WINPR_TCHAR_H
#ifdef UNICODE
typedef WCHAR TCHAR;
#else
typedef char TCHAR;
#endif
#endif
typedef TCHAR *PTCHAR;
typedef const char *PCCHAR;

/** ---- Words ------------------------------------------------------------------------- */

#ifndef VOID
#define VOID void
#endif
#ifndef CONST
#define CONST const
#endif
#ifndef WINAPI
#define WINAPI
#endif
#ifndef APIENTRY
#define APIENTRY WINAPI
#endif
#ifndef CALLBACK
#define CALLBACK
#endif
#ifndef NTAPI
#define NTAPI
#endif
#ifndef FAR
#define FAR
#endif
#ifndef NEAR
#define NEAR
#endif
#ifndef IN
#define IN
#endif
#ifndef OUT
#define OUT
#endif
#ifndef OPTIONAL
#define OPTIONAL
#endif
#ifndef EXTERN_C
#ifdef __cplusplus
#define EXTERN_C extern "C"
#else
#define EXTERN_C extern
#endif
#endif
#ifndef _In_
#define _In_
#endif
#ifndef _In_opt_
#define _In_opt_
#endif
#ifndef _Out_
#define _Out_
#endif
#ifndef _Out_opt_
#define _Out_opt_
#endif
#ifndef _Inout_
#define _Inout_
#endif
#ifndef _Inout_opt_
#define _Inout_opt_
#endif
#ifndef _Success_
#define _Success_(what)
#endif

#ifndef TEXT
#define TEXT(text) SEC_TEXT(text)
#endif
#ifndef _T
#define _T(text) SEC_TEXT(text)
#endif
#ifndef _TEXT
#define _TEXT(text) SEC_TEXT(text)
#endif

#ifndef MAX_PATH
#define MAX_PATH 260
#endif
#ifndef MAXDWORD
#define MAXDWORD 0xffffffffu
#endif
#ifndef MAXULONG
#define MAXULONG 0xffffffffu
#endif
#ifndef ANYSIZE_ARRAY
#define ANYSIZE_ARRAY 1
#endif

#ifndef ZeroMemory
#define ZeroMemory(memory, size) memset((memory), 0, (size))
#endif
#ifndef FillMemory
#define FillMemory(memory, size, byte) memset((memory), (byte), (size))
#endif
#ifndef CopyMemory
#define CopyMemory(to, from, size) memcpy((to), (from), (size))
#endif
#ifndef MoveMemory
#define MoveMemory(to, from, size) memmove((to), (from), (size))
#endif
#ifndef RtlZeroMemory
#define RtlZeroMemory(memory, size) memset((memory), 0, (size))
#endif
#ifndef RtlFillMemory
#define RtlFillMemory(memory, size, byte) memset((memory), (byte), (size))
#endif
#ifndef RtlCopyMemory
#define RtlCopyMemory(to, from, size) memcpy((to), (from), (size))
#endif
#ifndef RtlMoveMemory
#define RtlMoveMemory(to, from, size) memmove((to), (from), (size))
#endif
/* As SecureZeroMemory of Windows: the compiler may not leave it out. glibc 2.25, musl. */
#if !defined(SecureZeroMemory) && !defined(WINPR_CRT_H)
#define SecureZeroMemory(memory, size) explicit_bzero((memory), (size))
#endif
#ifndef UNREFERENCED_PARAMETER
#define UNREFERENCED_PARAMETER(parameter) ((void)(parameter))
#endif

/** ---- Results ----------------------------------------------------------------------- */

#ifndef SUCCEEDED
#define SUCCEEDED(result) ((HRESULT)(result) >= 0)
#endif
#ifndef FAILED
#define FAILED(result) ((HRESULT)(result) < 0)
#endif
#ifndef NT_SUCCESS
#define NT_SUCCESS(status) ((NTSTATUS)(status) >= 0)
#endif
#ifndef S_OK
#define S_OK ((HRESULT)0)
#endif
#ifndef NO_ERROR
#define NO_ERROR 0
#endif
#ifndef ERROR_SUCCESS
#define ERROR_SUCCESS 0
#endif

#include "sspi.h"

#endif
