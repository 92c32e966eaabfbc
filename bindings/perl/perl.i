/* SPDX-License-Identifier: MIT */
/*
 * perl.i - the functions SSPI::Async::Native::* for Perl: over numbers and strings. Calls, errors
 * and objects are written in Perl.
 *
 * A function with outputs returns a list: its status, then the outputs. undef is none. What may
 * block (hub.i says what) blocks the interpreter.
 */
%module "SSPI::Async::Native"

%define HUB_BLOCKS(name)
%enddef

%{
#include <sspi_hub.h>

/* A copy of what was passed, which lives until the statement that called us is over. Perl shares
 * the letters of a copy where it can; the caller's own is left as it is written. */
typedef SV *hub_held;

/* False for a reference. */
static bool hub_copy(SV *object, hub_held *held)
{
    *held = sv_2mortal(newSVsv(object));
    return !SvROK(*held);
}

/* A letter beyond 255 is no byte. */
static bool hub_data_in(SV *object, hub_held *held, const void **start, size_t *length)
{
    STRLEN size = 0;

    if (!hub_copy(object, held) || (SvUTF8(*held) && !sv_utf8_downgrade(*held, true)))
        return false;
    if (SvOK(*held))
        *start = SvPV(*held, size);
    *length = size;
    return true;
}

static bool hub_text_in(SV *object, hub_held *held, const char **start, size_t *length)
{
    STRLEN size = 0;

    if (!hub_copy(object, held))
        return false;
    if (SvOK(*held))
        *start = SvPVutf8(*held, size);
    *length = size;
    return true;
}

static SV *hub_bytes_out(sspia_hub_bytes *bytes)
{
    SV *object = sv_newmortal();

    if (bytes->data != NULL)
        sv_setpvn(object, (const char *)bytes->data, bytes->size);
    sspia_hub_bytes_free(bytes->data);
    return object;
}

static SV *hub_text_out(sspia_hub_bytes *bytes)
{
    SV *object = hub_bytes_out(bytes);

    if (SvOK(object))
        sv_utf8_decode(object);
    return object;
}
%}

%include "../common/utl.i"
%include "../common/hub.i"
