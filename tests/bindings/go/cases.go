// SPDX-License-Identifier: MIT

// The list of tests/bindings/cases for Go. Without an argument all that need no process of their
// own; with a NAME, one that does: run.py looks how it ends.
package main

/*
#include "probe.h"
*/
import "C"

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"sspi-async/sspi"
	"sspi-async/sspi/native"
	"sspi-async/sspi/negotiate"
	"sspi-async/sspi/raw"
)

const patience = 60 * time.Second

var always = context.Background()

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func assert(truth bool, what ...any) {
	if !truth {
		panic(fmt.Sprint(append([]any{"wrong: "}, what...)...))
	}
}

func fails(err error, status sspi.Status) *sspi.Error {
	var failure *sspi.Error
	assert(errors.As(err, &failure), "no failure: ", err)
	assert(errors.Is(err, status), err)
	return failure
}

func eventually(what func() bool) {
	for end := time.Now().Add(patience); !what(); time.Sleep(time.Millisecond) {
		assert(time.Now().Before(end), "never")
	}
}

func contexts() int    { return int(C.probe_contexts()) }
func credentials() int { return int(C.probe_credentials()) }
func blocked() int     { return int(C.probe_blocked()) }
func release(count int) {
	C.probe_release(C.int(count))
}

func scripted(script string) *sspi.Credential {
	return must(sspi.Acquire(always, "Scripted", sspi.Both, script, nil))
}

func perLeg() *sspi.Credential { return scripted("all: per-leg") }

func client(target string, credential *sspi.Credential) *sspi.SecurityContext {
	return sspi.NewClient(target, sspi.Options{Credential: credential})
}

// A context after its first leg.
func begun(credential *sspi.Credential) *sspi.SecurityContext {
	made := client("more", credential)
	must(made.Step(always, nil))
	return made
}

func shakeHands(client, server *sspi.SecurityContext) {
	token := must(client.Step(always, nil))
	for !client.Complete() || !server.Complete() {
		token = must(server.Step(always, token))
		if !client.Complete() {
			token = must(client.Step(always, token))
		}
	}
}

func ntlm(use func(client, server *sspi.SecurityContext)) {
	alice := &sspi.Identity{User: "alice", Domain: "TEST", Password: os.Getenv("ALICE_PASSWORD")}
	users := &sspi.Identity{NTLMUserFile: os.Getenv("NTLM_USER_FILE")}
	client := sspi.NewClient("HTTP/localhost", sspi.Options{Package: "NTLM", Identity: alice})
	server := sspi.NewServer(sspi.Options{Package: "NTLM", Identity: users})
	shakeHands(client, server)
	use(client, server)
	check(client.Delete(always))
	check(server.Delete(always))
}

// A logon of alice, at a server that asks look for her account.
func verified(look sspi.NTLMVerifier) error {
	users := must(sspi.Acquire(always, "NTLM", sspi.Inbound, "", &sspi.Identity{NTLMVerifier: look}))
	defer users.Close()
	alice := &sspi.Identity{User: "alice", Domain: "TEST", Password: os.Getenv("ALICE_PASSWORD")}
	client := sspi.NewClient("HTTP/localhost", sspi.Options{Package: "NTLM", Identity: alice})
	server := sspi.NewServer(sspi.Options{Credential: users})
	defer client.Close()
	defer server.Close()
	token := must(server.Step(always, must(client.Step(always, nil))))
	if _, err := server.Step(always, must(client.Step(always, token))); err != nil {
		return err
	}
	assert(must(server.UserName()) == `TEST\alice`)
	assert(bytes.Equal(must(client.SessionKey()), must(server.SessionKey())))
	return nil
}

var aliceHash = [16]byte{ // of ALICE_PASSWORD
	0x91, 0xc8, 0x1b, 0xd7, 0xd0, 0x87, 0x2a, 0xd6, 0x6d, 0x3f, 0x91, 0x7f, 0xea, 0x9f, 0xb5, 0xfb,
}

var cases = []struct {
	name string
	body func()
}{
	{"acquire", func() {
		credential := perLeg()
		assert(credentials() == 1)
		check(credential.Free(always))
		assert(credentials() == 0)
		_, err := sspi.Acquire(always, "Scripted", sspi.Both,
			"acquire: status=SEC_E_LOGON_DENIED say=no", nil)
		assert(strings.HasSuffix(fails(err, sspi.SEC_E_LOGON_DENIED).Message, "no"))
		var status sspi.Status
		assert(errors.As(err, &status) && status.String() == "SEC_E_LOGON_DENIED")
	}},
	{"ntlm_handshake", func() {
		ntlm(func(_, server *sspi.SecurityContext) {
			assert(must(server.UserName()) == `TEST\alice`)
		})
	}},
	{"ntlm_verifier", func() {
		check(verified(func(user, domain string) (*sspi.NTLMAccount, error) {
			assert(user == "alice" && domain == "TEST", user, domain)
			return sspi.NTLMPassword(os.Getenv("ALICE_PASSWORD")), nil
		}))
		check(verified(func(user, domain string) (*sspi.NTLMAccount, error) {
			return sspi.NTLMHash(aliceHash), nil
		}))
		fails(verified(func(user, domain string) (*sspi.NTLMAccount, error) {
			return nil, nil
		}), sspi.SEC_E_LOGON_DENIED)
		fails(verified(func(user, domain string) (*sspi.NTLMAccount, error) {
			return sspi.NTLMPassword("another"), nil
		}), sspi.SEC_E_LOGON_DENIED)
		fails(verified(func(user, domain string) (*sspi.NTLMAccount, error) {
			return nil, errors.New("no database")
		}), sspi.SEC_E_NO_AUTHENTICATING_AUTHORITY)
	}},
	{"tls_handshake", func() {
		certificate := os.Getenv("TLS_CERTIFICATE")
		client := sspi.NewClient("localhost", sspi.Options{
			Package: "Schannel", Identity: &sspi.Identity{Roots: certificate},
			ApplicationProtocols: []string{"h2", "http/1.1"},
		})
		server := sspi.NewServer(sspi.Options{
			Package: "Schannel", Identity: &sspi.Identity{Certificate: certificate},
			ApplicationProtocols: []string{"http/1.1"},
		})
		shakeHands(client, server)
		assert(must(client.ApplicationProtocol()) == "http/1.1")
		assert(bytes.Equal(must(client.ChannelBindings(sspi.BindingEndpoint)),
			must(server.ChannelBindings(sspi.BindingEndpoint))))
		sealed := must(client.Encrypt([]byte("hello")))
		assert(len(must(server.Decrypt(sealed[:7]))) == 0)
		assert(string(must(server.Decrypt(sealed[7:]))) == "hello")
		check(sspi.DeleteMany(always, client, server))
	}},
	{"kerberos_handshake", func() {
		client := sspi.NewClient("HTTP@localhost", sspi.Options{Package: "Kerberos"})
		server := sspi.NewServer(sspi.Options{Package: "Kerberos"})
		shakeHands(client, server)
		assert(must(server.UserName()) == "alice@"+os.Getenv("REALM"))
		assert(client.Expiry().After(time.Now()))
		check(client.Delete(always))
		check(server.Delete(always))
	}},
	{"seal_and_unseal", func() {
		ntlm(func(client, server *sspi.SecurityContext) {
			// A part of a structure with pointers may be passed, too.
			message := struct {
				other *int
				bytes [4]byte
			}{new(int), [4]byte{'h', 0, 0xff, 'i'}}
			sealed := must(client.Encrypt(message.bytes[:]))
			assert(!bytes.Contains(sealed, message.bytes[:]))
			assert(bytes.Equal(must(server.Decrypt(sealed)), message.bytes[:]))
			sealed[len(sealed)-1] ^= 1
			_, err := server.Decrypt(sealed)
			assert(errors.Is(err, sspi.SEC_E_MESSAGE_ALTERED) ||
				errors.Is(err, sspi.SEC_E_OUT_OF_SEQUENCE), err)
			check(server.Verify(message.bytes[:], must(client.Sign(message.bytes[:]))))
			runtime.KeepAlive(message.other)
		})
	}},
	{"delete_pending_then_ok", func() {
		credential := perLeg()
		context := begun(credential)
		leg, deletion := raw.SspiCreateAsyncContext(), raw.SspiCreateAsyncContext()
		heard := make(chan any)
		assert(raw.SspiInitializeSecurityContextAsync(leg, credential.Handle(), context.Handle(),
			"block", 0, nil, nil, nil, nil, nil) == 0)
		raw.SspiSetAsyncNotifyCallback(deletion, func(_ *raw.AsyncContext, data any) {
			heard <- data
		}, "data")
		assert(raw.SspiDeleteSecurityContextAsync(deletion, context.Handle()) == 0)
		assert(raw.SspiGetAsyncCallStatus(deletion) == sspi.SEC_I_ASYNC_CALL_PENDING)
		release(1)
		assert(<-heard == "data")
		assert(raw.SspiGetAsyncCallStatus(deletion) == sspi.SEC_E_OK)
		raw.SspiFreeAsyncContext(leg)
		raw.SspiFreeAsyncContext(deletion)
		check(context.Close())
		check(credential.Free(always))
	}},
	{"delete_heard_on_the_loop", func() {
		// One goroutine waits for it, and the only other thread of Go goes on.
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
		credential := perLeg()
		context := begun(credential)
		assert(raw.SspiInitializeSecurityContextAsync(raw.SspiCreateAsyncContext(),
			credential.Handle(), context.Handle(), "block", 0, nil, nil, nil, nil, nil) == 0)
		heard := make(chan error)
		go func() { heard <- context.Delete(always) }()
		eventually(func() bool { return blocked() == 1 && context.Handle() == 0 })
		select {
		case <-heard:
			panic("it does not wait")
		default:
		}
		release(1)
		check(<-heard)
		check(credential.Free(always))
	}},
	{"fire_and_forget", func() {
		credential := perLeg()
		var made []*sspi.SecurityContext
		for i := 0; i < 100; i++ {
			made = append(made, begun(credential))
		}
		assert(contexts() == 100)
		for _, context := range made {
			check(context.Close())
		}
		check(credential.Close())
		check(credential.Close())
	}},
	{"double_delete", func() {
		credential := perLeg()
		context := begun(credential)
		check(context.Delete(always))
		fails(context.Delete(always), sspi.SEC_E_INVALID_HANDLE)
		_, err := context.Step(always, nil)
		fails(err, sspi.SEC_E_INVALID_HANDLE)
		check(credential.Free(always))
	}},
	{"exception_in_callback", func() {
		credential := perLeg()
		first, second := begun(credential), begun(credential)
		caught := make(chan any)
		before := raw.OnPanic
		raw.OnPanic = func(value any) { caught <- value }
		deletion := raw.SspiCreateAsyncContext()
		raw.SspiSetAsyncNotifyCallback(deletion, func(*raw.AsyncContext, any) { panic("boom") }, nil)
		raw.SspiDeleteSecurityContextAsync(deletion, first.Handle())
		check(second.Delete(always))
		assert(<-caught == "boom")
		raw.OnPanic = before
		raw.SspiFreeAsyncContext(deletion)
		check(first.Close())
		check(credential.Free(always))
	}},
	{"ten_thousand_deletions", func() {
		credential := perLeg()
		deletions(credential, 10000)
		assert(contexts() == 0)
		check(credential.Free(always))
	}},
	{"late_numbers", func() {
		for i := 0; i < 600000; i++ {
			call := native.Call_create()
			assert(call > 0 && call < 1<<53)
			if native.Call_status(uint64(float64(call))) != int32(sspi.SEC_E_NO_CONTEXT) {
				panic(call)
			}
			native.Call_free(call)
		}
	}},
	{"text_with_nul", func() {
		_, err := sspi.Acquire(always, "Scripted", sspi.Both, "all: name=ab\x00evil", nil)
		fails(err, sspi.SEC_E_INVALID_PARAMETER)
		_, err = sspi.Acquire(always, "Scripted\x00", sspi.Both, "", nil)
		fails(err, sspi.SEC_E_INVALID_PARAMETER)
		_, err = sspi.Acquire(always, "NTLM", sspi.Outbound, "",
			&sspi.Identity{User: "alice", Password: "x\x00user\x00bob"})
		assert(strings.Contains(fails(err, sspi.SEC_E_INVALID_PARAMETER).Message, "NUL"))
		credential := perLeg()
		_, err = client("more\x00evil", credential).Step(always, nil)
		fails(err, sspi.SEC_E_INVALID_PARAMETER)
		check(credential.Free(always))
	}},
	{"text_beyond_bmp", func() {
		credential := scripted("all: per-leg name=\U0001f511\u00e9")
		context := begun(credential)
		assert(must(context.UserName()) == "\U0001f511\u00e9")
		check(context.Delete(always))
		check(credential.Free(always))
	}},
	{"deadline_ends_a_blocked_leg", func() {
		credential := perLeg()
		soon, stop := context.WithTimeout(always, 20*time.Millisecond)
		defer stop()
		_, err := client("block", credential).Step(soon, nil)
		assert(fails(err, sspi.SEC_E_SECURITY_QOS_FAILED).Timeout())
		assert(errors.Is(err, context.DeadlineExceeded))
		sspi.SetDefaultTimeout(20 * time.Millisecond)
		_, err = client("block", credential).Step(always, nil)
		sspi.SetDefaultTimeout(0)
		assert(errors.Is(err, context.DeadlineExceeded), err)
		release(blocked())
		check(credential.Free(always))
	}},
	{"cancel", func() {
		credential := perLeg()
		limited, cancel := context.WithCancel(always)
		failed := make(chan error)
		go func() {
			_, err := client("block", credential).Step(limited, nil)
			failed <- err
		}()
		eventually(func() bool { return blocked() == 1 })
		cancel()
		err := <-failed
		fails(err, sspi.SEC_E_UNFINISHED_CONTEXT_DELETED)
		assert(errors.Is(err, context.Canceled))
		_, err = client("block", credential).Step(limited, nil)
		assert(errors.Is(err, context.Canceled))
		release(1)
		check(credential.Free(always))
	}},
	{"collector_with_calls_pending", func() {
		credential := perLeg()
		for i := 0; i < 20; i++ {
			go client("block", credential).Step(always, nil)
			begun(credential)
		}
		eventually(func() bool {
			runtime.GC()
			return blocked() == 20 && contexts() <= 20
		})
		release(20)
		eventually(func() bool {
			runtime.GC()
			return contexts() == 0
		})
		check(credential.Free(always))
	}},
	// A program of net/http: a client and a server that differ from others by one line each.
	{"neighbours_interface", func() {
		hello := http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
			body := must(io.ReadAll(request.Body))
			fmt.Fprintf(writer, "%s %s", negotiate.User(request), body)
		})
		for _, each := range []struct {
			name, user   string
			ours, theirs *sspi.Identity
		}{
			{"Kerberos", "alice@" + os.Getenv("REALM"), nil, nil},
			{"NTLM", `TEST\alice`,
				&sspi.Identity{
					User: "alice", Domain: "TEST", Password: os.Getenv("ALICE_PASSWORD"), Packages: "NTLM",
				},
				&sspi.Identity{NTLMUserFile: os.Getenv("NTLM_USER_FILE"), Packages: "NTLM"}},
		} {
			server := httptest.NewUnstartedServer(&negotiate.Handler{
				Next: hello, Options: sspi.Options{Identity: each.theirs},
			})
			server.Config.ConnContext = negotiate.ConnContext
			server.Start()
			base := &http.Transport{MaxConnsPerHost: 1}
			browser := http.Client{Transport: &negotiate.Transport{
				Base: base, Options: sspi.Options{Identity: each.ours},
			}}
			url := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
			response := must(browser.Post(url, "text/plain", strings.NewReader("hi")))
			assert(string(must(io.ReadAll(response.Body))) == each.user+" hi", each.name)
			response.Body.Close()
			response = must(http.Get(url))
			assert(response.StatusCode == http.StatusUnauthorized)
			response.Body.Close()
			browser.CloseIdleConnections()
			base.CloseIdleConnections()
			http.DefaultClient.CloseIdleConnections()
			server.Close()
		}
	}},
	// Goroutines on threads of their own.
	{"two_loops", func() {
		credential := perLeg()
		spread(2, 400, func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			check(begun(credential).Delete(always))
		})
		assert(contexts() == 0)
		check(credential.Free(always))
	}},
}

// So many legs, each with the deletion of its context, 64 at a time.
func deletions(credential *sspi.Credential, count int) {
	spread(64, count, func() { check(begun(credential).Delete(always)) })
}

// Runs body count times in all, on so many goroutines.
func spread(goroutines, count int, body func()) {
	var all sync.WaitGroup
	work := make(chan struct{})
	for i := 0; i < goroutines; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for range work {
				body()
			}
		}()
	}
	for i := 0; i < count; i++ {
		work <- struct{}{}
	}
	close(work)
	all.Wait()
}

func hundredBlocked() {
	credential := perLeg()
	for i := 0; i < 100; i++ {
		go client("block", credential).Step(always, nil)
	}
	eventually(func() bool { return blocked() > 0 })
}

var programs = map[string]func(){
	"exit_with_calls_pending": func() {
		hundredBlocked()
		os.Exit(3)
	},
	// Go's natural end has no other exit code than 0, so a deferred function gives it.
	"natural_end_with_calls_pending": func() {
		defer os.Exit(3)
		hundredBlocked()
	},
	"killed_by_sigterm_while_waiting": func() {
		hundredBlocked()
		fmt.Println("waiting")
		select {}
	},
	// So many calls in 20 lots; what the process has after each.
	"memory_stays_flat": func() {
		credential := perLeg()
		for lot := 0; lot < 20; lot++ {
			deletions(credential, must(strconv.Atoi(os.Args[2]))/40)
			runtime.GC()
			fmt.Println(C.probe_resident())
		}
		check(credential.Free(always))
	},
}

func try(body func()) (failure any) {
	defer func() {
		if failure = recover(); failure != nil {
			stack := make([]byte, 4096)
			stack = stack[:runtime.Stack(stack, false)]
			failure = fmt.Sprintf("%v\n%s", failure, stack)
		}
	}()
	body()
	eventually(func() bool {
		runtime.GC()
		return contexts() == 0 && credentials() == 0
	})
	return nil
}

func main() {
	if len(os.Args) > 1 {
		programs[os.Args[1]]()
		return
	}
	for _, each := range cases {
		if failure := try(each.body); failure != nil {
			text := strings.ReplaceAll(fmt.Sprint(failure), "\n", " | ")
			fmt.Printf("FAIL %s: %s\n", each.name, text)
		} else {
			fmt.Printf("PASS %s\n", each.name)
		}
	}
}
