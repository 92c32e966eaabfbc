/* SPDX-License-Identifier: MIT */
/*
 * demo - what sspi-async does, in one run: `./dev demo`.
 *
 * For TLS, NTLM, Kerberos and Negotiate an initiator and an acceptor talk over a TCP
 * connection: handshake, one sealed message each way, and the deletion of the contexts in
 * three ways. Every handshake call and every deletion is asynchronous. At the end the Kerberos
 * server is frozen, and one call hangs on it until its deadline, while others go on.
 *
 * Certificate, realm and users come from the environment (`./dev demo` makes them):
 * TLS_CERTIFICATE (a PEM file with its key), CCACHE, KEYTAB, NTLM_USER_FILE, ALICE_PASSWORD,
 * KDC_PID. What is not there, or whose package is not, is left out.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <schannel.h>
#include <sspi.h>
#include <sspi_queue.h>

static struct timespec start;

static double now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start.tv_sec) * 1e3 +
           (double)(now.tv_nsec - start.tv_nsec) / 1e6;
}

/* One line of the timeline. */
__attribute__((format(printf, 2, 3))) static void say(const char *who, const char *format, ...)
{
    char text[600];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    printf("%9.2f ms  %-9s  %s\n", now_ms(), who, text);
}

static void fail(const char *what, SECURITY_STATUS status, SspiAsyncContext *async)
{
    char message[600] = "";

    if (async == NULL || sspia_async_message(async, message, sizeof(message)) == 0)
        sspia_last_message(message, sizeof(message));
    fprintf(stderr, "demo: %s: %s (%s)\n", what, sspia_status_name(status), message);
    exit(1);
}

/* Waits for the call that was just submitted, and makes the async context idle again. */
static SECURITY_STATUS finish(const char *what, SspiAsyncContext *async, SECURITY_STATUS queued)
{
    SECURITY_STATUS status = queued;

    if (queued == SEC_E_OK)
        status = sspia_async_wait(async, 30000);
    if (status < 0)
        fail(what, status, async);
    SspiReinitAsyncContext(async);
    return status;
}

/* ---- The connection: a length, then that many bytes ------------------------------------ */

static void send_all(int fd, const void *data, uint32_t size)
{
    uint32_t length = htonl(size);
    struct iovec pieces[] = {{&length, 4}, {(void *)data, size}};

    if (writev(fd, pieces, 2) != (ssize_t)size + 4)
        exit(1);
}

static uint32_t receive_all(int fd, void *data, uint32_t room)
{
    uint32_t length;

    if (recv(fd, &length, 4, MSG_WAITALL) != 4 || (length = ntohl(length)) > room ||
        recv(fd, data, length, MSG_WAITALL) != (ssize_t)length)
        exit(1);
    return length;
}

static void connect_pair(int *client, int *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0);

    *client = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 1) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0 ||
        connect(*client, (struct sockaddr *)&address, size) != 0)
        exit(1);
    *server = accept(listener, NULL, NULL);
    setsockopt(*client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(*server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    close(listener);
}

/* ---- One side of a conversation --------------------------------------------------------- */

struct side {
    const char *name;
    const char *package;
    const char *target; /* whom the initiator means to talk to */
    int fd;
    CredHandle credential;
    CtxtHandle context;
};

static int is_tls(const struct side *side)
{
    return strcmp(side->package, "Schannel") == 0;
}

static void acquire_with(struct side *side, SspiAsyncContext *async, uint32_t use, void *data)
{
    char package[32];

    snprintf(package, sizeof(package), "%s", side->package);
    finish("acquire", async,
           SspiAcquireCredentialsHandleAsyncA(async, NULL, package, use, NULL, data, NULL, NULL,
                                              &side->credential, NULL));
}

/* The acceptor has a certificate, and the initiator trusts that one alone. */
static void acquire_tls(struct side *side, SspiAsyncContext *async, uint32_t use)
{
    const char *file = getenv("TLS_CERTIFICATE");
    SCH_CREDENTIALS settings = {.dwVersion = SCH_CREDENTIALS_VERSION};
    PCCERT_CONTEXT certificate = NULL;
    HCERTSTORE roots = NULL;
    SECURITY_STATUS status;

    if (use == SECPKG_CRED_INBOUND) {
        status = sspia_certificate_load_file(file, NULL, NULL, &certificate);
        settings.cCreds = 1;
        settings.paCred = &certificate;
        settings.dwFlags = SCH_CRED_DISABLE_RECONNECTS; /* no session tickets to look at */
    } else {
        status = sspia_roots_load_file(file, 0, &roots);
        settings.hRootStore = roots;
    }
    if (status != SEC_E_OK)
        fail("certificate", status, NULL);
    acquire_with(side, async, use, &settings);
    sspia_certificate_free(certificate);
    sspia_roots_free(roots);
}

/* Where the other credentials come from; nothing of the process's environment is used. */
static void acquire_logon(struct side *side, SspiAsyncContext *async, uint32_t use)
{
    const char *password = getenv("ALICE_PASSWORD");
    SEC_WINNT_AUTH_IDENTITY_A alice = {
        .User = (unsigned char *)"alice",
        .UserLength = 5,
        .Domain = (unsigned char *)"TEST",
        .DomainLength = 4,
        .Password = (unsigned char *)password,
        .PasswordLength = password != NULL ? (uint32_t)strlen(password) : 0,
        .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI,
    };
    sspia_auth_identity identity = {.version = SSPIA_AUTH_IDENTITY_VERSION,
                                    .size = sizeof(identity)};

    if (use == SECPKG_CRED_INBOUND) {
        identity.keytab = getenv("KEYTAB");
        identity.ntlm_user_file = getenv("NTLM_USER_FILE");
    } else if (strcmp(side->package, "NTLM") == 0) {
        identity.identity = &alice;
    } else {
        identity.credential_cache = getenv("CCACHE");
    }
    acquire_with(side, async, use, &identity);
}

static void acquire(struct side *side, SspiAsyncContext *async, uint32_t use)
{
    if (is_tls(side))
        acquire_tls(side, async, use);
    else
        acquire_logon(side, async, use);
}

/* Exchanges tokens until both sides are content. */
static void shake_hands(struct side *side, SspiAsyncContext *async, int initiates)
{
    static const uint32_t asc = ASC_REQ_CONFIDENTIALITY | ASC_REQ_REPLAY_DETECT;
    static const uint32_t isc =
        ISC_REQ_CONFIDENTIALITY | ISC_REQ_MUTUAL_AUTH | ISC_REQ_REPLAY_DETECT;
    unsigned char received[16384], made[16384];
    SECURITY_STATUS status = SEC_I_CONTINUE_NEEDED;
    double began = now_ms();
    char target[64] = "";

    if (initiates)
        snprintf(target, sizeof(target), "%s", side->target);
    for (int leg = 1; status == SEC_I_CONTINUE_NEEDED; leg++) {
        SecBuffer in = {0, SECBUFFER_TOKEN, received};
        SecBuffer out = {sizeof(made), SECBUFFER_TOKEN, made};
        SecBufferDesc input = {SECBUFFER_VERSION, 1, &in};
        SecBufferDesc output = {SECBUFFER_VERSION, 1, &out};
        CtxtHandle *context = leg == 1 ? NULL : &side->context;

        if (leg > 1 || !initiates)
            in.cbBuffer = receive_all(side->fd, received, sizeof(received));
        if (initiates)
            status = finish("initialize", async,
                            SspiInitializeSecurityContextAsyncA(
                                async, &side->credential, context, target, isc, 0,
                                SECURITY_NATIVE_DREP, leg > 1 ? &input : NULL, 0,
                                &side->context, &output, NULL, NULL));
        else
            status = finish("accept", async,
                            SspiAcceptSecurityContextAsync(
                                async, &side->credential, context, &input, asc,
                                SECURITY_NATIVE_DREP, &side->context, &output, NULL, NULL));
        say(side->name, "leg %d: %s, a token of %u bytes", leg, sspia_status_name(status),
            out.cbBuffer);
        if (out.cbBuffer > 0)
            send_all(side->fd, made, out.cbBuffer);
    }
    say(side->name, "%s handshake complete after %.1f ms", side->package, now_ms() - began);
}

/* How much goes in front of a message and behind it. */
static void message_sizes(struct side *side, uint32_t *before, uint32_t *behind)
{
    SecPkgContext_StreamSizes stream;
    SecPkgContext_Sizes sizes;
    SECURITY_STATUS status;

    if (is_tls(side)) {
        status = QueryContextAttributesA(&side->context, SECPKG_ATTR_STREAM_SIZES, &stream);
        *before = stream.cbHeader;
        *behind = stream.cbTrailer;
    } else {
        status = QueryContextAttributesA(&side->context, SECPKG_ATTR_SIZES, &sizes);
        *before = sizes.cbSecurityTrailer;
        *behind = sizes.cbBlockSize;
    }
    if (status != SEC_E_OK)
        fail("sizes", status, NULL);
}

static void send_sealed(struct side *side, const char *text)
{
    int tls = is_tls(side);
    unsigned char message[512];
    uint32_t length = (uint32_t)strlen(text), before, behind;
    SecBuffer parts[4] = {{.BufferType = tls ? SECBUFFER_STREAM_HEADER : SECBUFFER_TOKEN},
                          {.BufferType = SECBUFFER_DATA},
                          {.BufferType = tls ? SECBUFFER_STREAM_TRAILER : SECBUFFER_PADDING},
                          {.BufferType = SECBUFFER_EMPTY}};
    SecBufferDesc desc = {SECBUFFER_VERSION, tls ? 4 : 3, parts};
    SECURITY_STATUS status;

    message_sizes(side, &before, &behind);
    parts[0].cbBuffer = before;
    parts[0].pvBuffer = message;
    parts[1].cbBuffer = length;
    parts[1].pvBuffer = memcpy(message + before, text, length);
    parts[2].cbBuffer = behind;
    parts[2].pvBuffer = message + before + length;
    status = EncryptMessage(&side->context, 0, &desc, 0);
    if (status != SEC_E_OK)
        fail("encrypt", status, NULL);
    /* The three parts follow each other; the first may be shorter than its room. */
    memmove(message + parts[0].cbBuffer, parts[1].pvBuffer, length + parts[2].cbBuffer);
    send_all(side->fd, message, parts[0].cbBuffer + length + parts[2].cbBuffer);
}

static void receive_sealed(struct side *side)
{
    int tls = is_tls(side);
    unsigned char message[512];
    uint32_t size = receive_all(side->fd, message, sizeof(message));
    SecBuffer parts[4] = {
        {size, tls ? SECBUFFER_DATA : SECBUFFER_STREAM, message},
        {0, tls ? SECBUFFER_EMPTY : SECBUFFER_DATA, NULL},
    };
    SecBufferDesc desc = {SECBUFFER_VERSION, tls ? 4 : 2, parts};
    SECURITY_STATUS status = DecryptMessage(&side->context, &desc, 0, NULL);

    if (status != SEC_E_OK)
        fail("decrypt", status, NULL);
    say(side->name, "opened %u sealed bytes: \"%.*s\"", size, (int)parts[1].cbBuffer,
        (char *)parts[1].pvBuffer);
}

/* ---- Three ways to delete --------------------------------------------------------------- */

static void delete_and_poll(struct side *side, SspiAsyncContext *async)
{
    CtxtHandle copy = side->context;
    SECURITY_STATUS status, first;
    unsigned long polls = 1;

    status = SspiDeleteSecurityContextAsync(async, &side->context);
    if (status != SEC_E_OK)
        fail("delete", status, async);
    first = status = SspiGetAsyncCallStatus(async);
    for (; status == SEC_I_ASYNC_CALL_PENDING; polls++) {
        usleep(10);
        status = SspiGetAsyncCallStatus(async);
    }
    say(side->name, "deleted, polled: first %s, after %lu polls %s", sspia_status_name(first),
        polls, sspia_status_name(status));

    SspiReinitAsyncContext(async);
    SspiDeleteSecurityContextAsync(async, &copy);
    say(side->name, "deleted again through a copy: %s",
        sspia_status_name(sspia_async_wait(async, 1000)));
    SspiReinitAsyncContext(async);
}

struct notice {
    const char *name;
    sem_t came;
};

static void on_deleted(SspiAsyncContext *async, void *data)
{
    struct notice *notice = data;

    say(notice->name, "deleted, told by callback on a thread of the library: %s",
        sspia_status_name(SspiGetAsyncCallStatus(async)));
    SspiFreeAsyncContext(async);
    sem_post(&notice->came);
}

static void delete_and_be_told(struct side *side)
{
    SspiAsyncContext *async = SspiCreateAsyncContext();
    struct notice notice = {.name = side->name};
    SECURITY_STATUS status;

    sem_init(&notice.came, 0, 0);
    SspiSetAsyncNotifyCallback(async, on_deleted, &notice);
    status = SspiDeleteSecurityContextAsync(async, &side->context);
    if (status != SEC_E_OK) /* then the callback never runs */
        fail("delete", status, async);
    sem_wait(&notice.came);
    sem_destroy(&notice.came);
}

static void delete_and_forget(CtxtHandle *context)
{
    SspiAsyncContext *async = SspiCreateAsyncContext();

    SspiDeleteSecurityContextAsync(async, context);
    SecInvalidateHandle(context);
    SspiFreeAsyncContext(async);
}

/* ---- The scenes ------------------------------------------------------------------------- */

static void *serve(void *data)
{
    struct side *side = data;
    SspiAsyncContext *async = SspiCreateAsyncContext();

    acquire(side, async, SECPKG_CRED_INBOUND);
    shake_hands(side, async, 0);
    receive_sealed(side);
    send_sealed(side, "and hello from the acceptor");
    delete_and_be_told(side);
    finish("free", async, SspiFreeCredentialsHandleAsync(async, &side->credential));
    SspiFreeAsyncContext(async);
    return NULL;
}

static void show(const char *package)
{
    struct side client = {.name = "initiator", .package = package};
    struct side server = {.name = "acceptor", .package = package};
    SspiAsyncContext *async = SspiCreateAsyncContext();
    SecPkgContext_NegotiationInfoA chosen;
    pthread_t thread;

    printf("\n%s\n", package);
    client.target = is_tls(&client) ? "localhost" : "HTTP/localhost";
    connect_pair(&client.fd, &server.fd);
    pthread_create(&thread, NULL, serve, &server);
    acquire(&client, async, SECPKG_CRED_OUTBOUND);
    shake_hands(&client, async, 1);
    if (QueryContextAttributesA(&client.context, SECPKG_ATTR_NEGOTIATION_INFO, &chosen) ==
        SEC_E_OK) {
        say(client.name, "the package in use is %s", chosen.PackageInfo->Name);
        FreeContextBuffer(chosen.PackageInfo);
    }
    send_sealed(&client, "hello from the initiator");
    receive_sealed(&client);
    pthread_join(thread, NULL);
    delete_and_poll(&client, async);
    finish("free", async, SspiFreeCredentialsHandleAsync(async, &client.credential));
    SspiFreeAsyncContext(async);
    close(client.fd);
    close(server.fd);
}

/* First legs of NTLM and of TLS need no server: contexts to delete. */
static void make_context(struct side *side, CtxtHandle *context)
{
    unsigned char made[4096];
    SecBuffer out = {sizeof(made), SECBUFFER_TOKEN, made};
    SecBufferDesc output = {SECBUFFER_VERSION, 1, &out};
    SECURITY_STATUS status =
        InitializeSecurityContextA(&side->credential, NULL, (char[]){"localhost"}, 0, 0,
                                   SECURITY_NATIVE_DREP, NULL, 0, context, &output, NULL, NULL);

    if (status != SEC_I_CONTINUE_NEEDED)
        fail("initialize", status, NULL);
}

static void show_forgotten_deletes(struct side *side)
{
    enum { CONTEXTS = 1000 };
    static CtxtHandle contexts[CONTEXTS];
    sspia_pool_counts before = {.size = sizeof(before)}, counts = before;
    double began;

    sspia_pool_stats(&before);
    for (int i = 0; i < CONTEXTS; i++)
        make_context(side, &contexts[i]);
    began = now_ms();
    for (int i = 0; i < CONTEXTS; i++)
        delete_and_forget(&contexts[i]);
    say("initiator", "%d contexts deleted and forgotten; the caller was back after %.2f ms",
        CONTEXTS, now_ms() - began);
    do
        sspia_pool_stats(&counts);
    while (counts.pending > before.pending);
    say("pool", "all of them are gone after %.2f ms", now_ms() - began);
}

static void show_frozen_kdc(struct side *other, pid_t kdc)
{
    enum { DEADLINE_MS = 1000 };
    struct side stuck = {.name = "initiator", .package = "Kerberos"};
    SspiAsyncContext *hanging = SspiCreateAsyncContext();
    unsigned char made[16384];
    SecBuffer out = {sizeof(made), SECBUFFER_TOKEN, made};
    SecBufferDesc output = {SECBUFFER_VERSION, 1, &out};
    SECURITY_STATUS status;
    char message[600];
    double began;

    printf("\nA KDC that is silent\n");
    acquire(&stuck, hanging, SECPKG_CRED_OUTBOUND);
    kill(kdc, SIGSTOP);
    say("demo", "the KDC is frozen (SIGSTOP)");
    sspia_async_set_deadline(hanging, DEADLINE_MS);
    /* No ticket for this service is at hand: the KDC must be asked. */
    began = now_ms();
    status = SspiInitializeSecurityContextAsyncA(
        hanging, &stuck.credential, NULL, (char[]){"host/localhost"}, 0, 0,
        SECURITY_NATIVE_DREP, NULL, 0, &stuck.context, &output, NULL, NULL);
    if (status != SEC_E_OK)
        fail("initialize", status, hanging);
    say("initiator", "a Kerberos handshake begins, with a deadline of %d ms: %s", DEADLINE_MS,
        sspia_status_name(SspiGetAsyncCallStatus(hanging)));
    sspia_async_wait(hanging, 200);
    show_forgotten_deletes(other);
    say("initiator", "the handshake meanwhile: %s",
        sspia_status_name(SspiGetAsyncCallStatus(hanging)));
    status = sspia_async_wait(hanging, 30000);
    sspia_async_message(hanging, message, sizeof(message));
    say("initiator", "it ended after %.2f ms: %s", now_ms() - began, sspia_status_name(status));
    say("initiator", "its message: %s", message);
    kill(kdc, SIGCONT);
    say("demo", "the KDC goes on");
    SspiFreeAsyncContext(hanging);
    FreeCredentialsHandle(&stuck.credential);
}

/* Shows a package if it can be loaded and its setting is there. */
static int show_if(const char *package, const char *setting)
{
    PSecPkgInfoA info;

    if (getenv(setting) == NULL) {
        printf("\n%s\n    left out: %s is not set\n", package, setting);
        return 0;
    }
    if (QuerySecurityPackageInfoA(package, &info) != SEC_E_OK) {
        char message[600];

        sspia_last_message(message, sizeof(message));
        printf("\n%s\n    left out: %s\n", package, message);
        return 0;
    }
    FreeContextBuffer(info);
    show(package);
    return 1;
}

int main(void)
{
    struct side other = {.name = "initiator", .package = "Schannel"};
    SspiAsyncContext *async = SspiCreateAsyncContext();
    const char *kdc = getenv("KDC_PID");
    int shown;

    clock_gettime(CLOCK_MONOTONIC, &start);
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("sspi-async %s: asynchronous security contexts\n", sspia_version());
    shown = show_if("Schannel", "TLS_CERTIFICATE");
    if (show_if("NTLM", "NTLM_USER_FILE")) {
        other.package = "NTLM";
        shown++;
    }
    if (show_if("Kerberos", "CCACHE"))
        shown += 1 + show_if("Negotiate", "CCACHE");
    else
        kdc = NULL;
    if (shown == 0) {
        fprintf(stderr, "demo: there is nothing to show; run it by ./dev demo\n");
        return 1;
    }
    acquire(&other, async, SECPKG_CRED_OUTBOUND);
    if (kdc != NULL) {
        show_frozen_kdc(&other, (pid_t)atoi(kdc));
    } else {
        printf("\nFire and forget\n");
        show_forgotten_deletes(&other);
    }
    FreeCredentialsHandle(&other.credential);
    SspiFreeAsyncContext(async);
    return 0;
}
