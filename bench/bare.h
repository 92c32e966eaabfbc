/* SPDX-License-Identifier: MIT */
/*
 * bare - a security package of our own for measurements, behind sspi_package.h like any other.
 *
 * Its contexts hold no memory, so that all the memory of one is the library's; and a delete
 * can be made to stay inside the package, so that workers are held while others submit. (The
 * deletes of Scripted do not block, nor do those of any real package.)
 */
#ifndef BENCH_BARE_H
#define BENCH_BARE_H

#define BARE_NAME "Bare"

/* SetCredentialsAttributes with a uint32_t: 1 shuts the gate that deletes wait at, 0 opens it.
 */
#define BARE_ATTR_SHUT 0x42410001u
/* SetCredentialsAttributes with a uint32_t: waits until so many deletes are inside;
 * SEC_E_INTERNAL_ERROR if they do not come. */
#define BARE_ATTR_AWAIT 0x42410002u

#endif
