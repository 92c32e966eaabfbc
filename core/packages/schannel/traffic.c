/* SPDX-License-Identifier: MIT */
/*
 * OpenSSL before 3.5 tells secrets by its key log alone, which prints all five of a handshake
 * a byte at a time: a twentieth of what a whole handshake costs, for an alert that hardly any
 * connection sends. Who needs the secret can derive it, though: OpenSSL keeps both halves of
 * the key exchange and hands them out (SSL_get_tmp_key), and the messages that the secret
 * depends on pass through its message callback.
 *
 * OpenSSL 3.5 has groups that are no exchange of halves (ML-KEM): the server's side of it is
 * lost. Its key log is cheap, so there it is set.
 *
 *   psk or 0 -Extract-> early -"derived"-> + exchange -Extract-> handshake
 *   handshake -"c hs traffic" or "s hs traffic", hash up to the ServerHello-> secret
 *   handshake -"derived"-> + 0 -Extract-> master
 *   master -"c ap traffic" or "s ap traffic", hash up to the server's Finished-> secret
 */
#include "traffic.h"

#include <string.h>

#include "kdf.h"

#define HEADER_SIZE 4u
#define ROOM        2048u

enum {
    MESSAGE_SERVER_HELLO = 2,
    MESSAGE_FINISHED = 20,
    MESSAGE_HASH = 254 /* RFC 8446 4.4.1 */
};

bool traffic_is_logged(void)
{
    return OpenSSL_version_num() >= 0x30500000ul;
}

static void drop_messages(struct traffic *traffic)
{
    OPENSSL_free(traffic->messages);
    traffic->messages = NULL;
    traffic->size = traffic->room = traffic->hello = 0;
    traffic->complete = true;
}

/* False: there is no memory. */
static bool append(struct traffic *traffic, const uint8_t *message, size_t size)
{
    uint8_t *larger;
    size_t room = traffic->room;

    if (size > room - traffic->size) {
        room = traffic->size + size + ROOM;
        larger = OPENSSL_realloc(traffic->messages, room);
        if (larger == NULL)
            return false;
        traffic->messages = larger;
        traffic->room = room;
    }
    memcpy(traffic->messages + traffic->size, message, size);
    traffic->size += size;
    return true;
}

/* The size of a message with its header. */
static size_t message_size(const uint8_t *message)
{
    return HEADER_SIZE + ((size_t)message[1] << 16 | (size_t)message[2] << 8 | message[3]);
}

/* RFC 8446 4.1.3: a ServerHello with this random asks for another ClientHello. */
static bool is_retry(const uint8_t *message, size_t size)
{
    static const uint8_t random[] = {0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11,
                                     0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91,
                                     0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E,
                                     0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C};

    return size >= HEADER_SIZE + 2 + sizeof(random) && message[0] == MESSAGE_SERVER_HELLO &&
           memcmp(message + HEADER_SIZE + 2, random, sizeof(random)) == 0;
}

bool traffic_is_hello(const uint8_t *message, size_t size)
{
    return size > 0 && message[0] == MESSAGE_SERVER_HELLO && !is_retry(message, size);
}

/* Transcript-Hash (RFC 8446 4.4.1) of the first messages. After a retry a hash stands for the
 * first ClientHello. */
static bool hash_messages(const struct traffic *traffic, size_t size, const EVP_MD *digest,
                          uint8_t hash[EVP_MAX_MD_SIZE])
{
    const uint8_t *at = traffic->messages;
    uint8_t first[HEADER_SIZE + EVP_MAX_MD_SIZE] = {MESSAGE_HASH};
    unsigned length = 0;
    const size_t hello = size >= HEADER_SIZE ? message_size(at) : SIZE_MAX;
    EVP_MD_CTX *context;
    bool done;

    if (hello > size)
        return false;
    context = EVP_MD_CTX_new();
    done = context != NULL && EVP_DigestInit_ex(context, digest, NULL) == 1;
    if (done && is_retry(at + hello, size - hello)) {
        done = EVP_Digest(at, hello, first + HEADER_SIZE, &length, digest, NULL) == 1;
        first[3] = (uint8_t)length;
        done = done && EVP_DigestUpdate(context, first, HEADER_SIZE + length) == 1;
        at += hello;
        size -= hello;
    }
    done = done && EVP_DigestUpdate(context, at, size) == 1 &&
           EVP_DigestFinal_ex(context, hash, NULL) == 1;
    EVP_MD_CTX_free(context);
    return done;
}

void traffic_note_message(struct traffic *traffic, const SSL *ssl, const uint8_t *message,
                          size_t size)
{
    const SSL_SESSION *session = SSL_get_session(ssl);
    uint8_t *fitting;

    if (traffic->complete || size < HEADER_SIZE)
        return;
    if ((message[0] > MESSAGE_SERVER_HELLO && SSL_version(ssl) != TLS1_3_VERSION) ||
        !append(traffic, message, size)) {
        drop_messages(traffic);
        return;
    }
    /* Tickets that come later put another key into the session. */
    if (message[0] == MESSAGE_SERVER_HELLO && session != NULL)
        traffic->psk.size =
            SSL_SESSION_get_master_key(session, traffic->psk.bytes, sizeof(traffic->psk.bytes));
    if (traffic_is_hello(message, size))
        traffic->hello = traffic->size;
    if (message[0] == MESSAGE_FINISHED) {
        traffic->complete = true;
        fitting = OPENSSL_realloc(traffic->messages, traffic->size);
        if (fitting != NULL)
            traffic->messages = fitting;
    }
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

void traffic_note_log(struct traffic *traffic, const char *line)
{
    static const char *const labels[TRAFFIC_KINDS] = {
        [TRAFFIC_CLIENT_HANDSHAKE] = "CLIENT_HANDSHAKE_TRAFFIC_SECRET ",
        [TRAFFIC_SERVER_HANDSHAKE] = "SERVER_HANDSHAKE_TRAFFIC_SECRET ",
        [TRAFFIC_CLIENT] = "CLIENT_TRAFFIC_SECRET_0 ",
        [TRAFFIC_SERVER] = "SERVER_TRAFFIC_SECRET_0 "};
    struct traffic_value *value;
    const char *hex;
    size_t kind = 0, count = 0;

    /* "LABEL <client random> <secret>", the two in hexadecimal. */
    while (kind < TRAFFIC_KINDS && strncmp(line, labels[kind], strlen(labels[kind])) != 0)
        kind++;
    hex = kind < TRAFFIC_KINDS ? strchr(line + strlen(labels[kind]), ' ') : NULL;
    if (hex == NULL)
        return;
    value = &traffic->secrets[kind];
    for (hex++; count < TRAFFIC_SECRET_MAX && digit(hex[0]) >= 0 && digit(hex[1]) >= 0;
         hex += 2)
        value->bytes[count++] = (uint8_t)(digit(hex[0]) << 4 | digit(hex[1]));
    value->size = count;
}

void traffic_note_key_update(struct traffic *traffic)
{
    traffic->key_updates++;
}

/* The shared secret of the key exchange (RFC 8446 7.4), to be wiped by the caller; NULL if
 * OpenSSL does not have both halves. */
static uint8_t *exchange(SSL *ssl, size_t *size)
{
    EVP_PKEY *mine = NULL, *peers = NULL;
    EVP_PKEY_CTX *context = NULL;
    uint8_t *secret = NULL;

    if (SSL_get_tmp_key(ssl, &mine) != 1 || SSL_get_peer_tmp_key(ssl, &peers) != 1)
        goto done;
    context = EVP_PKEY_CTX_new(mine, NULL);
    if (context == NULL || EVP_PKEY_derive_init(context) != 1 ||
        EVP_PKEY_derive_set_peer(context, peers) != 1)
        goto done;
    /* RFC 8446 7.4.1: leading zeros of a finite field's belong to it. */
    if (EVP_PKEY_is_a(mine, "DH") && EVP_PKEY_CTX_set_dh_pad(context, 1) != 1)
        goto done;
    if (EVP_PKEY_derive(context, NULL, size) != 1)
        goto done;
    secret = OPENSSL_malloc(*size);
    if (secret != NULL && EVP_PKEY_derive(context, secret, size) != 1) {
        OPENSSL_free(secret);
        secret = NULL;
    }
done:
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(mine);
    EVP_PKEY_free(peers);
    return secret;
}

/* Derive-Secret(secret, "derived", ""), then Extract with the next key; in place. */
static bool next_stage(const EVP_MD *digest, uint8_t *secret, struct kdf_bytes key)
{
    const size_t size = (size_t)EVP_MD_get_size(digest);
    uint8_t empty[EVP_MAX_MD_SIZE], derived[EVP_MAX_MD_SIZE];
    bool done = EVP_Digest("", 0, empty, NULL, digest, NULL) == 1 &&
                kdf_expand_label(digest, secret, "derived", (struct kdf_bytes){empty, size},
                                 derived, size) &&
                kdf_extract(digest, (struct kdf_bytes){derived, size}, key, secret);

    OPENSSL_cleanse(derived, sizeof(derived));
    return done;
}

/* The handshake secret, which the others follow from. */
static bool derive_stage(struct traffic *traffic, SSL *ssl, const EVP_MD *digest)
{
    static const uint8_t zeros[TRAFFIC_SECRET_MAX];
    const size_t size = (size_t)EVP_MD_get_size(digest);
    const struct kdf_bytes nothing = {zeros, size};
    const struct kdf_bytes psk = {traffic->psk.bytes, traffic->psk.size};
    uint8_t stage[EVP_MAX_MD_SIZE];
    uint8_t *exchanged;
    size_t exchanged_size = 0;
    bool done;

    if (traffic->stage.size == size)
        return true;
    exchanged = exchange(ssl, &exchanged_size);
    if (exchanged == NULL)
        return false;
    done = kdf_extract(digest, nothing, SSL_session_reused(ssl) == 1 ? psk : nothing, stage) &&
           next_stage(digest, stage, (struct kdf_bytes){exchanged, exchanged_size});
    if (done) {
        memcpy(traffic->stage.bytes, stage, size);
        traffic->stage.size = size;
    }
    OPENSSL_cleanse(stage, sizeof(stage));
    OPENSSL_clear_free(exchanged, exchanged_size);
    return done;
}

static bool derive(struct traffic *traffic, SSL *ssl, const EVP_MD *digest,
                   enum traffic_kind kind)
{
    static const char *const labels[TRAFFIC_KINDS] = {
        [TRAFFIC_CLIENT_HANDSHAKE] = "c hs traffic",
        [TRAFFIC_SERVER_HANDSHAKE] = "s hs traffic",
        [TRAFFIC_CLIENT] = "c ap traffic",
        [TRAFFIC_SERVER] = "s ap traffic"};
    static const uint8_t zeros[TRAFFIC_SECRET_MAX];
    const size_t size = (size_t)EVP_MD_get_size(digest);
    const bool early = kind == TRAFFIC_CLIENT_HANDSHAKE || kind == TRAFFIC_SERVER_HANDSHAKE;
    uint8_t stage[EVP_MAX_MD_SIZE], hash[EVP_MAX_MD_SIZE];
    bool done;

    if (size > TRAFFIC_SECRET_MAX || (!early && !traffic->complete) ||
        !hash_messages(traffic, early ? traffic->hello : traffic->size, digest, hash) ||
        !derive_stage(traffic, ssl, digest))
        return false;
    memcpy(stage, traffic->stage.bytes, size);
    done = (early || next_stage(digest, stage, (struct kdf_bytes){zeros, size})) &&
           kdf_expand_label(digest, stage, labels[kind], (struct kdf_bytes){hash, size},
                            traffic->secrets[kind].bytes, size);
    if (done)
        traffic->secrets[kind].size = size;
    OPENSSL_cleanse(stage, sizeof(stage));
    return done;
}

const uint8_t *traffic_find(struct traffic *traffic, SSL *ssl, const EVP_MD *digest,
                            enum traffic_kind kind)
{
    const bool known = traffic->secrets[kind].size > 0;

    return known || (!traffic_is_logged() && derive(traffic, ssl, digest, kind))
               ? traffic->secrets[kind].bytes
               : NULL;
}

const uint8_t *traffic_secret(struct traffic *traffic, SSL *ssl, bool server,
                              const EVP_MD *digest)
{
    const enum traffic_kind kind = server ? TRAFFIC_SERVER : TRAFFIC_CLIENT;
    const struct kdf_bytes none = {NULL, 0};
    struct traffic_value *secret = &traffic->secrets[kind];
    uint8_t next[TRAFFIC_SECRET_MAX];
    bool done = traffic_find(traffic, ssl, digest, kind) != NULL;

    for (; done && traffic->key_updates > 0; traffic->key_updates--) {
        done = kdf_expand_label(digest, secret->bytes, "traffic upd", none, next, secret->size);
        if (done)
            memcpy(secret->bytes, next, secret->size);
        OPENSSL_cleanse(next, sizeof(next));
    }
    return done ? secret->bytes : NULL;
}

void traffic_settle(struct traffic *traffic)
{
    drop_messages(traffic);
    OPENSSL_cleanse(&traffic->stage, sizeof(traffic->stage));
    OPENSSL_cleanse(&traffic->psk, sizeof(traffic->psk));
}

void traffic_clear(struct traffic *traffic)
{
    OPENSSL_free(traffic->messages);
    OPENSSL_cleanse(traffic, sizeof(*traffic));
}
