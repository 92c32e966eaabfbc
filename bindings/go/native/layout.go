// SPDX-License-Identifier: MIT

// Package native is the flat face of the library, sspi_hub.h, as it is: handles are numbers, a
// function returns its status and writes its outputs to where it is told. Package sspi is what
// programs use.
package native

import "unsafe"

//go:generate swig -go -cgo -intgosize 64 -DSWIGWORDSIZE64 -I../../../core/include/sspi-async -outdir . -o native_wrap.c ../go.i

// Bytes is memory of the library, until Bytes_free.
type Bytes struct {
	Data uintptr
	Size uint64
}

// Take copies the bytes and has the library wipe and free its own; nil if there are none.
func (b *Bytes) Take() []byte {
	if b.Data == 0 {
		return nil
	}
	start := *(**byte)(unsafe.Pointer(&b.Data))
	copied := make([]byte, b.Size)
	copy(copied, unsafe.Slice(start, b.Size))
	Bytes_free(b.Data)
	*b = Bytes{}
	return copied
}

// Completion says that the call of a submit is over.
type Completion struct {
	ID, Call uint64
	Status   int32
	_        uint32
}

// Outcome is what a call brought.
type Outcome struct {
	Status              int32
	Attributes          uint32
	Credential, Context uint64
	Expiry              int64
	Extra, Missing      uint32
	Token               Bytes
}
