/* SPDX-License-Identifier: MIT */
/* A Kerberos or NTLM context that is bound to a TLS channel: the purpose of bindings. */
#include "tls_user.h"

#include <stdlib.h>
#include <string.h>

static struct tls_user client, server, other_client, other_server;

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

struct inner {
    CredHandle credential;
    CtxtHandle context;
    bool has_context, acceptor;
    unsigned char token[16384];
    uint32_t size;
};

static void acquire(struct inner *inner, const char *package, bool acceptor)
{
    SEC_WINNT_AUTH_IDENTITY_A alice = {
        .User = (unsigned char *)"alice",
        .UserLength = 5,
        .Domain = (unsigned char *)"TEST",
        .DomainLength = 4,
        .Password = (unsigned char *)getenv("ALICE_PASSWORD"),
        .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI,
    };
    sspia_auth_identity identity = {
        .version = SSPIA_AUTH_IDENTITY_VERSION,
        .size = sizeof(identity),
        .ntlm_user_file = acceptor ? getenv("NTLM_USER_FILE") : NULL,
        .keytab = acceptor ? getenv("KEYTAB") : NULL,
    };
    const bool ntlm = strcmp(package, "NTLM") == 0;

    memset(inner, 0, sizeof(*inner));
    inner->acceptor = acceptor;
    if (!acceptor && ntlm) {
        alice.PasswordLength = (uint32_t)strlen((char *)alice.Password);
        identity.identity = &alice;
    } else if (!acceptor) {
        identity.credential_cache = getenv("CCACHE");
    }
    assert_user(AcquireCredentialsHandleA(NULL, (char *)package,
                                          acceptor ? SECPKG_CRED_INBOUND : SECPKG_CRED_OUTBOUND,
                                          NULL, &identity, NULL, NULL, &inner->credential,
                                          NULL),
                SEC_E_OK);
}

static SECURITY_STATUS leg(struct inner *inner, struct inner *peer,
                           const SecPkgContext_Bindings *bindings)
{
    SecBuffer input[2] = {
        {bindings->BindingsLength, SECBUFFER_CHANNEL_BINDINGS, bindings->Bindings},
        {peer->size, SECBUFFER_TOKEN, peer->token}};
    SecBuffer output = {sizeof(inner->token), SECBUFFER_TOKEN, inner->token};
    SecBufferDesc inputs = {SECBUFFER_VERSION, peer->size > 0 ? 2 : 1, input};
    SecBufferDesc outputs = {SECBUFFER_VERSION, 1, &output};
    CtxtHandle *old = inner->has_context ? &inner->context : NULL;
    uint32_t attributes;
    SECURITY_STATUS status;

    status = inner->acceptor
                 ? AcceptSecurityContext(&inner->credential, old, &inputs, 0, 0,
                                         &inner->context, &outputs, &attributes, NULL)
                 : InitializeSecurityContextA(&inner->credential, old, (char *)"HTTP/localhost",
                                              ISC_REQ_MUTUAL_AUTH, 0, 0, &inputs, 0,
                                              &inner->context, &outputs, &attributes, NULL);
    inner->size = status >= 0 ? output.cbBuffer : 0;
    if (status >= 0)
        inner->has_context = true;
    return status;
}

/* The acceptor's last status with what each side takes for the channel. */
static SECURITY_STATUS authenticate(const char *package, const SecPkgContext_Bindings *mine,
                                    const SecPkgContext_Bindings *theirs)
{
    static struct inner initiator, acceptor;
    SECURITY_STATUS status[2] = {SEC_I_CONTINUE_NEEDED, SEC_I_CONTINUE_NEEDED};

    acquire(&initiator, package, false);
    acquire(&acceptor, package, true);
    for (int turn = 0; turn < 6 && status[0] >= 0 && status[1] >= 0; turn++) {
        struct inner *inner = turn % 2 ? &acceptor : &initiator;

        if (status[turn % 2] == SEC_E_OK)
            continue;
        status[turn % 2] =
            leg(inner, turn % 2 ? &initiator : &acceptor, turn % 2 ? theirs : mine);
    }
    for (int i = 0; i < 2; i++) {
        struct inner *inner = i ? &acceptor : &initiator;

        if (inner->has_context)
            DeleteSecurityContext(&inner->context);
        FreeCredentialsHandle(&inner->credential);
    }
    assert_true(status[0] >= 0 || status[1] < 0);
    return status[1];
}

static SecPkgContext_Bindings bindings_of(struct tls_user *user, uint32_t attribute)
{
    SecPkgContext_Bindings bindings;

    assert_user(QueryContextAttributesA(&user->context, attribute, &bindings), SEC_E_OK);
    return bindings;
}

static void bind_to_channel(const char *package)
{
    static const struct {
        uint32_t without, attribute;
    } cases[] = {{SP_PROT_TLS1_3, SECPKG_ATTR_UNIQUE_BINDINGS},
                 {SP_PROT_TLS1_3, SSPIA_ATTR_EXPORTER_BINDINGS},
                 {SP_PROT_TLS1_2, SSPIA_ATTR_EXPORTER_BINDINGS},
                 {SP_PROT_TLS1_2, SECPKG_ATTR_ENDPOINT_BINDINGS}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        SecPkgContext_Bindings mine, theirs, others;

        tls_user_init(&client, false, cases[i].without);
        tls_user_init(&server, true, 0);
        tls_user_shake(&client, &server);
        mine = bindings_of(&client, cases[i].attribute);
        theirs = bindings_of(&server, cases[i].attribute);
        assert_user(authenticate(package, &mine, &theirs), SEC_E_OK);

        /* Somebody in the middle: two channels with another end each. */
        tls_user_teardown();
        tls_user_setup();
        tls_user_init(&other_client, false, cases[i].without);
        tls_user_init(&other_server, true, 0);
        tls_user_shake(&other_client, &other_server);
        others = bindings_of(&other_server, cases[i].attribute);
        assert_user(authenticate(package, &mine, &others), SEC_E_BAD_BINDINGS);

        FreeContextBuffer(mine.Bindings);
        FreeContextBuffer(theirs.Bindings);
        FreeContextBuffer(others.Bindings);
        tls_user_end(&client);
        tls_user_end(&server);
        tls_user_end(&other_client);
        tls_user_end(&other_server);
    }
}

/* Wrong: an authentication is taken on another channel than that on which it was meant. */
static void kerberos_is_bound_to_the_channel(void **state)
{
    (void)state;
    bind_to_channel("Kerberos");
}

static void ntlm_is_bound_to_the_channel(void **state)
{
    SecPkgInfoA *info;

    (void)state;
    if (QuerySecurityPackageInfoA("NTLM", &info) != SEC_E_OK)
        skip();
    FreeContextBuffer(info);
    bind_to_channel("NTLM");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kerberos_is_bound_to_the_channel),
        cmocka_unit_test(ntlm_is_bound_to_the_channel),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
