/* SPDX-License-Identifier: MIT */
/*
 * The two sides of each package, for targets: credentials made once, contexts and legs. Those
 * of Kerberos need a realm (tests/support/realm run); without one that package is left out.
 */
#ifndef SIDES_H
#define SIDES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sspi.h>

enum { KERBEROS, NTLM, NEGOTIATE, SCHANNEL, PACKAGES };

extern const char *const sides_names[PACKAGES];

void sides_start(void);
/* Whether there is such a package here. */
bool sides_have(int package);

struct side {
    int package;
    bool acceptor;
    bool begun;
    CtxtHandle context;
};

/* A leg with a token, or none; the answer is to be freed with FreeContextBuffer. The second
 * input is a buffer of another type (protocols, bindings), or NULL. */
SECURITY_STATUS sides_leg(struct side *side, const void *token, size_t size,
                          const SecBuffer *second, SecBuffer *answer);
void sides_end(struct side *side);

/* Both sides to the end, each token told to `see`. False: it failed. */
bool sides_connect(struct side *initiator, struct side *acceptor,
                   void (*see)(bool from_initiator, const SecBuffer *token, void *data),
                   void *data);

#endif
