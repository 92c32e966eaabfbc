/* SPDX-License-Identifier: MIT */
/* TCP on loopback: frames of four bytes of length (big endian) and content; HTTP messages. */
#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sockets with a time limit for every read and write; end the program on failure. */
int wire_connect(uint16_t port);
/* Prints "listening PORT" when connections can be made. */
int wire_listen(uint16_t port);
int wire_take(int listener);

bool wire_send(int socket, const void *content, size_t size);
/* *content is freed with free and has a zero byte behind its end. An end of the connection
 * between frames is false too. */
bool wire_receive(int socket, unsigned char **content, size_t *size);

/* The head of an HTTP message: start line and headers, terminated. Bodies are skipped by
 * their Content-Length. */
bool wire_http(int socket, char *head, size_t size);
bool wire_write(int socket, const void *bytes, size_t size);

/* The value behind "name:" (may be followed by a scheme and a blank) in a head: a copy, freed
 * with free, or NULL. */
char *wire_header(const char *head, const char *name);

/* Base64 (RFC 4648), freed with free. Decoding returns NULL for what is none. */
char *wire_encode(const void *bytes, size_t size);
unsigned char *wire_decode(const char *text, size_t *size);

#endif
