/* SPDX-License-Identifier: MIT */
/*
 * acceptor - a service on a TCP port of this machine: authenticates who connects, and sends
 * back the sealed and the signed message that it receives. The counterpart of initiator.c.
 *
 *   acceptor --package Negotiate --keytab FILE:/etc/service.keytab --count 10
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
        if (!wire_receive(peer, &token, &size)) {
            puts("the peer ended the handshake");
            return false;
        }
        status = session_accept(session, token, size);
        free(token);
        if (session->token.cbBuffer > 0)
            sent = wire_send(peer, session->token.pvBuffer, session->token.cbBuffer);
        if (status != SEC_I_CONTINUE_NEEDED || !sent)
            return status == SEC_E_OK && sent;
    }
}

static bool echo_sealed(struct session *session, int peer)
{
    unsigned char *message = NULL;
    unsigned char *answer = NULL;
    char *text;
    size_t size;
    bool good;

    if (!wire_receive(peer, &message, &size))
        return false;
    good = session_unseal(session, message, size, &text) &&
           session_seal(session, text, &answer, &size) && wire_send(peer, answer, size);
    free(message);
    free(answer);
    return good;
}

static bool echo_signed(struct session *session, int peer)
{
    unsigned char *text = NULL;
    unsigned char *signature = NULL;
    unsigned char *answer = NULL;
    size_t size;
    bool good;

    good = wire_receive(peer, &text, &size) && wire_receive(peer, &signature, &size) &&
           session_verify(session, (char *)text, signature, size) &&
           session_sign(session, (char *)text, &answer, &size) &&
           wire_send(peer, text, strlen((char *)text)) && wire_send(peer, answer, size);
    free(text);
    free(signature);
    free(answer);
    return good;
}

static bool serve(const struct options *options, CredHandle *credential, int peer)
{
    struct session session;
    bool good;

    session_begin(&session, options, credential, true);
    good = shake_hands(&session, peer) && session_describe(&session);
    if (good && options->seal)
        good = echo_sealed(&session, peer) && echo_signed(&session, peer);
    good = session_end(&session) && good;
    puts(good ? "served" : "failed");
    fflush(stdout);
    return good;
}

int main(int argc, char **argv)
{
    struct options options;
    CredHandle credential;
    bool good = true;
    int listener;

    options_read(&options, argc, argv);
    session_acquire(&options, SECPKG_CRED_INBOUND, &credential);
    listener = wire_listen(options.port);
    for (unsigned i = 0; i < options.count; i++) {
        int peer = wire_take(listener);

        good = serve(&options, &credential, peer) && good;
        close(peer);
    }
    close(listener);
    session_release(&credential);
    return good ? 0 : 1;
}
