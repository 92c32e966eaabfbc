/* SPDX-License-Identifier: MIT */
#include "pin.h"

#include <dirent.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>

#include "measure.h"

static cpu_set_t allowed, first;

static void remember(void)
{
    static bool known;
    size_t processor = 0;

    if (known)
        return;
    known = true;
    if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
        measure_fail("sched_getaffinity");
    while (!CPU_ISSET(processor, &allowed))
        processor++;
    CPU_ZERO(&first);
    CPU_SET(processor, &first);
}

/* A thread that has ended meanwhile is no error. */
static void set_all(const cpu_set_t *set)
{
    DIR *directory = opendir("/proc/self/task");
    struct dirent *entry;

    if (directory == NULL)
        measure_fail("/proc/self/task");
    while ((entry = readdir(directory)) != NULL) {
        int thread = atoi(entry->d_name);

        if (thread > 0)
            sched_setaffinity(thread, sizeof(*set), set);
    }
    closedir(directory);
}

void pin(enum pin how)
{
    remember();
    if (how == PIN_CALLER && sched_setaffinity(0, sizeof(first), &first) != 0)
        measure_fail("sched_setaffinity");
    if (how == PIN_ALL)
        set_all(&first);
    if (how == PIN_FREE)
        set_all(&allowed);
}
