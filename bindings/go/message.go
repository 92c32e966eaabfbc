// SPDX-License-Identifier: MIT

package sspi

import (
	"runtime"

	"sspi-async/sspi/native"
)

const (
	wrapNoEncrypt = 0x80000001

	attributeNames               = 1
	attributeStreamSizes         = 4
	attributeSessionKey          = 9
	attributePackageInfo         = 10
	attributeTarget              = 27
	attributeApplicationProtocol = 35
	attributeRemoteCertificate   = 0x53
)

// Binding is a kind of channel bindings, by its attribute.
type Binding uint32

const (
	BindingUnique   Binding = 25
	BindingEndpoint Binding = 26
	BindingExporter Binding = 0x53500001
)

// Asks the library about the context, which its finalizer must not delete meanwhile.
func (c *SecurityContext) check(function func(handle uint64) int32) error {
	defer runtime.KeepAlive(c)
	return check(func() int32 { return function(c.Handle()) })
}

func (c *SecurityContext) takeBytes(
	function func(uint64, *native.Bytes) int32,
) ([]byte, error) {
	var bytes native.Bytes
	err := c.check(func(handle uint64) int32 { return function(handle, &bytes) })
	return bytes.Take(), err
}

// Encrypt seals a message. Like all below it waits while a leg runs on the context.
func (c *SecurityContext) Encrypt(data []byte) ([]byte, error) {
	return c.seal(0, data)
}

// SignOnly makes a message that Decrypt refuses and Open takes: signed, and readable.
func (c *SecurityContext) SignOnly(data []byte) ([]byte, error) {
	return c.seal(wrapNoEncrypt, data)
}

func (c *SecurityContext) seal(qop uint32, data []byte) ([]byte, error) {
	return c.takeBytes(func(handle uint64, sealed *native.Bytes) int32 {
		return native.Encrypt(handle, qop, data, sealed)
	})
}

// Decrypt opens what Encrypt made on the other side, and refuses what is signed only. TLS: data is
// what the connection brought; what is no whole record is kept for the next time.
func (c *SecurityContext) Decrypt(data []byte) ([]byte, error) {
	plain, encrypted, err := c.Open(data)
	if err == nil && !encrypted {
		clear(plain)
		return nil, &Error{
			Status:  SEC_E_DECRYPT_FAILURE,
			Message: "the message is signed only, not encrypted",
		}
	}
	return plain, err
}

// Open is Decrypt for messages that may be signed only, and says whether this one was encrypted.
func (c *SecurityContext) Open(data []byte) (plain []byte, encrypted bool, err error) {
	c.opening.Lock()
	defer c.opening.Unlock()
	whole := data
	if len(c.rest) > 0 {
		whole = append(c.rest, data...)
	}
	var bytes native.Bytes
	var qop uint32
	var used int64
	status := SEC_E_OK
	err = c.check(func(handle uint64) int32 {
		status = Status(native.Decrypt(handle, whole, &bytes, &qop, &used))
		return int32(status)
	})
	if status == SEC_E_INCOMPLETE_MESSAGE && c.IsStream() {
		c.rest = append([]byte(nil), whole...)
		return nil, true, nil
	}
	if err != nil {
		return nil, false, err
	}
	plain = bytes.Take()
	if status == SEC_I_CONTEXT_EXPIRED && len(plain) == 0 {
		return nil, false, &Error{
			Status: SEC_E_CONTEXT_EXPIRED, Message: "the peer has closed the connection",
		}
	}
	c.rest = append([]byte(nil), whole[used:]...)
	return plain, qop != wrapNoEncrypt, nil
}

// IsStream says whether it is TLS, which has records and no messages.
func (c *SecurityContext) IsStream() bool {
	var size int64
	return native.Query_number(c.Handle(), attributeStreamSizes, 0, &size) == 0
}

// Sign makes a signature of data.
func (c *SecurityContext) Sign(data []byte) ([]byte, error) {
	return c.takeBytes(func(handle uint64, signature *native.Bytes) int32 {
		return native.Sign(handle, data, signature)
	})
}

// Verify returns an error if signature is not of data.
func (c *SecurityContext) Verify(data, signature []byte) error {
	return c.check(func(handle uint64) int32 { return native.Verify(handle, data, signature) })
}

func (c *SecurityContext) text(attribute uint32) (string, error) {
	text, err := c.takeBytes(func(handle uint64, text *native.Bytes) int32 {
		return native.Query_text(handle, attribute, 0, text)
	})
	return string(text), err
}

func (c *SecurityContext) bytes(attribute uint32) ([]byte, error) {
	return c.takeBytes(func(handle uint64, bytes *native.Bytes) int32 {
		return native.Query_bytes(handle, attribute, bytes)
	})
}

// UserName is who was authenticated: the client, "alice@EXAMPLE.ORG" or `DOMAIN\alice`.
func (c *SecurityContext) UserName() (string, error) { return c.text(attributeNames) }

// Target is what the client asked for (acceptor).
func (c *SecurityContext) Target() (string, error) { return c.text(attributeTarget) }

// PackageName is the package at work: with Negotiate, the one that was chosen.
func (c *SecurityContext) PackageName() (string, error) { return c.text(attributePackageInfo) }

// SessionKey is a secret.
func (c *SecurityContext) SessionKey() ([]byte, error) { return c.bytes(attributeSessionKey) }

// ApplicationProtocol is what ALPN agreed on.
func (c *SecurityContext) ApplicationProtocol() (string, error) {
	name, err := c.bytes(attributeApplicationProtocol)
	return string(name), err
}

// RemoteCertificate is that of the peer (TLS), DER.
func (c *SecurityContext) RemoteCertificate() ([]byte, error) {
	return c.bytes(attributeRemoteCertificate)
}

// ChannelBindings are for a context inside this TLS connection.
func (c *SecurityContext) ChannelBindings(kind Binding) ([]byte, error) {
	return c.bytes(uint32(kind))
}

// MessageLimit is how many bytes go into a sealed message of size bytes.
func (c *SecurityContext) MessageLimit(size uint32) (uint32, error) {
	var limit uint32
	err := c.check(func(handle uint64) int32 { return native.Message_limit(handle, 0, size, &limit) })
	return limit, err
}
