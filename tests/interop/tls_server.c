/* SPDX-License-Identifier: MIT */
/*
 * tls_server [options] PORTFILE
 *
 * A TLS server for one client at a time, by the public API. Listens on a free port of
 * 127.0.0.1 and writes its number to PORTFILE. Prints, for each connection, what was
 * negotiated and how it ended.
 *
 *   --cert FILE  --key FILE  --password TEXT  --roots FILE  --mutual  --manual
 *   --alpn LIST  --version 1.2|1.3  --chop BYTES  --count N (connections, default 1)
 *   --send FILE  --receive FILE  --finish   as tls_client's
 *   --http FILE  answers each request with that file
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tls_stream.h"

struct arguments {
    struct tls_options options;
    const char *send, *receive, *http, *port_file;
    bool finish;
    int count;
};

static void parse(int count, char **values, struct arguments *arguments)
{
    struct tls_options *options = &arguments->options;
    const struct {
        const char *name, **target;
    } texts[] = {{"--roots", &options->roots},    {"--cert", &options->certificate},
                 {"--key", &options->key},        {"--password", &options->password},
                 {"--alpn", &options->protocols}, {"--version", &options->version},
                 {"--send", &arguments->send},    {"--receive", &arguments->receive},
                 {"--http", &arguments->http}};
    int at = 1;

    for (; at < count && values[at][0] == '-'; at++) {
        bool known = false;

        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && !known; i++) {
            if (strcmp(values[at], texts[i].name) == 0 && at + 1 < count) {
                *texts[i].target = values[++at];
                known = true;
            }
        }
        if (known)
            continue;
        if (strcmp(values[at], "--mutual") == 0) {
            options->mutual = true;
        } else if (strcmp(values[at], "--manual") == 0) {
            options->manual = true;
        } else if (strcmp(values[at], "--finish") == 0) {
            arguments->finish = true;
        } else if (strcmp(values[at], "--chop") == 0 && at + 1 < count) {
            options->chop = (size_t)atoi(values[++at]);
        } else if (strcmp(values[at], "--count") == 0 && at + 1 < count) {
            arguments->count = atoi(values[++at]);
        } else {
            fprintf(stderr, "unknown option %s\n", values[at]);
            exit(2);
        }
    }
    if (count - at != 1) {
        fprintf(stderr, "usage: tls_server [options] PORTFILE\n");
        exit(2);
    }
    arguments->port_file = values[at];
    options->server = true;
}

static int open_file(const char *path, int flags)
{
    int file = open(path, flags, 0600);

    if (file < 0) {
        perror(path);
        exit(1);
    }
    return file;
}

/* The number appears in the file at once and whole. */
static void tell_port(const char *path, unsigned port)
{
    char beside[4096];
    FILE *file;

    snprintf(beside, sizeof(beside), "%s.new", path);
    file = fopen(beside, "w");
    if (file == NULL || fprintf(file, "%u\n", port) < 0 || fclose(file) != 0 ||
        rename(beside, path) != 0) {
        perror(path);
        exit(1);
    }
}

static int listen_anywhere(const char *port_file)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);

    if (descriptor < 0 || bind(descriptor, (struct sockaddr *)&address, size) != 0 ||
        listen(descriptor, 16) != 0 ||
        getsockname(descriptor, (struct sockaddr *)&address, &size) != 0) {
        perror("listen");
        exit(1);
    }
    tell_port(port_file, ntohs(address.sin_port));
    return descriptor;
}

static void answer_request(struct tls_stream *stream, const char *path)
{
    static char block[65536];
    char head[256];
    char request[4096] = "";
    size_t have = 0;
    int file = open_file(path, O_RDONLY);
    struct stat status;
    ssize_t count;

    while (strstr(request, "\r\n\r\n") == NULL && have < sizeof(request) - 1) {
        void *data;
        ssize_t size = tls_read(stream, &data);

        if (size == 0)
            break;
        if (size < 0)
            continue;
        if ((size_t)size > sizeof(request) - 1 - have)
            size = (ssize_t)(sizeof(request) - 1 - have);
        memcpy(request + have, data, (size_t)size);
        have += (size_t)size;
        request[have] = '\0';
    }
    fstat(file, &status);
    snprintf(head, sizeof(head),
             "HTTP/1.1 200 OK\r\nContent-Length: %lld\r\nConnection: close\r\n\r\n",
             (long long)status.st_size);
    tls_write(stream, head, strlen(head));
    while ((count = read(file, block, sizeof(block))) > 0)
        tls_write(stream, block, (size_t)count);
    close(file);
    tls_close(stream);
}

static void pump(struct tls_stream *stream, const struct arguments *arguments)
{
    const int input = arguments->send != NULL ? open_file(arguments->send, O_RDONLY) : -1;
    const int output = open_file(arguments->receive != NULL ? arguments->receive : "/dev/null",
                                 O_WRONLY | O_CREAT | O_TRUNC);

    tls_pump(stream, input, output, arguments->finish);
    close(output);
    if (input >= 0)
        close(input);
}

int main(int count, char **values)
{
    struct arguments arguments = {.count = 1};
    CredHandle credential;
    int listener;
    bool good = true;

    parse(count, values, &arguments);
    credential = tls_credential(&arguments.options, true);
    listener = listen_anywhere(arguments.port_file);
    for (int i = 0; i < arguments.count; i++) {
        struct tls_stream stream = {
            .options = &arguments.options,
            .socket = accept(listener, NULL, NULL),
            .credential = credential,
        };
        SECURITY_STATUS status;

        if (tls_open(&stream, &status)) {
            tls_describe(&stream);
            if (arguments.http != NULL)
                answer_request(&stream, arguments.http);
            else
                pump(&stream, &arguments);
            printf("end=%s\n", stream.closed ? "close_notify" : "open");
        } else {
            printf("failed=%s\n", sspia_status_name(status));
            good = false;
        }
        fflush(stdout);
        tls_end(&stream);
    }
    FreeCredentialsHandle(&credential);
    close(listener);
    tls_settle();
    return good ? 0 : 1;
}
