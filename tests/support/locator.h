/* SPDX-License-Identifier: MIT */
/*
 * locator.h - a locator plug-in of libkrb5 (locator/plugin.c), and the way to have it used.
 * What it says of a realm depends on the name:
 *
 *   PASSED.TEST    it is not responsible
 *   EMPTY.TEST     there are no KDCs
 *   FAILED.TEST    an error
 *   BLOCKED.TEST   nothing until the gate is opened, then as PASSED.TEST
 *   any other      the KDC, and the primary KDC, on loopback with the ports below
 */
#ifndef LOCATOR_H
#define LOCATOR_H

#include <semaphore.h>
#include <stdatomic.h>

struct locator {
    atomic_uint asked; /* how often */
    atomic_uint port;
    atomic_uint primary_port;
    sem_t blocked; /* posted by each that blocks */
    sem_t gate;    /* lets one go on */
};

/* Puts it, and a file that is none, into folder/libkrb5: for plugin_base_dir. The plug-in's own
 * variables; ends the program if that fails. */
struct locator *locator_install(const char *folder);

#endif
