/* SPDX-License-Identifier: MIT */
/*
 * status.c - names and explanations of status codes.
 *
 * The texts say what a status means to someone who calls this library, and what to look
 * at. They are constant and name no particular call: the message of the call itself
 * (sspia_async_message, sspia_last_message) has the particulars.
 *
 * Invariant: `statuses` ascends by code read as unsigned, which is what the search relies
 * on. tests/unit/status_test.c finds every status of sspi.h here, and so shows both that
 * the table is sorted and that it is complete.
 */
#include "schannel.h"
#include "sspi_queue.h"

#include <stddef.h>

typedef struct status_entry {
    SECURITY_STATUS code;
    const char *name;
    const char *text;
} status_entry;

#define STATUS(code, text)                                                                     \
    {                                                                                          \
        code, #code, text                                                                      \
    }

static const status_entry statuses[] = {
    STATUS(SEC_E_OK, "The call succeeded."),

    STATUS(SEC_I_CONTINUE_NEEDED,
           "The handshake goes on: send the output token, if there is one, to the peer and "
           "pass its answer to the next leg."),
    STATUS(SEC_I_COMPLETE_NEEDED,
           "The leg is done once CompleteAuthToken has been called on its output token."),
    STATUS(SEC_I_COMPLETE_AND_CONTINUE,
           "Call CompleteAuthToken, send the output token and pass the peer's answer to the "
           "next leg."),
    STATUS(SEC_I_LOCAL_LOGON,
           "The logon was made against local accounts only, without a remote authority."),
    STATUS(
        SEC_I_GENERIC_EXTENSION_RECEIVED,
        "The peer sent a TLS extension that was subscribed to; look at it, then call again."),
    STATUS(SEC_I_CONTEXT_EXPIRED,
           "The peer has closed the secure connection in an orderly way; no more data will "
           "come from it."),
    STATUS(SEC_I_INCOMPLETE_CREDENTIALS,
           "The server asks for a client certificate and the credential has none: acquire one "
           "that has, or call again to go on without."),
    STATUS(SEC_I_RENEGOTIATE,
           "The peer wants another handshake step, or sent a post-handshake message: pass the "
           "EXTRA buffer to the next leg."),
    STATUS(SEC_I_NO_LSA_CONTEXT,
           "The context has no counterpart in a local security authority. This library never "
           "makes such a counterpart."),
    STATUS(SEC_I_SIGNATURE_NEEDED,
           "The handshake waits for data to be signed with the key of the credential."),
    STATUS(SEC_I_NO_RENEGOTIATION,
           "The peer declined to renegotiate; the connection goes on with the keys it has."),
    STATUS(SEC_I_MESSAGE_FRAGMENT,
           "Only a part of a handshake message was produced or read; call again for the rest."),
    STATUS(SEC_I_CONTINUE_NEEDED_MESSAGE_OK,
           "The handshake goes on, and application messages may be protected already."),
    STATUS(SEC_I_ASYNC_CALL_PENDING, "The call is queued or running: poll again, wait for it, "
                                     "or let its callback report it."),

    STATUS(STATUS_DEVICE_BUSY,
           "The async context has a call pending; it can be reused when that is complete."),

    STATUS(SEC_E_INSUFFICIENT_MEMORY,
           "There was no memory or thread left, or the bound on queued calls was reached; try "
           "again when other calls have finished."),
    STATUS(SEC_E_INVALID_HANDLE,
           "The handle is not alive: it was never created, has been deleted (copies die with "
           "it), or is of another kind than the function takes."),
    STATUS(SEC_E_UNSUPPORTED_FUNCTION,
           "The security package, or this library, does not do that."),
    STATUS(SEC_E_TARGET_UNKNOWN,
           "The target is not known to the authority: check the service name, its host name "
           "and whether the service is registered there."),
    STATUS(SEC_E_INTERNAL_ERROR,
           "The security package failed in a way that no other status describes; read the "
           "message of the call for its own words."),
    STATUS(SEC_E_SECPKG_NOT_FOUND,
           "No security package of that name can be loaded: check its spelling and that its "
           "module and the libraries that this needs are installed."),
    STATUS(SEC_E_NOT_OWNER, "The caller may not use that credential."),
    STATUS(SEC_E_CANNOT_INSTALL,
           "The package module could be opened but not used: it may be made for another "
           "version of this library."),
    STATUS(SEC_E_INVALID_TOKEN,
           "The token is malformed, cut short, or not meant for this leg or package: check "
           "that it arrived whole and in order."),
    STATUS(SEC_E_CANNOT_PACK, "The credentials could not be put into one block of bytes."),
    STATUS(SEC_E_QOP_NOT_SUPPORTED,
           "The package cannot give that quality of protection; pass 0 for the usual one."),
    STATUS(SEC_E_NO_IMPERSONATION, "The context does not allow its user to be impersonated."),
    STATUS(SEC_E_LOGON_DENIED,
           "The user name or password was not accepted, or the account may not log on."),
    STATUS(SEC_E_UNKNOWN_CREDENTIALS,
           "The credentials given are not of a form that the package knows."),
    STATUS(SEC_E_NO_CREDENTIALS,
           "There are no credentials to use: check the ticket cache (klist), the keytab, or "
           "pass an identity."),
    STATUS(SEC_E_MESSAGE_ALTERED,
           "The message or its signature was changed on the way, or was made with other keys."),
    STATUS(SEC_E_OUT_OF_SEQUENCE,
           "The message is a repeat or came out of order; or the context cannot take this call "
           "in its state, such as a leg after the last."),
    STATUS(SEC_E_NO_AUTHENTICATING_AUTHORITY,
           "No authority that could decide was reached: check that the KDC runs, can be "
           "reached, and is the one configured for the realm."),
    STATUS(SEC_E_BAD_PKGID, "The package identifier is not one that was given out."),
    STATUS(SEC_E_CONTEXT_EXPIRED,
           "The context is past its lifetime or was closed: make a new one."),
    STATUS(SEC_E_INCOMPLETE_MESSAGE,
           "The input ends before the message does: read more from the peer and call again "
           "with all of it. Nothing is lost."),
    STATUS(SEC_E_INCOMPLETE_CREDENTIALS,
           "The credential lacks a part that this handshake needs, such as a certificate."),
    STATUS(SEC_E_BUFFER_TOO_SMALL,
           "A buffer is too small: where cbBuffer was set it says how much is needed. Make the "
           "same call again with more room; nothing is lost."),
    STATUS(SEC_E_WRONG_PRINCIPAL,
           "The peer is not who was asked for: the target name and the peer's key do not "
           "belong together. Check the name, and the keytab of the service."),
    STATUS(SEC_E_TIME_SKEW,
           "The clocks of this machine and its peer or KDC differ by too much (Kerberos allows "
           "five minutes): set them right."),
    STATUS(SEC_E_UNTRUSTED_ROOT,
           "The peer's certificate chain ends at a root that is not trusted here."),
    STATUS(SEC_E_ILLEGAL_MESSAGE,
           "The peer sent a message that its protocol does not allow at this point."),
    STATUS(SEC_E_CERT_UNKNOWN,
           "The certificate could not be read, or was refused without a stated reason."),
    STATUS(SEC_E_CERT_EXPIRED,
           "The certificate is not valid at this time: check its dates and the clock."),
    STATUS(SEC_E_ENCRYPT_FAILURE, "The data could not be encrypted."),
    STATUS(SEC_E_DECRYPT_FAILURE,
           "The data could not be decrypted: it was damaged, or made with other keys."),
    STATUS(SEC_E_ALGORITHM_MISMATCH,
           "The two sides have no algorithm or protocol version in common."),
    STATUS(
        SEC_E_SECURITY_QOS_FAILED,
        "The call's deadline passed before it was complete. Check whether the server that it "
        "asks answers, or allow more time (sspia_async_set_deadline)."),
    STATUS(SEC_E_UNFINISHED_CONTEXT_DELETED,
           "The call was cancelled, or its context was deleted, before it was complete."),
    STATUS(SEC_E_NO_TGT_REPLY,
           "The peer was asked for its ticket-granting ticket and did not send one."),
    STATUS(SEC_E_NO_IP_ADDRESSES,
           "An address of this machine is needed and none could be found."),
    STATUS(SEC_E_WRONG_CREDENTIAL_HANDLE,
           "The credential is not the one that the context was begun with, or is for the other "
           "direction."),
    STATUS(SEC_E_CRYPTO_SYSTEM_INVALID,
           "The encryption type is not available: it may be switched off by policy."),
    STATUS(SEC_E_MAX_REFERRALS_EXCEEDED,
           "KDCs referred the request to one another too often: check the trust between the "
           "realms for a loop."),
    STATUS(SEC_E_MUST_BE_KDC, "Only a KDC can do that, and this machine is none."),
    STATUS(SEC_E_STRONG_CRYPTO_NOT_SUPPORTED,
           "The other side asks for stronger encryption than is available here."),
    STATUS(SEC_E_TOO_MANY_PRINCIPALS,
           "Several principals fit where one was expected: name it in full."),
    STATUS(SEC_E_NO_PA_DATA,
           "The KDC's answer lacks the pre-authentication data that should be in it."),
    STATUS(SEC_E_PKINIT_NAME_MISMATCH, "The certificate is for another user than the logon."),
    STATUS(SEC_E_SMARTCARD_LOGON_REQUIRED,
           "The account must log on with a smart card; a password will not do."),
    STATUS(SEC_E_SHUTDOWN_IN_PROGRESS,
           "The process is exiting, or is a fork of the one that made the call; the call was "
           "not carried out here."),
    STATUS(SEC_E_KDC_INVALID_REQUEST, "The KDC found the request malformed."),
    STATUS(SEC_E_KDC_UNABLE_TO_REFER,
           "The KDC does not know which realm the target is in: check the realm's domain "
           "mapping."),
    STATUS(SEC_E_KDC_UNKNOWN_ETYPE,
           "The KDC has no encryption type in common with the request: check the permitted "
           "types and the keys of the account."),
    STATUS(SEC_E_UNSUPPORTED_PREAUTH,
           "The KDC asks for a kind of pre-authentication that is not available here."),
    STATUS(SEC_E_DELEGATION_REQUIRED,
           "The service can act only with delegated credentials, and got none."),
    STATUS(SEC_E_BAD_BINDINGS,
           "The channel bindings of the two sides differ: someone may sit in between, or one "
           "side has another certificate in view."),
    STATUS(SEC_E_MULTIPLE_ACCOUNTS,
           "Several accounts have that principal name; it must be unique."),
    STATUS(SEC_E_NO_KERB_KEY,
           "The account has no Kerberos key: check that the keytab holds the principal, with "
           "the current key version."),
    STATUS(SEC_E_CERT_WRONG_USAGE, "The certificate is not meant for this use."),
    STATUS(SEC_E_DOWNGRADE_DETECTED,
           "The negotiation was pushed towards something weaker than both sides can do."),
    STATUS(SEC_E_SMARTCARD_CERT_REVOKED, "The certificate on the smart card was revoked."),
    STATUS(SEC_E_ISSUING_CA_UNTRUSTED,
           "The authority that issued the client's certificate is not trusted here."),
    STATUS(SEC_E_REVOCATION_OFFLINE_C,
           "Whether the client's certificate was revoked could not be found out: the source of "
           "that information was not reached."),
    STATUS(SEC_E_PKINIT_CLIENT_FAILURE,
           "The certificate logon failed on the client's side; read the message of the call."),
    STATUS(SEC_E_SMARTCARD_CERT_EXPIRED,
           "The certificate on the smart card is past its last day."),
    STATUS(SEC_E_NO_S4U_PROT_SUPPORT,
           "A service asked for a ticket in a user's name, and its KDC does not do that."),
    STATUS(SEC_E_CROSSREALM_DELEGATION_FAILURE,
           "Constrained delegation was tried across a realm boundary where it is not "
           "possible."),
    STATUS(SEC_E_REVOCATION_OFFLINE_KDC,
           "Whether the KDC's certificate was revoked could not be found out: the source of "
           "that information was not reached."),
    STATUS(SEC_E_ISSUING_CA_UNTRUSTED_KDC,
           "The authority that issued the KDC's certificate is not trusted here."),
    STATUS(SEC_E_KDC_CERT_EXPIRED, "The KDC's certificate is past its last day."),
    STATUS(SEC_E_KDC_CERT_REVOKED, "The KDC's certificate was revoked."),
    STATUS(SEC_E_INVALID_PARAMETER,
           "An argument is bad, or the async context is not idle: check required pointers, "
           "buffer descriptors, the identity's lengths and flags, and reinitialise before "
           "reuse."),
    STATUS(SEC_E_DELEGATION_POLICY, "Policy forbids passing on these credentials."),
    STATUS(SEC_E_POLICY_NLTM_ONLY, "Policy allows NTLM alone for this target."),
    STATUS(SEC_E_NO_CONTEXT,
           "There is nothing to report on: no call was submitted on the async context, or none "
           "is pending, or the function needs a context that does not exist yet."),
    STATUS(SEC_E_PKU2U_CERT_FAILURE,
           "The certificate of a peer-to-peer logon could not be used."),
    STATUS(SEC_E_MUTUAL_AUTH_FAILED, "The server did not prove who it is."),
    STATUS(SEC_E_ONLY_HTTPS_ALLOWED, "That is allowed over HTTPS only."),
    STATUS(SEC_E_APPLICATION_PROTOCOL_MISMATCH,
           "The two sides have no application protocol (ALPN) in common."),
    STATUS(SEC_E_INVALID_UPN_NAME,
           "The user name is not of the form user@REALM where it must be."),
    STATUS(SEC_E_EXT_BUFFER_TOO_SMALL,
           "The buffer for a received TLS extension is too small: its cbBuffer says how much "
           "is needed."),
    STATUS(SEC_E_INSUFFICIENT_BUFFERS,
           "The descriptor has fewer buffers than the call needs: add the missing kinds."),

    STATUS(CRYPT_E_REVOKED, "The peer's certificate, or one above it, was revoked."),
    STATUS(CRYPT_E_NO_REVOCATION_CHECK,
           "There is no revocation list for a certificate that must be checked: add it to the "
           "roots."),
    STATUS(CRYPT_E_REVOCATION_OFFLINE,
           "The revocation list for a certificate is out of date, and none is fetched."),

    STATUS(STATUS_INVALID_HANDLE,
           "The async context is not alive: it was never created, or has been freed."),
};

/* The entry of a code, or NULL. */
static const status_entry *find(SECURITY_STATUS code)
{
    size_t low = 0;
    size_t high = sizeof statuses / sizeof statuses[0];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (statuses[middle].code == code) {
            return &statuses[middle];
        }
        if ((uint32_t)statuses[middle].code < (uint32_t)code) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

const char *sspia_status_name(SECURITY_STATUS status)
{
    const status_entry *entry = find(status);
    return entry ? entry->name : "UNKNOWN";
}

const char *sspia_status_text(SECURITY_STATUS status)
{
    const status_entry *entry = find(status);
    if (entry) {
        return entry->text;
    }
    return status >= 0 ? "A success status that this library does not know."
                       : "An error status that this library does not know.";
}
