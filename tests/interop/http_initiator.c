/* SPDX-License-Identifier: MIT */
/*
 * http_initiator - gets a page with HTTP Negotiate authentication (RFC 4559; NTLM with
 * --package NTLM) and prints the
 * status line and the headers.
 *
 *   http_initiator --target HTTP@localhost --host localhost --port 8080 --path /private
 *
 * Exits with 0 for a status of 200, with 1 for any other or if the handshake fails.
 */
#include "session.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define HEAD_MAX 65536

static bool ask(const struct session *session, int server, char *head)
{
    char *token = NULL;
    char *request = malloc(HEAD_MAX);
    bool good = false;
    int length;

    if (session->token.cbBuffer > 0)
        token = wire_encode(session->token.pvBuffer, session->token.cbBuffer);
    if (request != NULL) {
        length =
            snprintf(request, HEAD_MAX, "GET %s HTTP/1.1\r\nHost: %s:%u\r\n%s%s%s%s%s\r\n",
                     session->options->path, session->options->host, session->options->port,
                     token != NULL ? "Authorization: " : "",
                     token != NULL ? session_scheme(session) : "", token != NULL ? " " : "",
                     token != NULL ? token : "", token != NULL ? "\r\n" : "");
        good = length < HEAD_MAX && wire_write(server, request, (size_t)length) &&
               wire_http(server, head, HEAD_MAX);
    }
    free(request);
    free(token);
    return good;
}

/* The token behind "WWW-Authenticate: Negotiate", freed with free; of no size if there is
 * none; NULL if the server does not offer our scheme. */
static unsigned char *offered(const struct session *session, const char *head, size_t *size)
{
    char *value = wire_header(head, "WWW-Authenticate");
    size_t scheme = strlen(session_scheme(session));
    unsigned char *token = NULL;

    *size = 0;
    if (value != NULL && strncasecmp(value, session_scheme(session), scheme) == 0)
        token = wire_decode(value + scheme + strspn(value + scheme, " "), size);
    free(value);
    return token;
}

static int code_of(const char *head)
{
    const char *blank = strchr(head, ' ');

    return blank != NULL ? atoi(blank + 1) : 0;
}

/* Legs until the server is content or refuses; the last head is in head. */
static bool authenticate(struct session *session, int server, char *head)
{
    SECURITY_STATUS status = SEC_I_CONTINUE_NEEDED;
    unsigned char *token;
    size_t size;

    if (!ask(session, server, head))
        return false;
    while (code_of(head) == 401 && status == SEC_I_CONTINUE_NEEDED) {
        token = offered(session, head, &size);
        if (token == NULL || (session->started && size == 0)) {
            free(token); /* no Negotiate here, or refused */
            return false;
        }
        status = session_initialize(session, token, size);
        free(token);
        if (status < 0 || !ask(session, server, head))
            return false;
    }
    if (code_of(head) != 200)
        return false;
    /* The server's last token proves who it is. */
    token = offered(session, head, &size);
    if (token != NULL && size > 0 && status == SEC_I_CONTINUE_NEEDED)
        status = session_initialize(session, token, size);
    free(token);
    return status == SEC_E_OK;
}

int main(int argc, char **argv)
{
    static char head[HEAD_MAX];
    struct options options;
    struct session session;
    CredHandle credential;
    bool good;
    int server;

    options_read(&options, argc, argv);
    session_acquire(&options, SECPKG_CRED_OUTBOUND, &credential);
    session_begin(&session, &options, &credential, false);
    server = wire_connect(options.port);
    good = authenticate(&session, server, head);
    fputs(head, stdout);
    good = good && session_describe(&session);
    close(server);
    good = session_end(&session) && good;
    session_release(&credential);
    puts(good ? "done" : "failed");
    return good ? 0 : 1;
}
