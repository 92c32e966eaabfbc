/* SPDX-License-Identifier: MIT */
/*
 * initiator - authenticates to a service on a TCP port of this machine, then sends a sealed
 * and a signed message and expects both back.
 *
 *   initiator --package Kerberos --target HTTP@localhost --ccache FILE:/tmp/tickets --port 4711
 *
 * Frames (wire.h): the tokens of the handshake; a sealed message each way; then a text and
 * its signature each way. Prints a line for every call and what it learned; exits with 0 if
 * all went well.
 */
#include "session.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool shake_hands(struct session *session, int peer)
{
    unsigned char *token = NULL;
    size_t size = 0;
    SECURITY_STATUS status;
    bool sent = true;

    for (;;) {
        status = session_initialize(session, token, size);
        free(token);
        /* A failed leg may have a token too: it tells the peer. */
        if (session->token.cbBuffer > 0)
            sent = wire_send(peer, session->token.pvBuffer, session->token.cbBuffer);
        if (status != SEC_I_CONTINUE_NEEDED || !sent)
            return status == SEC_E_OK && sent;
        if (!wire_receive(peer, &token, &size)) {
            puts("the peer ended the handshake");
            return false;
        }
    }
}

/* Sends our message sealed; what comes back must be the same text. */
static bool exchange_sealed(struct session *session, int peer)
{
    unsigned char *message = NULL;
    char *text = NULL;
    size_t size;
    bool good;

    if (!session_seal(session, session->options->message, &message, &size))
        return false;
    good = wire_send(peer, message, size);
    free(message);
    good = good && wire_receive(peer, &message, &size);
    if (!good)
        return false;
    good = session_unseal(session, message, size, &text) &&
           strcmp(text, session->options->message) == 0;
    free(message);
    return good;
}

static bool exchange_signed(struct session *session, int peer)
{
    char *text = session->options->message;
    unsigned char *signature = NULL;
    unsigned char *answer = NULL;
    size_t size;
    bool good;

    if (!session_sign(session, text, &signature, &size))
        return false;
    good = wire_send(peer, text, strlen(text)) && wire_send(peer, signature, size);
    free(signature);
    signature = NULL;
    good = good && wire_receive(peer, &answer, &size) &&
           wire_receive(peer, &signature, &size) &&
           session_verify(session, (char *)answer, signature, size);
    free(answer);
    free(signature);
    return good;
}

int main(int argc, char **argv)
{
    struct options options;
    struct session session;
    CredHandle credential;
    bool good;
    int peer;

    options_read(&options, argc, argv);
    session_acquire(&options, SECPKG_CRED_OUTBOUND, &credential);
    session_begin(&session, &options, &credential, false);
    peer = wire_connect(options.port);
    good = shake_hands(&session, peer) && session_describe(&session);
    if (good && options.seal)
        good = exchange_sealed(&session, peer) && exchange_signed(&session, peer);
    close(peer);
    good = session_end(&session) && good;
    session_release(&credential);
    puts(good ? "done" : "failed");
    return good ? 0 : 1;
}
