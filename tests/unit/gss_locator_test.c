/* SPDX-License-Identifier: MIT */
/* Locator plug-ins of libkrb5: found, asked once for all who want to know, and heard. */
#include "gss/locator.h"
#include "gss/resolver.h"
#include "locator.h"

#include <krb5.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static struct locator *plugin;
static char folder[] = "/tmp/gss_locator_XXXXXX";

/* One who asks: in place of a call of the core's. */
struct asker {
    gss_lookup *lookup;
    sem_t resumed;
    uint32_t count;
};

static void resume(void *call)
{
    struct asker *asker = call;

    sem_post(&asker->resumed);
}

static const sspia_host host = {
    .abi = SSPIA_PACKAGE_ABI, .size = sizeof(sspia_host), .resume = resume};

static void configure(const char *base)
{
    char path[4200];
    FILE *file;

    snprintf(path, sizeof path, "%s/krb5.conf", folder);
    file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "[libdefaults]\n    plugin_base_dir = %s/%s\n", folder, base);
    assert_int_equal(fclose(file), 0);
    setenv("KRB5_CONFIG", path, 1);
}

static int start(void **state)
{
    char path[4200];

    (void)state;
    gss_host = &host;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/plugins", folder);
    plugin = locator_install(path);
    atomic_store(&plugin->port, 88);
    atomic_store(&plugin->primary_port, 89);
    configure("plugins");
    return 0;
}

static int stop(void **state)
{
    static const char *const names[] = {"plugins/libkrb5/locator.so",
                                        "plugins/libkrb5/README",
                                        "plugins/libkrb5",
                                        "plugins",
                                        "empty/libkrb5",
                                        "empty",
                                        "krb5.conf",
                                        ""};

    (void)state;
    gss_resolver_forget();
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[4200];

        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        assert_int_equal(remove(path), 0);
    }
    return 0;
}

static bool exists(void)
{
    krb5_context context;
    profile_t profile;
    bool found;

    assert_int_equal(krb5_init_context(&context), 0);
    assert_int_equal(krb5_get_profile(context, &profile), 0);
    found = gss_locator_exists(profile);
    profile_release(profile);
    krb5_free_context(context);
    return found;
}

/* Wrong would be: a plug-in that is not found; one that is seen in an empty folder, so that
 * everybody pays for it. */
static void a_folder_with_a_file_has_a_plugin(void **state)
{
    char path[4200];

    (void)state;
    assert_true(exists());
    snprintf(path, sizeof path, "%s/empty", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    configure("empty");
    assert_false(exists());
    strcat(path, "/libkrb5");
    assert_int_equal(mkdir(path, 0700), 0);
    assert_false(exists());
    configure("plugins");
}

static void assert_names(gss_query query, unsigned port)
{
    static const gss_transport transports[] = {GSS_UDP, GSS_TCP};
    gss_answer *answer = gss_answer_create();

    assert_non_null(answer);
    gss_locator_ask(query, "SSPI.TEST", answer);
    assert_int_equal(answer->found, GSS_FOUND);
    assert_int_equal(answer->address_count, 2);
    for (unsigned i = 0; i < 2; i++) {
        struct sockaddr_in address;

        assert_int_equal(answer->addresses[i].size, sizeof address);
        memcpy(&address, &answer->addresses[i].address, sizeof address);
        assert_int_equal(address.sin_port, htons((uint16_t)port));
        assert_int_equal(address.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
        assert_int_equal(answer->addresses[i].transport, transports[i]);
    }
    gss_answer_free(answer);
}

/* Wrong would be: another port, transport or kind of KDC than the plug-in said. */
static void a_plugin_names_kdcs_and_primary_ones(void **state)
{
    (void)state;
    assert_names(GSS_QUERY_BY_PLUGIN, 88);
    assert_names(GSS_QUERY_PRIMARY_BY_PLUGIN, 89);
}

/* Wrong would be: the three taken for each other. */
static void it_may_pass_have_none_or_fail(void **state)
{
    static const struct {
        const char *realm;
        gss_found found;
        int code;
    } cases[] = {{"PASSED.TEST", GSS_FOUND_NONE, (int)KRB5_PLUGIN_NO_HANDLE},
                 {"EMPTY.TEST", GSS_FOUND, 0},
                 {"FAILED.TEST", GSS_FOUND_REFUSED, (int)KRB5_REALM_CANT_RESOLVE}};

    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        gss_answer *answer = gss_answer_create();

        assert_non_null(answer);
        gss_locator_ask(GSS_QUERY_BY_PLUGIN, cases[i].realm, answer);
        assert_int_equal(answer->found, cases[i].found);
        assert_int_equal(answer->code, cases[i].code);
        assert_int_equal(answer->address_count, 0);
        gss_answer_free(answer);
    }
}

static void begin(struct asker *asker, const char *realm)
{
    memset(asker, 0, sizeof *asker);
    assert_int_equal(sem_init(&asker->resumed, 0, 0), 0);
    asker->lookup = gss_lookup_begin(GSS_QUERY_BY_PLUGIN, 0, realm);
    assert_non_null(asker->lookup);
}

static gss_lookup_state go(struct asker *asker, bool may_block)
{
    struct pollfd fds[GSS_LOOKUP_FDS];
    int64_t until;

    return gss_lookup_go(asker->lookup, asker, may_block, fds, &asker->count, &until);
}

static void end(struct asker *asker)
{
    gss_lookup_end(asker->lookup);
    sem_destroy(&asker->resumed);
}

/* Wrong would be: a plug-in that is asked for each call, a thread for each, or an answer for
 * another realm, the case of whose name is not the same. */
static void calls_share_one_question(void **state)
{
    unsigned before = atomic_load(&plugin->asked);
    struct asker leader;
    struct asker other;
    struct asker late;
    struct asker lower;

    (void)state;
    begin(&leader, "SHARED.TEST");
    begin(&other, "SHARED.TEST");
    assert_int_equal(go(&leader, false), GSS_LOOKUP_THREAD);
    assert_int_equal(go(&other, false), GSS_LOOKUP_WAITS);
    assert_int_equal(other.count, 0);
    assert_int_equal(atomic_load(&plugin->asked), before);
    assert_int_equal(go(&leader, true), GSS_LOOKUP_DONE);
    sem_wait(&other.resumed);
    assert_int_equal(go(&other, false), GSS_LOOKUP_DONE);
    assert_int_equal(gss_lookup_answer(other.lookup)->address_count, 2);
    begin(&late, "SHARED.TEST");
    assert_int_equal(go(&late, false), GSS_LOOKUP_DONE);
    assert_int_equal(atomic_load(&plugin->asked), before + 1);
    begin(&lower, "shared.test");
    assert_int_equal(go(&lower, false), GSS_LOOKUP_THREAD);
    end(&leader);
    end(&other);
    end(&late);
    end(&lower);
}

static void *ask_to_the_end(void *data)
{
    assert_int_equal(go(data, true), GSS_LOOKUP_DONE);
    return NULL;
}

/* Wrong would be: others of that realm who take threads, too, or cannot leave; another realm
 * that waits. */
static void a_plugin_that_blocks_has_one_thread(void **state)
{
    unsigned before = atomic_load(&plugin->asked);
    struct asker leader;
    struct asker other;
    struct asker stays;
    struct asker elsewhere;
    pthread_t thread;

    (void)state;
    begin(&leader, "BLOCKED.TEST");
    assert_int_equal(go(&leader, false), GSS_LOOKUP_THREAD);
    assert_int_equal(pthread_create(&thread, NULL, ask_to_the_end, &leader), 0);
    sem_wait(&plugin->blocked);
    begin(&other, "BLOCKED.TEST");
    begin(&stays, "BLOCKED.TEST");
    assert_int_equal(go(&other, true), GSS_LOOKUP_WAITS);
    assert_int_equal(go(&stays, true), GSS_LOOKUP_WAITS);
    end(&other);
    begin(&elsewhere, "ELSEWHERE.TEST");
    assert_int_equal(go(&elsewhere, true), GSS_LOOKUP_DONE);
    end(&elsewhere);
    assert_int_equal(atomic_load(&plugin->asked), before + 2);
    sem_post(&plugin->gate);
    sem_wait(&stays.resumed);
    pthread_join(thread, NULL);
    assert_int_equal(go(&stays, false), GSS_LOOKUP_DONE);
    assert_int_equal(gss_lookup_answer(stays.lookup)->found, GSS_FOUND_NONE);
    end(&stays);
    end(&leader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_with_a_file_has_a_plugin),
        cmocka_unit_test(a_plugin_names_kdcs_and_primary_ones),
        cmocka_unit_test(it_may_pass_have_none_or_fail),
        cmocka_unit_test(calls_share_one_question),
        cmocka_unit_test(a_plugin_that_blocks_has_one_thread),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
