/* SPDX-License-Identifier: MIT */
/*
 * Where modules are looked for, first hit wins:
 *   1. the folders of SSPI_ASYNC_PACKAGE_PATH (':' between them), not with raised privilege
 *   2. sspi-async/ in the folder that this library was loaded from, which is noted as it is
 *      loaded: a relative path means another folder once the process has changed its own
 *
 * Invariant: the list only grows, at its end, under the lock; entries are constant and live
 * for ever. So a package pointer may be used without the lock.
 */
#include "package.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exclusion.h"
#include "memory.h"
#include "message.h"
#include "text.h"

#define PACKAGES_MAX  64
#define MODULE_PREFIX "libsspi-async-"
#define MODULE_SUFFIX ".so"

/* Which of our modules provides which package, so that a name loads one module only. */
static const struct {
    const char *package;
    const char *module;
} known[] = {
    {"Kerberos", "gss"},
    {"NTLM", "ntlm"},
    {"Negotiate", "negotiate"},
    {"Schannel", "schannel"},
    {"Microsoft Unified Security Protocol Provider", "schannel"},
    {"Scripted", "scripted"},
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int state_outside; /* the cancel state that the holder of the lock returns to */
static const sspia_package *packages[PACKAGES_MAX];
static size_t package_count;
static void *modules[PACKAGES_MAX];
static size_t module_count;

static const sspia_package *package_at(size_t place);

static sspia_host host = {
    .abi = SSPIA_PACKAGE_ABI,
    .size = sizeof(host),
    .allocate = memory_allocate,
    .free = memory_free,
    .report = message_report,
    .find = package_find,
    .at = package_at,
};

/* To load a module is full of cancellation points. */
void package_lock(void)
{
    int state;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    pthread_mutex_lock(&lock);
    state_outside = state;
}

void package_unlock(void)
{
    int state = state_outside;

    pthread_mutex_unlock(&lock);
    pthread_setcancelstate(state, NULL);
}

static const sspia_package *find_loaded(const char *name)
{
    for (size_t i = 0; i < package_count; i++) {
        const sspia_package *package = packages[i];

        if (text_equal_ignoring_case(package->name, name) ||
            (package->alias != NULL && text_equal_ignoring_case(package->alias, name)))
            return package;
    }
    return NULL;
}

static bool is_usable(const sspia_package *package)
{
    return package->abi == SSPIA_PACKAGE_ABI && package->size >= sizeof(*package) &&
           package->name != NULL && package->acquire != NULL && package->release != NULL &&
           package->initialize != NULL && package->accept != NULL &&
           package->delete_context != NULL &&
           (package->copy_auth_data == NULL) == (package->free_auth_data == NULL);
}

/* Takes a module that dlopen gave; a module stays, so a handle that is not needed is not
 * closed either (-z nodelete). Lock held. */
static SECURITY_STATUS take_module(void *module, sspia_report *report)
{
    sspia_module_entry_fn entry;
    const sspia_package *const *list;
    void *symbol = dlsym(module, SSPIA_MODULE_ENTRY);

    for (size_t i = 0; i < module_count; i++) {
        if (modules[i] == module)
            return SEC_E_OK;
    }
    if (symbol == NULL || module_count == PACKAGES_MAX) {
        message_report(report, "the module has no " SSPIA_MODULE_ENTRY, NULL);
        return SEC_E_CANNOT_INSTALL;
    }
    memcpy(&entry, &symbol, sizeof(entry)); /* ISO C has no cast from object to function */
    list = entry(&host, report);
    if (list == NULL)
        return SEC_E_CANNOT_INSTALL;
    modules[module_count++] = module;
    for (; *list != NULL; list++) {
        if (!is_usable(*list) || package_count == PACKAGES_MAX) {
            message_report(report, "the module was made for another version", NULL);
            return SEC_E_CANNOT_INSTALL;
        }
        if (find_loaded((*list)->name) == NULL)
            packages[package_count++] = *list;
    }
    return SEC_E_OK;
}

static SECURITY_STATUS load_file(const char *path, sspia_report *report)
{
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

    if (module == NULL) {
        message_report(report, dlerror(), NULL);
        return SEC_E_SECPKG_NOT_FOUND;
    }
    return take_module(module, report);
}

static char own_folder[PATH_MAX]; /* absolute; "" if it is not known */

void package_start(void (*quiesce)(void), void (*resume)(void *call),
                   int (*is_wanted)(void *call))
{
    char path[PATH_MAX];
    char *slash;
    Dl_info info;

    host.quiesce = quiesce;
    host.resume = resume;
    host.is_wanted = is_wanted;
    if (dladdr(&host, &info) == 0 || info.dli_fname == NULL ||
        strlen(info.dli_fname) >= sizeof(path))
        return;
    slash = strrchr(strcpy(path, info.dli_fname), '/');
    if (slash == NULL)
        return;
    slash[slash == path] = '\0'; /* of "/library" the folder is "/" */
    if (realpath(path, own_folder) == NULL)
        own_folder[0] = '\0';
}

static bool module_folder(char *folder, size_t size)
{
    int length = snprintf(folder, size, "%s/sspi-async", own_folder);

    return own_folder[0] != '\0' && length > 0 && (size_t)length < size;
}

/* Calls visit for each folder until it says true. */
static bool each_folder(bool (*visit)(const char *folder, void *data), void *data)
{
    const char *path = secure_getenv("SSPI_ASYNC_PACKAGE_PATH");
    char folder[PATH_MAX];

    while (path != NULL && *path != '\0') {
        size_t length = strcspn(path, ":");

        if (length > 0 && length < sizeof(folder)) {
            memcpy(folder, path, length);
            folder[length] = '\0';
            if (visit(folder, data))
                return true;
        }
        path += length + (path[length] == ':');
    }
    return module_folder(folder, sizeof(folder)) && visit(folder, data);
}

struct wanted {
    const char *module;
    SECURITY_STATUS status;
    sspia_report *report;
};

static bool load_wanted(const char *folder, void *data)
{
    struct wanted *wanted = data;
    char path[PATH_MAX];
    int length = snprintf(path, sizeof(path), "%s/" MODULE_PREFIX "%s" MODULE_SUFFIX, folder,
                          wanted->module);

    if (length < 0 || (size_t)length >= sizeof(path))
        return false;
    wanted->status = load_file(path, wanted->report);
    return wanted->status == SEC_E_OK;
}

/* Lock held. */
static SECURITY_STATUS load_module(const char *module, sspia_report *report)
{
    struct wanted wanted = {module, SEC_E_SECPKG_NOT_FOUND, report};

    if (strchr(module, '/') != NULL)
        return load_file(module, report);
    each_folder(load_wanted, &wanted);
    return wanted.status;
}

const sspia_package *package_find(const char *name, sspia_report *report)
{
    const sspia_package *package;

    package_lock();
    package = find_loaded(name);
    if (exclusion_names(name) || (package != NULL && exclusion_covers(package))) {
        package_unlock();
        message_report(report, name, "it is turned off in this process");
        return NULL;
    }
    for (size_t i = 0; package == NULL && i < sizeof(known) / sizeof(known[0]); i++) {
        if (!text_equal_ignoring_case(known[i].package, name))
            continue;
        if (load_module(known[i].module, report) == SEC_E_OK &&
            (package = find_loaded(name)) == NULL)
            message_report(report, name,
                           "its module is installed, but a library that it needs is missing");
        if (package != NULL && exclusion_covers(package)) {
            message_report(report, name, "it is turned off in this process");
            package = NULL;
            break;
        }
    }
    package_unlock();
    if (package == NULL && report->text[0] == '\0')
        message_report(report, name, "no such package");
    return package;
}

static const sspia_package *package_at(size_t place)
{
    const sspia_package *package = NULL;

    package_lock();
    for (size_t i = 0; package == NULL && i < package_count; i++) {
        if (!exclusion_covers(packages[i]) && place-- == 0)
            package = packages[i];
    }
    package_unlock();
    return package;
}

SECURITY_STATUS package_exclude(const char *name)
{
    SECURITY_STATUS status;

    package_lock();
    status = exclusion_add(name);
    package_unlock();
    return status;
}

SECURITY_STATUS package_add(const char *module, sspia_report *report)
{
    SECURITY_STATUS status;

    package_lock();
    status = load_module(module, report);
    package_unlock();
    return status;
}

static bool load_folder(const char *folder, void *data)
{
    sspia_report report;
    struct dirent *entry;
    DIR *directory = opendir(folder);

    (void)data;
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        size_t length = strlen(entry->d_name);
        char path[PATH_MAX];
        int written = snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);

        if (strncmp(entry->d_name, MODULE_PREFIX, strlen(MODULE_PREFIX)) == 0 &&
            length > strlen(MODULE_SUFFIX) &&
            strcmp(entry->d_name + length - strlen(MODULE_SUFFIX), MODULE_SUFFIX) == 0 &&
            written > 0 && (size_t)written < sizeof(path))
            load_file(path, &report);
    }
    if (directory != NULL)
        closedir(directory);
    return false;
}

struct package_entry *package_list(size_t *count)
{
    struct package_entry *entries;

    package_lock();
    each_folder(load_folder, NULL);
    *count = 0;
    entries = calloc(2 * package_count + 1, sizeof(*entries));
    for (size_t i = 0; entries != NULL && i < package_count; i++) {
        if (exclusion_covers(packages[i]))
            continue;
        entries[(*count)++] = (struct package_entry){packages[i], packages[i]->name};
        if (packages[i]->alias != NULL)
            entries[(*count)++] = (struct package_entry){packages[i], packages[i]->alias};
    }
    package_unlock();
    return entries;
}

static const char *comment_of(const sspia_package *package)
{
    return package->comment != NULL ? package->comment : "";
}

SecPkgInfoA *package_describe(const struct package_entry *entries, size_t count)
{
    size_t size = count * sizeof(SecPkgInfoA);
    SecPkgInfoA *infos;
    char *text;

    for (size_t i = 0; i < count; i++)
        size += strlen(entries[i].name) + strlen(comment_of(entries[i].package)) + 2;
    infos = memory_allocate(size);
    if (infos == NULL)
        return NULL;
    text = (char *)(infos + count);
    for (size_t i = 0; i < count; i++) {
        infos[i] = (SecPkgInfoA){.fCapabilities = entries[i].package->capabilities,
                                 .wVersion = entries[i].package->version,
                                 .wRPCID = entries[i].package->rpc_id,
                                 .cbMaxToken = entries[i].package->max_token,
                                 .Name = text};
        text = stpcpy(text, entries[i].name) + 1;
        infos[i].Comment = text;
        text = stpcpy(text, comment_of(entries[i].package)) + 1;
    }
    return infos;
}

SecPkgInfoW *package_describe_wide(const struct package_entry *entries, size_t count)
{
    size_t units = 0;
    SecPkgInfoW *infos;
    WCHAR *text;

    for (size_t i = 0; i < count; i++)
        units += text_write_utf16(entries[i].name, NULL, 0) +
                 text_write_utf16(comment_of(entries[i].package), NULL, 0);
    infos = memory_allocate(count * sizeof(*infos) + units * sizeof(WCHAR));
    if (infos == NULL)
        return NULL;
    text = (WCHAR *)(infos + count);
    for (size_t i = 0; i < count; i++) {
        infos[i] = (SecPkgInfoW){.fCapabilities = entries[i].package->capabilities,
                                 .wVersion = entries[i].package->version,
                                 .wRPCID = entries[i].package->rpc_id,
                                 .cbMaxToken = entries[i].package->max_token,
                                 .Name = text};
        text += text_write_utf16(entries[i].name, text, units);
        infos[i].Comment = text;
        text += text_write_utf16(comment_of(entries[i].package), text, units);
    }
    return infos;
}
