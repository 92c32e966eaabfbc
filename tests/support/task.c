/* SPDX-License-Identifier: MIT */
#include "task.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Reads a task's file by a format with one conversion. False: it has ended meanwhile. */
__attribute__((format(scanf, 3, 0))) static bool read_file(const char *id, const char *name,
                                                           const char *format, ...)
{
    char path[300];
    va_list place;
    FILE *file;
    bool was_read;

    snprintf(path, sizeof(path), "/proc/self/task/%s/%s", id, name);
    file = fopen(path, "r");
    if (file == NULL)
        return false;
    va_start(place, format);
    was_read = vfscanf(file, format, place) == 1;
    va_end(place);
    fclose(file);
    return was_read;
}

static bool is_named(const char *id, const char *name)
{
    char comm[32];

    return read_file(id, "comm", "%31s", comm) && strcmp(comm, name) == 0;
}

static bool is_another_at_work(const char *id, const char *unused)
{
    char state;

    (void)unused;
    return atoi(id) != getpid() && read_file(id, "stat", "%*d (%*[^)]) %c", &state) &&
           state != 'S';
}

static int count(bool (*is_one)(const char *id, const char *name), const char *name)
{
    DIR *tasks = opendir("/proc/self/task");
    struct dirent *task;
    int found = 0;

    assert_non_null(tasks);
    while ((task = readdir(tasks)) != NULL)
        found += task->d_name[0] != '.' && is_one(task->d_name, name);
    closedir(tasks);
    return found;
}

int task_count(const char *name)
{
    return count(is_named, name);
}

int task_count_others_at_work(void)
{
    return count(is_another_at_work, NULL);
}
