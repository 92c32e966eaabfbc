/* SPDX-License-Identifier: MIT */
#include "script.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"

/* One word: KEY, or KEY=VALUE where 'VALUE' may be quoted. */
struct word {
    const char *key;
    size_t key_length;
    const char *value; /* NULL: none */
    size_t value_length;
};

static const struct {
    const char *name;
    SECURITY_STATUS status;
} statuses[] = {
#include "status_names.h"
};

static SECURITY_STATUS bad(sspia_report *report, const char *what, const struct word *word)
{
    char text[64];
    size_t length = word->key_length < sizeof(text) - 1 ? word->key_length : sizeof(text) - 1;

    memcpy(text, word->key, length);
    text[length] = '\0';
    scripted_host->report(report, what, text);
    return SEC_E_INVALID_PARAMETER;
}

static bool is(const struct word *word, const char *key)
{
    return strlen(key) == word->key_length && strncmp(key, word->key, word->key_length) == 0;
}

/* Reads a word and goes behind it. False: the stage has no more. */
static bool next_word(const char **at, struct word *word)
{
    while (**at == ' ')
        (*at)++;
    if (**at == '\0' || **at == ';')
        return false;
    *word = (struct word){.key = *at};
    word->key_length = strcspn(*at, " =;");
    *at += word->key_length;
    if (**at != '=')
        return true;
    (*at)++;
    if (**at == '\'') {
        word->value = *at + 1;
        word->value_length = strcspn(word->value, "'");
        *at = word->value + word->value_length;
        *at += **at == '\'';
    } else {
        word->value = *at;
        word->value_length = strcspn(*at, " ;");
        *at += word->value_length;
    }
    return true;
}

static bool to_number(const struct word *word, int base, uint64_t most, uint64_t *number)
{
    char *end = NULL;

    if (word->value == NULL || word->value_length == 0 ||
        !isxdigit((unsigned char)*word->value))
        return false;
    errno = 0;
    *number = strtoull(word->value, &end, base);
    return errno == 0 && end == word->value + word->value_length && *number <= most;
}

static bool to_status(const struct word *word, SECURITY_STATUS *status)
{
    uint64_t number;

    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (word->value != NULL && strlen(statuses[i].name) == word->value_length &&
            strncmp(statuses[i].name, word->value, word->value_length) == 0) {
            *status = statuses[i].status;
            return true;
        }
    }
    if (!to_number(word, 16, UINT32_MAX, &number))
        return false;
    *status = (SECURITY_STATUS)(uint32_t)number;
    return true;
}

/* SEC_E_INVALID_PARAMETER: there is no value. */
static SECURITY_STATUS to_text(const struct word *word, char **text, sspia_report *report)
{
    if (word->value == NULL)
        return bad(report, "the script has an invalid value", word);
    free(*text);
    *text = strndup(word->value, word->value_length);
    return *text != NULL ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

/* A word with a number. False: not one of these. */
static bool set_number(struct stage *stage, const struct word *word, bool *good)
{
    uint64_t number = 0;

    if (is(word, "delay"))
        *good = to_number(word, 10, UINT32_MAX, &number), stage->delay_ms = (uint32_t)number;
    else if (is(word, "release"))
        *good = to_number(word, 10, UINT32_MAX, &number), stage->release = (uint32_t)number;
    else if (is(word, "extra"))
        *good = to_number(word, 10, UINT32_MAX, &number), stage->extra = (size_t)number;
    else if (is(word, "missing"))
        *good = to_number(word, 10, UINT32_MAX, &number), stage->missing = (size_t)number;
    else if (is(word, "grow"))
        *good = to_number(word, 10, SIZE_MAX / 2, &number), stage->grow = (size_t)number;
    else if (is(word, "expiry"))
        *good = to_number(word, 10, INT64_MAX, &number), stage->expiry = (int64_t)number;
    else if (is(word, "attributes"))
        *good = to_number(word, 16, UINT32_MAX, &number), stage->attributes = (uint32_t)number;
    else
        return false;
    return true;
}

/* A word about waiting outside the package. False: not one of these. */
static bool set_wait(struct stage *stage, const struct word *word, bool *good)
{
    uint64_t number = 0;

    if (is(word, "wait-thread")) {
        *good = word->value == NULL;
        stage->wait_thread = true;
        return true;
    }
    if (is(word, "wait-fd")) {
        stage->wait_fd = true;
        stage->wait_fd_is_driven = word->value == NULL;
    } else if (is(word, "wait-resume")) {
        stage->wait_resume = true;
        stage->wait_resume_is_driven = word->value == NULL;
    } else if (is(word, "wait-until")) {
        stage->wait_until = true;
    } else {
        return false;
    }
    if (word->value == NULL) {
        *good = !is(word, "wait-until");
        return true;
    }
    *good = to_number(word, 10, UINT32_MAX, &number);
    if (is(word, "wait-fd"))
        stage->wait_fd_ms = (uint32_t)number;
    else if (is(word, "wait-until"))
        stage->wait_until_ms = (uint32_t)number;
    else
        stage->wait_resumes = (uint32_t)number, *good = *good && number > 0;
    return true;
}

static SECURITY_STATUS set_word(struct stage *stage, const struct word *word,
                                sspia_report *report)
{
    uint64_t number = 0;
    bool good = true;

    if (is(word, "block")) {
        stage->block = true;
    } else if (is(word, "more")) {
        stage->more = true;
    } else if (is(word, "status")) {
        good = to_status(word, &stage->status);
        stage->has_status = true;
    } else if (is(word, "alert")) {
        good = to_number(word, 16, 0xffff, &number);
        stage->alert[0] = (uint8_t)(number >> 8);
        stage->alert[1] = (uint8_t)number;
    } else if (is(word, "token") && word->value != NULL && word->value[-1] == '\'') {
        stage->token_size = word->value_length;
        stage->has_token = true;
        return to_text(word, &stage->token, report);
    } else if (is(word, "token")) {
        good = to_number(word, 10, UINT32_MAX, &number);
        stage->token_size = (size_t)number;
        stage->has_token = true;
    } else if (is(word, "expect")) {
        return to_text(word, &stage->expect, report);
    } else if (is(word, "say")) {
        return to_text(word, &stage->say, report);
    } else if (!set_number(stage, word, &good) && !set_wait(stage, word, &good)) {
        return bad(report, "the script has an unknown word", word);
    }
    return good ? SEC_E_OK : bad(report, "the script has an invalid value", word);
}

static const struct stage plain = {
    .expiry = INT64_MAX,
    .attributes = ISC_RET_MUTUAL_AUTH | ISC_RET_CONFIDENTIALITY,
};

static SECURITY_STATUS parse_words(const char **at, struct stage *stage, sspia_report *report)
{
    struct word word;
    SECURITY_STATUS status = SEC_E_OK;

    while (status == SEC_E_OK && next_word(at, &word))
        status = set_word(stage, &word, report);
    return status;
}

SECURITY_STATUS stage_parse(const char *text, struct stage *stage, sspia_report *report)
{
    *stage = plain;
    return text != NULL ? parse_words(&text, stage, report) : SEC_E_OK;
}

void stage_clear(struct stage *stage)
{
    free(stage->token);
    free(stage->expect);
    free(stage->say);
    *stage = plain;
}

static bool skip_prefix(const char **at, const char *prefix)
{
    while (**at == ' ')
        (*at)++;
    if (strncmp(*at, prefix, strlen(prefix)) != 0)
        return false;
    *at += strlen(prefix);
    return true;
}

/* Words that speak of the whole credential. */
static SECURITY_STATUS parse_all(const char **at, struct script *script, sspia_report *report)
{
    struct word word;
    SECURITY_STATUS status = SEC_E_OK;

    while (status == SEC_E_OK && next_word(at, &word)) {
        if (is(&word, "per-leg"))
            script->per_leg = true;
        else if (is(&word, "quick"))
            script->quick = true;
        else if (is(&word, "name"))
            status = to_text(&word, &script->name, report);
        else
            status = bad(report, "the script has an unknown word", &word);
    }
    return status;
}

static SECURITY_STATUS add_leg(const char **at, struct script *script, sspia_report *report)
{
    struct stage *legs = realloc(script->legs, (script->leg_count + 1) * sizeof(*legs));

    if (legs == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    script->legs = legs;
    legs[script->leg_count] = plain;
    return parse_words(at, &legs[script->leg_count++], report);
}

SECURITY_STATUS script_parse(const char *text, struct script *script, sspia_report *report)
{
    const char *at = text != NULL ? text : "";
    SECURITY_STATUS status = SEC_E_OK;

    *script = (struct script){.acquire = plain};
    while (status == SEC_E_OK) {
        if (skip_prefix(&at, "acquire:"))
            status = parse_words(&at, &script->acquire, report);
        else if (skip_prefix(&at, "all:"))
            status = parse_all(&at, script, report);
        else
            status = add_leg(&at, script, report);
        if (*at != ';')
            break;
        at++;
        while (*at == ' ')
            at++;
        if (*at == '\0')
            break;
    }
    /* A script that speaks of no leg has the plain one. */
    if (status == SEC_E_OK && script->leg_count == 0)
        status = add_leg(&at, script, report);
    return status;
}

void script_clear(struct script *script)
{
    stage_clear(&script->acquire);
    for (size_t i = 0; i < script->leg_count; i++)
        stage_clear(&script->legs[i]);
    free(script->legs);
    free(script->name);
    *script = (struct script){.acquire = plain};
}
