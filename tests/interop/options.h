/* SPDX-License-Identifier: MIT */
/* The command line of the interop programs. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <sspi.h>
#include <sspi_queue.h>

#include <stdbool.h>
#include <stdint.h>

struct options {
    char *package;   /* --package, default Negotiate */
    char *target;    /* --target: the service that an initiator talks to */
    char *principal; /* --principal: whose credential */
    char *message;   /* --message: what is sealed and signed for the peer */
    char *path;      /* --path of a URL */
    char *host;      /* --host, as the URL names it */
    uint32_t flags;  /* ISC_REQ_*, by --delegate, --no-mutual, --no-seal */
    uint16_t port;   /* --port; 0: any that is free */
    unsigned count;  /* --count: how many connections an acceptor serves */
    bool seal;       /* messages follow the handshake */
    bool show_key;   /* --show-key: prints the session key; for tests alone */

    /* --user, --domain, --password-file, --package-list */
    SEC_WINNT_AUTH_IDENTITY_EXA account;
    /* --ccache, --keytab, --client-keytab, --user-file */
    sspia_auth_identity identity;
    char password[256];
};

/* Ends the program with 2 and a line on stderr if something is wrong. */
void options_read(struct options *options, int argc, char **argv);

#endif
