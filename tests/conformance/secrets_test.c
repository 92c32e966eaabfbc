/* SPDX-License-Identifier: MIT */
/*
 * What is left of secrets in the process's memory when their handles are gone: every writable
 * page is searched. The needles lie inverted in this program, so that it does not find itself.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "scripted.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1 /* freed memory is kept, and shadow memory is no place to look */
#else
#define SANITIZED 0
#endif

struct needle {
    const char *name;
    unsigned char inverted[64];
    size_t size;
};

/* "SecREt01" and its NT hash, a pair well known from documents on NTLM. */
static struct needle password = {
    "password", {0xac, 0x9a, 0x9c, 0xad, 0xba, 0x8b, 0xcf, 0xce}, 8};
static struct needle password_wide = {"password in UTF-16",
                                      {0xac, 0xff, 0x9a, 0xff, 0x9c, 0xff, 0xad, 0xff, 0xba,
                                       0xff, 0x8b, 0xff, 0xcf, 0xff, 0xce, 0xff},
                                      16};
static struct needle nt_hash = {"NT hash",
                                {0x32, 0xf9, 0x35, 0x83, 0x81, 0xef, 0x36, 0x64, 0xe2, 0xcc,
                                 0x48, 0xb7, 0xa5, 0xd1, 0x27, 0xf7},
                                16};
static struct needle session_key = {.name = "session key"};

static void plain(const struct needle *needle, unsigned char *bytes)
{
    for (size_t i = 0; i < needle->size; i++)
        bytes[i] = (unsigned char)~needle->inverted[i];
}

__attribute__((no_sanitize("address"))) static int search_region(const unsigned char *at,
                                                                 const unsigned char *end,
                                                                 const struct needle *needle)
{
    const unsigned char first = (unsigned char)~needle->inverted[0];
    int found = 0;

    for (; at + needle->size <= end; at++) {
        size_t same = 0;

        if (*at != first)
            continue;
        while (same < needle->size && (at[same] ^ needle->inverted[same]) == 0xff)
            same++;
        found += same == needle->size;
    }
    return found;
}

/* How often the needle lies in writable memory. */
static int search(const struct needle *needle)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];
    int found = 0;

    assert_non_null(maps);
    while (fgets(line, sizeof(line), maps) != NULL) {
        unsigned long from, to;
        char mode[5], name[256] = "";
        int here;

        if (sscanf(line, "%lx-%lx %4s %*s %*s %*s %255s", &from, &to, mode, name) < 3 ||
            mode[0] != 'r' || mode[1] != 'w' || strncmp(name, "[v", 2) == 0)
            continue;
        here = search_region((const unsigned char *)(uintptr_t)from,
                             (const unsigned char *)(uintptr_t)to, needle);
        if (here > 0)
            print_message("%s: %d times in %s\n", needle->name, here, line);
        found += here;
    }
    fclose(maps);
    return found;
}

/* The same; a thread of the pool may be wiping just now. */
static int search_soon(const struct needle *needle)
{
    int found = search(needle);

    for (int i = 0; i < 100 && found != 0; i++) {
        usleep(10000);
        found = search(needle);
    }
    return found;
}

/* ---- A handshake whose secrets nobody else keeps -------------------------------------- */

static char user_file[] = "/tmp/secrets.XXXXXX";

/* Written without stdio, whose buffers would keep it. */
static void write_user_file(void)
{
    unsigned char line[64] = "TEST:alice:";
    int fd = mkstemp(user_file);

    plain(&password, line + 11);
    line[19] = '\n';
    assert_int_equal(write(fd, line, 20), 20);
    close(fd);
    explicit_bzero(line, sizeof(line));
}

static bool acquire(char *package, CredHandle *client, CredHandle *server)
{
    unsigned char secret[16] = {0};
    SEC_WINNT_AUTH_IDENTITY_A account = {.User = (unsigned char *)(char[]){"alice"},
                                         .UserLength = 5,
                                         .Domain = (unsigned char *)(char[]){"TEST"},
                                         .DomainLength = 4,
                                         .Password = secret,
                                         .PasswordLength = 8,
                                         .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI};
    sspia_auth_identity keys = {.version = SSPIA_AUTH_IDENTITY_VERSION,
                                .size = sizeof(keys),
                                .ntlm_user_file = user_file};
    SspiAsyncContext *async = SspiCreateAsyncContext();
    SECURITY_STATUS status;

    plain(&password, secret);
    assert_status(SspiAcquireCredentialsHandleAsyncA(async, NULL, package, SECPKG_CRED_OUTBOUND,
                                                     NULL, &account, NULL, NULL, client, NULL),
                  SEC_E_OK);
    explicit_bzero(secret, sizeof(secret));
    status = sspia_async_wait(async, PATIENCE_MS);
    SspiFreeAsyncContext(async);
    if (status == SEC_E_SECPKG_NOT_FOUND)
        return false;
    assert_status(status, SEC_E_OK);
    assert_status(AcquireCredentialsHandleA(NULL, package, SECPKG_CRED_INBOUND, NULL, &keys,
                                            NULL, NULL, server, NULL),
                  SEC_E_OK);
    return true;
}

static void shake(CredHandle *credentials, CtxtHandle *contexts)
{
    SecBuffer token = {0, SECBUFFER_TOKEN, NULL};

    for (int leg = 0; leg < 3; leg++) {
        SecBuffer in = token, out = {0, SECBUFFER_TOKEN, NULL};
        SecBufferDesc input = {SECBUFFER_VERSION, 1, &in},
                      output = {SECBUFFER_VERSION, 1, &out};
        CtxtHandle *context = &contexts[leg % 2];
        uint32_t attributes;
        SECURITY_STATUS status;

        if (leg % 2 == 0)
            status = InitializeSecurityContextA(
                &credentials[0], leg > 0 ? context : NULL, (char[]){"HTTP/localhost"},
                ISC_REQ_ALLOCATE_MEMORY | ISC_REQ_CONFIDENTIALITY, 0, 0,
                leg > 0 ? &input : NULL, 0, context, &output, &attributes, NULL);
        else
            status =
                AcceptSecurityContext(&credentials[1], NULL, &input, ASC_REQ_ALLOCATE_MEMORY, 0,
                                      context, &output, &attributes, NULL);
        assert_true(status >= 0);
        FreeContextBuffer(token.pvBuffer);
        token = out;
    }
    {
        SecBufferDesc input = {SECBUFFER_VERSION, 1, &token};

        assert_status(AcceptSecurityContext(&credentials[1], &contexts[1], &input, 0, 0, NULL,
                                            NULL, NULL, NULL),
                      SEC_E_OK);
    }
    FreeContextBuffer(token.pvBuffer);
}

/* On a thread of its own: what our query leaves on a stack is not mistaken for what the
 * handshake left on the caller's. */
static void *note_session_key(void *context)
{
    SecPkgContext_SessionKey key;

    assert_status(QueryContextAttributesA(context, SECPKG_ATTR_SESSION_KEY, &key), SEC_E_OK);
    session_key.size = key.SessionKeyLength;
    assert_in_range(session_key.size, 16, sizeof(session_key.inverted));
    for (size_t i = 0; i < session_key.size; i++)
        session_key.inverted[i] = (unsigned char)~key.SessionKey[i];
    assert_status(FreeContextBuffer(key.SessionKey), SEC_E_OK);
    return NULL;
}

/* Wrong would be: a needle that the search cannot find. */
static void what_is_there_is_found(void **state)
{
    unsigned char *copy;

    (void)state;
    if (SANITIZED)
        skip();
    copy = malloc(nt_hash.size);
    assert_non_null(copy);
    plain(&nt_hash, copy);
    assert_int_equal(search(&nt_hash), 1);
    explicit_bzero(copy, nt_hash.size);
    free(copy);
    assert_int_equal(search(&nt_hash), 0);
}

/* Wrong would be: a password, its hash or a session key in memory after the handles are gone.
 */
static void nothing_is_left_of_secrets(void **state)
{
    CredHandle credentials[2];
    CtxtHandle contexts[2];
    pthread_t thread;

    if (SANITIZED)
        skip();
    memcpy(user_file + sizeof(user_file) - 7, "XXXXXX", 6);
    write_user_file();
    if (!acquire(*state, &credentials[0], &credentials[1])) {
        unlink(user_file);
        skip();
    }
    if (strcmp(*state, "NTLM") == 0) {
        /* The password has become a hash: even now nobody needs it. */
        assert_int_equal(search_soon(&password), 0);
        assert_int_equal(search_soon(&password_wide), 0);
    }
    shake(credentials, contexts);
    assert_int_equal(pthread_create(&thread, NULL, note_session_key, &contexts[0]), 0);
    pthread_join(thread, NULL);
    for (int i = 0; i < 2; i++) {
        assert_status(DeleteSecurityContext(&contexts[i]), SEC_E_OK);
        assert_status(FreeCredentialsHandle(&credentials[i]), SEC_E_OK);
    }
    unlink(user_file);
    assert_int_equal(search(&password), 0);
    assert_int_equal(search(&password_wide), 0);
    assert_int_equal(search(&nt_hash), 0);
    /* On the stack of whoever made the legs, too. (The test runs with LD_BIND_NOW: the dynamic
     * linker, when it looks a function up late, saves the vector registers to the stack, and
     * with them what was copied last.) */
    assert_int_equal(search(&session_key), 0);
}

int main(void)
{
    static char ntlm[] = "NTLM";
    static char negotiate[] = "Negotiate"; /* after Kerberos has been tried in vain */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_there_is_found),
        cmocka_unit_test_prestate(nothing_is_left_of_secrets, ntlm),
        cmocka_unit_test_prestate(nothing_is_left_of_secrets, negotiate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
