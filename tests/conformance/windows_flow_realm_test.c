/* SPDX-License-Identifier: MIT */
/*
 * The call flow of the Windows documentation ("Using SSPI with a Windows Sockets Client /
 * Server", "SspiInitializeSecurityContextAsyncW"), with W functions and Windows names alone.
 */
#include <semaphore.h>
#include <stdlib.h>

#include "scripted.h"
#include "side.h"

#define BIG_BUFFER 65536

static void SEC_ENTRY Notify(SspiAsyncContext *Handle, void *CallbackData)
{
    (void)Handle;
    sem_post(CallbackData);
}

/* One asynchronous call after another on one context. */
typedef struct _CALLER {
    SspiAsyncContext *Async;
    sem_t Done;
} CALLER;

static void CallerInit(CALLER *Caller)
{
    sem_init(&Caller->Done, 0, 0);
    Caller->Async = SspiCreateAsyncContext();
    assert_non_null(Caller->Async);
    assert_status(SspiSetAsyncNotifyCallback(Caller->Async, Notify, &Caller->Done), SEC_E_OK);
    assert_int_equal(SspiAsyncContextRequiresNotify(Caller->Async), TRUE);
    assert_status(SspiGetAsyncCallStatus(Caller->Async), SEC_E_NO_CONTEXT);
}

static SECURITY_STATUS CallerFinish(CALLER *Caller, SECURITY_STATUS Submitted)
{
    SECURITY_STATUS ss;

    assert_status(Submitted, SEC_E_OK);
    while (sem_wait(&Caller->Done) != 0)
        continue;
    ss = SspiGetAsyncCallStatus(Caller->Async);
    assert_int_equal(SspiReinitAsyncContext(Caller->Async), STATUS_SUCCESS);
    return ss;
}

static void CallerFree(CALLER *Caller)
{
    SspiFreeAsyncContext(Caller->Async);
    sem_destroy(&Caller->Done);
}

static void Widen(WCHAR *Wide, const char *Text)
{
    while ((*Wide++ = (WCHAR)(unsigned char)*Text++) != 0)
        continue;
}

typedef struct _PARTY {
    CredHandle hCred;
    CtxtHandle hCtxt;
    BOOLEAN HaveCtxt;
    BOOLEAN Done;
    UCHAR *pOut;
    DWORD cbOut;
    ULONG Attributes;
    TimeStamp Lifetime;
} PARTY;

/* GenClientContext and GenServerContext of the documentation's sample. */
static void GenContext(PARTY *Party, BOOLEAN Client, CALLER *Caller, UCHAR *pIn, DWORD cbIn,
                       DWORD cbMaxToken)
{
    SecBuffer InSecBuff = {cbIn, SECBUFFER_TOKEN, pIn};
    SecBufferDesc InBuffDesc = {SECBUFFER_VERSION, 1, &InSecBuff};
    SecBuffer OutSecBuff = {cbMaxToken, SECBUFFER_TOKEN, Party->pOut};
    SecBufferDesc OutBuffDesc = {SECBUFFER_VERSION, 1, &OutSecBuff};
    PCtxtHandle phOld = Party->HaveCtxt ? &Party->hCtxt : NULL;
    PSecBufferDesc pIns = cbIn > 0 ? &InBuffDesc : NULL;
    ULONG Requested = ISC_REQ_CONFIDENTIALITY | ISC_REQ_MUTUAL_AUTH;
    WCHAR Target[] = u"HTTP/localhost";
    SECURITY_STATUS ss;

    if (Client && Caller != NULL)
        ss = CallerFinish(Caller, SspiInitializeSecurityContextAsyncW(
                                      Caller->Async, &Party->hCred, phOld, Target, Requested, 0,
                                      SECURITY_NATIVE_DREP, pIns, 0, &Party->hCtxt,
                                      &OutBuffDesc, &Party->Attributes, &Party->Lifetime));
    else if (Client)
        ss = InitializeSecurityContextW(&Party->hCred, phOld, Target, Requested, 0,
                                        SECURITY_NATIVE_DREP, pIns, 0, &Party->hCtxt,
                                        &OutBuffDesc, &Party->Attributes, &Party->Lifetime);
    else if (Caller != NULL)
        ss = CallerFinish(Caller, SspiAcceptSecurityContextAsync(
                                      Caller->Async, &Party->hCred, phOld, pIns, 0,
                                      SECURITY_NATIVE_DREP, &Party->hCtxt, &OutBuffDesc,
                                      &Party->Attributes, &Party->Lifetime));
    else
        ss = AcceptSecurityContext(&Party->hCred, phOld, pIns, 0, SECURITY_NATIVE_DREP,
                                   &Party->hCtxt, &OutBuffDesc, &Party->Attributes,
                                   &Party->Lifetime);
    assert_true(ss >= 0);
    Party->HaveCtxt = TRUE;
    if (ss == SEC_I_COMPLETE_NEEDED || ss == SEC_I_COMPLETE_AND_CONTINUE)
        assert_status(CompleteAuthToken(&Party->hCtxt, &OutBuffDesc), SEC_E_OK);
    Party->cbOut = OutSecBuff.cbBuffer;
    Party->Done = !(ss == SEC_I_CONTINUE_NEEDED || ss == SEC_I_COMPLETE_AND_CONTINUE);
}

/* EncryptThis and DecryptThis. */
static void SendSecret(PARTY *From, PARTY *To, const char *Text)
{
    UCHAR Message[BIG_BUFFER];
    SecPkgContext_Sizes Sizes;
    DWORD cbText = (DWORD)strlen(Text);
    SecBuffer Buffers[3];
    SecBufferDesc Desc = {SECBUFFER_VERSION, 3, Buffers};
    ULONG fQOP = 99;

    assert_status(QueryContextAttributesW(&From->hCtxt, SECPKG_ATTR_SIZES, &Sizes), SEC_E_OK);
    Buffers[0] = (SecBuffer){Sizes.cbSecurityTrailer, SECBUFFER_TOKEN, Message};
    Buffers[1] = (SecBuffer){cbText, SECBUFFER_DATA, Message + Sizes.cbSecurityTrailer};
    Buffers[2] = (SecBuffer){Sizes.cbBlockSize, SECBUFFER_PADDING,
                             Message + Sizes.cbSecurityTrailer + cbText};
    memcpy(Buffers[1].pvBuffer, Text, cbText);
    assert_status(EncryptMessage(&From->hCtxt, 0, &Desc, 0), SEC_E_OK);
    assert_memory_not_equal(Buffers[1].pvBuffer, Text, cbText);
    /* The documentation's server gets token and data, and decrypts them where they are. */
    Desc.cBuffers = Buffers[2].cbBuffer > 0 ? 3 : 2;
    assert_status(DecryptMessage(&To->hCtxt, &Desc, 0, &fQOP), SEC_E_OK);
    assert_int_equal(fQOP, 0);
    assert_int_equal(Buffers[1].cbBuffer, cbText);
    assert_memory_equal(Buffers[1].pvBuffer, Text, cbText);
}

static void Talk(WCHAR *Package, void *ClientAuthData, BOOLEAN Asynchronous)
{
    CALLER Caller;
    CALLER *pCaller = Asynchronous ? &Caller : NULL;
    PSecPkgInfoW pkgInfo = NULL;
    SecPkgContext_NamesW Names;
    SecPkgContext_PackageInfoW Info;
    PARTY Client = {.Done = FALSE}, Server = {.Done = FALSE};
    TimeStamp Lifetime;
    DWORD cbMaxToken;

    CallerInit(&Caller);
    assert_status(QuerySecurityPackageInfoW(Package, &pkgInfo), SEC_E_OK);
    cbMaxToken = pkgInfo->cbMaxToken;
    assert_status(FreeContextBuffer(pkgInfo), SEC_E_OK);
    Client.pOut = malloc(cbMaxToken);
    Server.pOut = malloc(cbMaxToken);

    if (Asynchronous) {
        assert_status(
            CallerFinish(&Caller, SspiAcquireCredentialsHandleAsyncW(
                                      Caller.Async, NULL, Package, SECPKG_CRED_OUTBOUND, NULL,
                                      ClientAuthData, NULL, NULL, &Client.hCred, &Lifetime)),
            SEC_E_OK);
        assert_status(
            CallerFinish(&Caller, SspiAcquireCredentialsHandleAsyncW(
                                      Caller.Async, NULL, Package, SECPKG_CRED_INBOUND, NULL,
                                      NULL, NULL, NULL, &Server.hCred, &Lifetime)),
            SEC_E_OK);
    } else {
        assert_status(AcquireCredentialsHandleW(NULL, Package, SECPKG_CRED_OUTBOUND, NULL,
                                                ClientAuthData, NULL, NULL, &Client.hCred,
                                                &Lifetime),
                      SEC_E_OK);
        assert_status(AcquireCredentialsHandleW(NULL, Package, SECPKG_CRED_INBOUND, NULL, NULL,
                                                NULL, NULL, &Server.hCred, &Lifetime),
                      SEC_E_OK);
    }

    GenContext(&Client, TRUE, pCaller, NULL, 0, cbMaxToken);
    while (!Client.Done || !Server.Done) {
        if (!Server.Done)
            GenContext(&Server, FALSE, pCaller, Client.pOut, Client.cbOut, cbMaxToken);
        if (!Client.Done)
            GenContext(&Client, TRUE, pCaller, Server.pOut, Server.cbOut, cbMaxToken);
    }
    assert_true(Client.Attributes & ISC_RET_CONFIDENTIALITY);
    assert_true(Server.Attributes & ASC_RET_CONFIDENTIALITY);

    SendSecret(&Client, &Server, "This is your client speaking");
    SendSecret(&Server, &Client, "This is your server speaking");
    assert_status(QueryContextAttributesW(&Server.hCtxt, SECPKG_ATTR_NAMES, &Names), SEC_E_OK);
    assert_true(Names.sUserName[0] != 0);
    assert_status(FreeContextBuffer(Names.sUserName), SEC_E_OK);
    assert_status(QueryContextAttributesW(&Client.hCtxt, SECPKG_ATTR_PACKAGE_INFO, &Info),
                  SEC_E_OK);
    assert_true(Info.PackageInfo->Name[0] != 0);
    assert_status(FreeContextBuffer(Info.PackageInfo), SEC_E_OK);

    if (Asynchronous) {
        assert_status(
            CallerFinish(&Caller, SspiDeleteSecurityContextAsync(Caller.Async, &Client.hCtxt)),
            SEC_E_OK);
        assert_status(
            CallerFinish(&Caller, SspiDeleteSecurityContextAsync(Caller.Async, &Server.hCtxt)),
            SEC_E_OK);
        assert_status(
            CallerFinish(&Caller, SspiFreeCredentialsHandleAsync(Caller.Async, &Client.hCred)),
            SEC_E_OK);
    } else {
        assert_status(DeleteSecurityContext(&Client.hCtxt), SEC_E_OK);
        assert_status(DeleteSecurityContext(&Server.hCtxt), SEC_E_OK);
        assert_status(FreeCredentialsHandle(&Client.hCred), SEC_E_OK);
    }
    assert_status(FreeCredentialsHandle(&Server.hCred), SEC_E_OK);
    free(Client.pOut);
    free(Server.pOut);
    CallerFree(&Caller);
}

static BOOLEAN HavePackage(WCHAR *Package)
{
    PSecPkgInfoW Info;

    if (QuerySecurityPackageInfoW(Package, &Info) != SEC_E_OK)
        return FALSE;
    FreeContextBuffer(Info);
    return TRUE;
}

/* Wrong would be: a Windows program that needs more than another include path. Default
 * credentials: tickets of the user, keys of the machine. */
static void default_credentials_work_as_documented(void **state)
{
    (void)state;
    Talk(MICROSOFT_KERBEROS_NAME_W, NULL, FALSE);
    Talk(MICROSOFT_KERBEROS_NAME_W, NULL, TRUE);
    Talk(NEGOSSP_NAME_W, NULL, FALSE);
    Talk(NEGOSSP_NAME_W, NULL, TRUE);
}

/* Wrong would be: an identity in UTF-16 that is not understood. */
static void identities_work_as_documented(void **state)
{
    static WCHAR User[] = u"alice";
    static WCHAR Domain[] = u"SSPI.TEST";
    static WCHAR NtlmDomain[] = u"TEST";
    WCHAR Password[64];
    SEC_WINNT_AUTH_IDENTITY_W Identity = {
        .User = User,
        .UserLength = 5,
        .Domain = Domain,
        .DomainLength = 9,
        .Password = Password,
        .PasswordLength = (ULONG)strlen(realm_value("ALICE_PASSWORD")),
        .Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE,
    };

    (void)state;
    Widen(Password, realm_value("ALICE_PASSWORD"));
    Talk(MICROSOFT_KERBEROS_NAME_W, &Identity, FALSE);
    Talk(NEGOSSP_NAME_W, &Identity, TRUE);
    if (!HavePackage(NTLMSP_NAME))
        return;
    Identity.Domain = NtlmDomain;
    Identity.DomainLength = 4;
    Talk(NTLMSP_NAME, &Identity, FALSE);
    Talk(NTLMSP_NAME, &Identity, TRUE);
}

/* Wrong would be: NTLM takes buffers otherwise than on Windows, where Wine's test of it
 * (dlls/secur32/tests/ntlm.c) was seen to get these. */
static void ntlm_says_how_much_room_it_needs(void **state)
{
    struct login Login;
    CredHandle hCred;
    CtxtHandle hCtxt;
    UCHAR Memory[1];
    SecBuffer OutSecBuff = {0, SECBUFFER_TOKEN, Memory};
    SecBufferDesc OutBuffDesc = {SECBUFFER_VERSION, 1, &OutSecBuff};
    ULONG Attributes;

    (void)state;
    if (!HavePackage(NTLMSP_NAME))
        skip();
    login_init(&Login);
    login_as(&Login, "TEST", "alice", realm_value("ALICE_PASSWORD"), NULL);
    assert_status(AcquireCredentialsHandleA(NULL, (SEC_CHAR[]){"NTLM"}, SECPKG_CRED_OUTBOUND,
                                            NULL, &Login.account, NULL, NULL, &hCred, NULL),
                  SEC_E_OK);
    assert_status(InitializeSecurityContextA(&hCred, NULL, NULL, 0, 0, SECURITY_NATIVE_DREP,
                                             NULL, 0, &hCtxt, NULL, &Attributes, NULL),
                  SEC_E_BUFFER_TOO_SMALL);
    assert_status(InitializeSecurityContextA(&hCred, NULL, NULL, 0, 0, SECURITY_NATIVE_DREP,
                                             NULL, 0, &hCtxt, &OutBuffDesc, &Attributes, NULL),
                  SEC_E_BUFFER_TOO_SMALL);
    OutSecBuff = (SecBuffer){BIG_BUFFER, SECBUFFER_TOKEN, NULL};
    assert_status(InitializeSecurityContextA(&hCred, NULL, NULL, 0, 0, SECURITY_NATIVE_DREP,
                                             NULL, 0, &hCtxt, &OutBuffDesc, &Attributes, NULL),
                  SEC_I_CONTINUE_NEEDED);
    assert_memory_equal(OutSecBuff.pvBuffer, "NTLMSSP", 8);
    assert_status(FreeContextBuffer(OutSecBuff.pvBuffer), SEC_E_OK);
    assert_status(DeleteSecurityContext(&hCtxt), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&hCred), SEC_E_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(default_credentials_work_as_documented),
        cmocka_unit_test(identities_work_as_documented),
        cmocka_unit_test(ntlm_says_how_much_room_it_needs),
    };

    realm_value("REALM_DIR");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
