// SPDX-License-Identifier: MIT

// Package sspi is asynchronous SSPI for Go: Kerberos, NTLM, Negotiate and TLS, by the library
// sspi-async. A leg that waits for a KDC holds no thread, and ends when its context.Context does.
// docs/bindings-go.md has the tour.
package sspi

import (
	"math"
	"strings"
	"time"

	"sspi-async/sspi/native"
)

// Version is that of the library that runs.
func Version() string {
	return native.Version()
}

// Packages are the names of the packages that can be loaded here.
func Packages() ([]string, error) {
	names, err := takeBytes(func(names *native.Bytes) int32 { return native.Packages(names) })
	if err != nil {
		return nil, err
	}
	return strings.FieldsFunc(string(names), func(letter rune) bool { return letter == 0 }), nil
}

// AddPackage loads a module file (with "/"), or the module of that name.
func AddPackage(name string) error {
	return check(func() int32 { return native.Package_add(name) })
}

// TurnOff has this process do without a package. Call it before the first credential.
func TurnOff(name string) error {
	return check(func() int32 { return native.Package_turn_off(name) })
}

// SetDefaultTimeout is for each acquire and leg of the process; 0: no limit.
func SetDefaultTimeout(limit time.Duration) {
	milliseconds := (limit + time.Millisecond - 1) / time.Millisecond
	native.Set_default_deadline(uint32(min(max(milliseconds, 0), math.MaxUint32-1)))
}
