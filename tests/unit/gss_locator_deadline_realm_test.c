/* SPDX-License-Identifier: MIT */
/* A locator plug-in that blocks, under calls of the library that have a deadline. */
#include "kdc_relay.h"
#include "locator.h"
#include "scripted.h"
#include "side.h"

#include <stdlib.h>

static struct locator *plugin;

static int start(void **state)
{
    char folder[4200];
    char defaults[4400];

    (void)state;
    snprintf(folder, sizeof folder, "%s/plugins", realm_value("REALM_DIR"));
    plugin = locator_install(folder);
    atomic_store(&plugin->port, (unsigned)atoi(realm_value("KDC_PORT")));
    snprintf(defaults, sizeof defaults, "    plugin_base_dir = %s\n", folder);
    kdc_configure("", defaults);
    return 0;
}

/* A first leg that logs on with alice's password. */
struct logon {
    SspiAsyncContext *async;
    CredHandle credential;
    CtxtHandle context;
    SecBuffer token;
    SecBufferDesc tokens;
};

static void submit(struct logon *logon, const char *realm, uint32_t deadline)
{
    struct login login;

    memset(logon, 0, sizeof *logon);
    login_init(&login);
    login_as(&login, realm, "alice", realm_value("ALICE_PASSWORD"), NULL);
    logon->token.BufferType = SECBUFFER_TOKEN;
    logon->tokens = (SecBufferDesc){SECBUFFER_VERSION, 1, &logon->token};
    logon->async = SspiCreateAsyncContext();
    assert_int_equal(AcquireCredentialsHandleA(NULL, (char[]){"Kerberos"}, SECPKG_CRED_OUTBOUND,
                                               NULL, &login.identity, NULL, NULL,
                                               &logon->credential, NULL),
                     SEC_E_OK);
    assert_int_equal(sspia_async_set_deadline(logon->async, deadline), SEC_E_OK);
    assert_int_equal(SspiInitializeSecurityContextAsyncA(
                         logon->async, &logon->credential, NULL, (char[]){"HTTP@localhost"},
                         ISC_REQ_ALLOCATE_MEMORY, 0, SECURITY_NATIVE_DREP, NULL, 0,
                         &logon->context, &logon->tokens, NULL, NULL),
                     SEC_E_OK);
}

static void end(struct logon *logon)
{
    SspiFreeAsyncContext(logon->async);
    assert_int_equal(FreeCredentialsHandle(&logon->credential), SEC_E_OK);
}

static int pending_now(void)
{
    sspia_pool_counts counts = {.size = sizeof counts};

    assert_int_equal(sspia_pool_stats(&counts), SEC_E_OK);
    return (int)counts.pending;
}

/* A call that ends at its deadline, and whether the plug-in blocks since then, or did before.
 */
static bool ends_at_its_deadline(uint32_t deadline)
{
    struct logon logon;

    submit(&logon, "BLOCKED.TEST", deadline);
    assert_int_equal(sspia_async_wait(logon.async, PATIENCE_MS), SEC_E_SECURITY_QOS_FAILED);
    end(&logon);
    return sem_trywait(&plugin->blocked) == 0;
}

/* Wrong would be: a caller who waits for the plug-in beyond his deadline; a second one for the
 * same realm who does, or has the plug-in asked again; another realm that waits for them. */
static void a_plugin_that_blocks_ends_for_its_caller(void **state)
{
    uint32_t deadline = 100;
    struct logon other;

    (void)state;
    while (!ends_at_its_deadline(deadline))
        deadline *= 2; /* it passed on the way to the plug-in */
    assert_false(ends_at_its_deadline(deadline));
    submit(&other, "SSPI.TEST", 0);
    assert_int_equal(sspia_async_wait(other.async, PATIENCE_MS), SEC_E_OK);
    assert_int_equal(DeleteSecurityContext(&other.context), SEC_E_OK);
    assert_int_equal(FreeContextBuffer(other.token.pvBuffer), SEC_E_OK);
    end(&other);
    assert_int_not_equal(pending_now(), 0);
    sem_post(&plugin->gate);
    scripted_eventually(pending_now, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plugin_that_blocks_ends_for_its_caller),
    };

    realm_value("REALM_DIR");
    return cmocka_run_group_tests(tests, start, NULL);
}
