/* SPDX-License-Identifier: MIT */
#include "leg.h"

#include <stdlib.h>
#include <string.h>

#include "gate.h"
#include "memory.h"
#include "output.h"

void leg_delete_state(struct leg *leg)
{
    if (leg->state != NULL && gate_enter()) {
        leg->package->delete_context(leg->state);
        gate_leave();
    }
    leg->state = NULL;
}

void leg_drop(struct leg *leg)
{
    if (atomic_fetch_sub_explicit(&leg->holders, 1, memory_order_acq_rel) == 1)
        free(leg);
}

void leg_free(struct leg *leg)
{
    if (leg == NULL)
        return;
    leg_delete_state(leg);
    if (leg->created != NULL && handle_close(HANDLE_CONTEXT, leg->created_handle) != NULL)
        handle_release(leg->created_handle);
    memory_free(leg->result.token.data);
    output_free(&leg->result);
    memory_wipe_string(leg->target);
    buffer_copy_free(&leg->input);
    leg_drop(leg);
}

bool leg_asks_the_same(const struct leg *a, const struct leg *b)
{
    return a->acceptor == b->acceptor && a->place == b->place && a->requested == b->requested &&
           a->data_rep == b->data_rep && (a->target == NULL) == (b->target == NULL) &&
           (a->target == NULL || strcmp(a->target, b->target) == 0) &&
           buffer_copy_equal(&a->input, &b->input);
}

void leg_take_outcome(struct leg *leg, struct leg *parked)
{
    leg->answered = true;
    leg->status = parked->status;
    leg->result = parked->result;
    leg->created = parked->created;
    leg->created_handle = parked->created_handle;
    parked->result.token = (sspia_bytes){NULL, 0};
    parked->result.output_count = 0;
    parked->created = NULL;
    leg_free(parked);
}
