// SPDX-License-Identifier: MIT

package sspi

import (
	"context"
	"encoding/binary"
	"runtime"
	"sync"
	"time"

	"sspi-async/sspi/native"
)

// Options of a context. All may be left out.
type Options struct {
	Package              string      // "Negotiate"
	Credential           *Credential // shared; otherwise the first leg acquires one of
	Identity             *Identity   // this identity
	ClientFlags          ClientFlags // ClientDefaults
	ServerFlags          ServerFlags // ServerDefaults
	ChannelBindings      []byte      // "tls-server-end-point:..."
	ApplicationProtocols []string    // ALPN
}

// SecurityContext is a handshake, and then what it protects. Its methods may be called from any
// goroutine; legs are made one at a time.
type SecurityContext struct {
	acceptor bool
	target   string
	options  Options

	leg sync.Mutex // held for the length of a leg

	mutex      sync.Mutex // guards what follows
	credential *Credential
	owns       bool
	handle     uint64
	dead       bool
	complete   bool
	attributes uint32
	expiry     time.Time
	extra      []byte

	opening sync.Mutex
	rest    []byte // of a record that is not whole
}

func create(acceptor bool, target string, options Options) *SecurityContext {
	if options.Package == "" && options.Credential != nil {
		options.Package = options.Credential.Package
	}
	if options.Package == "" {
		options.Package = "Negotiate"
	}
	if options.ClientFlags == 0 {
		options.ClientFlags = ClientDefaults
	}
	if options.ServerFlags == 0 {
		options.ServerFlags = ServerDefaults
	}
	c := &SecurityContext{
		acceptor: acceptor, target: target, options: options, credential: options.Credential,
	}
	runtime.SetFinalizer(c, (*SecurityContext).Close)
	return c
}

// NewClient is the initiator of a handshake with target, "HTTP@www.example.org".
func NewClient(target string, options Options) *SecurityContext {
	return create(false, target, options)
}

// NewServer is an acceptor.
func NewServer(options Options) *SecurityContext {
	return create(true, "", options)
}

// Import makes a context of what Export gave, in another process too.
func Import(packageName string, packed []byte) (*SecurityContext, error) {
	var handle uint64
	err := check(func() int32 { return native.Import_context(packageName, packed, &handle) })
	if err != nil {
		return nil, err
	}
	c := create(false, "", Options{Package: packageName})
	c.handle, c.complete = handle, true
	return c, nil
}

func (c *SecurityContext) acquire(ctx context.Context) (uint64, error) {
	c.mutex.Lock()
	credential := c.credential
	c.mutex.Unlock()
	if credential != nil {
		return credential.Handle(), nil
	}
	use := Outbound
	if c.acceptor {
		use = Inbound
	}
	credential, err := Acquire(ctx, c.options.Package, use, "", c.options.Identity)
	if err != nil {
		return 0, err
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.dead { // meanwhile
		credential.Close()
		return 0, errDeleted()
	}
	c.credential, c.owns = credential, true
	return credential.Handle(), nil
}

func errDeleted() error {
	return &Error{Status: SEC_E_INVALID_HANDLE, Message: "the context was deleted"}
}

// ALPN: each name behind its length.
func packProtocols(names []string) ([]byte, error) {
	var packed []byte
	for _, name := range names {
		if len(name) == 0 || len(name) > 255 {
			return nil, &Error{
				Status:  SEC_E_INVALID_PARAMETER,
				Message: "the name of an application protocol has 1 to 255 bytes",
			}
		}
		packed = append(append(packed, byte(len(name))), name...)
	}
	return packed, nil
}

// Step makes one leg: token is what the peer sent, nil at first. It returns what to send, empty for
// nothing. If ctx is done before, the leg ends, and the context can only be deleted.
func (c *SecurityContext) Step(ctx context.Context, token []byte) ([]byte, error) {
	c.leg.Lock()
	defer c.leg.Unlock()
	handle, dead := c.state()
	if dead {
		return nil, errDeleted()
	}
	credential, err := c.acquire(ctx)
	if err != nil {
		return nil, err
	}
	var bindings, protocols []byte
	if handle == 0 {
		bindings = c.options.ChannelBindings
		if protocols, err = packProtocols(c.options.ApplicationProtocols); err != nil {
			return nil, err
		}
	}
	got, err := run(ctx, func(call, queue, id uint64) int32 {
		if c.acceptor {
			return native.Accept(call, queue, id, credential, handle,
				uint64(c.options.ServerFlags), token, bindings, protocols)
		}
		return native.Initialize(call, queue, id, credential, handle, c.target,
			uint64(c.options.ClientFlags), token, bindings, protocols)
	})
	if err != nil {
		return nil, err
	}
	c.note(got, token)
	return got.token, nil
}

func (c *SecurityContext) state() (handle uint64, dead bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.handle, c.dead
}

func (c *SecurityContext) note(got outcome, token []byte) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.dead { // meanwhile
		if got.Context != 0 {
			native.Delete_context(0, 0, 0, got.Context)
		}
		return
	}
	if got.Context != 0 {
		c.handle = got.Context
	}
	c.attributes, c.expiry = got.Attributes, expiryOf(got.Expiry)
	c.extra = append([]byte(nil), token[len(token)-int(got.Extra):]...)
	c.complete = Status(got.Status) == SEC_E_OK
}

// Complete says whether the handshake is done.
func (c *SecurityContext) Complete() bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.complete
}

// Handle is its number in the library; 0 before the first leg and after the end.
func (c *SecurityContext) Handle() uint64 {
	handle, _ := c.state()
	return handle
}

// Attributes is what was agreed on so far: ISC_RET_* or ASC_RET_*.
func (c *SecurityContext) Attributes() uint32 {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.attributes
}

// Expiry is until when it is good; zero: it never expires, or that is not known.
func (c *SecurityContext) Expiry() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.expiry
}

// Extra is what came behind the last token and belongs to what follows it.
func (c *SecurityContext) Extra() []byte {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.extra
}

// Export packs the context for Import.
func (c *SecurityContext) Export() ([]byte, error) {
	return c.takeBytes(func(handle uint64, packed *native.Bytes) int32 {
		return native.Export_context(handle, 0, packed)
	})
}

// DelegatedCredential is a new credential of what the client delegated.
func (c *SecurityContext) DelegatedCredential() (*Credential, error) {
	var credential uint64
	var expiry int64
	err := c.check(func(handle uint64) int32 {
		return native.Delegated_credential(handle, &credential, &expiry)
	})
	if err != nil {
		return nil, err
	}
	return adopt(credential, c.options.Package, expiry), nil
}

func (c *SecurityContext) end() (handle uint64, begun bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	handle, begun = c.handle, c.handle != 0 || c.dead
	c.handle, c.dead = 0, true
	if c.owns {
		c.credential.Close()
	}
	c.owns = false
	runtime.SetFinalizer(c, nil)
	return handle, begun
}

// Delete deletes the context and waits for that; calls on it that were made before finish first.
// It is carried out even if ctx is done before.
func (c *SecurityContext) Delete(ctx context.Context) error {
	handle, begun := c.end()
	if !begun {
		return nil
	}
	return runEnd(ctx, func(call, queue, id uint64) int32 {
		return native.Delete_context(call, queue, id, handle)
	})
}

// Close deletes the context and waits for nothing. It may be called again, and returns nil.
func (c *SecurityContext) Close() error {
	if handle, _ := c.end(); handle != 0 {
		native.Delete_context(0, 0, 0, handle)
	}
	return nil
}

// DeleteMany deletes many contexts as one call.
func DeleteMany(ctx context.Context, contexts ...*SecurityContext) error {
	var packed []byte
	for _, c := range contexts {
		if handle, _ := c.end(); handle != 0 {
			packed = binary.NativeEndian.AppendUint64(packed, handle)
		}
	}
	_, err := run(ctx, func(call, queue, id uint64) int32 {
		return native.Delete_contexts(call, queue, id, packed)
	})
	return err
}
