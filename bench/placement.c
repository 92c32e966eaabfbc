/* SPDX-License-Identifier: MIT */
#include "placement.h"

#include <dirent.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>

#include "measure.h"

static cpu_set_t everywhere;
static bool known;

static void set(const cpu_set_t *where)
{
    DIR *tasks = opendir("/proc/self/task");
    const struct dirent *task;

    if (tasks == NULL)
        measure_fail("no /proc/self/task");
    while ((task = readdir(tasks)) != NULL) {
        pid_t thread = (pid_t)strtol(task->d_name, NULL, 10);

        if (thread > 0)
            sched_setaffinity(thread, sizeof(*where), where); /* it may have ended meanwhile */
    }
    closedir(tasks);
}

void placement_pin(void)
{
    cpu_set_t one;
    size_t cpu = 0;

    if (sched_getaffinity(0, sizeof(everywhere), &everywhere) != 0)
        measure_fail("no affinity");
    known = true;
    while (!CPU_ISSET(cpu, &everywhere))
        cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    set(&one);
}

void placement_free(void)
{
    if (known)
        set(&everywhere);
}
