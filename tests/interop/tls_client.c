/* SPDX-License-Identifier: MIT */
/*
 * tls_client [options] HOST PORT
 *
 * A TLS client in the manner of `openssl s_client`, by the public API. Prints what was
 * negotiated and how the connection ended; exits with 1 if it failed.
 *
 *   --roots FILE  --cert FILE  --key FILE  --password TEXT  --late  --manual
 *   --name NAME   --alpn LIST  --version 1.2|1.3  --chop BYTES
 *   --send FILE   --receive FILE   --finish   (closes after sending)
 *   --repeat N    connections, with one credential   --update   new keys before sending
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tls_stream.h"

static int open_file(const char *path, int flags)
{
    int file = open(path, flags, 0600);

    if (file < 0) {
        perror(path);
        exit(1);
    }
    return file;
}

static int connect_to(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    struct addrinfo *address;
    int descriptor;

    if (getaddrinfo(host, port, &hints, &address) != 0) {
        fprintf(stderr, "%s: unknown\n", host);
        exit(1);
    }
    descriptor = socket(AF_INET, SOCK_STREAM, 0);
    if (descriptor < 0 || connect(descriptor, address->ai_addr, address->ai_addrlen) != 0) {
        perror("connect");
        exit(1);
    }
    freeaddrinfo(address);
    return descriptor;
}

struct arguments {
    struct tls_options options;
    const char *send, *receive, *host, *port;
    bool finish, update;
    int repeat;
};

static void parse(int count, char **values, struct arguments *arguments)
{
    struct tls_options *options = &arguments->options;
    const struct {
        const char *name, **target;
    } texts[] = {{"--roots", &options->roots},      {"--cert", &options->certificate},
                 {"--key", &options->key},          {"--password", &options->password},
                 {"--name", &options->name},        {"--alpn", &options->protocols},
                 {"--version", &options->version},  {"--send", &arguments->send},
                 {"--receive", &arguments->receive}};
    const struct {
        const char *name;
        bool *target;
    } flags[] = {{"--late", &options->late},
                 {"--manual", &options->manual},
                 {"--finish", &arguments->finish},
                 {"--update", &arguments->update}};
    int at = 1;

    while (at < count && values[at][0] == '-') {
        bool known = false;

        for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]) && !known; i++) {
            if (strcmp(values[at], flags[i].name) == 0)
                known = *flags[i].target = true;
        }
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && !known; i++) {
            if (strcmp(values[at], texts[i].name) == 0 && at + 1 < count) {
                *texts[i].target = values[++at];
                known = true;
            }
        }
        if (!known && strcmp(values[at], "--chop") == 0 && at + 1 < count) {
            options->chop = (size_t)atoi(values[++at]);
            known = true;
        }
        if (!known && strcmp(values[at], "--repeat") == 0 && at + 1 < count) {
            arguments->repeat = atoi(values[++at]);
            known = true;
        }
        if (!known) {
            fprintf(stderr, "unknown option %s\n", values[at]);
            exit(2);
        }
        at++;
    }
    if (count - at != 2) {
        fprintf(stderr, "usage: tls_client [options] HOST PORT\n");
        exit(2);
    }
    arguments->host = values[at];
    arguments->port = values[at + 1];
    if (options->name == NULL)
        options->name = arguments->host;
}

static bool connect_once(const struct arguments *arguments, CredHandle *credential)
{
    struct tls_stream stream = {
        .options = &arguments->options,
        .socket = connect_to(arguments->host, arguments->port),
        .credential = *credential,
    };
    const int input = arguments->send != NULL ? open_file(arguments->send, O_RDONLY) : -1;
    const int output = open_file(arguments->receive != NULL ? arguments->receive : "/dev/null",
                                 O_WRONLY | O_CREAT | O_TRUNC);
    SECURITY_STATUS status;
    bool opened = tls_open(&stream, &status);

    if (opened) {
        tls_describe(&stream);
        if (arguments->update)
            tls_update_keys(&stream);
        tls_pump(&stream, input, output, arguments->finish);
        printf("end=%s updates=%s\n", stream.closed ? "close_notify" : "truncated",
               stream.updates > 0 ? "yes" : "no");
        fflush(stdout);
    } else {
        printf("failed=%s\n", sspia_status_name(status));
    }
    *credential = stream.credential;
    tls_end(&stream);
    close(output);
    if (input >= 0)
        close(input);
    return opened;
}

int main(int count, char **values)
{
    struct arguments arguments = {.repeat = 1};
    CredHandle credential;
    bool good = true;

    parse(count, values, &arguments);
    credential = tls_credential(&arguments.options, !arguments.options.late);
    for (int i = 0; i < arguments.repeat; i++)
        good = connect_once(&arguments, &credential) && good;
    FreeCredentialsHandle(&credential);
    tls_settle();
    return good ? 0 : 1;
}
