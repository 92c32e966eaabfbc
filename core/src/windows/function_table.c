/* SPDX-License-Identifier: MIT */
/*
 * function_table.c - the tables that InitSecurityInterfaceA/W hand out.
 *
 * Programs that load SSPI at run time look up one symbol and call everything through its
 * table. The asynchronous functions are not in it, on Windows neither.
 */
#include "sspi.h"

/* As on Windows: version 1, and EncryptMessage and DecryptMessage where they were before they
 * had places of their own, which old programs look into. The other reserved members are NULL.
 */
static const SecurityFunctionTableA table_a = {
    .dwVersion = SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION,
    .EnumerateSecurityPackagesA = sspia_EnumerateSecurityPackagesA,
    .QueryCredentialsAttributesA = sspia_QueryCredentialsAttributesA,
    .AcquireCredentialsHandleA = sspia_AcquireCredentialsHandleA,
    .FreeCredentialsHandle = sspia_FreeCredentialsHandle,
    .InitializeSecurityContextA = sspia_InitializeSecurityContextA,
    .AcceptSecurityContext = sspia_AcceptSecurityContext,
    .CompleteAuthToken = sspia_CompleteAuthToken,
    .DeleteSecurityContext = sspia_DeleteSecurityContext,
    .ApplyControlToken = sspia_ApplyControlToken,
    .QueryContextAttributesA = sspia_QueryContextAttributesA,
    .ImpersonateSecurityContext = sspia_ImpersonateSecurityContext,
    .RevertSecurityContext = sspia_RevertSecurityContext,
    .MakeSignature = sspia_MakeSignature,
    .VerifySignature = sspia_VerifySignature,
    .FreeContextBuffer = sspia_FreeContextBuffer,
    .QuerySecurityPackageInfoA = sspia_QuerySecurityPackageInfoA,
    .Reserved3 = (void *)sspia_EncryptMessage,
    .Reserved4 = (void *)sspia_DecryptMessage,
    .ExportSecurityContext = sspia_ExportSecurityContext,
    .ImportSecurityContextA = sspia_ImportSecurityContextA,
    .AddCredentialsA = sspia_AddCredentialsA,
    .QuerySecurityContextToken = sspia_QuerySecurityContextToken,
    .EncryptMessage = sspia_EncryptMessage,
    .DecryptMessage = sspia_DecryptMessage,
    .SetContextAttributesA = sspia_SetContextAttributesA,
    .SetCredentialsAttributesA = sspia_SetCredentialsAttributesA,
    .ChangeAccountPasswordA = sspia_ChangeAccountPasswordA,
    .QueryContextAttributesExA = sspia_QueryContextAttributesExA,
    .QueryCredentialsAttributesExA = sspia_QueryCredentialsAttributesExA,
};

static const SecurityFunctionTableW table_w = {
    .dwVersion = SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION,
    .EnumerateSecurityPackagesW = sspia_EnumerateSecurityPackagesW,
    .QueryCredentialsAttributesW = sspia_QueryCredentialsAttributesW,
    .AcquireCredentialsHandleW = sspia_AcquireCredentialsHandleW,
    .FreeCredentialsHandle = sspia_FreeCredentialsHandle,
    .InitializeSecurityContextW = sspia_InitializeSecurityContextW,
    .AcceptSecurityContext = sspia_AcceptSecurityContext,
    .CompleteAuthToken = sspia_CompleteAuthToken,
    .DeleteSecurityContext = sspia_DeleteSecurityContext,
    .ApplyControlToken = sspia_ApplyControlToken,
    .QueryContextAttributesW = sspia_QueryContextAttributesW,
    .ImpersonateSecurityContext = sspia_ImpersonateSecurityContext,
    .RevertSecurityContext = sspia_RevertSecurityContext,
    .MakeSignature = sspia_MakeSignature,
    .VerifySignature = sspia_VerifySignature,
    .FreeContextBuffer = sspia_FreeContextBuffer,
    .QuerySecurityPackageInfoW = sspia_QuerySecurityPackageInfoW,
    .Reserved3 = (void *)sspia_EncryptMessage,
    .Reserved4 = (void *)sspia_DecryptMessage,
    .ExportSecurityContext = sspia_ExportSecurityContext,
    .ImportSecurityContextW = sspia_ImportSecurityContextW,
    .AddCredentialsW = sspia_AddCredentialsW,
    .QuerySecurityContextToken = sspia_QuerySecurityContextToken,
    .EncryptMessage = sspia_EncryptMessage,
    .DecryptMessage = sspia_DecryptMessage,
    .SetContextAttributesW = sspia_SetContextAttributesW,
    .SetCredentialsAttributesW = sspia_SetCredentialsAttributesW,
    .ChangeAccountPasswordW = sspia_ChangeAccountPasswordW,
    .QueryContextAttributesExW = sspia_QueryContextAttributesExW,
    .QueryCredentialsAttributesExW = sspia_QueryCredentialsAttributesExW,
};

/* The Windows prototypes return pointers to tables that are not const. These are: a program
 * that patched a table would change it for every other user in the process. */
PSecurityFunctionTableA sspia_InitSecurityInterfaceA(void)
{
    return (PSecurityFunctionTableA)&table_a;
}

PSecurityFunctionTableW sspia_InitSecurityInterfaceW(void)
{
    return (PSecurityFunctionTableW)&table_w;
}
