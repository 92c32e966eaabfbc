/* SPDX-License-Identifier: MIT */
/*
 * kcm_server.h - a daemon that keeps ticket caches, in a process of its own: as much of the
 * protocol as MIT's libkrb5 uses (cc_kcm.c), for one cache under any name.
 */
#ifndef KCM_SERVER_H
#define KCM_SERVER_H

/* Starts one that listens at a path and ends with this process; its pid, for SIGSTOP. Before
 * the process has threads. */
int kcm_server_start(const char *path);
void kcm_server_stop(int pid);

#endif
