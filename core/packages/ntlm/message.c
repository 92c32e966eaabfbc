/* SPDX-License-Identifier: MIT */
/* The three messages of MS-NLMP 2.2.1: tolerant when read, strict when written. */
#include "message.h"

#include <string.h>

#define TYPE_PLACE   8u
#define NEGOTIATE    1u
#define CHALLENGE    2u
#define AUTHENTICATE 3u

/* The shortest that make sense: up to and with the flags. */
#define NEGOTIATE_LEAST     16u
#define CHALLENGE_LEAST     32u
#define CHALLENGE_WITH_INFO 48u
#define AUTHENTICATE_LEAST  64u

static const unsigned char signature[8] = {'N', 'T', 'L', 'M', 'S', 'S', 'P', '\0'};

static uint32_t load16(const unsigned char *place)
{
    return place[0] | (uint32_t)place[1] << 8;
}

static uint32_t load32(const unsigned char *place)
{
    return load16(place) | load16(place + 2) << 16;
}

static void store16(unsigned char *place, size_t value)
{
    place[0] = (unsigned char)value;
    place[1] = (unsigned char)(value >> 8);
}

static void store32(unsigned char *place, uint32_t value)
{
    store16(place, value);
    store16(place + 2, value >> 16);
}

static bool begins(ntlm_bytes message, uint32_t type, size_t least, const char **why)
{
    if (message.size < TYPE_PLACE + 4 || memcmp(message.data, signature, sizeof signature) != 0)
        *why = "it is not a message of NTLM";
    else if (load32(message.data + TYPE_PLACE) != type)
        *why = "it is another message of NTLM than the one expected";
    else if (message.size < least)
        *why = "it is too short";
    else
        return true;
    return false;
}

/* The part that the eight bytes at a place describe; *least becomes the lowest offset. */
static bool read_field(ntlm_bytes message, size_t place, ntlm_bytes *field, size_t *least,
                       const char **why)
{
    size_t size = load16(message.data + place);
    size_t offset = load32(message.data + place + 4);

    *field = (ntlm_bytes){NULL, 0};
    if (size == 0)
        return true;
    if (offset > message.size || size > message.size - offset) {
        *why = "a part of it lies outside";
        return false;
    }
    if (least != NULL && offset < *least)
        *least = offset;
    *field = (ntlm_bytes){message.data + offset, size};
    return true;
}

bool ntlm_message_read_negotiate(ntlm_bytes message, uint32_t *flags, const char **why)
{
    if (!begins(message, NEGOTIATE, NEGOTIATE_LEAST, why))
        return false;
    *flags = load32(message.data + 12);
    return true;
}

bool ntlm_message_read_challenge(ntlm_bytes message, ntlm_challenge *challenge,
                                 const char **why)
{
    if (!begins(message, CHALLENGE, CHALLENGE_LEAST, why) ||
        !read_field(message, 12, &challenge->target, NULL, why))
        return false;
    challenge->flags = load32(message.data + 20);
    memcpy(challenge->nonce, message.data + 24, NTLM_CHALLENGE_SIZE);
    challenge->target_info = (ntlm_bytes){NULL, 0};
    if (!(challenge->flags & NTLM_TARGET_INFO) || message.size < CHALLENGE_WITH_INFO)
        return true;
    return read_field(message, 40, &challenge->target_info, NULL, why);
}

bool ntlm_message_read_authenticate(ntlm_bytes message, ntlm_authenticate *authenticate,
                                    const char **why)
{
    size_t least = message.size;

    if (!begins(message, AUTHENTICATE, AUTHENTICATE_LEAST, why) ||
        !read_field(message, 12, &authenticate->lm_response, &least, why) ||
        !read_field(message, 20, &authenticate->nt_response, &least, why) ||
        !read_field(message, 28, &authenticate->domain, &least, why) ||
        !read_field(message, 36, &authenticate->user, &least, why) ||
        !read_field(message, 44, &authenticate->workstation, &least, why) ||
        !read_field(message, 52, &authenticate->session_key, &least, why))
        return false;
    authenticate->flags = load32(message.data + 60);
    authenticate->has_mic = least >= NTLM_AUTHENTICATE_HEAD;
    return true;
}

/* MS-NLMP 2.2.2.10: for debugging alone. Windows 10, and NTLMSSP_REVISION_W2K3. */
static void write_version(unsigned char *place)
{
    static const unsigned char version[8] = {10, 0, 0, 0, 0, 0, 0, 15};

    memcpy(place, version, sizeof version);
}

static void write_head(unsigned char *place, size_t size, uint32_t type)
{
    memset(place, 0, size);
    memcpy(place, signature, sizeof signature);
    store32(place + TYPE_PLACE, type);
}

/* Writes a part at *offset, and its description at a place of the head. */
static void write_field(unsigned char *message, size_t place, ntlm_bytes field, size_t *offset)
{
    store16(message + place, field.size);
    store16(message + place + 2, field.size);
    store32(message + place + 4, (uint32_t)*offset);
    if (field.size > 0)
        memcpy(message + *offset, field.data, field.size);
    *offset += field.size;
}

void ntlm_message_write_negotiate(unsigned char place[NTLM_NEGOTIATE_SIZE], uint32_t flags)
{
    write_head(place, NTLM_NEGOTIATE_SIZE, NEGOTIATE);
    store32(place + 12, flags | NTLM_VERSION);
    write_version(place + 32);
}

size_t ntlm_message_challenge_size(const ntlm_challenge *challenge)
{
    return NTLM_CHALLENGE_HEAD + challenge->target.size + challenge->target_info.size;
}

void ntlm_message_write_challenge(unsigned char *place, const ntlm_challenge *challenge)
{
    size_t offset = NTLM_CHALLENGE_HEAD;

    write_head(place, NTLM_CHALLENGE_HEAD, CHALLENGE);
    write_field(place, 12, challenge->target, &offset);
    store32(place + 20, challenge->flags);
    memcpy(place + 24, challenge->nonce, NTLM_CHALLENGE_SIZE);
    write_field(place, 40, challenge->target_info, &offset);
    if (challenge->flags & NTLM_VERSION)
        write_version(place + 48);
}

size_t ntlm_message_authenticate_size(const ntlm_authenticate *authenticate)
{
    return NTLM_AUTHENTICATE_HEAD + authenticate->lm_response.size +
           authenticate->nt_response.size + authenticate->domain.size +
           authenticate->user.size + authenticate->workstation.size +
           authenticate->session_key.size;
}

void ntlm_message_write_authenticate(unsigned char *place,
                                     const ntlm_authenticate *authenticate)
{
    size_t offset = NTLM_AUTHENTICATE_HEAD;

    write_head(place, NTLM_AUTHENTICATE_HEAD, AUTHENTICATE);
    write_field(place, 28, authenticate->domain, &offset);
    write_field(place, 36, authenticate->user, &offset);
    write_field(place, 44, authenticate->workstation, &offset);
    write_field(place, 12, authenticate->lm_response, &offset);
    write_field(place, 20, authenticate->nt_response, &offset);
    write_field(place, 52, authenticate->session_key, &offset);
    store32(place + 60, authenticate->flags);
    if (authenticate->flags & NTLM_VERSION)
        write_version(place + 64);
}
