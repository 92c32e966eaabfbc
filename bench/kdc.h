/* SPDX-License-Identifier: MIT */
/* The realm's KDC, which a measurement may freeze: it takes connections and answers nothing. */
#ifndef BENCH_KDC_H
#define BENCH_KDC_H

/* Before the first freeze. The KDC answers again when the program ends, however it does:
 * others use it. */
void kdc_open(void);
void kdc_freeze(void);
void kdc_thaw(void);

#endif
