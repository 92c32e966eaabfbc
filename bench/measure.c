/* SPDX-License-Identifier: MIT */
#include "measure.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS_MOST 64

static bool is_short;
static char **rows;
static int row_count;

static double read_clock(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

double measure_now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

double measure_cpu(void)
{
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

double measure_clock_cost(void)
{
    enum { TIMES = 1001 };
    static double cost = -1;
    double samples[TIMES];

    if (cost >= 0)
        return cost;
    for (int i = 0; i < TIMES; i++) {
        double from = measure_now();

        samples[i] = measure_now() - from;
    }
    cost = measure_quantile(samples, TIMES, 0.5);
    return cost;
}

void measure_sleep(double ms)
{
    const struct timespec time = {.tv_sec = (time_t)(ms / 1000),
                                  .tv_nsec = (long)(ms * 1e6) % 1000000000};

    clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
}

void measure_spin(double ms)
{
    double until = measure_now() + ms * 1e6;

    while (measure_now() < until)
        continue;
}

void measure_options(int argc, char **argv)
{
    rows = malloc((size_t)argc * sizeof(*rows));
    for (int i = 1; rows != NULL && i < argc; i++) {
        if (strcmp(argv[i], "--short") == 0)
            is_short = true;
        else
            rows[row_count++] = argv[i];
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    alarm(is_short ? 60 : 600); /* a completion that never comes ends the program */
}

int measure_rounds(void)
{
    return is_short ? 5 : 15;
}

bool measure_is_short(void)
{
    return is_short;
}

long measure_count(long of_the_long_form)
{
    return is_short ? (of_the_long_form + 9) / 10 : of_the_long_form;
}

bool measure_wants(const char *row)
{
    for (int i = 0; i < row_count; i++) {
        if (strcmp(rows[i], row) == 0)
            return true;
    }
    return row_count == 0;
}

bool measure_ours_is_first(int round)
{
    return round % 2 == 0;
}

static void print_samples(const char *name, const double *samples, int count)
{
    printf(", \"%s\": [", name);
    for (int i = 0; i < count; i++)
        printf("%s%.6g", i > 0 ? ", " : "", samples[i]);
    printf("]");
}

void measure_print(const struct comparison *comparison, const double *ours,
                   const double *theirs, int rounds)
{
    printf("{\"row\": \"%s\", \"case\": \"%s\", \"peer\": \"%s\", \"unit\": \"%s\"",
           comparison->row, comparison->case_, comparison->peer, comparison->unit);
    print_samples("ours", ours, rounds);
    if (theirs != NULL)
        print_samples("theirs", theirs, rounds);
    printf("}\n");
}

void measure_compare(const struct comparison *comparison)
{
    double ours[ROUNDS_MOST], theirs[ROUNDS_MOST];
    int rounds = measure_rounds();

    comparison->ours(comparison->argument);
    comparison->theirs(comparison->argument);
    for (int i = 0; i < rounds; i++) {
        bool first = measure_ours_is_first(i);

        if (first)
            ours[i] = comparison->ours(comparison->argument);
        theirs[i] = comparison->theirs(comparison->argument);
        if (!first)
            ours[i] = comparison->ours(comparison->argument);
    }
    measure_print(comparison, ours, theirs, rounds);
}

static int compare_numbers(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double measure_quantile(double *samples, long count, double p)
{
    long at = (long)(p * (double)(count - 1) + 0.5);

    qsort(samples, (size_t)count, sizeof(*samples), compare_numbers);
    return samples[at];
}

void measure_note(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

void measure_fail(const char *format, ...)
{
    va_list arguments;

    fflush(stdout);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}
