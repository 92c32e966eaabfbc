/* SPDX-License-Identifier: MIT */
/* The checksum of exported contexts. */
#include "gss/sha256.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void expect(const void *bytes, size_t size, const char *digest)
{
    unsigned char found[GSS_SHA256_SIZE];
    char text[2 * GSS_SHA256_SIZE + 1];

    gss_sha256(bytes, size, found);
    for (size_t i = 0; i < sizeof found; i++)
        snprintf(text + 2 * i, 3, "%02x", found[i]);
    assert_string_equal(text, digest);
}

/* Wrong would be: another hash function. The examples of FIPS 180-4, and of NIST's vectors. */
static void sha256_is_that_of_fips_180(void **state)
{
    char *many = malloc(1000000);

    (void)state;
    expect("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
           "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    assert_non_null(many);
    memset(many, 'a', 1000000);
    expect(many, 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    /* One byte less than leaves room for the length, and each side of a whole block. */
    expect(many, 55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318");
    expect(many, 63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34");
    expect(many, 64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
    free(many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sha256_is_that_of_fips_180)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
