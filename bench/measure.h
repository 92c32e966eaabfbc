/* SPDX-License-Identifier: MIT */
/*
 * Measurements against a named peer, in the same run: rounds of ours and theirs take turns, and
 * each result is one line of JSON on standard output, which report.py reads.
 *
 * A side returns what one operation cost in one round, in the unit of the comparison. Costs
 * only, never rates: less is always better, and a ratio is theirs by ours.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdbool.h>
#include <stdint.h>

typedef double (*measure_side)(void *argument);

struct comparison {
    const char *row;   /* key of goals.json: "submit-busy" */
    const char *case_; /* what tells the lines of a row apart: "blocked workers"; or "" */
    const char *peer;  /* "libuv" */
    const char *unit;  /* "ns", "us", "ms", "bytes" */
    measure_side ours;
    measure_side theirs;
    void *argument;
};

/* Nanoseconds of the monotonic clock; of processor time of the whole process. */
double measure_now(void);
double measure_cpu(void);
/* What the two readings around a single short operation cost themselves, to be taken off. */
double measure_clock_cost(void);

/* Passes the time, in milliseconds, asleep or at work on nothing. */
void measure_sleep(double ms);
void measure_spin(double ms);

/* --short or nothing: how many rounds, and what share of the long form's operations. A program
 * that takes ten times as long as it should is ended. */
void measure_options(int argc, char **argv);
int measure_rounds(void);
bool measure_is_short(void);
long measure_count(long of_the_long_form);
/* Whether this run is to measure the row: the words of the command line, if there are any. */
bool measure_wants(const char *row);

/* Who begins a round: the sides take turns in this too, so that neither always finds what the
 * other has left behind. */
bool measure_ours_is_first(int round);

/* Runs one round of both that does not count, then the rounds, and prints. */
void measure_compare(const struct comparison *comparison);

/* Prints samples that were taken otherwise: samples of the same index belong to the same round.
 * theirs may be NULL: a figure with no peer. */
void measure_print(const struct comparison *comparison, const double *ours,
                   const double *theirs, int rounds);

/* The p-th quantile (0 to 1); sorts the samples. */
double measure_quantile(double *samples, long count, double p);

/* Says on standard error what was left out. */
void measure_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says what is wrong, and ends the program. */
void measure_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
