/* SPDX-License-Identifier: MIT */
/* The layouts of the public structures where a pointer has 32 bits: those of Windows x86. Only
 * compiled (abi/abi.sh); the layouts of x86-64 are in unit/layout_test.c. */
#include <sspi.h>
#include <sspi_package.h>
#include <sspi_queue.h>
#include <sspi_scripted.h>
#include <stddef.h>

#define SIZE(type, size) _Static_assert(sizeof(type) == (size), #type)
#define AT(type, member, offset)                                                               \
    _Static_assert(offsetof(type, member) == (offset), #type "." #member)

SIZE(void *, 4);
SIZE(SecHandle, 8);
SIZE(TimeStamp, 8);
SIZE(SecBuffer, 12);
AT(SecBuffer, pvBuffer, 8);
SIZE(SecBufferDesc, 12);
AT(SecBufferDesc, pBuffers, 8);
SIZE(SEC_CHANNEL_BINDINGS, 32);
SIZE(SEC_WINNT_AUTH_IDENTITY_A, 28);
SIZE(SEC_WINNT_AUTH_IDENTITY_W, 28);
AT(SEC_WINNT_AUTH_IDENTITY_A, Flags, 24);
SIZE(SEC_WINNT_AUTH_IDENTITY_EXA, 44);
AT(SEC_WINNT_AUTH_IDENTITY_EXW, PackageListLength, 40);
SIZE(SecPkgInfoA, 20);
AT(SecPkgInfoA, Name, 12);
SIZE(SecPkgContext_Sizes, 16);
SIZE(SecPkgContext_NamesA, 4);
SIZE(SecPkgContext_Lifespan, 16);
SIZE(SecPkgContext_StreamSizes, 20);
SIZE(SecPkgContext_KeyInfoA, 20);
SIZE(SecPkgContext_SessionKey, 8);
SIZE(SecPkgContext_NegotiationInfoA, 8);
SIZE(SecPkgContext_NativeNamesA, 8);
SIZE(SecPkgContext_Bindings, 8);
SIZE(sspia_auth_identity, 56);
SIZE(sspia_pool_config, 24);
SIZE(sspia_completion, 16);
