/* SPDX-License-Identifier: MIT */
/*
 * compat_test.c - libsspi-async-compat as programs use it that load SSPI at run time: by
 * dlopen and dlsym, with nothing of the library named when this program is linked.
 */
#define SSPI_ASYNC_NO_PLAIN_NAMES
#include "sspi.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

typedef SspiAsyncContext *(*create_async_fn)(void);
typedef void (*free_async_fn)(SspiAsyncContext *);

static void *library;

/* memcpy, because ISO C has no cast from an object pointer to a function pointer. */
static void look_up(const char *name, void *function)
{
    void *address = dlsym(library, name);
    if (!address) {
        fail_msg("%s is not there", name);
    }
    memcpy(function, &address, sizeof address);
}

static int open_library(void **state)
{
    (void)state;
    library = dlopen(SSPI_ASYNC_LIBRARY_DIR "/libsspi-async-compat.so.1", RTLD_NOW);
    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        return -1;
    }
    return 0;
}

/* Whether the module of the packages was built: then they must be in every list. */
static int gss_is_built(void)
{
    return access(SSPI_ASYNC_MODULE_DIR "/libsspi-async-gss.so", R_OK) == 0;
}

static int same_text(const WCHAR *wide, const char *narrow)
{
    while (*wide && *wide == (unsigned char)*narrow) {
        wide++;
        narrow++;
    }
    return *wide == 0 && *narrow == 0;
}

/* Everything after dwVersion is a pointer; Reserved2 and Reserved8 alone are NULL, and the
 * other two are what they were before they were reserved. */
static void check_slots(const void *table, size_t size)
{
    void *const *slots = table;
    assert_int_equal(size, 32 * sizeof(void *));
    for (size_t i = 1; i < 32; i++) {
        if (i == 5 || i == 23) {
            assert_null(slots[i]);
        } else if (!slots[i]) {
            fail_msg("slot %zu is empty", i);
        }
    }
    assert_ptr_equal(slots[18], slots[25]); /* EncryptMessage */
    assert_ptr_equal(slots[19], slots[26]); /* DecryptMessage */
}

/* A table with a hole, which a program would call. */
static void the_tables_are_full(void **state)
{
    (void)state;
    INIT_SECURITY_INTERFACE_A init_a;
    INIT_SECURITY_INTERFACE_W init_w;
    look_up(SECURITY_ENTRYPOINT_ANSIA, &init_a);
    look_up(SECURITY_ENTRYPOINT_ANSIW, &init_w);

    PSecurityFunctionTableA a = init_a();
    PSecurityFunctionTableW w = init_w();
    assert_int_equal(a->dwVersion, SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION);
    assert_int_equal(w->dwVersion, SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION);
    check_slots(a, sizeof *a);
    check_slots(w, sizeof *w);
    assert_ptr_equal(a, init_a());
    assert_ptr_equal(w, init_w());
}

/* A plain name or a slot of the table that leads to another function than it says. */
static void the_lists_of_packages_agree(void **state)
{
    (void)state;
    ENUMERATE_SECURITY_PACKAGES_FN_A enumerate;
    FREE_CONTEXT_BUFFER_FN free_buffer;
    INIT_SECURITY_INTERFACE_W init;
    look_up("EnumerateSecurityPackagesA", &enumerate);
    look_up("FreeContextBuffer", &free_buffer);
    look_up("InitSecurityInterfaceW", &init);
    PSecurityFunctionTableW table = init();

    uint32_t count = 99;
    uint32_t count_w = 98;
    PSecPkgInfoA packages = NULL;
    PSecPkgInfoW packages_w = NULL;
    assert_int_equal(enumerate(&count, &packages), SEC_E_OK);
    assert_int_equal(table->EnumerateSecurityPackagesW(&count_w, &packages_w), SEC_E_OK);
    assert_int_equal(count, count_w);

    int kerberos = 0;
    for (uint32_t i = 0; i < count; i++) {
        assert_true(same_text(packages_w[i].Name, packages[i].Name));
        assert_int_equal(packages_w[i].fCapabilities, packages[i].fCapabilities);
        assert_int_equal(packages_w[i].cbMaxToken, packages[i].cbMaxToken);
        kerberos |= strcmp(packages[i].Name, MICROSOFT_KERBEROS_NAME_A) == 0;
    }
    assert_int_equal(kerberos, gss_is_built());

    /* Memory that one name gave out is freed by the other, once. */
    assert_int_equal(table->FreeContextBuffer(packages), SEC_E_OK);
    assert_int_equal(free_buffer(packages_w), SEC_E_OK);
    assert_int_equal(free_buffer(packages_w), SEC_E_INVALID_HANDLE);
}

/* An argument lost on the way through the forwarding function. */
static void arguments_arrive(void **state)
{
    (void)state;
    DELETE_SECURITY_CONTEXT_FN delete_context;
    look_up("DeleteSecurityContext", &delete_context);
    CtxtHandle never = {0, 0};
    assert_int_equal(delete_context(&never), SEC_E_INVALID_HANDLE);

    QUERY_SECURITY_PACKAGE_INFO_FN_A query;
    look_up("QuerySecurityPackageInfoA", &query);
    FREE_CONTEXT_BUFFER_FN free_buffer;
    look_up("FreeContextBuffer", &free_buffer);
    SecPkgInfoA before;
    PSecPkgInfoA info = &before; /* left alone by a failure */
    assert_int_equal(query("no such package", &info), SEC_E_SECPKG_NOT_FOUND);
    assert_ptr_equal(info, &before);
    if (gss_is_built()) {
        assert_int_equal(query(MICROSOFT_KERBEROS_NAME_A, &info), SEC_E_OK);
        assert_string_equal(info->Name, MICROSOFT_KERBEROS_NAME_A);
        assert_int_equal(free_buffer(info), SEC_E_OK);
    }
}

/* A program that looks everything up in one library, as it does in secur32.dll. */
static void asynchronous_names_are_found_there_too(void **state)
{
    (void)state;
    create_async_fn create;
    free_async_fn free_async;
    look_up("SspiCreateAsyncContext", &create);
    look_up("SspiFreeAsyncContext", &free_async);
    SspiAsyncContext *async = create();
    assert_non_null(async);
    free_async(async);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tables_are_full),
        cmocka_unit_test(the_lists_of_packages_agree),
        cmocka_unit_test(arguments_arrive),
        cmocka_unit_test(asynchronous_names_are_found_there_too),
    };
    return cmocka_run_group_tests(tests, open_library, NULL);
}
