/* SPDX-License-Identifier: MIT */
/*
 * http_acceptor - a web server of one page, for authenticated users alone: HTTP Negotiate (RFC
 * 4559), or NTLM with --package NTLM.
 *
 *   http_acceptor --keytab FILE:/etc/http.keytab --port 8080 --count 3
 *
 * The page says who the user is. One connection at a time; a handshake lives as long as its
 * connection, and each request that is not part of one is answered with 401.
 */
#include "session.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define HEAD_MAX 65536

static bool answer(const struct session *session, int client, const char *status,
                   const char *page)
{
    char *token = NULL;
    char *reply = malloc(HEAD_MAX);
    bool good = false;
    int length;

    if (session->token.cbBuffer > 0)
        token = wire_encode(session->token.pvBuffer, session->token.cbBuffer);
    if (reply != NULL) {
        length = snprintf(reply, HEAD_MAX,
                          "HTTP/1.1 %s\r\nWWW-Authenticate: %s%s%s\r\n"
                          "Content-Length: %zu\r\n\r\n%s",
                          status, session_scheme(session), token != NULL ? " " : "",
                          token != NULL ? token : "", strlen(page), page);
        good = length < HEAD_MAX && wire_write(client, reply, (size_t)length);
    }
    free(reply);
    free(token);
    return good;
}

static bool welcome(struct session *session, int client)
{
    SecPkgContext_NamesA names;
    char page[512];

    if (!session_describe(session) ||
        QueryContextAttributesA(&session->context, SECPKG_ATTR_NAMES, &names) != SEC_E_OK)
        return answer(session, client, "500 No name", "");
    snprintf(page, sizeof(page), "hello %s\n", names.sUserName);
    FreeContextBuffer(names.sUserName);
    return answer(session, client, "200 OK", page);
}

static void serve(const struct options *options, CredHandle *credential, int client)
{
    static char head[HEAD_MAX];
    struct session session;
    SECURITY_STATUS status;
    bool good = true;

    session_begin(&session, options, credential, true);
    while (good && wire_http(client, head, sizeof(head))) {
        char *value = wire_header(head, "Authorization");
        unsigned char *token = NULL;
        size_t size = 0;
        size_t scheme = strlen(session_scheme(&session));

        if (value != NULL && strncasecmp(value, session_scheme(&session), scheme) == 0)
            token = wire_decode(value + scheme + strspn(value + scheme, " "), &size);
        free(value);
        if (token == NULL || size == 0) {
            good = answer(&session, client, "401 Who are you?", "");
            free(token);
            continue;
        }
        status = session_accept(&session, token, size);
        free(token);
        if (status == SEC_E_OK)
            good = welcome(&session, client);
        else
            good = answer(&session, client, "401 Go on", "");
        /* A handshake that is over begins anew with the next request. */
        if (status != SEC_I_CONTINUE_NEEDED) {
            session_end(&session);
            session_begin(&session, options, credential, true);
        }
    }
    session_end(&session);
}

int main(int argc, char **argv)
{
    struct options options;
    CredHandle credential;
    int listener;

    options_read(&options, argc, argv);
    session_acquire(&options, SECPKG_CRED_INBOUND, &credential);
    listener = wire_listen(options.port);
    for (unsigned i = 0; i < options.count; i++) {
        int client = wire_take(listener);

        serve(&options, &credential, client);
        close(client);
    }
    close(listener);
    session_release(&credential);
    return 0;
}
