/* SPDX-License-Identifier: MIT */
/*
 * node.i - the module that bindings/node/package loads: functions over numbers, Buffers and
 * strings, and the two of watcher.h. Promises, errors and classes are written in JavaScript.
 *
 * A function with outputs returns an array: its status, then the outputs. undefined is null.
 * What may block (hub.i says what) blocks the loop: there is no lock to let go of.
 */
%module sspi_async

%define HUB_BLOCKS(name)
%enddef

%{
#include <sspi_hub.h>
#include <string>

#include "watcher.h"

using hub_held = std::string;

static bool is_none(const Napi::Value &object)
{
    return object.IsNull() || object.IsUndefined();
}

static bool hub_data_in(const Napi::Value &object, hub_held *, const void **start,
                        size_t *length)
{
    if (is_none(object))
        return true;
    if (!object.IsTypedArray())
        return false;
    Napi::TypedArray array = object.As<Napi::TypedArray>();
    *start = static_cast<unsigned char *>(array.ArrayBuffer().Data()) + array.ByteOffset();
    *length = array.ByteLength();
    return true;
}

static bool hub_text_in(const Napi::Value &object, hub_held *held, const char **start,
                        size_t *length)
{
    if (is_none(object))
        return true;
    if (!object.IsString())
        return false;
    *held = object.As<Napi::String>().Utf8Value();
    *start = held->data();
    *length = held->size();
    return true;
}

static Napi::Value bytes_out(Napi::Env env, sspia_hub_bytes *bytes)
{
    Napi::Value object = env.Null();

    if (bytes->data != nullptr)
        object = Napi::Buffer<char>::Copy(env, static_cast<char *>(bytes->data), bytes->size);
    sspia_hub_bytes_free(bytes->data);
    return object;
}

static Napi::Value text_out(Napi::Env env, sspia_hub_bytes *bytes)
{
    Napi::Value object = env.Null();

    if (bytes->data != nullptr)
        object = Napi::String::New(env, static_cast<char *>(bytes->data), bytes->size);
    sspia_hub_bytes_free(bytes->data);
    return object;
}

#define hub_bytes_out(bytes) bytes_out(env, bytes)
#define hub_text_out(bytes)  text_out(env, bytes)
%}

%init %{
    napi_value made;
    napi_create_function(env, "watch", NAPI_AUTO_LENGTH, watcher_watch, nullptr, &made);
    exports.Set("watch", Napi::Value(env, made));
    napi_create_function(env, "hold", NAPI_AUTO_LENGTH, watcher_hold, nullptr, &made);
    exports.Set("hold", Napi::Value(env, made));
%}

%include "../common/utl.i"
%include "../common/hub.i"
