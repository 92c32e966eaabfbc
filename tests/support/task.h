/* SPDX-License-Identifier: MIT */
/* The threads of this process, as the kernel lists them. */
#ifndef TASK_H
#define TASK_H

/* How many have that name (pthread_setname_np). */
int task_count(const char *name);

/* How many besides the process's first do something other than sleep. */
int task_count_others_at_work(void);

#endif
