// SPDX-License-Identifier: MIT

package sspi

import (
	"context"
	"runtime"

	"sspi-async/sspi/native"
)

// Status is what a call returned, under its Windows name. It is an error that errors.Is and
// errors.As find in what this package returns:
//
//	if errors.Is(err, sspi.SEC_E_LOGON_DENIED) { ... }
type Status int32

// What programs ask for. Status has a name for the others too.
const (
	SEC_E_OK                          Status = 0
	SEC_I_CONTINUE_NEEDED             Status = 0x00090312
	SEC_I_ASYNC_CALL_PENDING          Status = 0x00090368
	SEC_I_CONTEXT_EXPIRED             Status = 0x00090317
	SEC_I_RENEGOTIATE                 Status = 0x00090321
	SEC_E_INSUFFICIENT_MEMORY         Status = -0x7FF6FD00
	SEC_E_INVALID_HANDLE              Status = -0x7FF6FCFF
	SEC_E_UNSUPPORTED_FUNCTION        Status = -0x7FF6FCFE
	SEC_E_TARGET_UNKNOWN              Status = -0x7FF6FCFD
	SEC_E_INTERNAL_ERROR              Status = -0x7FF6FCFC
	SEC_E_SECPKG_NOT_FOUND            Status = -0x7FF6FCFB
	SEC_E_INVALID_TOKEN               Status = -0x7FF6FCF8
	SEC_E_QOP_NOT_SUPPORTED           Status = -0x7FF6FCF6
	SEC_E_LOGON_DENIED                Status = -0x7FF6FCF4
	SEC_E_UNKNOWN_CREDENTIALS         Status = -0x7FF6FCF3
	SEC_E_NO_CREDENTIALS              Status = -0x7FF6FCF2
	SEC_E_MESSAGE_ALTERED             Status = -0x7FF6FCF1
	SEC_E_OUT_OF_SEQUENCE             Status = -0x7FF6FCF0
	SEC_E_NO_AUTHENTICATING_AUTHORITY Status = -0x7FF6FCEF
	SEC_E_CONTEXT_EXPIRED             Status = -0x7FF6FCE9
	SEC_E_INCOMPLETE_MESSAGE          Status = -0x7FF6FCE8
	SEC_E_BUFFER_TOO_SMALL            Status = -0x7FF6FCDF
	SEC_E_WRONG_PRINCIPAL             Status = -0x7FF6FCDE
	SEC_E_TIME_SKEW                   Status = -0x7FF6FCDC
	SEC_E_UNTRUSTED_ROOT              Status = -0x7FF6FCDB
	SEC_E_CERT_UNKNOWN                Status = -0x7FF6FCD9
	SEC_E_CERT_EXPIRED                Status = -0x7FF6FCD8
	SEC_E_DECRYPT_FAILURE             Status = -0x7FF6FCD0
	SEC_E_SECURITY_QOS_FAILED         Status = -0x7FF6FCCE
	SEC_E_UNFINISHED_CONTEXT_DELETED  Status = -0x7FF6FCCD
	SEC_E_INVALID_PARAMETER           Status = -0x7FF6FCA3
	SEC_E_DELEGATION_POLICY           Status = -0x7FF6FCA2
	SEC_E_BAD_BINDINGS                Status = -0x7FF6FCBA
	SEC_E_NO_CONTEXT                  Status = -0x7FF6FC9F
	STATUS_DEVICE_BUSY                Status = -0x7FFFFFEF
)

// String is the name, "SEC_E_LOGON_DENIED".
func (s Status) String() string {
	return native.Status_name(int32(s))
}

func (s Status) Error() string {
	return s.String() + ": " + native.Status_text(int32(s))
}

// Error is how a call failed.
type Error struct {
	Status  Status
	Message string // one line: the package, the operation, and why
	Token   []byte // what the peer is to be told; often nil
	Missing int    // with SEC_E_INCOMPLETE_MESSAGE: how many bytes are to come, 0 if unknown
	cause   error  // of the context that ended it
}

func (e *Error) Error() string {
	if e.Message != "" {
		return e.Message
	}
	return e.Status.Error()
}

// Unwrap leads to the Status, and to the error of the context.Context that ended the call.
func (e *Error) Unwrap() []error {
	if e.cause != nil {
		return []error{e.Status, e.cause}
	}
	return []error{e.Status}
}

// Is has a call that the library ended at a deadline be a context.DeadlineExceeded.
func (e *Error) Is(target error) bool {
	return e.Status == SEC_E_SECURITY_QOS_FAILED && target == context.DeadlineExceeded
}

// Timeout says whether the call was pending at its deadline, as net.Error does.
func (e *Error) Timeout() bool {
	return e.Status == SEC_E_SECURITY_QOS_FAILED
}

// Runs a function of the library here and now. The text of its failure is kept for the thread.
func check(function func() int32) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	status := Status(function())
	if status >= 0 {
		return nil
	}
	var text native.Bytes
	native.Last_message(&text)
	return &Error{Status: status, Message: string(text.Take())}
}
