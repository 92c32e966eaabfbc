/* SPDX-License-Identifier: MIT */
#include "wire.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define FRAME_MAX     (1u << 20)
#define LIMIT_SECONDS 15

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static struct sockaddr_in loopback(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static int limited(int socket)
{
    struct timeval limit = {.tv_sec = LIMIT_SECONDS};

    if (socket < 0)
        fail("socket");
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    return socket;
}

int wire_connect(uint16_t port)
{
    struct sockaddr_in address = loopback(port);
    int end = limited(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));

    if (connect(end, (struct sockaddr *)&address, sizeof(address)) != 0)
        fail("connect");
    return end;
}

int wire_listen(uint16_t port)
{
    struct sockaddr_in address = loopback(port);
    socklen_t size = sizeof(address);
    int end = limited(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));

    if (bind(end, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(end, 16) != 0 ||
        getsockname(end, (struct sockaddr *)&address, &size) != 0)
        fail("listen");
    printf("listening %u\n", ntohs(address.sin_port));
    fflush(stdout);
    return end;
}

int wire_take(int listener)
{
    return limited(accept(listener, NULL, NULL));
}

bool wire_write(int socket, const void *bytes, size_t size)
{
    const unsigned char *next = bytes;

    while (size > 0) {
        ssize_t sent = send(socket, next, size, MSG_NOSIGNAL);

        if (sent <= 0)
            return false;
        next += sent;
        size -= (size_t)sent;
    }
    return true;
}

static bool read_all(int socket, void *bytes, size_t size)
{
    return size == 0 || recv(socket, bytes, size, MSG_WAITALL) == (ssize_t)size;
}

bool wire_send(int socket, const void *content, size_t size)
{
    uint32_t length = htonl((uint32_t)size);

    return wire_write(socket, &length, sizeof(length)) && wire_write(socket, content, size);
}

bool wire_receive(int socket, unsigned char **content, size_t *size)
{
    uint32_t length;

    *content = NULL;
    if (!read_all(socket, &length, sizeof(length)) || ntohl(length) > FRAME_MAX)
        return false;
    *size = ntohl(length);
    *content = calloc(1, *size + 1);
    if (*content == NULL || !read_all(socket, *content, *size)) {
        free(*content);
        *content = NULL;
        return false;
    }
    return true;
}

/* ---- HTTP ------------------------------------------------------------------------ */

bool wire_http(int socket, char *head, size_t size)
{
    size_t used = 0;
    unsigned long rest;
    char *length;

    head[0] = '\0';
    while (strstr(head, "\r\n\r\n") == NULL) {
        /* One at a time: what follows the head stays in the socket. */
        if (used + 1 >= size || recv(socket, head + used, 1, 0) != 1)
            return false;
        head[++used] = '\0';
    }
    length = wire_header(head, "Content-Length");
    rest = length != NULL ? strtoul(length, NULL, 10) : 0;
    free(length);
    while (rest > 0) {
        char body[512];
        ssize_t got = recv(socket, body, rest < sizeof(body) ? rest : sizeof(body), 0);

        if (got <= 0)
            return false;
        rest -= (unsigned long)got;
    }
    return true;
}

char *wire_header(const char *head, const char *name)
{
    size_t length = strlen(name);

    for (const char *line = strstr(head, "\r\n"); line != NULL; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, length) == 0 && line[length] == ':') {
            const char *value = line + length + 1 + strspn(line + length + 1, " \t");

            return strndup(value, strcspn(value, "\r\n"));
        }
    }
    return NULL;
}

/* ---- Base64 ---------------------------------------------------------------------- */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *wire_encode(const void *bytes, size_t size)
{
    const unsigned char *in = bytes;
    char *text = malloc((size + 2) / 3 * 4 + 1);
    char *out = text;

    if (text == NULL)
        return NULL;
    for (size_t i = 0; i < size; i += 3) {
        unsigned group = (unsigned)in[i] << 16;

        group |= i + 1 < size ? (unsigned)in[i + 1] << 8 : 0;
        group |= i + 2 < size ? (unsigned)in[i + 2] : 0;
        *out++ = digits[group >> 18];
        *out++ = digits[group >> 12 & 63];
        *out++ = i + 1 < size ? digits[group >> 6 & 63] : '=';
        *out++ = i + 2 < size ? digits[group & 63] : '=';
    }
    *out = '\0';
    return text;
}

unsigned char *wire_decode(const char *text, size_t *size)
{
    size_t length = strlen(text);
    unsigned char *bytes = malloc(length / 4 * 3 + 1);
    unsigned group = 0;

    *size = 0;
    for (size_t i = 0; bytes != NULL && i < length; i++) {
        const char *digit = strchr(digits, text[i]);

        if (text[i] == '=' && i + 2 >= length)
            digit = digits;
        if (digit == NULL || length % 4 != 0) {
            free(bytes);
            return NULL;
        }
        group = group << 6 | (unsigned)(digit - digits);
        if (i % 4 == 3) {
            bytes[(*size)++] = (unsigned char)(group >> 16);
            bytes[(*size)++] = (unsigned char)(group >> 8);
            bytes[(*size)++] = (unsigned char)group;
            group = 0;
        }
    }
    if (bytes != NULL && length > 0 && text[length - 1] == '=')
        *size -= text[length - 2] == '=' ? 2 : 1;
    return bytes;
}
