// SPDX-License-Identifier: MIT

package negotiate

import (
	"context"
	"encoding/base64"
	"net"
	"net/http"
	"strings"
	"sync"

	"sspi-async/sspi"
)

const scheme = "Negotiate"

// The token behind the name of the scheme; nil if there is none, or it is no base64.
func tokenOf(values []string) []byte {
	for _, value := range values {
		name, text, _ := strings.Cut(strings.TrimSpace(value), " ")
		if strings.EqualFold(name, scheme) {
			token, _ := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
			return token
		}
	}
	return nil
}

type key int

const (
	userKey key = iota
	connectionKey
)

// User is who sent the request, behind a Handler; "" in front of it.
func User(request *http.Request) string {
	name, _ := request.Context().Value(userKey).(string)
	return name
}

// Handler lets those through to Next who log on. NTLM needs several legs on one connection, and so
// a http.Server whose ConnContext is that of this package.
type Handler struct {
	Next http.Handler
	// Options of each handshake. Give a Credential: else each one acquires its own.
	Options sspi.Options
}

type connection struct {
	mutex     sync.Mutex
	handshake *sspi.SecurityContext // that goes on with the next request
}

// ConnContext is for a http.Server.
func ConnContext(ctx context.Context, _ net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey, &connection{})
}

// Takes the handshake that the last request of the connection began.
func (c *connection) take() *sspi.SecurityContext {
	if c == nil {
		return nil
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	handshake := c.handshake
	c.handshake = nil
	return handshake
}

func (c *connection) keep(handshake *sspi.SecurityContext) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.handshake = handshake
}

func (h *Handler) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	token := tokenOf(request.Header.Values("Authorization"))
	if len(token) == 0 {
		refuse(writer, nil)
		return
	}
	state, _ := request.Context().Value(connectionKey).(*connection)
	server := state.take()
	if server == nil {
		server = sspi.NewServer(h.Options)
	}
	answer, err := server.Step(request.Context(), token)
	if err == nil && !server.Complete() && state != nil {
		state.keep(server)
		refuse(writer, answer)
		return
	}
	defer server.Close()
	if err != nil || !server.Complete() {
		refuse(writer, nil)
		return
	}
	name, err := server.UserName()
	if err != nil {
		refuse(writer, nil)
		return
	}
	if len(answer) > 0 {
		writer.Header().Set("WWW-Authenticate", challenge(answer))
	}
	h.Next.ServeHTTP(writer, request.WithContext(
		context.WithValue(request.Context(), userKey, name)))
}

func challenge(token []byte) string {
	return scheme + " " + base64.StdEncoding.EncodeToString(token)
}

func refuse(writer http.ResponseWriter, token []byte) {
	value := scheme
	if len(token) > 0 {
		value = challenge(token)
	}
	writer.Header().Set("WWW-Authenticate", value)
	http.Error(writer, http.StatusText(http.StatusUnauthorized), http.StatusUnauthorized)
}
