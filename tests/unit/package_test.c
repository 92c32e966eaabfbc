/* SPDX-License-Identifier: MIT */
/* The packages: where their modules are looked for. */
#define SSPI_ASYNC_NO_PLAIN_NAMES
#include "sspi.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Wrong would be: modules that are looked for in the current folder of the moment. A program
 * that anybody may start from anywhere would load what lies there. */
static void modules_are_beside_a_library_that_was_loaded_by_a_relative_path(void **state)
{
    SECURITY_STATUS (*add_package)(LPSTR name, void *options);
    char name[] = "scripted";
    void *library, *symbol;

    (void)state;
    unsetenv("SSPI_ASYNC_PACKAGE_PATH");
    assert_int_equal(chdir(SSPI_ASYNC_LIBRARY_DIR), 0);
    library = dlopen("./libsspi-async.so.1", RTLD_NOW | RTLD_LOCAL);
    assert_non_null(library);
    assert_int_equal(chdir("/"), 0);
    symbol = dlsym(library, "sspia_AddSecurityPackageA");
    assert_non_null(symbol);
    memcpy(&add_package, &symbol, sizeof(add_package));
    assert_int_equal(add_package(name, NULL), SEC_E_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modules_are_beside_a_library_that_was_loaded_by_a_relative_path),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
