/* SPDX-License-Identifier: MIT */
/*
 * SEC_WINNT_AUTH_IDENTITY_EX2, as the documentation lays it out and as it must not come; and
 * the functions that make identities and take them apart. Blocks are of their exact size, so
 * that a sanitizer sees a byte too many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define _SEC_WINNT_AUTH_TYPES
#include "sspi.h"

#include "identity.h"

static sspia_report report;

/* A block as a program for Windows makes it: the parts behind the header, in this order. */
struct maker {
    unsigned char *bytes;
    uint32_t size;
};

static uint32_t add(struct maker *maker, const void *part, size_t size)
{
    const uint32_t offset = maker->size;
    unsigned char *grown = malloc(maker->size + size + 1);

    assert_non_null(grown);
    if (maker->bytes != NULL)
        memcpy(grown, maker->bytes, maker->size);
    memcpy(grown + maker->size, part, size);
    free(maker->bytes);
    maker->bytes = grown;
    maker->size += (uint32_t)size;
    return offset;
}

/* In memory of exactly its size; freed with free. */
static unsigned char *made(struct maker *maker, const SEC_WINNT_AUTH_IDENTITY_EX2 *head)
{
    unsigned char *block = malloc(maker->size);

    assert_non_null(block);
    memcpy(block, maker->bytes, maker->size);
    memcpy(block, head, sizeof(*head));
    free(maker->bytes);
    return block;
}

static SEC_WINNT_AUTH_IDENTITY_EX2 begin(struct maker *maker)
{
    SEC_WINNT_AUTH_IDENTITY_EX2 head = {.Version = SEC_WINNT_AUTH_IDENTITY_VERSION_2,
                                        .cbHeaderLength = sizeof(head)};

    *maker = (struct maker){NULL, 0};
    add(maker, &head, sizeof(head));
    return head;
}

static void add_packed(struct maker *maker, SEC_WINNT_AUTH_IDENTITY_EX2 *head, const GUID *type,
                       const void *data, uint16_t size)
{
    SEC_WINNT_AUTH_PACKED_CREDENTIALS packed = {.cbHeaderLength = sizeof(packed),
                                                .cbStructureLength =
                                                    (uint16_t)(sizeof(packed) + size),
                                                .AuthData = {*type, {sizeof(packed), size}}};

    head->PackedCredentialsOffset = add(maker, &packed, sizeof(packed));
    add(maker, data, size);
    head->PackedCredentialsLength = packed.cbStructureLength;
}

static void add_password(struct maker *maker, SEC_WINNT_AUTH_IDENTITY_EX2 *head,
                         const WCHAR *password, uint16_t bytes)
{
    unsigned char data[256];
    const SEC_WINNT_AUTH_DATA_PASSWORD vector = {{sizeof(SEC_WINNT_AUTH_DATA_PASSWORD), bytes}};

    memcpy(data, &vector, sizeof(vector));
    memcpy(data + sizeof(vector), password, bytes);
    add_packed(maker, head, &SEC_WINNT_AUTH_DATA_TYPE_PASSWORD, data,
               (uint16_t)(sizeof(vector) + bytes));
}

/* alice, TEST, s3cret and a package list. */
static unsigned char *good(uint32_t *size)
{
    struct maker maker;
    SEC_WINNT_AUTH_IDENTITY_EX2 head = begin(&maker);

    head.UserOffset = add(&maker, u"alice", 10);
    head.UserLength = 10;
    head.DomainOffset = add(&maker, u"TEST", 8);
    head.DomainLength = 8;
    head.PackageListOffset = add(&maker, u"!ntlm", 10);
    head.PackageListLength = 10;
    add_password(&maker, &head, u"s3cr\u00e9t", 12);
    head.cbStructureLength = maker.size;
    *size = maker.size;
    return made(&maker, &head);
}

static sspia_identity *copy(const void *block)
{
    sspia_identity *identity = NULL;

    assert_int_equal(identity_copy(block, &identity, &report), SEC_E_OK);
    return identity;
}

/* Wrong would be: a part that does not arrive, or more than its bytes. */
static void password_arrives(void **state)
{
    uint32_t size;
    unsigned char *block = good(&size);
    sspia_identity *identity = copy(block);

    (void)state;
    memset(block, 0xff, size); /* it was copied */
    assert_string_equal(identity->user, "alice");
    assert_string_equal(identity->domain, "TEST");
    assert_string_equal(identity->package_list, "!ntlm");
    assert_string_equal(identity->password, "s3cr\xc3\xa9t");
    assert_null(identity->keytab_content);
    identity_free(identity);
    free(block);
}

/* Wrong would be: a name behind a keytab of an odd size, which stands at an odd address,
 * refused or misread. */
static void keytab_arrives_and_names_need_not_be_aligned(void **state)
{
    static const unsigned char keytab[] = {5, 2, 0, 0, 7, 1, 0, 255, 3};
    struct maker maker;
    SEC_WINNT_AUTH_IDENTITY_EX2 head = begin(&maker);
    unsigned char *block;
    sspia_identity *identity;

    (void)state;
    add_packed(&maker, &head, &SEC_WINNT_AUTH_DATA_TYPE_KEYTAB, keytab, sizeof(keytab));
    head.UserOffset = add(&maker, u"host/www", 16);
    head.UserLength = 16;
    head.cbStructureLength = maker.size;
    head.Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE | SEC_WINNT_AUTH_IDENTITY_MARSHALLED;
    assert_int_equal(head.UserOffset % 2, 1);
    block = made(&maker, &head);
    identity = copy(block);
    assert_string_equal(identity->user, "host/www");
    assert_null(identity->password);
    assert_int_equal(identity->keytab_content_size, sizeof(keytab));
    assert_memory_equal(identity->keytab_content, keytab, sizeof(keytab));
    identity_free(identity);
    free(block);
}

/* Wrong would be: an empty password taken for none, or none for an empty one. */
static void empty_password_is_a_password(void **state)
{
    struct maker maker;
    SEC_WINNT_AUTH_IDENTITY_EX2 head = begin(&maker);
    unsigned char *block;
    sspia_identity *identity;

    (void)state;
    add_password(&maker, &head, u"", 0);
    head.cbStructureLength = maker.size;
    block = made(&maker, &head);
    identity = copy(block);
    assert_string_equal(identity->password, "");
    assert_null(identity->user);
    identity_free(identity);
    ((SEC_WINNT_AUTH_IDENTITY_EX2 *)(void *)block)->PackedCredentialsLength = 0;
    identity = copy(block);
    assert_null(identity->password);
    identity_free(identity);
    free(block);
}

static void refused(const void *block, SECURITY_STATUS status)
{
    sspia_identity *identity = NULL;

    report.text[0] = '\0';
    assert_int_equal(identity_copy(block, &identity, &report), status);
    assert_null(identity);
    assert_true(strlen(report.text) > 0);
}

/* Wrong would be: a byte read beyond cbStructureLength, or an identity made of it. Each line
 * spoils one member of a good structure. */
static void what_leads_out_is_refused(void **state)
{
    uint32_t size;
    unsigned char *block = good(&size);
    SEC_WINNT_AUTH_IDENTITY_EX2 *head = (void *)block;
    const SEC_WINNT_AUTH_IDENTITY_EX2 right = *head;
    SEC_WINNT_AUTH_PACKED_CREDENTIALS *packed = (void *)(block + head->PackedCredentialsOffset);
    const SEC_WINNT_AUTH_PACKED_CREDENTIALS packed_right = *packed;
    SEC_WINNT_AUTH_DATA_PASSWORD *password = (void *)(packed + 1);
    const SEC_WINNT_AUTH_DATA_PASSWORD password_right = *password;

    (void)state;
    assert_int_equal(head->PackedCredentialsOffset % 4, 0); /* so that it can be written to */
#define SPOIL(what)                                                                            \
    do {                                                                                       \
        what;                                                                                  \
        refused(block, SEC_E_INVALID_PARAMETER);                                               \
        *head = right;                                                                         \
        *packed = packed_right;                                                                \
        *password = password_right;                                                            \
    } while (0)
    SPOIL(head->UserOffset = size - 9);
    SPOIL(head->UserOffset = UINT32_MAX - 4);
    SPOIL(head->UserOffset = 0);
    SPOIL(head->UserOffset = sizeof(*head) - 2);
    SPOIL(head->UserLength = 9);
    SPOIL(head->UserLength = UINT16_MAX - 1);
    SPOIL(head->DomainOffset = size);
    SPOIL(head->DomainLength = 7);
    SPOIL(head->PackageListOffset = size + 2);
    SPOIL(head->PackageListLength = 3);
    SPOIL(head->PackedCredentialsOffset += 2);
    SPOIL(head->PackedCredentialsLength += 1);
    SPOIL(head->PackedCredentialsLength = sizeof(*packed) - 1);
    SPOIL(head->cbStructureLength -= 1);
    SPOIL(head->cbStructureLength = sizeof(*head) - 1);
    SPOIL(head->cbStructureLength = UINT32_MAX);
    SPOIL(head->cbHeaderLength = sizeof(*head) - 1);
    SPOIL(head->cbHeaderLength = 0);
    SPOIL(packed->cbHeaderLength = sizeof(*packed) - 1);
    SPOIL(packed->cbHeaderLength = packed_right.cbStructureLength + 1);
    SPOIL(packed->cbStructureLength += 1);
    SPOIL(packed->cbStructureLength = 0);
    SPOIL(packed->AuthData.CredData.ByteArrayOffset = 0);
    SPOIL(packed->AuthData.CredData.ByteArrayOffset += 2);
    SPOIL(packed->AuthData.CredData.ByteArrayLength += 1);
    SPOIL(packed->AuthData.CredData.ByteArrayLength = sizeof(*password) - 1);
    SPOIL(password->UnicodePassword.ByteArrayOffset = 0);
    SPOIL(password->UnicodePassword.ByteArrayOffset = UINT32_MAX);
    SPOIL(password->UnicodePassword.ByteArrayOffset += 2);
    SPOIL(password->UnicodePassword.ByteArrayLength = 11);
    SPOIL(password->UnicodePassword.ByteArrayLength = 14);
    SPOIL(head->cbHeaderLength = 4097);
    SPOIL(block[head->UserOffset + 1] = 0xd8; head->UserLength = 2);
    block[head->UserOffset + 1] = 0;
#undef SPOIL
    head->Flags = SEC_WINNT_AUTH_IDENTITY_FLAGS_PROCESS_ENCRYPTED;
    refused(block, SEC_E_UNSUPPORTED_FUNCTION);
    head->Flags = 0;
    packed->AuthData.CredType = SEC_WINNT_AUTH_DATA_TYPE_CERT;
    refused(block, SEC_E_UNSUPPORTED_FUNCTION);
    free(block);
}

/* Wrong would be: a byte that a sanitizer finds read outside, or bytes taken for an address,
 * whatever a header says. */
static void no_header_reads_outside(void **state)
{
    static const unsigned char values[] = {0, 1, 2, 3, 16, 47, 48, 49, 85, 127, 128, 254, 255};
    uint32_t size;
    unsigned char *block = good(&size);
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE made_of_it;
    sspia_identity *identity;

    (void)state;
    for (size_t at = 0; at < size; at++) {
        const unsigned char right = block[at];

        for (size_t i = 0; i < sizeof(values); i++) {
            block[at] = values[i];
            if (sspia_SspiUnmarshalAuthIdentity(size, (char *)block, &made_of_it) == SEC_E_OK)
                sspia_SspiFreeAuthIdentity(made_of_it);
            /* The version, and whether the block is as long as it says, are the caller's word.
             */
            if (at >= 12 && identity_copy(block, &identity, &report) == SEC_E_OK)
                identity_free(identity);
        }
        block[at] = right;
    }
    free(block);
}

/* Wrong would be: strings that come back different, or a place written to on failure. */
static void strings_go_there_and_back(void **state)
{
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE identity = NULL, other = NULL;
    PCWSTR user, domain, password;

    (void)state;
    assert_int_equal(
        sspia_SspiEncodeStringsAsAuthIdentity(u"alice", u"TEST", u"s3cr\u00e9t", &identity),
        SEC_E_OK);
    assert_int_equal(sspia_SspiValidateAuthIdentity(identity), SEC_E_OK);
    assert_int_equal(sspia_SspiCopyAuthIdentity(identity, &other), SEC_E_OK);
    sspia_SspiZeroAuthIdentity(identity);
    assert_int_equal(*(const uint32_t *)identity, 0);
    sspia_SspiFreeAuthIdentity(identity);
    assert_int_equal(sspia_SspiEncodeAuthIdentityAsStrings(other, &user, &domain, &password),
                     SEC_E_OK);
    assert_memory_equal(user, u"alice", 12);
    assert_memory_equal(domain, u"TEST", 10);
    assert_memory_equal(password, u"s3cr\u00e9t", 14);
    sspia_SspiLocalFree((void *)(uintptr_t)user);
    sspia_SspiFreeAuthIdentity((void *)(uintptr_t)domain);
    assert_int_equal(sspia_FreeContextBuffer((void *)(uintptr_t)password), SEC_E_OK);
    sspia_SspiFreeAuthIdentity(other);

    assert_int_equal(sspia_SspiEncodeStringsAsAuthIdentity(NULL, NULL, NULL, &other), SEC_E_OK);
    assert_int_equal(sspia_SspiEncodeAuthIdentityAsStrings(other, &user, &domain, &password),
                     SEC_E_OK);
    assert_null(user);
    assert_null(domain);
    assert_null(password);
    sspia_SspiFreeAuthIdentity(other);

    other = &report;
    assert_int_equal(sspia_SspiEncodeStringsAsAuthIdentity(u"\xd800", NULL, NULL, &other),
                     SEC_E_INVALID_PARAMETER);
    assert_ptr_equal(other, &report);
    assert_int_equal(sspia_SspiValidateAuthIdentity(NULL), SEC_E_INVALID_PARAMETER);
    assert_int_equal(sspia_SspiCopyAuthIdentity(NULL, &other), SEC_E_INVALID_PARAMETER);
    assert_ptr_equal(other, &report);
    sspia_SspiFreeAuthIdentity(&other); /* not ours: left alone */
    sspia_SspiFreeAuthIdentity(NULL);
    sspia_SspiZeroAuthIdentity(NULL);
}

/* Wrong would be: a copy of one of the shapes with pointers that still leads to them. */
static void every_shape_can_be_copied(void **state)
{
    unsigned char user[] = "bob", password[] = "pw";
    SEC_WINNT_AUTH_IDENTITY_EXA extended = {
        .Version = SEC_WINNT_AUTH_IDENTITY_VERSION,
        .Length = sizeof(extended),
        .User = user,
        .UserLength = 3,
        .Password = password,
        .PasswordLength = 2,
        .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI,
    };
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE flat;
    sspia_identity *identity;

    (void)state;
    assert_int_equal(sspia_SspiCopyAuthIdentity(&extended, &flat), SEC_E_OK);
    sspia_SspiZeroAuthIdentity(&extended);
    assert_int_equal(user[0], 0);
    identity = copy(flat);
    assert_string_equal(identity->user, "bob");
    assert_string_equal(identity->password, "pw");
    identity_free(identity);
    sspia_SspiFreeAuthIdentity(flat);
}

static PSEC_WINNT_AUTH_IDENTITY_OPAQUE identity_of(PCWSTR user, PCWSTR domain, PCWSTR password)
{
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE identity = NULL;

    assert_int_equal(sspia_SspiEncodeStringsAsAuthIdentity(user, domain, password, &identity),
                     SEC_E_OK);
    return identity;
}

/* Wrong would be: an account taken for another one, or an empty password for none. */
static void identities_are_compared(void **state)
{
    static const struct {
        PCWSTR user, domain, password;
        BOOLEAN same_user, same;
    } cases[] = {
        {u"alice", u"TEST", u"secret", 1, 1}, {u"Alice", u"test", u"secret", 1, 1},
        {u"alice", u"TEST", u"Secret", 1, 0}, {u"alice", u"TEST", u"secret!", 1, 0},
        {u"alice", u"TEST", u"", 1, 0},       {u"alice", u"TEST", NULL, 1, 0},
        {u"alice", NULL, u"secret", 0, 0},    {u"bob", u"TEST", u"secret", 0, 0},
    };
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE alice = identity_of(u"alice", u"TEST", u"secret");
    BOOLEAN same_user, same;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        PSEC_WINNT_AUTH_IDENTITY_OPAQUE other =
            identity_of(cases[i].user, cases[i].domain, cases[i].password);

        assert_int_equal(sspia_SspiCompareAuthIdentities(alice, other, &same_user, &same),
                         SEC_E_OK);
        assert_int_equal(same_user, cases[i].same_user);
        assert_int_equal(same, cases[i].same);
        sspia_SspiFreeAuthIdentity(other);
    }
    assert_int_equal(sspia_SspiCompareAuthIdentities(alice, alice, NULL, NULL), SEC_E_OK);
    same = 9;
    assert_int_equal(sspia_SspiCompareAuthIdentities(alice, NULL, NULL, &same),
                     SEC_E_INVALID_PARAMETER);
    assert_int_equal(same, 9);
    sspia_SspiFreeAuthIdentity(alice);
}

/* Wrong would be: a package that is still allowed, or another one that no longer is. */
static void package_is_excluded(void **state)
{
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE alice = identity_of(u"alice", NULL, NULL);
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE once, twice, none = &report;
    sspia_identity *identity;

    (void)state;
    assert_int_equal(sspia_SspiExcludePackage(alice, u"NTLM", &once), SEC_E_OK);
    assert_int_equal(sspia_SspiExcludePackage(once, u"Kerberos", &twice), SEC_E_OK);
    identity = copy(twice);
    assert_string_equal(identity->user, "alice");
    assert_string_equal(identity->package_list, "!NTLM,!Kerberos");
    identity_free(identity);
    assert_int_equal(sspia_SspiExcludePackage(alice, NULL, &none), SEC_E_INVALID_PARAMETER);
    assert_int_equal(sspia_SspiExcludePackage(alice, u"", &none), SEC_E_INVALID_PARAMETER);
    assert_int_equal(sspia_SspiExcludePackage(alice, u"a,b", &none), SEC_E_INVALID_PARAMETER);
    assert_int_equal(sspia_SspiExcludePackage(NULL, u"NTLM", &none), SEC_E_INVALID_PARAMETER);
    assert_ptr_equal(none, &report);
    sspia_SspiFreeAuthIdentity(alice);
    sspia_SspiFreeAuthIdentity(once);
    sspia_SspiFreeAuthIdentity(twice);
}

/* Wrong would be: a port, a service or a bracket taken for a part of the host, or lost. */
static void host_is_found_in_a_target(void **state)
{
    static const struct {
        PCWSTR target, host;
    } cases[] = {
        {u"HTTP/www.example.org", u"www.example.org"},
        {u"HTTP/www.example.org:8080", u"www.example.org"},
        {u"ldap/dc.example.org/example.org", u"dc.example.org"},
        {u"ldap/dc.example.org:389/example.org", u"dc.example.org"},
        {u"www.example.org", u"www.example.org"},
        {u"HTTP/[::1]:80", u"[::1]"},
        {u"HTTP/", NULL},
        {u"", NULL},
        {NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        PWSTR host = NULL;

        assert_int_equal(sspia_SspiGetTargetHostName(cases[i].target, &host),
                         cases[i].host != NULL ? SEC_E_OK : SEC_E_INVALID_PARAMETER);
        if (cases[i].host == NULL) {
            assert_null(host);
            continue;
        }
        for (size_t unit = 0; cases[i].host[unit] != 0 || host[unit] != 0; unit++)
            assert_int_equal(host[unit], cases[i].host[unit]);
        sspia_SspiLocalFree(host);
    }
    assert_int_equal(sspia_SspiGetTargetHostName(u"host", NULL), SEC_E_INVALID_PARAMETER);
}

/* Wrong would be: bytes read beyond the length that the caller gave, whatever they say; a
 * keytab lost on the way. */
static void bytes_of_unknown_origin_are_measured(void **state)
{
    static const unsigned char keytab[] = {5, 2, 9};
    struct maker maker;
    SEC_WINNT_AUTH_IDENTITY_EX2 head = begin(&maker);
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE made_of_it = NULL;
    PCWSTR user, domain, password;
    sspia_identity *identity;
    unsigned char *block;
    uint32_t size, type;
    char *bytes;

    (void)state;
    add_packed(&maker, &head, &SEC_WINNT_AUTH_DATA_TYPE_KEYTAB, keytab, sizeof(keytab));
    head.cbStructureLength = maker.size;
    block = made(&maker, &head);
    assert_int_equal(sspia_SspiMarshalAuthIdentity(block, &size, &bytes), SEC_E_OK);
    free(block);
    for (uint32_t cut = 0; cut < size; cut++) {
        char *shorter = malloc(cut > 0 ? cut : 1);

        assert_non_null(shorter);
        memcpy(shorter, bytes, cut);
        assert_int_equal(sspia_SspiUnmarshalAuthIdentity(cut, shorter, &made_of_it),
                         SEC_E_INVALID_PARAMETER);
        free(shorter);
    }
    assert_null(made_of_it);
    assert_int_equal(sspia_SspiUnmarshalAuthIdentity(size, NULL, &made_of_it),
                     SEC_E_INVALID_PARAMETER);
    assert_int_equal(sspia_SspiUnmarshalAuthIdentity(size, bytes, &made_of_it), SEC_E_OK);
    sspia_SspiLocalFree(bytes);
    identity = copy(made_of_it);
    assert_int_equal(identity->keytab_content_size, sizeof(keytab));
    assert_memory_equal(identity->keytab_content, keytab, sizeof(keytab));
    identity_free(identity);
    assert_int_equal(
        sspia_SspiEncodeAuthIdentityAsStrings(made_of_it, &user, &domain, &password),
        SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(sspia_SspiPrepareForCredRead(made_of_it, u"x", &type, &user),
                     SEC_E_UNSUPPORTED_FUNCTION);
    sspia_SspiFreeAuthIdentity(made_of_it);
}

/* Wrong would be: another user, another password, or a size that counts the zero. */
static void prepared_for_a_store(void **state)
{
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE identity;
    PCWSTR target, user;
    PUCHAR blob;
    uint32_t type = 0, size = 0;

    (void)state;
    assert_int_equal(sspia_SspiEncodeStringsAsAuthIdentity(u"alice", u"TEST", u"pw", &identity),
                     SEC_E_OK);
    assert_int_equal(
        sspia_SspiPrepareForCredWrite(identity, NULL, &type, &target, &user, &blob, &size),
        SEC_E_OK);
    assert_int_equal(type, 2);
    assert_memory_equal(target, u"alice", 12);
    assert_memory_equal(user, u"TEST\\alice", 22);
    assert_int_equal(size, 4);
    assert_memory_equal(blob, u"pw", 4);
    sspia_SspiFreeAuthIdentity((void *)(uintptr_t)target);
    sspia_SspiFreeAuthIdentity((void *)(uintptr_t)user);
    sspia_SspiFreeAuthIdentity(blob);
    type = 0;
    assert_int_equal(sspia_SspiPrepareForCredRead(identity, u"server", &type, &target),
                     SEC_E_OK);
    assert_int_equal(type, 2);
    assert_memory_equal(target, u"server", 14);
    sspia_SspiFreeAuthIdentity((void *)(uintptr_t)target);
    sspia_SspiFreeAuthIdentity(identity);
}

/* Wrong would be: lengths that do not fit their 16 bits, cut. */
static void what_is_too_long_is_refused(void **state)
{
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE identity = NULL;
    WCHAR *text = calloc(40000, sizeof(WCHAR));

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < 32768; i++)
        text[i] = u'x';
    assert_int_equal(sspia_SspiEncodeStringsAsAuthIdentity(text, NULL, NULL, &identity),
                     SEC_E_INVALID_PARAMETER);
    assert_int_equal(sspia_SspiEncodeStringsAsAuthIdentity(u"u", NULL, text, &identity),
                     SEC_E_INVALID_PARAMETER);
    assert_null(identity);
    text[32767] = 0;
    assert_int_equal(sspia_SspiEncodeStringsAsAuthIdentity(text, text, NULL, &identity),
                     SEC_E_OK);
    sspia_SspiFreeAuthIdentity(identity);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(password_arrives),
        cmocka_unit_test(keytab_arrives_and_names_need_not_be_aligned),
        cmocka_unit_test(empty_password_is_a_password),
        cmocka_unit_test(what_leads_out_is_refused),
        cmocka_unit_test(no_header_reads_outside),
        cmocka_unit_test(strings_go_there_and_back),
        cmocka_unit_test(every_shape_can_be_copied),
        cmocka_unit_test(identities_are_compared),
        cmocka_unit_test(package_is_excluded),
        cmocka_unit_test(host_is_found_in_a_target),
        cmocka_unit_test(bytes_of_unknown_origin_are_measured),
        cmocka_unit_test(prepared_for_a_store),
        cmocka_unit_test(what_is_too_long_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
