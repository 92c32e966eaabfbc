/* SPDX-License-Identifier: MIT */
/*
 * utl.i - the typemaps of hub.i for the languages that share SWIG's library of conversions (UTL):
 * Tcl, Ruby, Perl, Node.
 *
 * Before it includes this file, a language defines
 *
 *   hub_held                             a type that holds what was passed until the function
 *                                        returns, for the next two
 *   bool hub_data_in(object, hub_held *, const void **start, size_t *length)
 *                                        bytes; true with nothing done for its word for none;
 *                                        false for anything else
 *   bool hub_text_in(object, hub_held *, const char **start, size_t *length)
 *                                        text as UTF-8, likewise
 *   hub_bytes_out(sspia_hub_bytes *)     an object with these bytes, which are let go of; its word
 *   hub_text_out(sspia_hub_bytes *)      for none if there are none. The other one: text
 *
 * An outcome comes as its eight members, one behind the other; completions as id, status, id,
 * status behind their count. All numbers are below 2^53, so that it does not matter whether the
 * language has 64-bit integers.
 */
%include <stdint.i>
%include <typemaps.i>

%typemap(in) (const void *DATA, size_t SIZE) (hub_held held, const void *start = NULL,
                                              size_t length = 0) {
    if (!hub_data_in($input, &held, &start, &length))
        %argument_fail(SWIG_TypeError, "$1_name: bytes", $symname, $argnum);
    $1 = ($1_ltype)start;
    $2 = length;
}

%typemap(in) (const char *TEXT, size_t TEXT_SIZE) (hub_held held, const char *start = NULL,
                                                   size_t length = 0) {
    if (!hub_text_in($input, &held, &start, &length))
        %argument_fail(SWIG_TypeError, "$1_name: text", $symname, $argnum);
    $1 = ($1_ltype)start;
    $2 = length;
}

%typemap(in, numinputs=0) sspia_hub_bytes *OUTPUT (sspia_hub_bytes bytes),
                          sspia_hub_bytes *TEXT (sspia_hub_bytes bytes) {
    bytes.data = NULL;
    bytes.size = 0;
    $1 = &bytes;
}
%typemap(argout) sspia_hub_bytes *OUTPUT { %append_output(hub_bytes_out($1)); }
%typemap(argout) sspia_hub_bytes *TEXT { %append_output(hub_text_out($1)); }

/* What a failure leaves alone is 0. */
%define HUB_NUMBER_OUT(Type, Basic)
%typemap(in, numinputs=0) Type *OUTPUT (Type number) {
    number = 0;
    $1 = &number;
}
%typemap(argout, fragment=SWIG_From_frag(Basic)) Type *OUTPUT {
    %append_output(SWIG_From(Basic)(*$1));
}
%enddef
HUB_NUMBER_OUT(uint32_t, unsigned int)
HUB_NUMBER_OUT(size_t, unsigned long)
HUB_NUMBER_OUT(int64_t, long)
HUB_NUMBER_OUT(uint64_t, unsigned long)

%typemap(in, numinputs=0) sspia_hub_outcome *OUTPUT (sspia_hub_outcome outcome) {
    $1 = &outcome;
}
%typemap(argout, fragment=SWIG_From_frag(int), fragment=SWIG_From_frag(unsigned int),
         fragment=SWIG_From_frag(long), fragment=SWIG_From_frag(unsigned long))
    sspia_hub_outcome *OUTPUT {
    %append_output(SWIG_From(int)($1->status));
    %append_output(SWIG_From(unsigned int)($1->attributes));
    %append_output(SWIG_From(unsigned long)($1->credential));
    %append_output(SWIG_From(unsigned long)($1->context));
    %append_output(SWIG_From(long)($1->expiry));
    %append_output(SWIG_From(unsigned int)($1->extra));
    %append_output(SWIG_From(unsigned int)($1->missing));
    %append_output(hub_bytes_out(&$1->token));
}

/* The number says how many at most; 256 are the most. */
%typemap(in, fragment=SWIG_AsVal_frag(int)) (sspia_hub_completion *completions, uint32_t most)
    (sspia_hub_completion taken[256], int limit = 0) {
    int ecode = SWIG_AsVal(int)($input, &limit);

    if (!SWIG_IsOK(ecode))
        %argument_fail(ecode, "most: a number", $symname, $argnum);
    $1 = taken;
    $2 = limit < 1 ? 1 : limit > 256 ? 256 : (uint32_t)limit;
}
%typemap(argout, fragment=SWIG_From_frag(int), fragment=SWIG_From_frag(unsigned long))
    (sspia_hub_completion *completions, uint32_t most) {
    for (int32_t i = 0; i < result; i++) {
        %append_output(SWIG_From(unsigned long)($1[i].id));
        %append_output(SWIG_From(int)($1[i].status));
    }
}
