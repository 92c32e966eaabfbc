/* SPDX-License-Identifier: MIT */
/* Schannel through the library, as programs use it. */
#include "tls_user.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TLS12 SP_PROT_TLS1_3
#define TLS13 SP_PROT_TLS1_2

static const uint32_t versions[] = {TLS12, TLS13};
static struct tls_user client, server;

static int setup(void **state)
{
    (void)state;
    tls_user_setup();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tls_user_teardown();
    return 0;
}

static void settle(void)
{
    sspia_pool_counts counts = {.size = sizeof(counts)};

    for (int i = 0; i < 3000; i++) {
        assert_user(sspia_pool_stats(&counts), SEC_E_OK);
        if (counts.pending == 0 && counts.idle == counts.threads)
            return;
        usleep(1000);
    }
    fail();
}

/* As msquic does it: no callback, nothing waited for, the handle and the async context gone
 * at once. */
static void delete_and_forget(struct tls_user *user)
{
    SspiAsyncContext *async = SspiCreateAsyncContext();
    CtxtHandle copy = user->context;
    SecPkgContext_Flags flags;

    assert_user(SspiDeleteSecurityContextAsync(async, &user->context), SEC_E_OK);
    SecInvalidateHandle(&user->context);
    SspiFreeAsyncContext(async);
    user->has_context = false;
    assert_user(QueryContextAttributesA(&copy, SECPKG_ATTR_FLAGS, &flags),
                SEC_E_INVALID_HANDLE);
}

/* Wrong: a context cannot be deleted asynchronously at some point of its handshake, or leaves
 * something behind (sanitizers look). */
static void async_delete_works_at_every_point(void **state)
{
    (void)state;
    for (size_t version = 0; version < 2; version++) {
        for (int legs = 1; legs < 6; legs++) {
            SspiAsyncContext *async = SspiCreateAsyncContext();
            struct tls_user *users[2] = {&client, &server};

            tls_user_init(&client, false, versions[version]);
            tls_user_init(&server, true, 0);
            for (int i = 0; i < legs; i++) {
                struct tls_user *user = users[i % 2];

                if (i > 0 && user->in_size == 0)
                    continue;
                assert_true(tls_user_leg(user, async) >= 0);
                tls_user_move(user, users[1 - i % 2]);
            }
            for (int i = 0; i < 2; i++) {
                if (users[i]->has_context)
                    delete_and_forget(users[i]);
                tls_user_end(users[i]);
            }
            SspiFreeAsyncContext(async);
        }
    }
    settle();
}

/* Wrong: a failed context, or one whose handshake was refused, cannot be deleted so. */
static void async_delete_works_after_failure(void **state)
{
    (void)state;
    for (size_t version = 0; version < 2; version++) {
        tls_user_init(&client, false, versions[version]);
        tls_user_init(&server, true, 0);
        client.target = "other.test";
        assert_user(tls_user_leg(&client, NULL), SEC_I_CONTINUE_NEEDED);
        tls_user_move(&client, &server);
        assert_user(tls_user_leg(&server, NULL), SEC_I_CONTINUE_NEEDED);
        tls_user_move(&server, &client);
        assert_user(tls_user_leg(&client, NULL), SEC_E_WRONG_PRINCIPAL);
        tls_user_move(&client, &server);
        assert_true(tls_user_leg(&server, NULL) < 0);
        delete_and_forget(&client);
        delete_and_forget(&server);
        tls_user_end(&client);
        tls_user_end(&server);
    }
    settle();
}

/* Wrong: a delete that overtakes or meets a leg that is underway breaks something. */
static void async_delete_behind_a_pending_leg(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        SspiAsyncContext *async = SspiCreateAsyncContext(), *other = SspiCreateAsyncContext();
        SecBuffer input[2];
        SecBuffer output = {0, SECBUFFER_TOKEN, NULL};
        SecBufferDesc inputs = {SECBUFFER_VERSION, 2, input};
        SecBufferDesc outputs = {SECBUFFER_VERSION, 1, &output};
        CtxtHandle same;

        tls_user_init(&client, false, versions[i % 2]);
        tls_user_init(&server, true, 0);
        assert_user(tls_user_leg(&client, NULL), SEC_I_CONTINUE_NEEDED);
        tls_user_move(&client, &server);
        assert_user(tls_user_leg(&server, NULL), SEC_I_CONTINUE_NEEDED);
        tls_user_move(&server, &client);
        input[0] = (SecBuffer){client.in_size, SECBUFFER_TOKEN, client.in};
        input[1] = (SecBuffer){0, SECBUFFER_EMPTY, NULL};
        assert_user(SspiInitializeSecurityContextAsyncA(
                        async, &client.credential, &client.context, (char *)"localhost",
                        ISC_REQ_ALLOCATE_MEMORY, 0, 0, &inputs, 0, &same, &outputs, NULL, NULL),
                    SEC_E_OK);
        assert_user(SspiDeleteSecurityContextAsync(other, &client.context), SEC_E_OK);
        client.has_context = false;
        if (i % 3 == 0)
            SspiFreeAsyncContext(async); /* detached: the token is wiped by the library */
        else
            assert_true(sspia_async_wait(async, 30000) >= 0);
        assert_user(sspia_async_wait(other, 30000), SEC_E_OK);
        if (i % 3 != 0) {
            assert_user(FreeContextBuffer(output.pvBuffer), SEC_E_OK);
            SspiFreeAsyncContext(async);
        }
        SspiFreeAsyncContext(other);
        tls_user_end(&client);
        tls_user_end(&server);
    }
    settle();
}

/* Wrong: a token that did not fit is lost, or the input must not be presented again. */
static void too_small_a_buffer_loses_nothing(void **state)
{
    SECURITY_STATUS status[2];
    int refused = 0;

    (void)state;
    for (size_t version = 0; version < 2; version++) {
        struct tls_user *users[2] = {&client, &server};

        tls_user_init(&client, false, versions[version]);
        tls_user_init(&server, true, 0);
        status[0] = status[1] = SEC_I_CONTINUE_NEEDED;
        for (int turn = 0; turn < 8; turn++) {
            struct tls_user *user = users[turn % 2];

            if (status[turn % 2] == SEC_E_OK || (turn > 0 && user->in_size == 0))
                continue;
            user->room = 7;
            status[turn % 2] = tls_user_leg(user, NULL);
            if (status[turn % 2] == SEC_E_BUFFER_TOO_SMALL) {
                refused++;
                assert_true(user->room > 7);
                status[turn % 2] = tls_user_leg(user, NULL);
            }
            assert_true(status[turn % 2] >= 0);
            tls_user_move(user, users[1 - turn % 2]);
        }
        assert_user(status[0], SEC_E_OK);
        assert_user(status[1], SEC_E_OK);
        tls_user_end(&client);
        tls_user_end(&server);
    }
    assert_true(refused >= 6);
}

/* Wrong: MISSING does not reach the caller, or a first leg leaves a handle behind. */
static void half_a_record_asks_for_the_rest(void **state)
{
    uint32_t size;

    (void)state;
    tls_user_init(&client, false, 0);
    tls_user_init(&server, true, 0);
    SecInvalidateHandle(&server.context);
    assert_user(tls_user_leg(&client, NULL), SEC_I_CONTINUE_NEEDED);
    tls_user_move(&client, &server);
    size = server.in_size;
    server.in_size = 3;
    assert_user(tls_user_leg(&server, NULL), SEC_E_INCOMPLETE_MESSAGE);
    assert_int_equal(server.missing, 2);
    server.in_size = 100;
    assert_user(tls_user_leg(&server, NULL), SEC_E_INCOMPLETE_MESSAGE);
    assert_int_equal(server.missing, size - 100);
    assert_false(SecIsValidHandle(&server.context));
    server.in_size = size;
    assert_user(tls_user_leg(&server, NULL), SEC_I_CONTINUE_NEEDED);
    tls_user_end(&client);
    tls_user_end(&server);
}

/* Wrong: a TOKEN buffer without memory is refused, on either side and leg. Windows allocates
 * (Wine's dlls/secur32/tests/schannel.c, test_connection_shutdown). */
static void token_without_memory_is_allocated(void **state)
{
    SspiAsyncContext *async = SspiCreateAsyncContext();

    (void)state;
    for (uint32_t way = 0; way < 4; way++) {
        SspiAsyncContext *how = way < 2 ? NULL : async;

        tls_user_init(&client, false, 0);
        tls_user_init(&server, true, 0);
        client.no_memory = server.no_memory = true;
        client.room = server.room = way % 2 == 0 ? 0 : 1000;
        assert_user(tls_user_leg(&client, how), SEC_I_CONTINUE_NEEDED);
        assert_true(client.out_size > 0);
        tls_user_move(&client, &server);
        assert_user(tls_user_leg(&server, how), SEC_I_CONTINUE_NEEDED);
        assert_true(server.out_size > 0);
        tls_user_move(&server, &client);
        assert_user(tls_user_leg(&client, how), SEC_E_OK);
        tls_user_end(&client);
        tls_user_end(&server);
    }
    SspiFreeAsyncContext(async);
}

/* Wrong: a failure is not in the ALERT buffer, has no token for the peer, or the message does
 * not say whose certificate it was. */
static void failure_gives_alert_token_and_message(void **state)
{
    char message[1024];

    (void)state;
    tls_user_init(&client, false, 0);
    tls_user_init(&server, true, 0);
    client.target = "other.test";
    assert_user(tls_user_leg(&client, NULL), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(client.alert_size, 0);
    tls_user_move(&client, &server);
    assert_user(tls_user_leg(&server, NULL), SEC_I_CONTINUE_NEEDED);
    tls_user_move(&server, &client);
    assert_user(tls_user_leg(&client, NULL), SEC_E_WRONG_PRINCIPAL);
    assert_int_equal(client.alert_size, 2);
    assert_int_equal(client.alert[0], TLS1_ALERT_FATAL);
    assert_int_equal(client.alert[1], TLS1_ALERT_BAD_CERTIFICATE);
    assert_true(client.out_size > 0);
    sspia_last_message(message, sizeof(message));
    assert_non_null(
        strstr(message, "Schannel InitializeSecurityContext: SEC_E_WRONG_PRINCIPAL"));
    assert_non_null(strstr(message, "CN=localhost"));
    assert_non_null(strstr(message, "other.test"));
    tls_user_end(&client);
    tls_user_end(&server);
}

/* Wrong: the W functions, the second name or the sizes of the Ex forms do not work. */
static void wide_names_and_sizes(void **state)
{
    SecPkgInfoW *info;
    CredHandle credential;
    SecPkgContext_CipherInfo cipher;
    SecPkgContext_AuthorityW authority;
    SecPkgContext_ClientSpecifiedTarget target;
    SecPkgContext_PackageInfoA package;

    (void)state;
    assert_user(QuerySecurityPackageInfoW(UNISP_NAME_W, &info), SEC_E_OK);
    assert_memory_equal(info->Name, UNISP_NAME_W, sizeof(UNISP_NAME_W));
    assert_int_equal(info->wRPCID, 14);
    assert_user(FreeContextBuffer(info), SEC_E_OK);
    assert_user(AcquireCredentialsHandleW(NULL, (WCHAR *)SCHANNEL_NAME_W, SECPKG_CRED_OUTBOUND,
                                          NULL, NULL, NULL, NULL, &credential, NULL),
                SEC_E_OK);
    assert_user(FreeCredentialsHandle(&credential), SEC_E_OK);

    tls_user_init(&client, false, 0);
    tls_user_init(&server, true, 0);
    tls_user_shake(&client, &server);
    assert_user(QueryContextAttributesExW(&client.context, SECPKG_ATTR_CIPHER_INFO, &cipher,
                                          sizeof(cipher) - 1),
                SEC_E_BUFFER_TOO_SMALL);
    assert_user(QueryContextAttributesExW(&client.context, SECPKG_ATTR_CIPHER_INFO, &cipher,
                                          sizeof(cipher)),
                SEC_E_OK);
    assert_int_equal(cipher.szCipher[0], 'A');
    assert_user(QueryContextAttributesW(&client.context, SECPKG_ATTR_AUTHORITY, &authority),
                SEC_E_OK);
    assert_memory_equal(authority.sAuthorityName, u"CN=Test Authority",
                        sizeof(u"CN=Test Authority"));
    assert_user(FreeContextBuffer(authority.sAuthorityName), SEC_E_OK);
    for (int wide = 0; wide < 2; wide++) {
        assert_user(wide ? QueryContextAttributesW(&server.context,
                                                   SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, &target)
                         : QueryContextAttributesA(
                               &server.context, SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, &target),
                    SEC_E_OK);
        assert_memory_equal(target.sTargetName, u"localhost", sizeof(u"localhost"));
        assert_user(FreeContextBuffer(target.sTargetName), SEC_E_OK);
    }
    assert_user(QueryContextAttributesA(&client.context, SECPKG_ATTR_PACKAGE_INFO, &package),
                SEC_E_OK);
    assert_string_equal(package.PackageInfo->Name, "Schannel");
    assert_user(FreeContextBuffer(package.PackageInfo), SEC_E_OK);
    tls_user_end(&client);
    tls_user_end(&server);
}

/* Wrong: a program that looks for UNISP_NAME or Schannel in the list finds one of them only, or
 * one twice. Windows lists both. */
static void both_names_are_enumerated(void **state)
{
    const char *names[] = {SCHANNEL_NAME_A, UNISP_NAME_A};
    const WCHAR *wide_names[] = {SCHANNEL_NAME_W, UNISP_NAME_W};
    PSecPkgInfoA packages;
    PSecPkgInfoW wide;
    uint32_t count, wide_count;

    (void)state;
    assert_user(EnumerateSecurityPackagesA(&count, &packages), SEC_E_OK);
    assert_user(EnumerateSecurityPackagesW(&wide_count, &wide), SEC_E_OK);
    assert_int_equal(count, wide_count);
    for (int n = 0; n < 2; n++) {
        uint32_t found = 0, wide_found = 0;

        for (uint32_t i = 0; i < count; i++) {
            size_t length = 0;

            while (wide_names[n][length] != 0 && wide[i].Name[length] == wide_names[n][length])
                length++;
            wide_found += wide_names[n][length] == wide[i].Name[length];
            if (strcmp(packages[i].Name, names[n]) != 0)
                continue;
            found++;
            assert_int_equal(packages[i].wRPCID, 14);
            assert_true((packages[i].fCapabilities & SECPKG_FLAG_STREAM) != 0);
        }
        assert_int_equal(found, 1);
        assert_int_equal(wide_found, 1);
    }
    assert_user(FreeContextBuffer(packages), SEC_E_OK);
    assert_user(FreeContextBuffer(wide), SEC_E_OK);
}

/* Wrong: the certificate of a query cannot be freed, or is freed twice. */
static void query_results_are_freed_once(void **state)
{
    PCCERT_CONTEXT peer;

    (void)state;
    tls_user_init(&client, false, 0);
    tls_user_init(&server, true, 0);
    tls_user_shake(&client, &server);
    for (int i = 0; i < 2; i++) {
        assert_user(
            QueryContextAttributesA(&client.context, SECPKG_ATTR_REMOTE_CERT_CONTEXT, &peer),
            SEC_E_OK);
        assert_int_equal(peer->dwCertEncodingType, X509_ASN_ENCODING);
        assert_null(peer->hCertStore);
        assert_int_equal(peer->pbCertEncoded[0], 0x30);
        if (i == 0)
            assert_user(sspia_certificate_free(peer), SEC_E_OK);
        else
            assert_user(FreeContextBuffer((void *)peer), SEC_E_OK);
        assert_user(sspia_certificate_free(peer), SEC_E_INVALID_HANDLE);
    }
    assert_user(
        QueryContextAttributesA(&server.context, SECPKG_ATTR_REMOTE_CERT_CONTEXT, &peer),
        SEC_E_NO_CREDENTIALS);
    tls_user_end(&client);
    tls_user_end(&server);
}

struct direction {
    struct tls_user *user;
    unsigned char *bytes; /* records of the peer, to be decrypted */
    uint32_t size;
};

static void *encrypt_many(void *data)
{
    struct direction *direction = data;
    unsigned char record[64];

    for (int i = 0; i < 2000; i++) {
        SecBuffer buffers[4] = {{13, SECBUFFER_STREAM_HEADER, record},
                                {8, SECBUFFER_DATA, record + 13},
                                {17, SECBUFFER_STREAM_TRAILER, record + 21},
                                {0, SECBUFFER_EMPTY, NULL}};
        SecBufferDesc message = {SECBUFFER_VERSION, 4, buffers};

        if (EncryptMessage(&direction->user->context, 0, &message, 0) != SEC_E_OK)
            return data;
    }
    return NULL;
}

static void *decrypt_many(void *data)
{
    struct direction *direction = data;
    unsigned char *at = direction->bytes;
    uint32_t left = direction->size;

    while (left > 0) {
        SecBuffer buffers[4] = {{left, SECBUFFER_DATA, at}};
        SecBufferDesc message = {SECBUFFER_VERSION, 4, buffers};
        SECURITY_STATUS status = DecryptMessage(&direction->user->context, &message, 0, NULL);

        if (status != SEC_E_OK)
            return data;
        left = buffers[3].BufferType == SECBUFFER_EXTRA ? buffers[3].cbBuffer : 0;
        at = buffers[3].pvBuffer;
    }
    return NULL;
}

/* Wrong: one thread that encrypts and one that decrypts on a context disturb each other. */
static void one_thread_encrypts_while_one_decrypts(void **state)
{
    enum { COUNT = 1000 };
    struct direction direction = {.user = &client};
    SecPkgContext_StreamSizes sizes;
    pthread_t threads[2];
    void *results[2];

    (void)state;
    tls_user_init(&client, false, TLS12);
    tls_user_init(&server, true, 0);
    tls_user_shake(&client, &server);
    assert_user(QueryContextAttributesA(&server.context, SECPKG_ATTR_STREAM_SIZES, &sizes),
                SEC_E_OK);
    direction.bytes = malloc((size_t)COUNT * 64);
    assert_non_null(direction.bytes);
    for (int i = 0; i < COUNT; i++) {
        unsigned char *at = direction.bytes + direction.size;
        SecBuffer buffers[3] = {
            {sizes.cbHeader, SECBUFFER_STREAM_HEADER, at},
            {8, SECBUFFER_DATA, at + sizes.cbHeader},
            {sizes.cbTrailer, SECBUFFER_STREAM_TRAILER, at + sizes.cbHeader + 8}};
        SecBufferDesc message = {SECBUFFER_VERSION, 3, buffers};

        memset(at + sizes.cbHeader, 'x', 8);
        assert_user(EncryptMessage(&server.context, 0, &message, 0), SEC_E_OK);
        direction.size += sizes.cbHeader + 8 + sizes.cbTrailer;
    }
    assert_int_equal(pthread_create(&threads[0], NULL, encrypt_many, &direction), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, decrypt_many, &direction), 0);
    pthread_join(threads[0], &results[0]);
    pthread_join(threads[1], &results[1]);
    assert_null(results[0]);
    assert_null(results[1]);
    free(direction.bytes);
    tls_user_end(&client);
    tls_user_end(&server);
}

static void *shake_for_ever(void *data)
{
    struct tls_user *mine = malloc(2 * sizeof(*mine));

    (void)data;
    if (mine == NULL)
        return NULL;
    for (;;) {
        SECURITY_STATUS status = SEC_I_CONTINUE_NEEDED;

        memcpy(&mine[0], &client, sizeof(client));
        memcpy(&mine[1], &server, sizeof(server));
        for (int turn = 0; turn < 4 && status >= 0; turn++) {
            status = tls_user_leg(&mine[turn % 2], NULL);
            tls_user_move(&mine[turn % 2], &mine[1 - turn % 2]);
        }
        for (int i = 0; i < 2; i++) {
            if (mine[i].has_context)
                DeleteSecurityContext(&mine[i].context);
        }
        /* A thread that ends cleans up in OpenSSL too; that one should not end now is for the
         * program, whose thread it is. */
        while (status == SEC_E_SHUTDOWN_IN_PROGRESS)
            pause();
    }
}

/* What the test below starts: exits while four threads shake hands. */
static void exit_while_busy(int round)
{
    pthread_t thread;

    alarm(20);
    tls_user_setup();
    tls_user_init(&client, false, 0);
    tls_user_init(&server, true, 0);
    for (int i = 0; i < 4; i++) {
        if (pthread_create(&thread, NULL, shake_for_ever, NULL) == 0)
            pthread_detach(thread);
    }
    usleep(5000 + (useconds_t)round * 1000);
    exit(0);
}

/* Wrong: a process that exits while threads are inside OpenSSL crashes or hangs. */
static void exit_while_busy_is_clean(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        char number[16];
        pid_t child;
        int status;

        snprintf(number, sizeof(number), "%d", round);
        child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            /* What the threads hold at that moment is no leak. */
            setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
            execl("/proc/self/exe", "schannel_async_test", "busy", number, (char *)NULL);
            _exit(99);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}

int main(int count, char **values)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(async_delete_works_at_every_point),
        cmocka_unit_test(async_delete_works_after_failure),
        cmocka_unit_test(async_delete_behind_a_pending_leg),
        cmocka_unit_test(too_small_a_buffer_loses_nothing),
        cmocka_unit_test(half_a_record_asks_for_the_rest),
        cmocka_unit_test(token_without_memory_is_allocated),
        cmocka_unit_test(failure_gives_alert_token_and_message),
        cmocka_unit_test(wide_names_and_sizes),
        cmocka_unit_test(both_names_are_enumerated),
        cmocka_unit_test(query_results_are_freed_once),
        cmocka_unit_test(one_thread_encrypts_while_one_decrypts),
        cmocka_unit_test(exit_while_busy_is_clean),
    };

    if (count == 3 && strcmp(values[1], "busy") == 0)
        exit_while_busy(atoi(values[2]));
    return cmocka_run_group_tests(tests, setup, teardown);
}
