/* SPDX-License-Identifier: MIT */
#include "reply.h"
#include "account.h"
#include "text.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define BASE64_SIZE(size) (((size) + 2) / 3 * 4 + 1)
#define NAME_SIZE         (3 * NTLM_NAME_MAX + 1) /* in UTF-8 */

static const char key_wanted[] = "Request-User-Session-Key: Yes\n";

static char *put(char *place, const char *text)
{
    return strcpy(place, text) + strlen(text);
}

static char *put_hex(char *place, const char *name, ntlm_bytes bytes)
{
    static const char digits[] = "0123456789abcdef";

    place = put(place, name);
    for (size_t i = 0; i < bytes.size; i++) {
        *place++ = digits[bytes.data[i] >> 4];
        *place++ = digits[bytes.data[i] & 15];
    }
    return put(place, "\n");
}

/* In base64, so that no name can be taken for a line of the question. */
static char *put_name(char *place, const char *name, const char *text)
{
    place = put(place, name);
    place +=
        EVP_EncodeBlock((unsigned char *)place, (const unsigned char *)text, (int)strlen(text));
    return put(place, "\n");
}

char *ntlm_reply_ask(const ntlm_question *question, size_t *size, bool *malformed)
{
    char user[NAME_SIZE];
    char domain[NAME_SIZE];
    const size_t most = sizeof key_wanted + 2 * BASE64_SIZE(NAME_SIZE) +
                        2 * (8 + question->response.size) + 128;
    char *text;
    char *place;

    *malformed = ntlm_text_from_wire(question->user, user, sizeof user) == NTLM_TEXT_BAD ||
                 ntlm_text_from_wire(question->domain, domain, sizeof domain) == NTLM_TEXT_BAD;
    text = *malformed ? NULL : malloc(most);
    if (text == NULL)
        return NULL;
    place = put_name(put(text, key_wanted), "Username:: ", user);
    if (domain[0] != '\0') /* an empty one is no domain to it */
        place = put_name(place, "NT-Domain:: ", domain);
    place = put_hex(place, "LANMAN-Challenge: ", (ntlm_bytes){question->challenge, 8});
    place = put_hex(place, "NT-Response: ", question->response);
    place = put(place, ".\n");
    *size = (size_t)(place - text);
    return text;
}

/* A line without its end; rest goes behind it. False if it has none yet. */
static bool take_line(const char **text, size_t *size, const char **line, size_t *length)
{
    const char *end = memchr(*text, '\n', *size);

    if (end == NULL)
        return false;
    *line = *text;
    *length = (size_t)(end - *text);
    *size -= *length + 1;
    *text = end + 1;
    return true;
}

static bool is(const char *line, size_t length, const char *expected)
{
    return length == strlen(expected) && memcmp(line, expected, length) == 0;
}

/* The value of a line of this name; NULL if it is another. */
static const char *value_of(const char *line, size_t length, const char *name, size_t *size)
{
    const size_t head = strlen(name);

    if (length < head || memcmp(line, name, head) != 0)
        return NULL;
    *size = length - head;
    return line + head;
}

static int digit_of(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    digit |= 0x20;
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static bool read_key(const char *text, size_t size, unsigned char key[NTLM_KEY_SIZE])
{
    if (size != 2 * NTLM_KEY_SIZE)
        return false;
    for (size_t i = 0; i < NTLM_KEY_SIZE; i++) {
        int high = digit_of(text[2 * i]);
        int low = digit_of(text[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        key[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

/* A reason that is not about the account. Texts of Samba: of libwbclient without a winbindd,
 * and of NT_STATUS_NO_LOGON_SERVERS. */
static bool is_of_the_domain(const char *text, size_t size)
{
    static const char *const reasons[] = {"Reading winbind reply failed",
                                          "No logon servers are currently available"};
    size_t length;

    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (value_of(text, size, reasons[i], &length) != NULL)
            return true;
    }
    return false;
}

bool ntlm_reply_is_rest(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (text[i] != (i % 2 == 0 ? '.' : '\n'))
            return false;
    }
    return size % 2 == 0;
}

ntlm_reply ntlm_reply_read(const char *text, size_t size, unsigned char key[NTLM_KEY_SIZE])
{
    enum { NOTHING, YES, NO, UNABLE } said = NOTHING;
    bool has_key = false;
    const char *line;
    const char *value;
    size_t length;
    size_t value_size = 0;

    while (take_line(&text, &size, &line, &length)) {
        if (is(line, length, ".")) {
            if (said == NOTHING)
                continue; /* of the answer before */
            if (!ntlm_reply_is_rest(text, size) || (said == YES && !has_key))
                return NTLM_REPLY_NONSENSE;
            return said == YES ? NTLM_REPLY_YES
                               : (said == NO ? NTLM_REPLY_NO : NTLM_REPLY_UNABLE);
        }
        if (is(line, length, "Authenticated: Yes") && said == NOTHING)
            said = YES;
        else if (is(line, length, "Authenticated: No") && said == NOTHING)
            said = NO;
        else if ((value = value_of(line, length, "User-Session-Key: ", &value_size)) != NULL &&
                 said == YES && !has_key)
            has_key = read_key(value, value_size, key);
        else if ((value = value_of(line, length, "Authentication-Error: ", &value_size)) !=
                     NULL &&
                 said == NO)
            said = is_of_the_domain(value, value_size) ? UNABLE : NO;
        else if (value_of(line, length, "Error: ", &value_size) != NULL)
            said = UNABLE;
        else
            return NTLM_REPLY_NONSENSE;
    }
    return NTLM_REPLY_UNFINISHED;
}
