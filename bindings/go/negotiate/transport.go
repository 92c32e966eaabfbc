// SPDX-License-Identifier: MIT

// Package negotiate logs on over HTTP (RFC 4559) with net/http: Transport is the client's
// RoundTripper, Handler stands in front of a server's handlers.
package negotiate

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"

	"sspi-async/sspi"
)

// Transport answers a 401 that asks for Negotiate, for the service HTTP of the request's host. The
// legs end with the request's context. What the server proves of itself is checked.
type Transport struct {
	// Base sends; nil for http.DefaultTransport. NTLM logs on a connection and not a request: for
	// that give a http.Transport of its own with MaxConnsPerHost 1.
	Base http.RoundTripper
	// Options of each handshake. Give a Credential: else each one acquires its own.
	Options sspi.Options
}

// RoundTrip does as http.RoundTripper says. A body is sent again: it needs GetBody, as the requests
// of http.NewRequest with a buffer, a Reader of bytes or of a string have.
func (t *Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := t.base().RoundTrip(request)
	if err != nil || !offered(response) || !repeatable(request) {
		return response, err
	}
	options := t.Options
	if options.ChannelBindings == nil && response.TLS != nil {
		options.ChannelBindings = serverEndPoint(response.TLS.PeerCertificates)
	}
	client := sspi.NewClient("HTTP@"+request.URL.Hostname(), options)
	defer client.Close()
	for token := []byte(nil); ; {
		if token, err = client.Step(request.Context(), token); err != nil {
			discard(response)
			return nil, err
		}
		discard(response)
		again := request.Clone(request.Context())
		if request.GetBody != nil {
			if again.Body, err = request.GetBody(); err != nil {
				return nil, err
			}
		}
		again.Header.Set("Authorization", scheme+" "+base64.StdEncoding.EncodeToString(token))
		if response, err = t.base().RoundTrip(again); err != nil {
			return nil, err
		}
		token = tokenOf(response.Header.Values("WWW-Authenticate"))
		if response.StatusCode == http.StatusUnauthorized && len(token) > 0 && !client.Complete() {
			continue
		}
		return t.finish(request, response, client, token)
	}
}

// The last token is of the server, and the last leg says whether it is right.
func (t *Transport) finish(
	request *http.Request, response *http.Response, client *sspi.SecurityContext, token []byte,
) (*http.Response, error) {
	if client.Complete() || response.StatusCode == http.StatusUnauthorized {
		return response, nil
	}
	_, err := client.Step(request.Context(), token)
	if err == nil && !client.Complete() {
		err = errors.New("negotiate: the server has answered before the handshake was done")
	}
	if err != nil {
		discard(response)
		return nil, err
	}
	return response, nil
}

func (t *Transport) base() http.RoundTripper {
	if t.Base == nil {
		return http.DefaultTransport
	}
	return t.Base
}

func repeatable(request *http.Request) bool {
	return request.Body == nil || request.Body == http.NoBody || request.GetBody != nil
}

func offered(response *http.Response) bool {
	if response.StatusCode != http.StatusUnauthorized {
		return false
	}
	for _, value := range response.Header.Values("WWW-Authenticate") {
		if strings.EqualFold(strings.TrimSpace(value), scheme) {
			return true
		}
	}
	return false
}

// So that the connection can be used again.
func discard(response *http.Response) {
	io.Copy(io.Discard, io.LimitReader(response.Body, 1<<16))
	response.Body.Close()
}

// RFC 5929, tls-server-end-point: the certificate's hash, by the hash of its signature.
func serverEndPoint(chain []*x509.Certificate) []byte {
	if len(chain) == 0 {
		return nil
	}
	var sum []byte
	switch chain[0].SignatureAlgorithm {
	case x509.SHA384WithRSA, x509.ECDSAWithSHA384, x509.SHA384WithRSAPSS:
		hash := sha512.Sum384(chain[0].Raw)
		sum = hash[:]
	case x509.SHA512WithRSA, x509.ECDSAWithSHA512, x509.SHA512WithRSAPSS:
		hash := sha512.Sum512(chain[0].Raw)
		sum = hash[:]
	case x509.PureEd25519:
		return nil // no hash to go by
	default: // and MD5 and SHA-1, as the RFC says
		hash := sha256.Sum256(chain[0].Raw)
		sum = hash[:]
	}
	return append([]byte("tls-server-end-point:"), sum...)
}
