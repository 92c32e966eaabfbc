/* SPDX-License-Identifier: MIT */
/* UTF-8 and UTF-16, both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "memory.h"
#include "text.h"

static const struct {
    const char *utf8;
    const WCHAR *utf16;
} pairs[] = {
    {"", u""},
    {"HTTP/www.example.org", u"HTTP/www.example.org"},
    {"\xc3\xa9t\xc3\xa9", u"\u00e9t\u00e9"},
    {"\xe2\x82\xac", u"\u20ac"},
    {"\xf0\x9f\x94\x91!", u"\U0001f511!"},
    {"\xf4\x8f\xbf\xbf", u"\U0010ffff"},
};

/* Wrong would be: a string that does not come back as it was. */
static void well_formed_strings_convert_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        WCHAR *wide = text_to_utf16(pairs[i].utf8);
        size_t units = text_utf16_length(pairs[i].utf16);
        char *narrow;

        assert_non_null(wide);
        assert_memory_equal(wide, pairs[i].utf16, (units + 1) * sizeof(WCHAR));
        assert_int_equal(text_from_utf16(pairs[i].utf16, units, &narrow), SEC_E_OK);
        assert_string_equal(narrow, pairs[i].utf8);
        free(narrow);
        assert_int_equal(text_from_utf8(pairs[i].utf8, strlen(pairs[i].utf8), &narrow),
                         SEC_E_OK);
        assert_string_equal(narrow, pairs[i].utf8);
        free(narrow);
        memory_free(wide);
    }
}

/* Wrong would be: malformed input let through, where a package would trust it. */
static void malformed_strings_are_refused(void **state)
{
    static const char *const bad8[] = {"\x80",         "\xc3",         "\xc0\x80",
                                       "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                       "\xff",         "a\xe2\x82",    "\xf0\x9f\x94"};
    static const WCHAR bad16[][3] = {
        {0xD800, 0}, {0xDC00, 0}, {0xD800, 'a', 0}, {'a', 0xDFFF, 0}};
    char *result;

    (void)state;
    for (size_t i = 0; i < sizeof(bad8) / sizeof(bad8[0]); i++) {
        assert_int_equal(text_from_utf8(bad8[i], strlen(bad8[i]), &result),
                         SEC_E_INVALID_PARAMETER);
        assert_null(result);
        assert_null(text_to_utf16(bad8[i]));
    }
    for (size_t i = 0; i < sizeof(bad16) / sizeof(bad16[0]); i++) {
        assert_int_equal(text_from_utf16(bad16[i], text_utf16_length(bad16[i]), &result),
                         SEC_E_INVALID_PARAMETER);
        assert_null(result);
    }
    /* A zero inside would hide the rest from C. */
    assert_int_equal(text_from_utf8("a\0b", 3, &result), SEC_E_INVALID_PARAMETER);
    assert_int_equal(text_from_utf16(u"a\0b", 3, &result), SEC_E_INVALID_PARAMETER);
}

/* Wrong would be: a string without end read without end. */
static void length_is_bounded(void **state)
{
    size_t size = TEXT_MAX + 10;
    char *narrow = malloc(size), *result;
    WCHAR *wide = malloc(size * sizeof(WCHAR));

    (void)state;
    memset(narrow, 'a', size);
    for (size_t i = 0; i < size; i++)
        wide[i] = 'a';
    assert_int_equal(text_utf8_length(narrow), TEXT_MAX + 1);
    assert_int_equal(text_utf16_length(wide), TEXT_MAX + 1);
    assert_int_equal(text_from_utf8(narrow, TEXT_MAX + 1, &result), SEC_E_INVALID_PARAMETER);
    assert_int_equal(text_from_utf16(wide, TEXT_MAX + 1, &result), SEC_E_INVALID_PARAMETER);
    assert_int_equal(text_from_utf8(NULL, 0, &result), SEC_E_OK);
    assert_null(result);
    free(narrow);
    free(wide);
}

static void names_ignore_case(void **state)
{
    (void)state;
    assert_true(text_equal_ignoring_case("Negotiate", "NEGOTIATE"));
    assert_false(text_equal_ignoring_case("Negotiate", "Negotiat"));
    assert_false(text_equal_ignoring_case("NTLM", "NTLN"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(well_formed_strings_convert_both_ways),
        cmocka_unit_test(malformed_strings_are_refused),
        cmocka_unit_test(length_is_bounded),
        cmocka_unit_test(names_ignore_case),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
