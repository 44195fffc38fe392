/* Two stacks that switch to each other, and back to the first one: counts, sums, what is passed, and what the caller keeps. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "stack_switch.h"

#define TURNS 100000

static void *hub, *one, *two;
static long turns, got;
static double sum;

static void body(void *arg)
{
    double x = 1.5; /* lives across switches, as `weight` does */
    long weight = (long)(intptr_t)arg;
    assert(((uintptr_t)__builtin_frame_address(0) & 15) == 0);
    for (;;) {
        sum += x * weight;
        x += 0.25;
        turns++;
        long value;
        if (weight == 2)
            value = fastipc_stack_switch(&two, one, 2);
        else
            value = fastipc_stack_switch(&one, turns >= TURNS ? hub : two, 1);
        got += value;
    }
}

int main(void)
{
    char *memory = aligned_alloc(65536, 2 * 65536);
    volatile double seed = 3.25;
    double kept = seed * 2;
    one = fastipc_stack_init(memory + 65536 - 64, body, (void *)1);
    two = fastipc_stack_init(memory + 2 * 65536 - 64, body, (void *)2);
    long last = fastipc_stack_switch(&hub, one, 0);
    printf("%ld %ld %.2f %.2f\n", turns, got + last, sum, kept);
    return 0;
}
