/* SPDX-License-Identifier: MIT */
/*
 * What krb5's locate_kdc.c does about plug-ins: each file of a folder is loaded, in the order
 * of their names; those without the symbol are passed over, and so is a plug-in that cannot be
 * initialised. The first that handles the realm has the last word.
 *
 * The folder is libkrb5's own, krb5/plugins/libkrb5 beside the library. plugin_base_dir of
 * krb5.conf, which libkrb5 heeds for its other plug-ins alone, adds a second one; not in a
 * process with raised privilege. [plugins] has no section for locators.
 */
#include "locator.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <krb5.h>
#include <krb5/locate_plugin.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>

#define FOLDERS     2u
#define FOLDER_SIZE 4096

/* Seconds for which an answer is good: a plug-in names other KDCs when one fails. */
#define LIFE 5

typedef struct folders {
    char list[FOLDERS][FOLDER_SIZE];
    unsigned count;
} folders;

static void add_folder(folders *to, const char *base, size_t length, const char *rest)
{
    char *place = to->list[to->count];
    int size = snprintf(place, FOLDER_SIZE, "%.*s%s", (int)length, base, rest);
    struct stat fresh;
    struct stat former;

    if (size < 0 || size >= FOLDER_SIZE || stat(place, &fresh) != 0)
        return;
    /* By whatever name, it is looked into once. */
    if (to->count > 0 && stat(to->list[0], &former) == 0 && former.st_dev == fresh.st_dev &&
        former.st_ino == fresh.st_ino)
        return;
    to->count++;
}

static void find_folders(folders *found, profile_t profile)
{
    void *symbol = dlsym(RTLD_DEFAULT, "krb5_init_context");
    const char *slash;
    char *base = NULL;
    Dl_info library;

    found->count = 0;
    if (symbol != NULL && dladdr(symbol, &library) != 0 &&
        (slash = strrchr(library.dli_fname, '/')) != NULL)
        add_folder(found, library.dli_fname, (size_t)(slash - library.dli_fname),
                   "/krb5/plugins/libkrb5");
    if (getauxval(AT_SECURE) != 0 ||
        profile_get_string(profile, "libdefaults", "plugin_base_dir", NULL, NULL, &base) != 0 ||
        base == NULL)
        return;
    if (base[0] == '/')
        add_folder(found, base, strlen(base), "/libkrb5");
    profile_release_string(base);
}

static int is_file(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

/* As libkrb5 sorts them, whatever the locale. */
static int compare(const struct dirent **one, const struct dirent **other)
{
    return strcmp((*one)->d_name, (*other)->d_name);
}

static void free_files(struct dirent **files, int count)
{
    for (int i = 0; i < count; i++)
        free(files[i]);
    if (count >= 0)
        free(files);
}

bool gss_locator_exists(profile_t profile)
{
    bool exists = false;
    folders all;

    find_folders(&all, profile);
    for (unsigned i = 0; i < all.count && !exists; i++) {
        struct dirent **files;
        int count = scandir(all.list[i], &files, is_file, NULL);

        exists = count > 0;
        free_files(files, count);
    }
    return exists;
}

/* A question to a plug-in. */
struct question {
    krb5_context context;
    enum locate_service_type service;
    const char *realm;
    gss_answer *answer;
    bool out_of_memory;
};

/* Called by the plug-in for each address; what is not 0 has it stop. */
static int add_kdc(void *data, int type, struct sockaddr *address)
{
    struct question *question = data;
    gss_answer *answer = question->answer;
    socklen_t size;

    if (type != SOCK_DGRAM && type != SOCK_STREAM)
        return 0;
    if (address->sa_family == AF_INET)
        size = sizeof(struct sockaddr_in);
    else if (address->sa_family == AF_INET6)
        size = sizeof(struct sockaddr_in6);
    else
        return 0;
    if (!gss_answer_add_address(answer, address, size)) {
        question->out_of_memory = true;
        return 1;
    }
    answer->addresses[answer->address_count - 1].transport =
        type == SOCK_DGRAM ? GSS_UDP : GSS_TCP;
    return 0;
}

/* First for UDP, then for TCP. */
static krb5_error_code ask_one(const krb5plugin_service_locate_ftable *plugin,
                               struct question *question)
{
    void *state = NULL;
    krb5_error_code code;

    if (plugin->init(question->context, &state) != 0)
        return KRB5_PLUGIN_NO_HANDLE;
    code = plugin->lookup(state, question->service, question->realm, SOCK_DGRAM, AF_UNSPEC,
                          add_kdc, question);
    if (code == 0) {
        code = plugin->lookup(state, question->service, question->realm, SOCK_STREAM, AF_UNSPEC,
                              add_kdc, question);
        if (code == KRB5_PLUGIN_NO_HANDLE)
            code = 0;
    }
    plugin->fini(state);
    return question->out_of_memory ? ENOMEM : code;
}

static krb5_error_code ask_file(const char *folder, const char *file, struct question *question)
{
    krb5_error_code code = KRB5_PLUGIN_NO_HANDLE;
    const krb5plugin_service_locate_ftable *plugin;
    char path[FOLDER_SIZE + NAME_MAX + 2];
    void *module;

    snprintf(path, sizeof path, "%s/%s", folder, file);
    /* It is never unloaded (libkrb5's flags): its threads may outlive the question. */
    module = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (module == NULL)
        return KRB5_PLUGIN_NO_HANDLE;
    plugin = dlsym(module, "service_locator");
    if (plugin != NULL)
        code = ask_one(plugin, question);
    dlclose(module);
    return code;
}

static krb5_error_code ask_folder(const char *folder, struct question *question)
{
    krb5_error_code code = KRB5_PLUGIN_NO_HANDLE;
    struct dirent **files;
    int count = scandir(folder, &files, is_file, compare);

    for (int i = 0; i < count && code == KRB5_PLUGIN_NO_HANDLE; i++)
        code = ask_file(folder, files[i]->d_name, question);
    free_files(files, count);
    return code;
}

static krb5_error_code ask_all(struct question *question)
{
    krb5_error_code code;
    profile_t profile;
    folders all;

    code = krb5_get_profile(question->context, &profile);
    if (code != 0)
        return code;
    find_folders(&all, profile);
    profile_release(profile);
    code = KRB5_PLUGIN_NO_HANDLE;
    for (unsigned i = 0; i < all.count && code == KRB5_PLUGIN_NO_HANDLE; i++)
        code = ask_folder(all.list[i], question);
    return code;
}

void gss_locator_ask(gss_query query, const char *realm, gss_answer *answer)
{
    struct question question = {.service = query == GSS_QUERY_PRIMARY_BY_PLUGIN
                                               ? locate_service_primary_kdc
                                               : locate_service_kdc,
                                .realm = realm,
                                .answer = answer};
    krb5_error_code code = krb5_init_context(&question.context);

    if (code == 0) {
        code = ask_all(&question);
        krb5_free_context(question.context);
    }
    gss_answer_limit_ttl(answer, LIFE);
    answer->code = code;
    answer->found = code == 0                       ? GSS_FOUND
                    : code == KRB5_PLUGIN_NO_HANDLE ? GSS_FOUND_NONE
                                                    : GSS_FOUND_REFUSED;
}
