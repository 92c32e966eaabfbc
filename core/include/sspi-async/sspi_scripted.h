/* SPDX-License-Identifier: MIT */
/*
 * sspi_scripted.h - the Scripted package: for tests of programs that use this library.
 *
 * Each call does what a script in the credential says: legs, tokens, statuses, delays,
 * blocking, memory, messages (docs/scripted.md). The same script always gives the same
 * results. Nothing in it is authentication, and no credential of it is a secret.
 *
 * What a test may ask or set goes through the attributes of any credential of the package;
 * the counts are those of the process.
 */
#ifndef SSPI_ASYNC_SSPI_SCRIPTED_H
#define SSPI_ASYNC_SSPI_SCRIPTED_H

#include "sspi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SSPIA_SCRIPTED_NAME "Scripted"

/** QueryCredentialsAttributes with a sspia_scripted_counts whose size is set. */
#define SSPIA_SCRIPTED_ATTR_COUNTS 0x53430001u
/** QueryCredentialsAttributes with a char *: the operations since the last such query, one
 * letter each: A(cquire), I(nitialize), C (accept), D(elete), S(ign), V(erify), E(ncrypt),
 * O(pen, decrypt). The caller frees it with FreeContextBuffer. */
#define SSPIA_SCRIPTED_ATTR_LOG 0x53430002u
/** SetCredentialsAttributes with a uint32_t: releases that many calls that block, or will. */
#define SSPIA_SCRIPTED_ATTR_RELEASE 0x53430003u
/** QueryCredentialsAttributes with a sspia_scripted_waits whose size is set. */
#define SSPIA_SCRIPTED_ATTR_WAITS 0x53430004u

typedef struct sspia_scripted_counts {
    uint32_t size;        /* sizeof(sspia_scripted_counts), set by the caller */
    uint32_t credentials; /* alive */
    uint32_t contexts;    /* alive */
    uint32_t blocked;     /* calls that wait for a release, inside the package or outside */
    uint64_t legs;        /* run since the start */
    uint64_t grown;       /* bytes that contexts hold because of `grow` */
    uint64_t permits; /* releases that no call has taken yet: 0 at the end of a clean test */
} sspia_scripted_counts;

/** Calls that wait outside the package (the words `wait-...`). */
typedef struct sspia_scripted_waits {
    uint32_t size;       /* sizeof(sspia_scripted_waits), set by the caller */
    uint32_t waiting;    /* now */
    uint64_t begun;      /* since the start, as all below */
    uint64_t stopped;    /* before their end: cancelled, at a deadline, freed */
    uint64_t abandoned;  /* deleted without having been stopped: never */
    uint64_t idle_calls; /* called again though nothing had come */
} sspia_scripted_waits;

#ifdef __cplusplus
}
#endif

#endif
