/* SPDX-License-Identifier: MIT */
/*
 * Context flags: GSSAPI has one set of bits, SSPI one for initiators and another for
 * acceptors, equal up to CONNECTION and different from EXTENDED_ERROR on.
 */
#include "flags.h"
#include "status.h"

static const struct flag {
    OM_uint32 gss;
    uint32_t isc; /* request and return share the bit */
    uint32_t asc;
} table[] = {
    {GSS_C_DELEG_FLAG, ISC_REQ_DELEGATE, ASC_RET_DELEGATE},
    {GSS_C_MUTUAL_FLAG, ISC_REQ_MUTUAL_AUTH, ASC_RET_MUTUAL_AUTH},
    {GSS_C_REPLAY_FLAG, ISC_REQ_REPLAY_DETECT, ASC_RET_REPLAY_DETECT},
    {GSS_C_SEQUENCE_FLAG, ISC_REQ_SEQUENCE_DETECT, ASC_RET_SEQUENCE_DETECT},
    {GSS_C_CONF_FLAG, ISC_REQ_CONFIDENTIALITY, ASC_RET_CONFIDENTIALITY},
    {GSS_C_DCE_STYLE, ISC_REQ_USE_DCE_STYLE, ASC_RET_USED_DCE_STYLE},
    {GSS_C_EXTENDED_ERROR_FLAG, ISC_REQ_EXTENDED_ERROR, ASC_RET_EXTENDED_ERROR},
    {GSS_C_INTEG_FLAG, ISC_REQ_INTEGRITY, ASC_RET_INTEGRITY},
    {GSS_C_IDENTIFY_FLAG, ISC_REQ_IDENTIFY, ASC_RET_IDENTIFY},
    {GSS_C_ANON_FLAG, ISC_REQ_NULL_SESSION, ASC_RET_NULL_SESSION},
};

SECURITY_STATUS gss_flags_request(uint64_t requested, OM_uint32 *flags, sspia_report *report)
{
    OM_uint32 wanted = 0;

    if (requested & ISC_REQ_DATAGRAM)
        return gss_status_report(report, SEC_E_UNSUPPORTED_FUNCTION, "ISC_REQ_DATAGRAM", NULL);
    if (requested & ISC_REQ_NULL_SESSION)
        return gss_status_report(report, SEC_E_UNSUPPORTED_FUNCTION, "ISC_REQ_NULL_SESSION",
                                 "Kerberos would name the user");
    /* MIT's GSSAPI (1.23 too) sends no AP-REQ with USE-SESSION-KEY, nor asks a peer for its
     * TGT. */
    if (requested & ISC_REQ_USE_SESSION_KEY)
        return gss_status_report(report, SEC_E_UNSUPPORTED_FUNCTION, "ISC_REQ_USE_SESSION_KEY",
                                 "GSSAPI has no user-to-user Kerberos; leave the flag out, and "
                                 "name a service that has a key of its own");
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (requested & table[i].isc)
            wanted |= table[i].gss;
    }
    if (!(requested & ISC_REQ_MUTUAL_AUTH)) /* MS-docs: delegation needs it */
        wanted &= ~(OM_uint32)GSS_C_DELEG_FLAG;
    if (wanted & (GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG | GSS_C_CONF_FLAG))
        wanted |= GSS_C_INTEG_FLAG;
    if (requested & ISC_REQ_NO_INTEGRITY)
        wanted &= ~(OM_uint32)GSS_C_INTEG_FLAG;
    *flags = wanted;
    return SEC_E_OK;
}

uint32_t gss_flags_initiator(OM_uint32 flags, uint64_t requested)
{
    uint32_t result = (uint32_t)requested & ISC_RET_CONNECTION;

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (flags & table[i].gss)
            result |= table[i].isc;
    }
    return result;
}

uint32_t gss_flags_acceptor(OM_uint32 flags, uint64_t requested)
{
    uint32_t result = (uint32_t)requested & ASC_RET_CONNECTION;

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (flags & table[i].gss)
            result |= table[i].asc;
    }
    return result;
}

bool gss_flags_integrity(uint32_t attributes, bool initiator)
{
    return (attributes & (initiator ? ISC_RET_INTEGRITY : ASC_RET_INTEGRITY)) != 0;
}

bool gss_flags_confidentiality(uint32_t attributes)
{
    return (attributes & ISC_RET_CONFIDENTIALITY) != 0; /* the same bit on both sides */
}
