/* SPDX-License-Identifier: MIT */
/* FreeContextBuffer's memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "memory.h"
#include "sspi.h"

/* Wrong would be: heap damage, or success, for what the library did not give out. */
static void foreign_interior_and_freed_pointers_are_refused(void **state)
{
    char *ours = memory_allocate(100), *foreign = malloc(100), on_stack[16];

    (void)state;
    assert_int_equal(sspia_FreeContextBuffer(foreign), SEC_E_INVALID_HANDLE);
    assert_int_equal(sspia_FreeContextBuffer(on_stack), SEC_E_INVALID_HANDLE);
    assert_int_equal(sspia_FreeContextBuffer(ours + 16), SEC_E_INVALID_HANDLE);
    assert_int_equal(sspia_FreeContextBuffer((void *)(uintptr_t)-1), SEC_E_INVALID_HANDLE);
    assert_int_equal(sspia_FreeContextBuffer(ours), SEC_E_OK);
    assert_int_equal(sspia_FreeContextBuffer(ours), SEC_E_INVALID_HANDLE);
    assert_int_equal(sspia_FreeContextBuffer(NULL), SEC_E_OK);
    free(foreign);
}

/* Wrong would be: a block lost when the table grows, or one not zeroed or not aligned. */
static void many_blocks_are_all_found_again(void **state)
{
    enum { BLOCKS = 3000 };
    static unsigned char *blocks[BLOCKS];

    (void)state;
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = memory_allocate(i);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % _Alignof(max_align_t), 0);
        for (size_t j = 0; j < i; j += 97)
            assert_int_equal(blocks[i][j], 0);
        memset(blocks[i], 0xAA, i);
    }
    for (size_t i = 0; i < BLOCKS; i += 2)
        assert_true(memory_release(blocks[i]));
    for (size_t i = 0; i < BLOCKS; i++)
        assert_int_equal(memory_release(blocks[i]), i % 2 == 1);
    assert_null(memory_allocate(SIZE_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(foreign_interior_and_freed_pointers_are_refused),
        cmocka_unit_test(many_blocks_are_all_found_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
