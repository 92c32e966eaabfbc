/* SPDX-License-Identifier: MIT */
#include "sides.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sspi_queue.h>

#ifdef FUZZ_SCHANNEL
#include "tls_maker.h"
#endif

const char *const sides_names[PACKAGES] = {"Kerberos", "NTLM", "Negotiate", "Schannel"};

static CredHandle credentials[PACKAGES][2];
static bool have[PACKAGES];

static bool acquire(int package, bool acceptor, void *auth_data)
{
    SECURITY_STATUS status =
        AcquireCredentialsHandleA(NULL, (char *)(uintptr_t)sides_names[package],
                                  acceptor ? SECPKG_CRED_INBOUND : SECPKG_CRED_OUTBOUND, NULL,
                                  auth_data, NULL, NULL, &credentials[package][acceptor], NULL);

    if (status != SEC_E_OK) {
        char message[512];

        sspia_last_message(message, sizeof(message));
        fprintf(stderr, "without %s: %s\n", sides_names[package], message);
    }
    return status == SEC_E_OK;
}

static char path[] = "/tmp/fuzz-users.XXXXXX";

static void remove_user_file(void)
{
    unlink(path);
}

/* Read again by each acceptor. */
static char *user_file(void)
{
    static const char line[] = "TEST:alice:secret\n";
    int fd = mkstemp(path);

    if (fd < 0 || write(fd, line, sizeof(line) - 1) < 0 || close(fd) != 0)
        abort();
    atexit(remove_user_file);
    return path;
}

static void start_gss(void)
{
    SEC_WINNT_AUTH_IDENTITY_A account = {.User = (unsigned char *)(char[]){"alice"},
                                         .UserLength = 5,
                                         .Domain = (unsigned char *)(char[]){"TEST"},
                                         .DomainLength = 4,
                                         .Password = (unsigned char *)(char[]){"secret"},
                                         .PasswordLength = 6,
                                         .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI};
    sspia_auth_identity client = {.version = SSPIA_AUTH_IDENTITY_VERSION,
                                  .size = sizeof(client)};
    sspia_auth_identity server = client;

    server.ntlm_user_file = user_file();
    client.identity = &account;
    have[NTLM] = acquire(NTLM, false, &client) && acquire(NTLM, true, &server);
    if (getenv("REALM_DIR") == NULL)
        return;
    server.keytab = getenv("KEYTAB");
    server.replay_cache = "none:";
    server.ntlm_user_file = getenv("NTLM_USER_FILE");
    client.identity = NULL;
    client.credential_cache = getenv("CCACHE");
    have[KERBEROS] = acquire(KERBEROS, false, &client) && acquire(KERBEROS, true, &server);
    have[NEGOTIATE] = acquire(NEGOTIATE, false, &client) && acquire(NEGOTIATE, true, &server);
}

static void start_schannel(void)
{
#ifdef FUZZ_SCHANNEL
    static const struct tls_traits authority = {.authority = true};
    static const struct tls_traits server = {.names = "DNS:localhost"};
    /* They live as long as the program. */
    static struct tls_cert issuer, own;
    static PCCERT_CONTEXT certificate;
    static HCERTSTORE roots;
    SCH_CREDENTIALS inbound = {.dwVersion = SCH_CREDENTIALS_VERSION, .cCreds = 1};
    SCH_CREDENTIALS outbound = {.dwVersion = SCH_CREDENTIALS_VERSION,
                                .dwFlags = SCH_CRED_NO_DEFAULT_CREDS};

    issuer = tls_make(NULL, "fuzz authority", &authority);
    own = tls_make(&issuer, "localhost", &server);
    certificate = tls_load(&own, &issuer);
    roots = tls_trust(&issuer);
    inbound.paCred = &certificate;
    outbound.hRootStore = roots;
    have[SCHANNEL] = acquire(SCHANNEL, true, &inbound) && acquire(SCHANNEL, false, &outbound);
#endif
}

void sides_start(void)
{
    start_gss();
    start_schannel();
}

bool sides_have(int package)
{
    return have[package];
}

SECURITY_STATUS sides_leg(struct side *side, const void *token, size_t size,
                          const SecBuffer *second, SecBuffer *answer)
{
    const uint32_t flags = ISC_REQ_ALLOCATE_MEMORY | ISC_REQ_MUTUAL_AUTH |
                           ISC_REQ_CONFIDENTIALITY | ISC_REQ_SEQUENCE_DETECT;
    SecBuffer in[3] = {{(uint32_t)size, SECBUFFER_TOKEN, (void *)(uintptr_t)token},
                       {0, SECBUFFER_EMPTY, NULL},
                       {0, SECBUFFER_EMPTY, NULL}};
    SecBufferDesc input = {SECBUFFER_VERSION, 3, in}, output = {SECBUFFER_VERSION, 1, answer};
    PCtxtHandle context = side->begun ? &side->context : NULL;
    uint32_t attributes;
    SECURITY_STATUS status;

    if (second != NULL)
        in[2] = *second;
    *answer = (SecBuffer){0, SECBUFFER_TOKEN, NULL};
    if (side->acceptor)
        status = AcceptSecurityContext(&credentials[side->package][true], context, &input,
                                       ASC_REQ_ALLOCATE_MEMORY, 0, &side->context, &output,
                                       &attributes, NULL);
    else
        status = InitializeSecurityContextA(
            &credentials[side->package][false], context,
            side->package == SCHANNEL ? (char[]){"localhost"} : (char[]){"HTTP@localhost"},
            flags, 0, 0, token != NULL || second != NULL ? &input : NULL, 0, &side->context,
            &output, &attributes, NULL);
    side->begun = side->begun || status >= 0;
    return status;
}

void sides_end(struct side *side)
{
    if (side->begun)
        DeleteSecurityContext(&side->context);
    side->begun = false;
}

bool sides_connect(struct side *initiator, struct side *acceptor,
                   void (*see)(bool from_initiator, const SecBuffer *token, void *data),
                   void *data)
{
    struct side *turn = initiator, *other = acceptor;
    SecBuffer token = {0, SECBUFFER_TOKEN, NULL};
    bool done[2] = {false, false};

    for (int leg = 0; leg < 12 && !(done[0] && done[1]); leg++) {
        SecBuffer answer = {0, SECBUFFER_TOKEN, NULL};
        SECURITY_STATUS status = SEC_E_OK;
        struct side *next = other;

        if (!done[turn == acceptor] || token.cbBuffer > 0)
            status =
                sides_leg(turn, leg > 0 ? token.pvBuffer : NULL, token.cbBuffer, NULL, &answer);
        if (status < 0)
            break;
        done[turn == acceptor] = status == SEC_E_OK;
        if (see != NULL && answer.cbBuffer > 0)
            see(turn == initiator, &answer, data);
        FreeContextBuffer(token.pvBuffer);
        token = answer;
        other = turn;
        turn = next;
    }
    FreeContextBuffer(token.pvBuffer);
    return done[0] && done[1];
}
