/* SPDX-License-Identifier: MIT */
/*
 * ruby.i - the module SspiAsync::Native: functions over integers and strings. Threads, fibers,
 * errors and objects are written in Ruby.
 *
 * A function with outputs returns an array: its status, then the outputs. Compiled as C++, for one
 * lambda: what may block runs without the lock of the interpreter. Strings that go in are held by
 * a frozen share meanwhile, for another thread may change the caller's.
 */
%module "SspiAsync::native"

%{
#include <sspi_hub.h>

#include <ruby/encoding.h>
#include <ruby/thread.h>

/* A frozen share of a string that was passed. */
struct hub_held {
    VALUE object = Qnil;
};

template <typename Body> static void *hub_call(void *body)
{
    (*static_cast<Body *>(body))();
    return nullptr;
}

/* No unblocking function: these end by themselves, with the leg that they wait for. A thread that
 * takes completions waits for the descriptor before, in Ruby, where it can be interrupted. */
template <typename Body> static void hub_without_lock(Body body)
{
    rb_thread_call_without_gvl(hub_call<Body>, &body, nullptr, nullptr);
}

static bool hub_bytes_in(VALUE object, hub_held *held, const char **start, size_t *length)
{
    if (NIL_P(object))
        return true;
    if (!RB_TYPE_P(object, T_STRING))
        return false;
    held->object = rb_str_new_frozen(object);
    *start = RSTRING_PTR(held->object);
    *length = (size_t)RSTRING_LEN(held->object);
    return true;
}

static bool hub_data_in(VALUE object, hub_held *held, const void **start, size_t *length)
{
    const char *bytes = nullptr;
    bool is_bytes = hub_bytes_in(object, held, &bytes, length);

    *start = bytes;
    return is_bytes;
}

static bool hub_text_in(VALUE object, hub_held *held, const char **start, size_t *length)
{
    if (!NIL_P(object) && RB_TYPE_P(object, T_STRING))
        object = rb_str_export_to_enc(object, rb_utf8_encoding());
    return hub_bytes_in(object, held, start, length);
}

static VALUE hub_out(sspia_hub_bytes *bytes, rb_encoding *encoding)
{
    VALUE object = Qnil;

    if (bytes->data != nullptr)
        object = rb_enc_str_new(static_cast<char *>(bytes->data), (long)bytes->size, encoding);
    sspia_hub_bytes_free(bytes->data);
    return object;
}

#define hub_bytes_out(bytes) hub_out(bytes, rb_ascii8bit_encoding())
#define hub_text_out(bytes)  hub_out(bytes, rb_utf8_encoding())
%}

%define HUB_BLOCKS(name)
%exception name { hub_without_lock([&] { $action }); }
%enddef

/* What is called initialize is private in Ruby. */
%rename("initialize_context") sspia_hub_initialize;

%include "../common/utl.i"

/* The frozen shares live on the stack, where the collector looks, until the function returns. */
%typemap(freearg) (const void *DATA, size_t SIZE), (const char *TEXT, size_t TEXT_SIZE)
    "RB_GC_GUARD(held$argnum.object);"

%include "../common/hub.i"
