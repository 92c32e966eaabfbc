/* SPDX-License-Identifier: MIT */
/* What a credential says that its calls should do; the language is in docs/scripted.md. */
#ifndef SSPI_ASYNC_SCRIPTED_SCRIPT_H
#define SSPI_ASYNC_SCRIPTED_SCRIPT_H

#include <stdbool.h>

#include "sspi_package.h"

/* One call. */
struct stage {
    bool wait_fd;
    bool wait_fd_is_driven; /* else it becomes readable after */
    uint32_t wait_fd_ms;
    bool wait_until;
    uint32_t wait_until_ms;
    bool wait_resume;
    bool wait_resume_is_driven; /* else it is resumed before it waits, so often */
    uint32_t wait_resumes;
    bool wait_thread;
    uint32_t delay_ms;
    uint32_t release;
    bool block;
    bool more;
    bool has_status;
    SECURITY_STATUS status;
    bool has_token;
    size_t token_size;
    char *token;  /* its bytes, or NULL: each the number of the leg */
    char *expect; /* the peer's token, or NULL: any */
    size_t extra;
    size_t missing;
    size_t grow;
    uint8_t alert[2];
    uint32_t attributes;
    int64_t expiry;
    char *say;
};

struct script {
    struct stage acquire;
    struct stage *legs;
    size_t leg_count;
    bool per_leg; /* each leg's words come with the leg */
    bool quick;   /* no leg blocks, or not without having asked for a thread */
    char *name;   /* what NAMES says, or NULL */
};

/* SEC_E_INVALID_PARAMETER with the word at fault in report, or SEC_E_INSUFFICIENT_MEMORY.
 * text may be NULL: one leg. The caller clears, also after a failure. */
SECURITY_STATUS script_parse(const char *text, struct script *script, sspia_report *report);
void script_clear(struct script *script);

/* One leg's words alone. */
SECURITY_STATUS stage_parse(const char *text, struct stage *stage, sspia_report *report);
void stage_clear(struct stage *stage);

#endif
