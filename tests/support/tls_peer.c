/* SPDX-License-Identifier: MIT */
#include "tls_peer.h"

#include <openssl/err.h>
#include <openssl/kdf.h>
#include <stdlib.h>
#include <string.h>

#include "tls_fixture.h"

#define HEADER 5u
#define TAG    16u

static void on_key(const SSL *ssl, const char *line)
{
    static const char *const labels[TLS_SECRETS] = {
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET",
        "CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"};
    struct tls_peer *peer = SSL_get_app_data(ssl);

    for (int kind = 0; kind < TLS_SECRETS; kind++) {
        const size_t length = strlen(labels[kind]);
        const char *hex;
        long size;
        unsigned char *bytes;

        if (strncmp(line, labels[kind], length) != 0 || line[length] != ' ')
            continue;
        hex = strrchr(line, ' ') + 1;
        bytes = OPENSSL_hexstr2buf(hex, &size);
        assert_non_null(bytes);
        assert_true(size <= 64);
        memcpy(peer->secrets[kind], bytes, (size_t)size);
        peer->sizes[kind] = (size_t)size;
        OPENSSL_free(bytes);
    }
}

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *size,
                   const unsigned char *in, unsigned in_size, void *data)
{
    static const unsigned char own[] = "\2hq";

    (void)ssl;
    (void)data;
    return SSL_select_next_proto((unsigned char **)out, size, own, 3, in, in_size) ==
                   OPENSSL_NPN_NEGOTIATED
               ? SSL_TLSEXT_ERR_OK
               : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int on_send(SSL *ssl, unsigned type, unsigned where, const unsigned char **bytes,
                   size_t *size, X509 *certificate, size_t index, int *alert, void *data)
{
    const struct tls_peer *peer = SSL_get_app_data(ssl);

    (void)type, (void)where, (void)certificate, (void)index, (void)alert, (void)data;
    if (peer->parameters == NULL)
        return 0;
    *bytes = (const unsigned char *)peer->parameters;
    *size = strlen(peer->parameters);
    return 1;
}

static int on_receive(SSL *ssl, unsigned type, unsigned where, const unsigned char *bytes,
                      size_t size, X509 *certificate, size_t index, int *alert, void *data)
{
    struct tls_peer *peer = SSL_get_app_data(ssl);

    (void)type, (void)where, (void)certificate, (void)index, (void)alert, (void)data;
    tls_append(&peer->peers_parameters, bytes, size);
    return 1;
}

void tls_peer_init(struct tls_peer *peer, bool server, const char *suite)
{
    *peer = (struct tls_peer){.server = server, .parameters = "those of the peer"};
    peer->ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
    assert_non_null(peer->ctx);
    assert_int_equal(SSL_CTX_set_ciphersuites(peer->ctx, suite), 1);
    assert_int_equal(SSL_CTX_set_min_proto_version(peer->ctx, TLS1_3_VERSION), 1);
    SSL_CTX_clear_options(peer->ctx, SSL_OP_ENABLE_MIDDLEBOX_COMPAT);
    SSL_CTX_set_keylog_callback(peer->ctx, on_key);
    SSL_CTX_set_alpn_select_cb(peer->ctx, on_alpn, NULL);
    assert_int_equal(
        SSL_CTX_add_custom_ext(peer->ctx, 0x39,
                               SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS,
                               on_send, NULL, NULL, on_receive, NULL),
        1);
    if (server)
        assert_int_equal(
            SSL_CTX_use_cert_and_key(peer->ctx, tls.server.x509, tls.server.key, NULL, 1), 1);
    peer->ssl = SSL_new(peer->ctx);
    assert_non_null(peer->ssl);
    SSL_set_app_data(peer->ssl, peer);
    SSL_set_bio(peer->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    BIO_set_mem_eof_return(SSL_get_rbio(peer->ssl), -1);
    assert_int_equal(SSL_set_alpn_protos(peer->ssl, (const unsigned char *)"\2hq", 3), 0);
    if (server)
        SSL_set_accept_state(peer->ssl);
    else
        SSL_set_connect_state(peer->ssl);
}

/* ---- The records between the two ---- */

static void expand(const EVP_MD *digest, const SEC_TRAFFIC_SECRETS *secret, const char *label,
                   uint8_t *output, size_t size)
{
    uint8_t info[64] = {0, (uint8_t)size, (uint8_t)(6 + strlen(label))};
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);

    memcpy(info + 3, "tls13 ", 6);
    memcpy(info + 9, label, strlen(label));
    assert_int_equal(EVP_PKEY_derive_init(context), 1);
    assert_int_equal(EVP_PKEY_CTX_set_hkdf_mode(context, EVP_PKEY_HKDEF_MODE_EXPAND_ONLY), 1);
    assert_int_equal(EVP_PKEY_CTX_set_hkdf_md(context, digest), 1);
    assert_int_equal(
        EVP_PKEY_CTX_set1_hkdf_key(context, secret->TrafficSecret, secret->TrafficSecretSize),
        1);
    assert_int_equal(EVP_PKEY_CTX_add1_hkdf_info(context, info, (int)(10 + strlen(label))), 1);
    assert_int_equal(EVP_PKEY_derive(context, output, &size), 1);
    EVP_PKEY_CTX_free(context);
}

static bool is_named(const WCHAR *wide, const char *name)
{
    size_t i = 0;

    while (name[i] != '\0' && wide[i] == (WCHAR)name[i])
        i++;
    return name[i] == '\0' && wide[i] == 0;
}

static const EVP_CIPHER *cipher_of(const SEC_TRAFFIC_SECRETS *secret)
{
    if (is_named(secret->SymmetricAlgId, "CHACHA20_POLY1305"))
        return EVP_chacha20_poly1305();
    assert_true(is_named(secret->SymmetricAlgId, "AES"));
    assert_true(is_named(secret->ChainingMode, "ChainingModeGCM"));
    return secret->KeySize == 32 ? EVP_aes_256_gcm() : EVP_aes_128_gcm();
}

/* Seals or opens in place, as the secret says by itself: bytes has room for the tag. */
static bool protect(const SEC_TRAFFIC_SECRETS *secret, bool seal, uint64_t sequence,
                    const uint8_t header[HEADER], uint8_t *bytes, size_t size)
{
    const EVP_MD *digest = is_named(secret->HashAlgId, "SHA384") ? EVP_sha384() : EVP_sha256();
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    uint8_t key[32], iv[12];
    int length;
    bool done;

    expand(digest, secret, "key", key, secret->KeySize);
    expand(digest, secret, "iv", iv, secret->IvSize);
    for (int i = 0; i < 8; i++)
        iv[11 - i] ^= (uint8_t)(sequence >> (8 * i));
    assert_int_equal(EVP_CipherInit_ex(context, cipher_of(secret), NULL, key, iv, seal), 1);
    if (!seal)
        assert_int_equal(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG, bytes + size),
                         1);
    assert_int_equal(EVP_CipherUpdate(context, NULL, &length, header, HEADER), 1);
    assert_int_equal(EVP_CipherUpdate(context, bytes, &length, bytes, (int)size), 1);
    done = EVP_CipherFinal_ex(context, bytes + length, &length) == 1;
    if (seal)
        assert_int_equal(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG, bytes + size),
                         1);
    EVP_CIPHER_CTX_free(context);
    return done;
}

/* The peer gets a part of the side's token as one record. */
static void seal_to_peer(struct tls_peer *peer, const struct tls_messages_side *side, int level,
                         const uint8_t *bytes, size_t size)
{
    const bool plain = level == 0;
    const size_t body = plain ? size : size + 1 + TAG;
    uint8_t header[HEADER] = {plain ? 22 : 23, 3, 3, (uint8_t)(body >> 8), (uint8_t)body};
    const int kind = (level - 1) * 2 + (side->tls.server ? 1 : 0);
    uint8_t *record;

    if (size == 0)
        return;
    record = malloc(HEADER + body);
    assert_non_null(record);
    memcpy(record, header, HEADER);
    memcpy(record + HEADER, bytes, size);
    if (!plain) {
        record[HEADER + size] = 22;
        assert_non_null(side->secrets[kind]);
        assert_true(protect(side->secrets[kind], true, peer->sent[level]++, header,
                            record + HEADER, size + 1));
    }
    assert_int_equal(BIO_write(SSL_get_rbio(peer->ssl), record, (int)(HEADER + body)),
                     HEADER + body);
    free(record);
}

static void give_to_peer(struct tls_peer *peer, struct tls_messages_side *side)
{
    const uint8_t *bytes = side->tls.out.data;
    const size_t size = side->tls.out.size;

    seal_to_peer(peer, side, 0, bytes, side->start);
    seal_to_peer(peer, side, 1, bytes + side->start, side->end - side->start);
    /* Before the handshake level there is a hello, behind it a ticket. */
    seal_to_peer(peer, side, side->secrets[TLS_CLIENT] != NULL ? 2 : 0, bytes + side->end,
                 size - side->end);
    side->start = side->end = 0;
    side->tls.out.size = 0;
}

/* The next record of the peer as messages for the side; false: there is none that it can open
 * yet. */
static bool open_one(struct tls_peer *peer, struct tls_messages_side *side)
{
    uint8_t *record = peer->in.data;
    const size_t size =
        peer->in.size >= HEADER ? HEADER + ((size_t)record[3] << 8 | record[4]) : 0;
    const SEC_TRAFFIC_SECRETS *secret;
    size_t plain;

    if (size == 0)
        return false;
    assert_true(size <= peer->in.size);
    if (record[0] == 22) {
        tls_append(&side->tls.in, record + HEADER, size - HEADER);
        tls_consume(&peer->in, size);
        peer->level = 1;
        return true;
    }
    assert_int_equal(record[0], 23);
    secret = side->secrets[(peer->level - 1) * 2 + (peer->server ? 1 : 0)];
    if (secret == NULL)
        return false;
    plain = size - HEADER - TAG;
    assert_true(
        protect(secret, false, peer->received[peer->level]++, record, record + HEADER, plain));
    assert_int_equal(record[HEADER + plain - 1], 22);
    /* Finished ends the level. OpenSSL puts no two messages into a record across that. */
    if (record[HEADER] == 20)
        peer->level = 2;
    tls_append(&side->tls.in, record + HEADER, plain - 1);
    tls_consume(&peer->in, size);
    return true;
}

static void run_peer(struct tls_peer *peer)
{
    uint8_t buffer[4096];
    int count;

    if (!SSL_is_init_finished(peer->ssl))
        (void)SSL_do_handshake(peer->ssl);
    else
        (void)SSL_read(peer->ssl, buffer, 1);
    ERR_clear_error();
    while ((count = BIO_read(SSL_get_wbio(peer->ssl), buffer, sizeof(buffer))) > 0)
        tls_append(&peer->in, buffer, (size_t)count);
}

SECURITY_STATUS tls_peer_shake(struct tls_peer *peer, struct tls_messages_side *side)
{
    SECURITY_STATUS status = SEC_I_CONTINUE_NEEDED;

    if (!side->tls.server)
        status = tls_messages_advance(side);
    for (int turn = 0; turn < 20 && status >= 0; turn++) {
        give_to_peer(peer, side);
        run_peer(peer);
        if (status == SEC_E_OK && SSL_is_init_finished(peer->ssl) && peer->in.size == 0)
            return SEC_E_OK;
        while (open_one(peer, side)) {
            status = tls_messages_advance(side);
            if (status < 0)
                return status;
        }
    }
    return status;
}

void tls_peer_agree(const struct tls_peer *peer, const struct tls_messages_side *side)
{
    for (int kind = 0; kind < TLS_SECRETS; kind++) {
        assert_non_null(side->secrets[kind]);
        assert_int_equal(side->secrets[kind]->TrafficSecretSize, peer->sizes[kind]);
        assert_memory_equal(side->secrets[kind]->TrafficSecret, peer->secrets[kind],
                            peer->sizes[kind]);
    }
}

void tls_peer_end(struct tls_peer *peer)
{
    SSL_free(peer->ssl);
    SSL_CTX_free(peer->ctx);
    tls_clear(&peer->in);
    tls_clear(&peer->peers_parameters);
}
