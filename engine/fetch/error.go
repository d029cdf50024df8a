package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"
)

// The names of errors, as a Hog program reads them before the colon.
const (
	SecureRequestError  = "SecureRequestError"  // the address is not allowed
	InvalidRequestError = "InvalidRequestError" // the request cannot be written as HTTP
	ResolutionError     = "ResolutionError"     // the name has no address
	TimeoutError        = "TimeoutError"        // the deadline passed
	ConnectError        = "ConnectError"        // nobody answered at the address
	RequestError        = "RequestError"        // the connection broke, or TLS or HTTP was wrong
	ResponseSizeError   = "ResponseSizeError"   // the answer is over the limit
)

// Error tells why a request has no usable answer.
type Error struct {
	Name   string // one of the names above
	Detail string
	// Cause is the error underneath, for errors.Is; it may be nil.
	Cause error
}

// Error gives "<Name>: <Detail>", which is the body that a Hog program reads.
func (e *Error) Error() string { return e.Name + ": " + e.Detail }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Retryable reports whether a later attempt may succeed: network errors and
// timeouts, but no refused address and no request that is wrong in itself
// (runtime specification 6.4).
func (e *Error) Retryable() bool {
	switch e.Name {
	case SecureRequestError, InvalidRequestError, ResponseSizeError:
		return false
	}
	return true
}

// Timeout reports whether the deadline passed.
func (e *Error) Timeout() bool { return e.Name == TimeoutError }

// ErrInterrupted is the cause when the caller's context ended: nothing is
// known about the request, and it should be made again at the next start.
var ErrInterrupted = errors.New("the request was interrupted")

// secure refuses an address or URL.
func secure(detail string) *Error { return &Error{Name: SecureRequestError, Detail: detail} }

// timedOut tells how long was waited.
func timedOut(limit time.Duration, cause error) *Error {
	return &Error{
		Name:   TimeoutError,
		Detail: fmt.Sprintf("timeout after %d ms", limit.Milliseconds()),
		Cause:  cause,
	}
}

// classify turns what net/http returned into an Error. The texts of net/http
// are not passed on as they are: they repeat the URL, which may hold secrets.
func classify(ctx, parent context.Context, limit time.Duration, err error) error {
	if parent.Err() != nil {
		return fmt.Errorf("%w: %w", ErrInterrupted, parent.Err())
	}
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	if ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		return timedOut(limit, err)
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &certificate) {
		return &Error{Name: RequestError, Detail: "certificate not accepted: " + certificate.Err.Error(), Cause: err}
	}
	return &Error{Name: RequestError, Detail: describe(err), Cause: err}
}

// describe names socket errors as Node does, since programs and people look
// for these words.
func describe(err error) string {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connect ECONNREFUSED" + address(err)
	case errors.Is(err, syscall.ECONNRESET):
		return "read ECONNRESET"
	case errors.Is(err, syscall.EPIPE):
		return "write EPIPE"
	case errors.Is(err, syscall.EHOSTUNREACH):
		return "connect EHOSTUNREACH" + address(err)
	case errors.Is(err, syscall.ENETUNREACH):
		return "connect ENETUNREACH" + address(err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "socket hang up"
	}
	return err.Error()
}

func address(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Addr != nil {
		return " " + op.Addr.String()
	}
	return ""
}

// stale reports whether the connection broke before any answer came, as a
// kept connection does that the far side closed meanwhile. net/http has no
// error value for the last two.
func stale(err error) bool {
	if errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return true
	}
	text := err.Error()
	return strings.Contains(text, "server closed idle connection") || strings.Contains(text, "connection broken")
}
