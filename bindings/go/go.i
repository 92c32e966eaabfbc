/* SPDX-License-Identifier: MIT */
/*
 * go.i - the Go package "native": the functions of sspi_hub.h over numbers, slices and strings,
 * with its three structures mirrored in Go (bindings/go/native/layout.go), which C writes to.
 * Goroutines, errors and objects are written in Go.
 *
 * SWIG's output is committed, because a user of the module has no SWIG; ./dev bindings go looks
 * whether it is current.
 */
%module native

%define HUB_BLOCKS(name)
%enddef
#define HUB_MIRRORS_STRUCTURES

%insert(cgo_comment) %{
#cgo pkg-config: sspi-async
%}

%include <stdint.i>

/* SWIG's int is Go's, which is wider. */
%typemap(gotype) int32_t "int32"
%typemap(gotype) uint32_t "uint32"

/* Bytes cross as a string does: cgo would look for Go pointers all around an array of a slice, and
 * a part of a structure that has some is a caller's right. */
%typemap(gotype) (const void *DATA, size_t SIZE) "[]byte"
%typemap(imtype) (const void *DATA, size_t SIZE) "string"
%typemap(goin) (const void *DATA, size_t SIZE)
    "$result = unsafe.String(unsafe.SliceData($input), len($input))"
%typemap(gotype) (const char *TEXT, size_t TEXT_SIZE) "string"
%typemap(in) (const void *DATA, size_t SIZE), (const char *TEXT, size_t TEXT_SIZE) {
    $1 = ($1_ltype)$input.p;
    $2 = (size_t)$input.n;
}
%typemap(gotype) (sspia_hub_completion *completions, uint32_t most) "[]Completion"
%typemap(in) (sspia_hub_completion *completions, uint32_t most) {
    $1 = ($1_ltype)$input.array;
    $2 = (uint32_t)$input.len;
}

%define HUB_PLACE(Type, GoType)
%typemap(gotype) Type "GoType"
%typemap(in) Type "$1 = ($1_ltype)$input;"
%enddef
HUB_PLACE(sspia_hub_bytes *OUTPUT, *Bytes)
HUB_PLACE(sspia_hub_bytes *TEXT, *Bytes)
HUB_PLACE(sspia_hub_outcome *OUTPUT, *Outcome)
HUB_PLACE(uint32_t *OUTPUT, *uint32)
HUB_PLACE(size_t *OUTPUT, *int64)
HUB_PLACE(int64_t *OUTPUT, *int64)
HUB_PLACE(uint64_t *OUTPUT, *uint64)
HUB_PLACE(void *data, uintptr)

%include "../common/hub.i"
