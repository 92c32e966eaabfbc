// SPDX-License-Identifier: MIT

package sspi

import (
	"runtime"
	"strconv"

	"sspi-async/sspi/internal/queue"
	"sspi-async/sspi/native"
)

// NTLMVerifier knows the accounts of an NTLM server. The names are as the client wrote them, and the
// domain may be "". It returns nil for an account that is not there; an error refuses the logon. It
// runs in a goroutine of its own.
type NTLMVerifier func(user, domain string) (*NTLMAccount, error)

// NTLMAccount is what an NTLM server is told of an account.
type NTLMAccount struct {
	answer uint32
	secret []byte
}

// Answers of sspi_queue.h.
const (
	ntlmNo       = 0
	ntlmUnable   = 1
	ntlmHash     = 2
	ntlmPassword = 4
)

// NTLMPassword is an account with this password.
func NTLMPassword(password string) *NTLMAccount {
	return &NTLMAccount{answer: ntlmPassword, secret: []byte(password)}
}

// NTLMHash is an account with this NT hash of its password.
func NTLMHash(hash [16]byte) *NTLMAccount {
	return &NTLMAccount{answer: ntlmHash, secret: hash[:]}
}

// A verifier is kept by the credential. When it is lost its number is freed, and with that the wait for
// questions ends; whoever asks later is answered at once that nobody can tell.
type verifier struct {
	number uint64
}

func newVerifier(look NTLMVerifier) (*verifier, error) {
	if err := queue.Open(); err != nil {
		return nil, err
	}
	number := native.Verifier_create()
	call := native.Call_create()
	if number == 0 || call == 0 {
		native.Verifier_free(number)
		native.Call_free(call)
		return nil, SEC_E_INSUFFICIENT_MEMORY
	}
	made := &verifier{number: number}
	runtime.SetFinalizer(made, func(lost *verifier) { native.Verifier_free(lost.number) })
	listen(call, number, look)
	return made, nil
}

// For the identity; "" if there is none.
func (v *verifier) text() string {
	if v == nil {
		return ""
	}
	return strconv.FormatUint(v.number, 10)
}

func listen(call, number uint64, look NTLMVerifier) {
	id := queue.Expect(func(int32) { hear(call, number, look) })
	if native.Verifier_wait(call, queue.Number(), id, number) < 0 {
		queue.Forget(id)
		native.Call_free(call)
	}
}

func hear(call, number uint64, look NTLMVerifier) {
	if native.Call_status(call) < 0 {
		native.Call_free(call)
		return
	}
	for {
		var question uint64
		var user, domain native.Bytes
		if native.Verifier_take(number, &question, &user, &domain) != 0 {
			break
		}
		go ask(question, look, string(user.Take()), string(domain.Take()))
	}
	native.Call_reinit(call)
	listen(call, number, look)
}

// A panic is the program's end, as in any goroutine.
func ask(question uint64, look NTLMVerifier, user, domain string) {
	account, err := look(user, domain)
	if err != nil {
		native.Verifier_answer(question, ntlmUnable, nil)
		return
	}
	if account == nil {
		account = &NTLMAccount{answer: ntlmNo}
	}
	if native.Verifier_answer(question, account.answer, account.secret) < 0 {
		native.Verifier_answer(question, ntlmUnable, nil)
	}
}
