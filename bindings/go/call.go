// SPDX-License-Identifier: MIT

package sspi

import (
	"context"
	"errors"
	"time"

	"sspi-async/sspi/internal/queue"
	"sspi-async/sspi/native"
)

// What a call brought, with everything that the library owned in Go's hands.
type outcome struct {
	native.Outcome
	token []byte
}

func takeOutcome(call uint64) outcome {
	var taken outcome
	native.Call_take(call, &taken.Outcome)
	taken.token = taken.Token.Take()
	return taken
}

func expiryOf(seconds int64) time.Time {
	if seconds < 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}

// Submits by begin and waits for the call. If ctx is done before, the call ends there and then.
func run(ctx context.Context, begin func(call, queue, id uint64) int32) (outcome, error) {
	if err := queue.Open(); err != nil {
		return outcome{}, err
	}
	if err := ctx.Err(); err != nil {
		return outcome{}, ended(ctx)
	}
	call := native.Call_create()
	if call == 0 {
		return outcome{}, SEC_E_INSUFFICIENT_MEMORY
	}
	defer native.Call_free(call)
	heard := make(chan struct{})
	id := queue.Expect(func(int32) { close(heard) })
	if err := check(func() int32 { return begin(call, queue.Number(), id) }); err != nil {
		queue.Forget(id)
		return outcome{}, err
	}
	stop := context.AfterFunc(ctx, func() { native.Call_cancel(call) })
	<-heard
	stop()
	got := takeOutcome(call)
	status := Status(got.Status)
	if status >= 0 {
		return got, nil
	}
	if status == SEC_E_UNFINISHED_CONTEXT_DELETED && ctx.Err() != nil {
		return got, ended(ctx)
	}
	var text native.Bytes
	native.Call_message(call, &text)
	return got, &Error{
		Status: status, Message: string(text.Take()), Token: got.token, Missing: int(got.Missing),
	}
}

// The error of a call that ctx has ended.
func ended(ctx context.Context) error {
	status := SEC_E_UNFINISHED_CONTEXT_DELETED
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		status = SEC_E_SECURITY_QOS_FAILED
	}
	return &Error{Status: status, Message: status.Error(), cause: context.Cause(ctx)}
}

// A delete or a free: it needs no call of its own, and is carried out even if nobody waits any more.
func runEnd(ctx context.Context, begin func(call, queue, id uint64) int32) error {
	if err := queue.Open(); err != nil {
		return err
	}
	heard := make(chan Status, 1)
	id := queue.Expect(func(status int32) { heard <- Status(status) })
	if err := check(func() int32 { return begin(0, queue.Number(), id) }); err != nil {
		queue.Forget(id)
		return err
	}
	select {
	case status := <-heard:
		if status < 0 {
			return &Error{Status: status}
		}
		return nil
	case <-ctx.Done():
		queue.Forget(id)
		return ended(ctx)
	}
}
