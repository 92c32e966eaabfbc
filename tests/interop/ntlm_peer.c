/* SPDX-License-Identifier: MIT */
/*
 * ntlm_peer - one side of NTLM, with its tokens and messages in hexadecimal digits on stdin and
 * stdout, so that a script can put anything between two sides.
 *
 *   ntlm_peer initiate|accept USER DOMAIN PASSWORD TARGET FLAGS BINDINGS
 *
 * FLAGS are ISC_REQ_* or ASC_REQ_* in hexadecimal, BINDINGS the application's data or "". The
 * answer to a line is its word, the status in hexadecimal, and the outcome:
 *
 *   token [HEX]       a leg, with the peer's token
 *   seal HEX          signature and sealed text        open HEX        the text
 *   sign HEX          the signature                    verify HEX HEX  of a text, a signature
 *   key               the session key                  name            of the client
 *   why               what the library says of the last failure
 *
 * NTLM_PEER_PACKAGE in the environment names the package, which else is NTLM.
 *
 * The same source is WinPR's side with NTLM_PEER_WINPR: both have the functions of SSPI.
 */
#ifdef NTLM_PEER_WINPR
#include <winpr/sspi.h>
#include <winpr/wtypes.h>
/* WinPR 3 has them in its table alone. */
#define WINPR_TABLE                InitSecurityInterfaceExA(0)
#define AcquireCredentialsHandleA  WINPR_TABLE->AcquireCredentialsHandleA
#define InitializeSecurityContextA WINPR_TABLE->InitializeSecurityContextA
#define AcceptSecurityContext      WINPR_TABLE->AcceptSecurityContext
#define CompleteAuthToken          WINPR_TABLE->CompleteAuthToken
#define QueryContextAttributesA    WINPR_TABLE->QueryContextAttributesA
#define EncryptMessage             WINPR_TABLE->EncryptMessage
#define DecryptMessage             WINPR_TABLE->DecryptMessage
#define MakeSignature              WINPR_TABLE->MakeSignature
#define VerifySignature            WINPR_TABLE->VerifySignature
#define DeleteSecurityContext      WINPR_TABLE->DeleteSecurityContext
#define FreeCredentialsHandle      WINPR_TABLE->FreeCredentialsHandle
#else
#include <sspi.h>
#include <sspi_queue.h>
#endif

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_SIZE (65536 + 64)
#define LINE_SIZE  (4 * TOKEN_SIZE)

static struct {
    int accepts;
    int started;
    uint32_t flags;
    char *target;
    CredHandle credential;
    CtxtHandle context;
    SecBuffer bindings;
    uint32_t sent, received; /* WinPR numbers messages as its caller says */
} side;

static char ntlm[] = "NTLM";
static unsigned char output[TOKEN_SIZE];
static char line[LINE_SIZE];

static size_t from_hex(const char *text, unsigned char *bytes)
{
    size_t size = text != NULL ? strlen(text) / 2 : 0;

    for (size_t i = 0; i < size; i++) {
        unsigned value = 0;

        sscanf(text + 2 * i, "%2x", &value);
        bytes[i] = (unsigned char)value;
    }
    return size;
}

static void answer(const char *word, SECURITY_STATUS status, const void *bytes, size_t size)
{
    printf("%s %08x ", word, (unsigned)status);
    for (size_t i = 0; i < size; i++)
        printf("%02x", ((const unsigned char *)bytes)[i]);
    putchar('\n');
    fflush(stdout);
}

#ifdef NTLM_PEER_WINPR
static SECURITY_STATUS acquire(char *user, char *domain, char *password)
{
    static SEC_WINNT_AUTH_IDENTITY identity;
    SEC_CHAR *package = getenv("NTLM_PEER_PACKAGE");

    if (sspi_SetAuthIdentity(&identity, user, domain, password) < 0)
        return SEC_E_INSUFFICIENT_MEMORY;
    return AcquireCredentialsHandleA(NULL, package != NULL ? package : ntlm,
                                     side.accepts ? SECPKG_CRED_INBOUND : SECPKG_CRED_OUTBOUND,
                                     NULL, &identity, NULL, NULL, &side.credential, NULL);
}

/* Neither the reasons nor the names of WinPR are asked for. */
static void tell(const char *word)
{
    answer(word, SEC_E_UNSUPPORTED_FUNCTION, NULL, 0);
}
#else
static SECURITY_STATUS acquire(char *user, char *domain, char *password)
{
    char *package = getenv("NTLM_PEER_PACKAGE");
    SEC_WINNT_AUTH_IDENTITY_A identity = {
        .User = (unsigned char *)user,
        .UserLength = (uint32_t)strlen(user),
        .Domain = (unsigned char *)domain,
        .DomainLength = (uint32_t)strlen(domain),
        .Password = (unsigned char *)password,
        .PasswordLength = (uint32_t)strlen(password),
        .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI,
    };

    return AcquireCredentialsHandleA(NULL, package != NULL ? package : ntlm,
                                     side.accepts ? SECPKG_CRED_INBOUND : SECPKG_CRED_OUTBOUND,
                                     NULL, &identity, NULL, NULL, &side.credential, NULL);
}

static void tell(const char *word)
{
    char text[512] = "";
    SecPkgContext_NamesA names = {NULL};
    SECURITY_STATUS status = SEC_E_OK;

    if (strcmp(word, "why") == 0)
        sspia_last_message(text, sizeof text);
    else
        status = QueryContextAttributesA(&side.context, SECPKG_ATTR_NAMES, &names);
    printf("%s %08x %s\n", word, (unsigned)status,
           names.sUserName != NULL ? names.sUserName : text);
    fflush(stdout);
}
#endif

static void take_token(char *hex)
{
    static unsigned char input[TOKEN_SIZE];
    SecBuffer in[2] = {{(uint32_t)from_hex(hex, input), SECBUFFER_TOKEN, input}, side.bindings};
    SecBuffer out = {sizeof output, SECBUFFER_TOKEN, output};
    SecBufferDesc given = {SECBUFFER_VERSION, side.bindings.cbBuffer > 0 ? 2u : 1u, in};
    SecBufferDesc made = {SECBUFFER_VERSION, 1, &out};
    CtxtHandle *context = side.started ? &side.context : NULL;
    SecBufferDesc *answered = context != NULL || in[0].cbBuffer > 0 ? &given : NULL;
    SECURITY_STATUS status;
#ifdef NTLM_PEER_WINPR
    ULONG flags = 0;
#else
    uint32_t flags = 0;
#endif

    if (side.accepts) {
        status =
            AcceptSecurityContext(&side.credential, context, &given, side.flags,
                                  SECURITY_NATIVE_DREP, &side.context, &made, &flags, NULL);
    } else {
        status = InitializeSecurityContextA(&side.credential, context, side.target, side.flags,
                                            0, SECURITY_NATIVE_DREP, answered, 0, &side.context,
                                            &made, &flags, NULL);
    }
    side.started = 1;
    if (status == SEC_I_COMPLETE_NEEDED || status == SEC_I_COMPLETE_AND_CONTINUE) {
        SECURITY_STATUS complete = CompleteAuthToken(&side.context, &made);

        if (complete != SEC_E_OK)
            status = complete;
        else
            status = status == SEC_I_COMPLETE_NEEDED ? SEC_E_OK : SEC_I_CONTINUE_NEEDED;
    }
    answer("token", status, output, status >= 0 ? out.cbBuffer : 0);
}

static void protect(const char *word, char *text, char *signature)
{
    const int seals = strcmp(word, "seal") == 0;
    const int opens = strcmp(word, "open") == 0;
    const int verifies = strcmp(word, "verify") == 0;
    unsigned char *data = opens ? output : output + 16;
    size_t size = from_hex(text, data);
    SecBuffer buffers[2] = {{16, SECBUFFER_TOKEN, output},
                            {(uint32_t)size, SECBUFFER_DATA, data}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};
    SECURITY_STATUS status;
#ifdef NTLM_PEER_WINPR
    ULONG qop = 0;
#else
    uint32_t qop = 0;
#endif

    if (verifies)
        from_hex(signature, output);
    if (opens)
        buffers[1] = (SecBuffer){(uint32_t)size - 16, SECBUFFER_DATA, output + 16};
    if (seals)
        status = EncryptMessage(&side.context, 0, &message, side.sent++);
    else if (opens)
        status = DecryptMessage(&side.context, &message, side.received++, &qop);
    else if (verifies)
        status = VerifySignature(&side.context, &message, side.received++, &qop);
    else
        status = MakeSignature(&side.context, 0, &message, side.sent++);
    if (status != SEC_E_OK || verifies)
        answer(word, status, NULL, 0);
    else if (opens)
        answer(word, status, buffers[1].pvBuffer, buffers[1].cbBuffer);
    else
        answer(word, status, output, seals ? 16 + size : 16);
}

static void tell_key(void)
{
    SecPkgContext_SessionKey key = {0, NULL};
    SECURITY_STATUS status =
        QueryContextAttributesA(&side.context, SECPKG_ATTR_SESSION_KEY, &key);

    answer("key", status, key.SessionKey, status == SEC_E_OK ? key.SessionKeyLength : 0);
}

/* SEC_CHANNEL_BINDINGS with the application's data alone. */
static void bind_to(const char *data)
{
    SEC_CHANNEL_BINDINGS head = {0};
    unsigned char *bytes;

    if (data[0] == '\0')
        return;
    head.cbApplicationDataLength = (uint32_t)strlen(data);
    head.dwApplicationDataOffset = sizeof head;
    bytes = malloc(sizeof head + strlen(data));
    if (bytes == NULL)
        exit(2);
    memcpy(bytes, &head, sizeof head);
    memcpy(bytes + sizeof head, data, strlen(data));
    side.bindings =
        (SecBuffer){(uint32_t)(sizeof head + strlen(data)), SECBUFFER_CHANNEL_BINDINGS, bytes};
}

int main(int argc, char **argv)
{
    SECURITY_STATUS status;

    if (argc != 8)
        return 2;
    side.accepts = strcmp(argv[1], "accept") == 0;
    side.target = argv[5];
    side.flags = (uint32_t)strtoul(argv[6], NULL, 16);
    bind_to(argv[7]);
    status = acquire(argv[2], argv[3], argv[4]);
    answer("ready", status, NULL, 0);
    while (fgets(line, sizeof line, stdin) != NULL) {
        char *rest = line;
        char *word = strsep(&rest, " \n");
        char *first = rest != NULL ? strsep(&rest, " \n") : NULL;
        char *second = rest != NULL ? strsep(&rest, " \n") : NULL;

        if (strcmp(word, "token") == 0)
            take_token(first);
        else if (strcmp(word, "why") == 0 || strcmp(word, "name") == 0)
            tell(word);
        else if (strcmp(word, "key") == 0)
            tell_key();
        else
            protect(word, first, second);
    }
    if (side.started)
        status = DeleteSecurityContext(&side.context);
    FreeCredentialsHandle(&side.credential);
    free(side.bindings.pvBuffer);
    return 0;
}
