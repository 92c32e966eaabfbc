/* SPDX-License-Identifier: MIT */
/*
 * status_test.c - names and texts of status codes.
 *
 * generated/status_list.h is made from sspi.h when the build is configured: STATUS(x) for
 * each status that is defined there, ALIAS(x) for each second name of one.
 */
#include "sspi_queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

typedef struct known_status {
    SECURITY_STATUS code;
    const char *name;
} known_status;

#define STATUS(status) {status, #status},
#define ALIAS(status)
static const known_status statuses[] = {
#include "status_list.h"
};
#undef STATUS
#undef ALIAS

#define STATUS(status)
#define ALIAS(status) {status, #status},
static const known_status aliases[] = {
#include "status_list.h"
};
#undef STATUS
#undef ALIAS

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A status of sspi.h that the library cannot name, or names wrongly. */
static void every_status_has_the_name_of_its_macro(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(statuses); i++) {
        assert_string_equal(sspia_status_name(statuses[i].code), statuses[i].name);
    }
}

/* The list itself empty or cut short, so that the test above shows nothing. */
static void the_list_is_that_of_the_header(void **state)
{
    (void)state;
    assert_in_range(COUNT(statuses), 90, 1000);
    assert_int_equal(COUNT(aliases), 3); /* NOT_SUPPORTED, NO_SPM, STATUS_SUCCESS */
    assert_string_equal(statuses[0].name, "SEC_E_OK");
}

/* A second name that hides the first. */
static void aliases_give_the_main_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(aliases); i++) {
        const char *name = sspia_status_name(aliases[i].code);
        assert_string_not_equal(name, "UNKNOWN");
        assert_string_not_equal(name, aliases[i].name);
    }
    assert_string_equal(sspia_status_name(SEC_E_NOT_SUPPORTED), "SEC_E_UNSUPPORTED_FUNCTION");
    assert_string_equal(sspia_status_name(SEC_E_NO_SPM), "SEC_E_INTERNAL_ERROR");
    assert_string_equal(sspia_status_name(STATUS_SUCCESS), "SEC_E_OK");
}

/* A text that is missing, the general one, somebody else's, or not a sentence in a line. */
static void every_text_is_a_sentence_of_its_own(void **state)
{
    (void)state;
    const char *unknown_error = sspia_status_text((SECURITY_STATUS)0x800903FF);
    const char *unknown_success = sspia_status_text(0x000903FF);
    for (size_t i = 0; i < COUNT(statuses); i++) {
        const char *text = sspia_status_text(statuses[i].code);
        size_t length = strlen(text);
        if (length < 15 || text[length - 1] != '.' || strchr(text, '\n') || text[0] < 'A' ||
            text[0] > 'Z') {
            fail_msg("%s: \"%s\" is no sentence", statuses[i].name, text);
        }
        assert_string_not_equal(text, unknown_error);
        assert_string_not_equal(text, unknown_success);
        for (size_t j = 0; j < i; j++) {
            if (strcmp(text, sspia_status_text(statuses[j].code)) == 0) {
                fail_msg("%s and %s have the same text", statuses[j].name, statuses[i].name);
            }
        }
    }
}

/* A neighbour's name for a code that nobody defined; a search that runs off the table. */
static void other_codes_are_unknown(void **state)
{
    (void)state;
    static const uint32_t codes[] = {1,          0x0008FFFF, 0x00090311, 0x00090313 + 0x100,
                                     0x80090312, 0x8009036C, 0x8009FFFF, 0xC0000007,
                                     0xC0000009, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};
    for (size_t i = 0; i < COUNT(codes); i++) {
        assert_string_equal(sspia_status_name((SECURITY_STATUS)codes[i]), "UNKNOWN");
        assert_non_null(strstr(sspia_status_text((SECURITY_STATUS)codes[i]), "does not know"));
    }
    assert_non_null(strstr(sspia_status_text(1), "success"));
    assert_non_null(strstr(sspia_status_text((SECURITY_STATUS)0xFFFFFFFF), "error"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_the_name_of_its_macro),
        cmocka_unit_test(the_list_is_that_of_the_header),
        cmocka_unit_test(aliases_give_the_main_name),
        cmocka_unit_test(every_text_is_a_sentence_of_its_own),
        cmocka_unit_test(other_codes_are_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
