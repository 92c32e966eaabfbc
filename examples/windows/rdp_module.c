/* SPDX-License-Identifier: MIT */
/*
 * rdp_module.c - this library as the SSPI module of FreeRDP, and of others that take a table of
 * functions from a shared object.
 *
 *     cc -shared -fPIC -o rdp_module.so rdp_module.c $(pkg-config --cflags --libs sspi-async)
 *
 * FreeRDP 3 loads it by name (/sspi-module:/path/rdp_module.so, or the setting SspiModule of a
 * server) and asks for InitSecurityInterfaceA or W. FreeRDP 2 has no such option for clients:
 * it asks WinPR for InitSecurityInterfaceExA, in place of which LD_PRELOAD puts that of this
 * file.
 *
 * An RDP server calls ImpersonateSecurityContext and RevertSecurityContext in a row, and drops
 * a client if they fail. It does nothing in between, so that nothing need be done: that is what
 * this module, and not the library, may say.
 */
#define SSPI_ASYNC_NO_PLAIN_NAMES
#include <sspi.h>
#include <sspi_queue.h>

PSecurityFunctionTableA InitSecurityInterfaceA(void);
PSecurityFunctionTableW InitSecurityInterfaceW(void);
PSecurityFunctionTableA InitSecurityInterfaceExA(uint32_t flags);
PSecurityFunctionTableW InitSecurityInterfaceExW(uint32_t flags);

PSecurityFunctionTableA InitSecurityInterfaceA(void)
{
    sspia_set_impersonation(SSPIA_IMPERSONATE_NOTHING, NULL);
    return sspia_InitSecurityInterfaceA();
}

PSecurityFunctionTableW InitSecurityInterfaceW(void)
{
    sspia_set_impersonation(SSPIA_IMPERSONATE_NOTHING, NULL);
    return sspia_InitSecurityInterfaceW();
}

/* flags chooses between the implementations that WinPR has; this is none of them. */
PSecurityFunctionTableA InitSecurityInterfaceExA(uint32_t flags)
{
    (void)flags;
    return InitSecurityInterfaceA();
}

PSecurityFunctionTableW InitSecurityInterfaceExW(uint32_t flags)
{
    (void)flags;
    return InitSecurityInterfaceW();
}
