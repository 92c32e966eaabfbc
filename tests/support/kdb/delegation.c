/* SPDX-License-Identifier: MIT */
/*
 * A database of a KDC that allows constrained delegation: MIT's db2, which has no place for the
 * permission and refuses all, with one rule of ours: HTTP/localhost may act for its clients
 * towards host/localhost. The KDC itself is MIT's, and checks everything else.
 */
#include <time.h> /* kdb.h does without */

#include <dlfcn.h>
#include <kdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((visibility("default"))) kdb_vftabl kdb_function_table;

static int is(krb5_context context, krb5_const_principal principal, const char *name)
{
    char *text = NULL;
    int same;

    if (krb5_unparse_name_flags(context, principal, KRB5_PRINCIPAL_UNPARSE_NO_REALM, &text) !=
        0)
        return 0;
    same = strcmp(text, name) == 0;
    krb5_free_unparsed_name(context, text);
    return same;
}

/* proxy: whom it wants to reach; NULL: is there anybody? */
static krb5_error_code check_allowed_to_delegate(krb5_context context,
                                                 krb5_const_principal client,
                                                 const krb5_db_entry *server,
                                                 krb5_const_principal proxy)
{
    (void)client;
    return is(context, server->princ, "HTTP/localhost") &&
                   (proxy == NULL || is(context, proxy, "host/localhost"))
               ? 0
               : KRB5KDC_ERR_BADOPTION;
}

__attribute__((constructor)) static void take_after_db2(void)
{
    void *library = dlopen(KDB_DB2, RTLD_NOW | RTLD_LOCAL);
    const kdb_vftabl *table = library != NULL ? dlsym(library, "kdb_function_table") : NULL;

    if (table == NULL) {
        fprintf(stderr, "%s: %s\n", KDB_DB2, dlerror());
        abort();
    }
    memcpy(&kdb_function_table, table, sizeof(kdb_function_table));
    kdb_function_table.check_allowed_to_delegate = check_allowed_to_delegate;
}
