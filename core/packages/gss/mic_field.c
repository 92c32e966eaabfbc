/* SPDX-License-Identifier: MIT */
/*
 * libgssapi_krb5 of krb5 1.21 to 1.22.1 reads the mechListMIC of a NegTokenResp under the tag
 * [4] and not [3] (MIT's ticket 9183), and so sees none. Kerberos as the first choice needs
 * none. NTLM insists on one where it protects its own messages: the initiator then refuses the
 * acceptor's last token, and the acceptor takes for complete what is not. The library writes
 * the field as it should be, so that it is enough to change the tag in what comes from a peer.
 *
 * Which way the library reads is found out by its behaviour, once: distributions mend it
 * without another version.
 */
#include "mic_field.h"
#include "der.h"
#include "mech.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static bool looks_elsewhere;
static pthread_once_t probed = PTHREAD_ONCE_INIT;

static gss_cred_id_t some_initiator(void)
{
    gss_key_value_element_desc element = {"ntlmssp_nthash", "00000000000000000000000000000000"};
    gss_key_value_set_desc store = {1, &element};
    gss_buffer_desc text = {9, (void *)(uintptr_t) "sspi-user"};
    gss_OID_set_desc spnego = {1, &gss_oid_spnego};
    gss_OID_set_desc ntlm = {1, &gss_oid_ntlm};
    gss_name_t name = GSS_C_NO_NAME;
    gss_cred_id_t cred = GSS_C_NO_CREDENTIAL;
    OM_uint32 minor;

    if (!GSS_ERROR(gss_import_name(&minor, &text, GSS_C_NT_USER_NAME, &name)) &&
        !GSS_ERROR(gss_acquire_cred_from(&minor, name, GSS_C_INDEFINITE, &spnego,
                                         GSS_C_INITIATE, &store, &cred, NULL, NULL)) &&
        GSS_ERROR(gss_set_neg_mechs(&minor, cred, &ntlm)))
        gss_release_cred(&minor, &cred);
    gss_release_name(&minor, &name);
    return cred;
}

/* A refusal with a field [3] that ends before it begins: who reads the field finds the token
 * malformed, who does not finds itself refused. */
static void probe(void)
{
    static const char answer[] = "\xa1\x0b\x30\x09\xa0\x03\x0a\x01\x02\xa3\x7f\x04\x7d";
    gss_buffer_desc input = {sizeof answer - 1, (void *)(uintptr_t)answer};
    gss_buffer_desc output = {0, NULL};
    gss_buffer_desc text = {10, (void *)(uintptr_t) "@localhost"};
    gss_name_t target = GSS_C_NO_NAME;
    gss_ctx_id_t context = GSS_C_NO_CONTEXT;
    gss_cred_id_t cred = some_initiator();
    OM_uint32 major;
    OM_uint32 minor;

    if (cred != GSS_C_NO_CREDENTIAL &&
        !GSS_ERROR(gss_import_name(&minor, &text, GSS_C_NT_HOSTBASED_SERVICE, &target)) &&
        gss_init_sec_context(&minor, cred, &context, target, &gss_oid_spnego, GSS_C_INTEG_FLAG,
                             0, GSS_C_NO_CHANNEL_BINDINGS, GSS_C_NO_BUFFER, NULL, &output, NULL,
                             NULL) == GSS_S_CONTINUE_NEEDED) {
        gss_release_buffer(&minor, &output);
        major = gss_init_sec_context(&minor, cred, &context, target, &gss_oid_spnego,
                                     GSS_C_INTEG_FLAG, 0, GSS_C_NO_CHANNEL_BINDINGS, &input,
                                     NULL, &output, NULL, NULL);
        looks_elsewhere = GSS_ROUTINE_ERROR(major) != GSS_S_DEFECTIVE_TOKEN;
    }
    gss_release_buffer(&minor, &output);
    gss_delete_sec_context(&minor, &context, GSS_C_NO_BUFFER);
    gss_release_name(&minor, &target);
    gss_release_cred(&minor, &cred);
}

/* NegTokenResp ::= [1] SEQUENCE { [0] negState, [1] supportedMech, [2] responseToken,
 * [3] mechListMIC }, all optional. NULL if there is no mechListMIC. */
static const unsigned char *find_field(const gss_buffer_desc *token)
{
    gss_der rest = {token->value, token->length};
    gss_der response;
    gss_der fields;
    gss_der field;

    if (!gss_der_take(&rest, 0xa1, &response) || !gss_der_take(&response, 0x30, &fields))
        return NULL;
    for (unsigned char tag = 0xa0; tag < 0xa3; tag++)
        gss_der_take(&fields, tag, &field);
    return fields.left > 0 && fields.next[0] == 0xa3 ? fields.next : NULL;
}

bool gss_mic_field_move(const gss_buffer_desc *token, gss_buffer_desc *moved)
{
    const unsigned char *field = find_field(token);
    unsigned char *copy;

    moved->value = NULL;
    moved->length = 0;
    if (field == NULL)
        return true;
    pthread_once(&probed, probe);
    if (!looks_elsewhere)
        return true;
    copy = malloc(token->length);
    if (copy == NULL)
        return false;
    memcpy(copy, token->value, token->length);
    copy[field - (const unsigned char *)token->value] = 0xa4;
    moved->value = copy;
    moved->length = token->length;
    return true;
}
