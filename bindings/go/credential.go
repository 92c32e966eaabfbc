// SPDX-License-Identifier: MIT

package sspi

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"sspi-async/sspi/native"
)

// Use is which side of a handshake a credential is for.
type Use uint32

const (
	Inbound  Use = 1
	Outbound Use = 2
	Both     Use = 3
)

// Identity is whom to log on. What is left out is left to the system.
type Identity struct {
	User, Domain, Password string
	Packages               string // what Negotiate may choose from: "Kerberos", "!ntlm"

	CCache, Keytab, ClientKeytab, ReplayCache, ArmorCache string
	Impersonate                                           string
	ConstrainedDelegation                                 bool

	NTLMUserFile, NTLMHelper string
	NTLMVerifier             NTLMVerifier

	// TLS: PEM or PKCS#12 files.
	Certificate, Key, KeyPassword, Roots string
	// TLS: the program looks at the peer's certificate itself.
	SkipVerify bool
}

const manualCredValidation = "8"

// The pairs of sspia_hub_acquire. verifier: of NTLMVerifier.
func (identity *Identity) pack(verifier *verifier) ([]byte, error) {
	if identity == nil {
		return nil, nil
	}
	if identity.NTLMVerifier != nil && verifier == nil {
		return nil, &Error{
			Status:  SEC_E_INVALID_PARAMETER,
			Message: "an identity with NTLMVerifier is for Acquire and NewServer",
		}
	}
	var packed []byte
	for _, pair := range [][2]string{
		{"user", identity.User}, {"domain", identity.Domain}, {"password", identity.Password},
		{"packages", identity.Packages}, {"ccache", identity.CCache}, {"keytab", identity.Keytab},
		{"client_keytab", identity.ClientKeytab}, {"replay_cache", identity.ReplayCache},
		{"armor_cache", identity.ArmorCache}, {"impersonate", identity.Impersonate},
		{"delegation", unless(!identity.ConstrainedDelegation, "1")},
		{"ntlm_user_file", identity.NTLMUserFile}, {"ntlm_helper", identity.NTLMHelper},
		{"ntlm_verifier", verifier.text()},
		{"certificate", identity.Certificate}, {"key", identity.Key},
		{"key_password", identity.KeyPassword}, {"roots", identity.Roots},
		{"tls_flags", unless(!identity.SkipVerify, manualCredValidation)},
	} {
		name, value := pair[0], pair[1]
		if strings.IndexByte(value, 0) >= 0 {
			return nil, &Error{
				Status:  SEC_E_INVALID_PARAMETER,
				Message: "the identity's " + name + " has a NUL in it",
			}
		}
		if value != "" {
			packed = append(append(append(append(packed, name...), 0), value...), 0)
		}
	}
	return packed, nil
}

func unless(not bool, value string) string {
	if not {
		return ""
	}
	return value
}

// Credential is what one logs on with. Any number of contexts may use it at the same time.
type Credential struct {
	Package string
	Expiry  time.Time // zero: it never expires, or that is not known

	verifier *verifier // for as long as somebody may ask

	mutex  sync.Mutex
	handle uint64
}

func adopt(handle uint64, packageName string, expiry int64) *Credential {
	credential := &Credential{Package: packageName, Expiry: expiryOf(expiry), handle: handle}
	runtime.SetFinalizer(credential, (*Credential).Close)
	return credential
}

// Acquire gets a credential. principal: "" for the default one; identity: nil for that of the
// process.
func Acquire(
	ctx context.Context, packageName string, use Use, principal string, identity *Identity,
) (*Credential, error) {
	var verifier *verifier
	var err error
	if identity != nil && identity.NTLMVerifier != nil {
		if verifier, err = newVerifier(identity.NTLMVerifier); err != nil {
			return nil, err
		}
	}
	packed, err := identity.pack(verifier)
	if err != nil {
		return nil, err
	}
	got, err := run(ctx, func(call, queue, id uint64) int32 {
		return native.Acquire(call, queue, id, packageName, principal, uint32(use), packed)
	})
	clear(packed)
	if err != nil {
		return nil, err
	}
	credential := adopt(got.Credential, packageName, got.Expiry)
	credential.verifier = verifier
	return credential, nil
}

// Handle is its number in the library, 0 when it was freed.
func (c *Credential) Handle() uint64 {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.handle
}

// Name is that of its principal.
func (c *Credential) Name() (string, error) {
	defer runtime.KeepAlive(c)
	name, err := takeBytes(func(text *native.Bytes) int32 {
		return native.Credential_name(c.Handle(), text)
	})
	return string(name), err
}

func (c *Credential) String() string {
	return fmt.Sprintf("sspi.Credential(%s, %s)", c.Package, strconv.FormatUint(c.Handle(), 10))
}

func (c *Credential) end() uint64 {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	handle := c.handle
	c.handle = 0
	runtime.SetFinalizer(c, nil)
	return handle
}

// Free frees it and waits for that; contexts that were made with it go on.
func (c *Credential) Free(ctx context.Context) error {
	handle := c.end()
	return runEnd(ctx, func(call, queue, id uint64) int32 {
		return native.Free_credential(call, queue, id, handle)
	})
}

// Close frees it and waits for nothing. It may be called again, and returns nil.
func (c *Credential) Close() error {
	if handle := c.end(); handle != 0 {
		native.Free_credential(0, 0, 0, handle)
	}
	return nil
}

func takeBytes(function func(*native.Bytes) int32) ([]byte, error) {
	var bytes native.Bytes
	err := check(func() int32 { return function(&bytes) })
	return bytes.Take(), err
}
