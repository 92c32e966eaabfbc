/* SPDX-License-Identifier: MIT */
#ifndef NTLM_INQUIRY_H
#define NTLM_INQUIRY_H

#include "crypto.h"
#include "helpers.h"
#include "question.h"

/* A question on its way to a helper and back. */
typedef struct ntlm_inquiry ntlm_inquiry;

/*
 * Begins one where *inquiry is NULL, and goes on with it: SSPIA_WAITING, or its end.
 *
 *   SEC_E_OK                            with the session base key
 *   SEC_E_LOGON_DENIED                  the helper says no
 *   SEC_E_NO_AUTHENTICATING_AUTHORITY   it cannot be started or asked, it says nothing in time
 * or nothing that makes sense, or it has nobody to ask itself
 *
 * wait NULL: blocks until then. milliseconds: how long the helper may take, and those in front
 * of this question. An inquiry that has come to its end only waits for ntlm_inquiry_end.
 */
SECURITY_STATUS ntlm_inquiry_go_on(ntlm_inquiry **inquiry, ntlm_helpers *helpers,
                                   const ntlm_question *question, uint32_t milliseconds,
                                   sspia_wait *wait, unsigned char base_key[NTLM_KEY_SIZE],
                                   sspia_report *report);

/* Wipes and frees it, wherever it is; a helper that was still to answer is ended. NULL is
 * ignored. */
void ntlm_inquiry_end(ntlm_inquiry *inquiry);

#endif
