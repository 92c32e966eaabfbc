/* SPDX-License-Identifier: MIT */
/*
 * Row "first-leg": the first leg of a Kerberos logon and the deletion of its context. Ours is
 * asynchronous, submitted and waited for; the peer is GSSAPI itself. Names and credentials are
 * there from before.
 *
 *   warm   the service's ticket is in the cache, a file
 *   cold   there is only the ticket-granting one: the other is had from the KDC, by a socket.
 *          Every leg has a credential and a cache of its own
 */
#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sspi.h>
#include <sspi_queue.h>

#include "handshake.h"
#include "measure.h"

#define ROW         "first-leg"
#define CACHES_MOST 400
#define CACHE_SIZE  65536
#define PATIENCE_MS 60000
#define ISC         (ISC_REQ_MUTUAL_AUTH | ISC_REQ_CONFIDENTIALITY | ISC_REQ_ALLOCATE_MEMORY)

static char service[] = "HTTP@localhost";
static gss_OID_desc kerberos = {9, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"};

/* ---- Caches ----------------------------------------------------------------------------- */

static char folder[] = "/tmp/sspi-async-first-leg.XXXXXX";
static char cache[CACHE_SIZE]; /* a file of the ticket-granting ticket alone */
static size_t cache_size;

static void run(char *const arguments[])
{
    pid_t child = fork();
    int status = -1;

    if (child == 0) {
        execvp(arguments[0], arguments);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
        measure_fail("%s failed", arguments[0]);
}

/* "FILE:<folder>/<number>" */
static void name_cache(char name[64], long number)
{
    snprintf(name, 64, "FILE:%s/%ld", folder, number);
}

static void remove_caches(void)
{
    run((char *const[]){"rm", "-r", folder, NULL});
}

static void read_cache(void)
{
    char name[64];
    FILE *file;

    if (mkdtemp(folder) == NULL)
        measure_fail("no temporary folder");
    atexit(remove_caches);
    name_cache(name, -1);
    run((char *const[]){"kinit", "-k", "-t", handshake_value("CLIENT_KEYTAB"), "-c", name,
                        "alice", NULL});
    file = fopen(strchr(name, '/'), "rb");
    cache_size = file != NULL ? fread(cache, 1, sizeof(cache), file) : 0;
    if (cache_size == 0 || cache_size == sizeof(cache))
        measure_fail("%s cannot be read", name);
    fclose(file);
}

static void write_caches(long count)
{
    char name[64];

    for (long i = 0; i < count; i++) {
        FILE *file;

        name_cache(name, i);
        file = fopen(strchr(name, '/'), "wb");
        if (file == NULL || fwrite(cache, 1, cache_size, file) != cache_size ||
            fclose(file) != 0)
            measure_fail("%s cannot be written", name);
    }
}

/* ---- Ours ------------------------------------------------------------------------------- */

static void expect(SECURITY_STATUS status, SECURITY_STATUS expected, const char *what)
{
    char message[512] = "";

    if (status == expected)
        return;
    sspia_last_message(message, sizeof(message));
    measure_fail("%s: %s (%s)", what, sspia_status_name(status), message);
}

static void acquire_ours(CredHandle *credential, char *name)
{
    sspia_auth_identity alice = {.version = SSPIA_AUTH_IDENTITY_VERSION,
                                 .size = sizeof(alice),
                                 .credential_cache = name};

    expect(AcquireCredentialsHandleA(NULL, "Kerberos", SECPKG_CRED_OUTBOUND, NULL, &alice, NULL,
                                     NULL, credential, NULL),
           SEC_E_OK, "acquire");
}

static void finish(SspiAsyncContext *async, SECURITY_STATUS expected, const char *what)
{
    expect(sspia_async_wait(async, PATIENCE_MS), expected, what);
    SspiReinitAsyncContext(async);
}

static void leg_of_ours(SspiAsyncContext *async, CredHandle *credential)
{
    SecBuffer token = {0, SECBUFFER_TOKEN, NULL};
    SecBufferDesc tokens = {SECBUFFER_VERSION, 1, &token};
    CtxtHandle context;

    expect(SspiInitializeSecurityContextAsyncA(async, credential, NULL, service, ISC, 0,
                                               SECURITY_NATIVE_DREP, NULL, 0, &context, &tokens,
                                               NULL, NULL),
           SEC_E_OK, "submit");
    finish(async, SEC_I_CONTINUE_NEEDED, "first leg");
    FreeContextBuffer(token.pvBuffer);
    expect(SspiDeleteSecurityContextAsync(async, &context), SEC_E_OK, "submit");
    finish(async, SEC_E_OK, "delete");
}

/* ---- GSSAPI ----------------------------------------------------------------------------- */

static gss_name_t target = GSS_C_NO_NAME;

static gss_cred_id_t acquire_theirs(char *name)
{
    gss_key_value_element_desc element = {"ccache", name};
    gss_key_value_set_desc store = {1, &element};
    gss_OID_set_desc mechs = {1, &kerberos};
    gss_cred_id_t credential = GSS_C_NO_CREDENTIAL;
    OM_uint32 minor;

    if (gss_acquire_cred_from(&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, &mechs, GSS_C_INITIATE,
                              &store, &credential, NULL, NULL) != GSS_S_COMPLETE)
        measure_fail("gss_acquire_cred_from");
    return credential;
}

static void leg_of_theirs(gss_cred_id_t credential)
{
    gss_ctx_id_t context = GSS_C_NO_CONTEXT;
    gss_buffer_desc token = {0, NULL};
    OM_uint32 minor;

    if (gss_init_sec_context(&minor, credential, &context, target, &kerberos,
                             GSS_C_MUTUAL_FLAG | GSS_C_CONF_FLAG, 0, GSS_C_NO_CHANNEL_BINDINGS,
                             NULL, NULL, &token, NULL, NULL) != GSS_S_CONTINUE_NEEDED)
        measure_fail("gss_init_sec_context");
    gss_release_buffer(&minor, &token);
    gss_delete_sec_context(&minor, &context, GSS_C_NO_BUFFER);
}

static void open_theirs(void)
{
    gss_buffer_desc name = {strlen(service), service};
    OM_uint32 minor;

    if (gss_import_name(&minor, &name, GSS_C_NT_HOSTBASED_SERVICE, &target) != GSS_S_COMPLETE)
        measure_fail("gss_import_name");
}

/* ---- Rounds ----------------------------------------------------------------------------- */

struct plan {
    long count;
    bool cold; /* a cache for each leg */
};

/* Microseconds a leg. */
static double ours(void *argument)
{
    static CredHandle credentials[CACHES_MOST];
    const struct plan *plan = argument;
    const long caches = plan->cold ? plan->count : 1;
    SspiAsyncContext *async = SspiCreateAsyncContext();
    double from, cost;
    char name[64];

    write_caches(caches);
    for (long i = 0; i < caches; i++) {
        name_cache(name, i);
        acquire_ours(&credentials[i], name);
    }
    if (!plan->cold)
        leg_of_ours(async, &credentials[0]);
    from = measure_now();
    for (long i = 0; i < plan->count; i++)
        leg_of_ours(async, &credentials[plan->cold ? i : 0]);
    cost = (measure_now() - from) / 1e3 / (double)plan->count;
    for (long i = 0; i < caches; i++)
        expect(FreeCredentialsHandle(&credentials[i]), SEC_E_OK, "free");
    SspiFreeAsyncContext(async);
    return cost;
}

static double theirs(void *argument)
{
    static gss_cred_id_t credentials[CACHES_MOST];
    const struct plan *plan = argument;
    const long caches = plan->cold ? plan->count : 1;
    double from, cost;
    OM_uint32 minor;
    char name[64];

    write_caches(caches);
    for (long i = 0; i < caches; i++) {
        name_cache(name, i);
        credentials[i] = acquire_theirs(name);
    }
    if (!plan->cold)
        leg_of_theirs(credentials[0]);
    from = measure_now();
    for (long i = 0; i < plan->count; i++)
        leg_of_theirs(credentials[plan->cold ? i : 0]);
    cost = (measure_now() - from) / 1e3 / (double)plan->count;
    for (long i = 0; i < caches; i++)
        gss_release_cred(&minor, &credentials[i]);
    return cost;
}

static void compare(const char *name, struct plan plan)
{
    measure_compare(&(struct comparison){.row = ROW,
                                         .case_ = name,
                                         .peer = "plain GSSAPI",
                                         .unit = "us",
                                         .ours = ours,
                                         .theirs = theirs,
                                         .argument = &plan});
}

int main(int argc, char **argv)
{
    OM_uint32 minor;

    measure_options(argc, argv);
    if (!measure_wants(ROW))
        return 0;
    if (!handshake_possible(HANDSHAKE_KERBEROS))
        return 77;
    read_cache();
    open_theirs();
    compare("warm", (struct plan){measure_count(1600), false});
    compare("cold", (struct plan){measure_count(CACHES_MOST), true});
    gss_release_name(&minor, &target);
    return 0;
}
