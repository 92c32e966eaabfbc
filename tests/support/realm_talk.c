/* SPDX-License-Identifier: MIT */
#include "realm_talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

void realm_talk(realm_side *from, realm_side *to)
{
    unsigned char token[256];
    unsigned char padding[16];
    char data[] = "a message";
    SecPkgContext_Sizes sizes;
    SecBuffer buffers[3] = {{0, SECBUFFER_TOKEN, token},
                            {sizeof data, SECBUFFER_DATA, data},
                            {sizeof padding, SECBUFFER_PADDING, padding}};
    SecBufferDesc message = {SECBUFFER_VERSION, 3, buffers};

    assert_int_equal(
        from->package->query_context(from->context, SECPKG_ATTR_SIZES, &sizes, &from->report),
        SEC_E_OK);
    buffers[0].cbBuffer = sizes.cbSecurityTrailer;
    assert_int_equal(from->package->encrypt(from->context, 0, &message, &from->report),
                     SEC_E_OK);
    assert_memory_not_equal(data, "a message", sizeof data);
    assert_int_equal(to->package->decrypt(to->context, &message, NULL, &to->report), SEC_E_OK);
    assert_string_equal(data, "a message");
}
