/* SPDX-License-Identifier: MIT */
/*
 * Handshakes by GSSAPI itself, as a careful program makes them: one credential a side for all
 * handshakes, names imported once. NTLM gets NT hashes, in the credential and in the acceptor's
 * file: with passwords gss-ntlmssp hashes one at every handshake, which costs three times the
 * rest of it and loses memory. The library does the same.
 */
#include "handshake.h"

#include <fcntl.h>
#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "measure.h"

static gss_OID_desc kerberos = {9, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"};
static gss_OID_desc ntlm = {10, "\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a"};

static gss_OID_desc spnego = {6, "\x2b\x06\x01\x05\x05\x02"};

static gss_OID mech;
static gss_OID inner; /* in SPNEGO, or GSS_C_NO_OID */
static gss_cred_id_t initiator = GSS_C_NO_CREDENTIAL, acceptor = GSS_C_NO_CREDENTIAL;
static gss_name_t target = GSS_C_NO_NAME;
static int user_file = -1;

static void check(OM_uint32 major, OM_uint32 minor, const char *what)
{
    OM_uint32 ignored, more = 0;
    gss_buffer_desc text = {0, NULL}, detail = {0, NULL};

    if (!GSS_ERROR(major))
        return;
    gss_display_status(&ignored, major, GSS_C_GSS_CODE, GSS_C_NO_OID, &more, &text);
    more = 0;
    gss_display_status(&ignored, minor, GSS_C_MECH_CODE, mech, &more, &detail);
    measure_fail("%s: %.*s: %.*s", what, (int)text.length, (char *)text.value,
                 (int)detail.length, (char *)detail.value);
}

static gss_name_t import(const char *text, gss_OID type)
{
    gss_buffer_desc buffer = {strlen(text), (void *)(uintptr_t)text};
    gss_name_t name = GSS_C_NO_NAME;
    OM_uint32 major, minor;

    major = gss_import_name(&minor, &buffer, type, &name);
    check(major, minor, text);
    return name;
}

/* ---- NT hashes -------------------------------------------------------------------------- */

static void nt_hash(const char *password, char hex[33])
{
    OSSL_LIB_CTX *library = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *legacy = OSSL_PROVIDER_load(library, "legacy");
    EVP_MD *md4 = EVP_MD_fetch(library, "MD4", NULL);
    unsigned char wide[256] = {0}, hash[EVP_MAX_MD_SIZE];
    size_t length = strlen(password);

    if (legacy == NULL || md4 == NULL || 2 * length > sizeof(wide))
        measure_fail("no MD4 in OpenSSL");
    for (size_t i = 0; i < length; i++)
        wide[2 * i] = (unsigned char)password[i]; /* the realm's passwords are ASCII */
    if (EVP_Digest(wide, 2 * length, hash, NULL, md4, NULL) != 1)
        measure_fail("MD4 failed");
    for (int i = 0; i < 16; i++)
        snprintf(hex + 2 * i, 3, "%02X", hash[i]);
    EVP_MD_free(md4);
    OSSL_PROVIDER_unload(legacy);
    OSSL_LIB_CTX_free(library);
}

/* In smbpasswd's format, in memory. */
static void write_user_file(const char *hash, char path[32])
{
    user_file = memfd_create("ntlm-users", MFD_CLOEXEC);
    if (user_file < 0 ||
        dprintf(user_file, "TEST\\alice:0:00112233445566778899AABBCCDDEEFF:%s:[U]:\n", hash) <
            0)
        measure_fail("cannot write a user file");
    snprintf(path, 32, "/proc/self/fd/%d", user_file);
}

/* ---- Credentials ------------------------------------------------------------------------ */

static gss_cred_id_t acquire(gss_name_t name, gss_cred_usage_t usage, uint32_t count,
                             gss_key_value_element_desc *elements)
{
    gss_key_value_set_desc store = {count, elements};
    gss_OID_set_desc mechs = {1, mech};
    gss_cred_id_t credential = GSS_C_NO_CREDENTIAL;
    OM_uint32 major, minor;

    major = gss_acquire_cred_from(&minor, name, GSS_C_INDEFINITE, &mechs, usage, &store,
                                  &credential, NULL, NULL);
    check(major, minor, "acquire");
    if (inner != GSS_C_NO_OID) {
        mechs.elements = inner;
        major = gss_set_neg_mechs(&minor, credential, &mechs);
        check(major, minor, "neg_mechs");
    }
    return credential;
}

static void open_ntlm(void)
{
    char hash[33], path[32];
    gss_key_value_element_desc of_alice[] = {{"ntlmssp_nthash", hash},
                                             {"ntlmssp_domain", "TEST"}};
    gss_key_value_element_desc of_server[] = {{"ntlmssp_keyfile", path}};
    gss_name_t alice = import("alice", GSS_C_NT_USER_NAME);
    gss_name_t server = import("@localhost", GSS_C_NT_HOSTBASED_SERVICE);
    OM_uint32 minor;

    nt_hash(handshake_value("ALICE_PASSWORD"), hash);
    write_user_file(hash, path);
    initiator = acquire(alice, GSS_C_INITIATE, 2, of_alice);
    acceptor = acquire(server, GSS_C_ACCEPT, 1, of_server);
    gss_release_name(&minor, &alice);
    gss_release_name(&minor, &server);
}

static void open_kerberos(void)
{
    gss_key_value_element_desc cache = {"ccache", handshake_value("CCACHE")};
    gss_key_value_element_desc keytab = {"keytab", handshake_value("KEYTAB")};

    initiator = acquire(GSS_C_NO_NAME, GSS_C_INITIATE, 1, &cache);
    acceptor = acquire(GSS_C_NO_NAME, GSS_C_ACCEPT, 1, &keytab);
}

void gssapi_open(enum handshake_kind kind)
{
    const bool negotiates =
        kind == HANDSHAKE_NEGOTIATE_NTLM || kind == HANDSHAKE_NEGOTIATE_KERBEROS;
    const bool by_ntlm = kind == HANDSHAKE_NTLM || kind == HANDSHAKE_NEGOTIATE_NTLM;

    mech = by_ntlm ? &ntlm : &kerberos;
    inner = negotiates ? mech : GSS_C_NO_OID;
    mech = negotiates ? &spnego : mech;
    target = import("HTTP@localhost", GSS_C_NT_HOSTBASED_SERVICE);
    if (by_ntlm)
        open_ntlm();
    else
        open_kerberos();
}

void gssapi_close(void)
{
    OM_uint32 minor;

    gss_release_cred(&minor, &initiator);
    gss_release_cred(&minor, &acceptor);
    gss_release_name(&minor, &target);
    if (user_file >= 0)
        close(user_file);
    user_file = -1;
}

/* ---- The loop --------------------------------------------------------------------------- */

static void connect_sides(gss_ctx_id_t *client, gss_ctx_id_t *server)
{
    static const OM_uint32 wanted = GSS_C_MUTUAL_FLAG | GSS_C_REPLAY_FLAG |
                                    GSS_C_SEQUENCE_FLAG | GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG;
    gss_buffer_desc to_server = {0, NULL}, to_client = {0, NULL};
    OM_uint32 ours = GSS_S_CONTINUE_NEEDED, theirs = GSS_S_CONTINUE_NEEDED, minor, flags;

    *client = *server = GSS_C_NO_CONTEXT;
    while (ours == GSS_S_CONTINUE_NEEDED || theirs == GSS_S_CONTINUE_NEEDED) {
        ours = gss_init_sec_context(&minor, initiator, client, target, mech, wanted, 0,
                                    GSS_C_NO_CHANNEL_BINDINGS, &to_client, NULL, &to_server,
                                    &flags, NULL);
        check(ours, minor, "initiate");
        gss_release_buffer(&minor, &to_client);
        if (to_server.length == 0)
            break;
        theirs = gss_accept_sec_context(&minor, server, acceptor, &to_server,
                                        GSS_C_NO_CHANNEL_BINDINGS, NULL, NULL, &to_client,
                                        &flags, NULL, NULL);
        check(theirs, minor, "accept");
        gss_release_buffer(&minor, &to_server);
        if (to_client.length == 0)
            break;
    }
    if (ours != GSS_S_COMPLETE || theirs != GSS_S_COMPLETE)
        measure_fail("the handshake did not end");
}

static void end_sides(gss_ctx_id_t *client, gss_ctx_id_t *server)
{
    OM_uint32 minor;

    gss_delete_sec_context(&minor, client, GSS_C_NO_BUFFER);
    gss_delete_sec_context(&minor, server, GSS_C_NO_BUFFER);
}

void gssapi_run(long count)
{
    gss_ctx_id_t client, server;

    while (count-- > 0) {
        connect_sides(&client, &server);
        end_sides(&client, &server);
    }
}

/* ---- Contexts that stay ----------------------------------------------------------------- */

static gss_ctx_id_t kept[HANDSHAKES_KEPT][2];
static long kept_count;

void gssapi_keep(long count)
{
    for (kept_count = 0; kept_count < count; kept_count++)
        connect_sides(&kept[kept_count][0], &kept[kept_count][1]);
}

void gssapi_exchange(long count)
{
    char text[1024] = {0};
    gss_buffer_desc given = {sizeof(text), text}, sealed, opened;
    OM_uint32 major, minor;

    while (count-- > 0) {
        major = gss_wrap(&minor, kept[0][0], 1, GSS_C_QOP_DEFAULT, &given, NULL, &sealed);
        check(major, minor, "wrap");
        major = gss_unwrap(&minor, kept[0][1], &sealed, &opened, NULL, NULL);
        check(major, minor, "unwrap");
        gss_release_buffer(&minor, &sealed);
        gss_release_buffer(&minor, &opened);
    }
}

void gssapi_let_go(void)
{
    while (kept_count-- > 0)
        end_sides(&kept[kept_count][0], &kept[kept_count][1]);
}
