/* SPDX-License-Identifier: MIT */
/*
 * hub.i - what every language wraps: the functions of sspi_hub.h under their names without
 * "sspia_hub_".
 *
 * A language's .i file defines, before it includes this one, the typemaps of
 *
 *   (const void *DATA, size_t SIZE)      bytes in; none is NULL, 0
 *   (const char *TEXT, size_t TEXT_SIZE) text in, as UTF-8; none is NULL, 0
 *   sspia_hub_bytes *OUTPUT              bytes out: copied, then let go with
 *                                        sspia_hub_bytes_free; none after a failure
 *   sspia_hub_bytes *TEXT                the same as text
 *   sspia_hub_outcome *OUTPUT            what a call brought
 *   (sspia_hub_completion *completions, uint32_t most)
 *                                        a number in, ids and statuses out
 *
 *   uint32_t *OUTPUT, size_t *OUTPUT, int64_t *OUTPUT, uint64_t *OUTPUT
 *                                        numbers out; all are below 2^53. SWIG's typemaps.i
 *                                        does for the languages that share its UTL
 *
 * (utl.i has them for Tcl, Ruby, Perl and Node). It says which functions let other threads of its
 * run-time go on: HUB_BLOCKS(name) is applied to those that may block. SWIG is run with
 * -DSWIGWORDSIZE64. A language that mirrors the structures defines HUB_MIRRORS_STRUCTURES, and
 * gets bytes_free.
 */
%{
#include <sspi_hub.h>
%}

%include <stdint.i>

%rename("%(strip:[sspia_hub_])s", %$isfunction) "";
%ignore sspia_hub_bytes;
#ifndef HUB_MIRRORS_STRUCTURES
%ignore sspia_hub_bytes_free;
#endif
%ignore sspia_hub_completion;
%ignore sspia_hub_outcome;

%apply (const void *DATA, size_t SIZE) {
    (const void *identity, size_t identity_size), (const void *token, size_t token_size),
    (const void *bindings, size_t bindings_size), (const void *protocols, size_t protocols_size),
    (const void *data, size_t size), (const void *signature, size_t signature_size),
    (const void *packed, size_t size), (const void *token, size_t size),
    (const void *contexts, size_t size), (const void *header, size_t header_size),
    (const void *trailer, size_t trailer_size), (const void *secret, size_t secret_size)
};
%apply (const char *TEXT, size_t TEXT_SIZE) {
    (const char *package, size_t package_size), (const char *principal, size_t principal_size),
    (const char *target, size_t target_size), (const char *module, size_t module_size)
};
%apply sspia_hub_bytes *OUTPUT {
    sspia_hub_bytes *signature, sspia_hub_bytes *sealed, sspia_hub_bytes *plain,
    sspia_hub_bytes *packed, sspia_hub_bytes *bytes, sspia_hub_bytes *names,
    sspia_hub_bytes *token
};
%apply sspia_hub_bytes *TEXT {
    sspia_hub_bytes *text, sspia_hub_bytes *user, sspia_hub_bytes *domain
};
%apply sspia_hub_outcome *OUTPUT { sspia_hub_outcome *outcome };
%apply uint32_t *OUTPUT { uint32_t *qop, uint32_t *plaintext };
%apply size_t *OUTPUT { size_t *used };
%apply int64_t *OUTPUT { int64_t *number, int64_t *expiry };
%apply uint64_t *OUTPUT { uint64_t *context, uint64_t *credential, uint64_t *question };

HUB_BLOCKS(sspia_hub_queue_take)
HUB_BLOCKS(sspia_hub_call_wait)
HUB_BLOCKS(sspia_hub_acquire)
HUB_BLOCKS(sspia_hub_sign)
HUB_BLOCKS(sspia_hub_verify)
HUB_BLOCKS(sspia_hub_encrypt)
HUB_BLOCKS(sspia_hub_decrypt)
HUB_BLOCKS(sspia_hub_encrypt_parts)
HUB_BLOCKS(sspia_hub_decrypt_parts)
HUB_BLOCKS(sspia_hub_message_limit)
HUB_BLOCKS(sspia_hub_control)
HUB_BLOCKS(sspia_hub_export_context)
HUB_BLOCKS(sspia_hub_import_context)
HUB_BLOCKS(sspia_hub_query_number)
HUB_BLOCKS(sspia_hub_query_text)
HUB_BLOCKS(sspia_hub_query_bytes)
HUB_BLOCKS(sspia_hub_delegated_credential)
HUB_BLOCKS(sspia_hub_packages)
HUB_BLOCKS(sspia_hub_package_number)
HUB_BLOCKS(sspia_hub_package_text)
HUB_BLOCKS(sspia_hub_package_add)
HUB_BLOCKS(sspia_hub_package_turn_off)

/* The declarations without what only a compiler understands. */
#define SSPI_ASYNC_SSPI_H
#define SSPI_ASYNC_API
%include <sspi_hub.h>
