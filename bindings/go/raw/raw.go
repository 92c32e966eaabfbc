// SPDX-License-Identifier: MIT

// Package raw has the eleven functions under their Windows names, for ports. An output is a pointer
// whose target is written when the call completes, and before its callback starts; nil for an
// output that is not wanted.
package raw

import (
	"log"
	"runtime"
	"runtime/debug"
	"sync"

	"sspi-async/sspi"
	"sspi-async/sspi/internal/queue"
	"sspi-async/sspi/native"
)

// Buffer is a SecBuffer.
type Buffer struct {
	Type uint32
	Data []byte
	Size uint32 // of SECBUFFER_MISSING and SECBUFFER_EXTRA
}

// Types of buffers.
const (
	SECBUFFER_TOKEN                 = 2
	SECBUFFER_MISSING               = 4
	SECBUFFER_EXTRA                 = 5
	SECBUFFER_CHANNEL_BINDINGS      = 14
	SECBUFFER_APPLICATION_PROTOCOLS = 18
)

// Callback is told on a goroutine of its own. OnPanic is told of what it panics with.
type Callback func(async *AsyncContext, data any)

// OnPanic is called with what a callback panicked with; at first it goes to the log with its stack,
// as that of a net/http handler does. Set it before the first call.
var OnPanic = func(value any) {
	log.Printf("sspi: a callback panicked: %v\n%s", value, debug.Stack())
}

// AsyncContext tracks one call at a time.
type AsyncContext struct {
	call uint64

	mutex    sync.Mutex
	freed    bool
	callback Callback
	data     any
	last     *submission
	fill     func(native.Outcome, []byte)
}

// What was set when a call was submitted.
type submission struct {
	id       uint64
	callback Callback
	data     any
}

// SspiCreateAsyncContext is nil if memory ran out.
func SspiCreateAsyncContext() *AsyncContext {
	if queue.Open() != nil {
		return nil
	}
	call := native.Call_create()
	if call == 0 {
		return nil
	}
	async := &AsyncContext{call: call}
	runtime.SetFinalizer(async, SspiFreeAsyncContext)
	return async
}

// SspiFreeAsyncContext detaches a pending call: it finishes by itself, and no callback starts.
func SspiFreeAsyncContext(async *AsyncContext) {
	async.mutex.Lock()
	defer async.mutex.Unlock()
	if async.freed {
		return
	}
	async.collect()
	async.freed = true
	native.Call_free(async.call)
	if async.last != nil {
		queue.Forget(async.last.id)
	}
	runtime.SetFinalizer(async, nil)
}

// SspiReinitAsyncContext makes a finished one idle; callback and data stay.
func SspiReinitAsyncContext(async *AsyncContext) sspi.Status {
	async.mutex.Lock()
	defer async.mutex.Unlock()
	if async.isPending() {
		return sspi.STATUS_DEVICE_BUSY
	}
	async.collect()
	return sspi.Status(native.Call_reinit(async.call))
}

// SspiSetAsyncNotifyCallback sets what is told of the calls from now on; nil for nothing.
func SspiSetAsyncNotifyCallback(async *AsyncContext, callback Callback, data any) sspi.Status {
	async.mutex.Lock()
	defer async.mutex.Unlock()
	if async.freed {
		return sspi.SEC_E_INVALID_HANDLE
	}
	if async.isPending() {
		return sspi.SEC_E_INVALID_PARAMETER
	}
	async.callback, async.data = callback, data
	return sspi.SEC_E_OK
}

// SspiAsyncContextRequiresNotify says whether there is a callback.
func SspiAsyncContextRequiresNotify(async *AsyncContext) bool {
	async.mutex.Lock()
	defer async.mutex.Unlock()
	return !async.freed && async.callback != nil
}

// SspiGetAsyncCallStatus is the status of the call. Whoever sees the final one sees the outputs.
func SspiGetAsyncCallStatus(async *AsyncContext) sspi.Status {
	async.mutex.Lock()
	defer async.mutex.Unlock()
	status := sspi.Status(native.Call_status(async.call))
	async.collect()
	return status
}

func (async *AsyncContext) isPending() bool {
	return sspi.Status(native.Call_status(async.call)) == sspi.SEC_I_ASYNC_CALL_PENDING
}

// Writes the outputs of a call that is over, once. The mutex is held.
func (async *AsyncContext) collect() {
	if async.fill == nil || async.isPending() {
		return
	}
	var taken native.Outcome
	native.Call_take(async.call, &taken)
	async.fill(taken, taken.Token.Take())
	async.fill = nil
}

func (async *AsyncContext) submit(
	begin func(call, place, id uint64) int32, fill func(native.Outcome, []byte),
) sspi.Status {
	async.mutex.Lock()
	defer async.mutex.Unlock()
	if async.freed {
		return sspi.SEC_E_INVALID_HANDLE
	}
	made := &submission{callback: async.callback, data: async.data}
	made.id = queue.Expect(func(int32) { go async.notify(made) })
	status := begin(async.call, queue.Number(), made.id)
	if status < 0 {
		queue.Forget(made.id)
	} else {
		async.last, async.fill = made, fill
	}
	return sspi.Status(status)
}

func (async *AsyncContext) notify(made *submission) {
	async.mutex.Lock()
	freed := async.freed
	if async.last == made && !freed {
		async.collect()
	}
	async.mutex.Unlock()
	if made.callback == nil || freed {
		return
	}
	defer func() {
		if value := recover(); value != nil {
			OnPanic(value)
		}
	}()
	made.callback(async, made.data)
}

// SspiAcquireCredentialsHandleAsync gets a credential. identity: the pairs of sspia_hub_acquire.
func SspiAcquireCredentialsHandleAsync(
	async *AsyncContext, principal, packageName string, use sspi.Use, identity []byte,
	credential *uint64, expiry *int64,
) sspi.Status {
	return async.submit(func(call, place, id uint64) int32 {
		return native.Acquire(call, place, id, packageName, principal, uint32(use), identity)
	}, func(got native.Outcome, _ []byte) {
		if got.Status >= 0 {
			put(credential, got.Credential)
			put(expiry, got.Expiry)
		}
	})
}

func put[T any](place *T, value T) {
	if place != nil {
		*place = value
	}
}

func find(buffers []Buffer, kind uint32) *Buffer {
	for i := range buffers {
		if buffers[i].Type == kind {
			return &buffers[i]
		}
	}
	return &Buffer{}
}

func fillStep(
	handle uint64, newContext *uint64, output *[]Buffer, attributes *uint32, expiry *int64,
) func(native.Outcome, []byte) {
	return func(got native.Outcome, token []byte) {
		if output != nil {
			find(*output, SECBUFFER_TOKEN).Data = token
			if got.Missing > 0 {
				*output = append(*output, Buffer{Type: SECBUFFER_MISSING, Size: got.Missing})
			}
		}
		if got.Status < 0 {
			return
		}
		if got.Context != 0 {
			handle = got.Context
		}
		put(newContext, handle)
		put(attributes, got.Attributes)
		put(expiry, got.Expiry)
		if output != nil && got.Extra > 0 {
			*output = append(*output, Buffer{Type: SECBUFFER_EXTRA, Size: got.Extra})
		}
	}
}

// SspiInitializeSecurityContextAsync makes a leg of the initiator; context 0: the first.
func SspiInitializeSecurityContextAsync(
	async *AsyncContext, credential, context uint64, target string, request sspi.ClientFlags,
	input []Buffer, newContext *uint64, output *[]Buffer, attributes *uint32, expiry *int64,
) sspi.Status {
	if context == 0 && newContext == nil {
		return sspi.SEC_E_INVALID_PARAMETER
	}
	return async.submit(func(call, place, id uint64) int32 {
		return native.Initialize(call, place, id, credential, context, target, uint64(request),
			find(input, SECBUFFER_TOKEN).Data, find(input, SECBUFFER_CHANNEL_BINDINGS).Data,
			find(input, SECBUFFER_APPLICATION_PROTOCOLS).Data)
	}, fillStep(context, newContext, output, attributes, expiry))
}

// SspiAcceptSecurityContextAsync makes a leg of the acceptor; context 0: the first.
func SspiAcceptSecurityContextAsync(
	async *AsyncContext, credential, context uint64, input []Buffer, request sspi.ServerFlags,
	newContext *uint64, output *[]Buffer, attributes *uint32, expiry *int64,
) sspi.Status {
	if context == 0 && newContext == nil {
		return sspi.SEC_E_INVALID_PARAMETER
	}
	return async.submit(func(call, place, id uint64) int32 {
		return native.Accept(call, place, id, credential, context, uint64(request),
			find(input, SECBUFFER_TOKEN).Data, find(input, SECBUFFER_CHANNEL_BINDINGS).Data,
			find(input, SECBUFFER_APPLICATION_PROTOCOLS).Data)
	}, fillStep(context, newContext, output, attributes, expiry))
}

func nothing(native.Outcome, []byte) {}

// SspiFreeCredentialsHandleAsync frees a credential, whose number is dead at once.
func SspiFreeCredentialsHandleAsync(async *AsyncContext, credential uint64) sspi.Status {
	return async.submit(func(call, place, id uint64) int32 {
		return native.Free_credential(call, place, id, credential)
	}, nothing)
}

// SspiDeleteSecurityContextAsync deletes a context, whose number is dead at once.
func SspiDeleteSecurityContextAsync(async *AsyncContext, context uint64) sspi.Status {
	return async.submit(func(call, place, id uint64) int32 {
		return native.Delete_context(call, place, id, context)
	}, nothing)
}
