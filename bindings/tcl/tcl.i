/* SPDX-License-Identifier: MIT */
/*
 * tcl.i - the commands ::sspi::native::* for Tcl 8.6: over integers, strings and byte arrays, and
 * that of watcher.h. Coroutines, errors and objects are written in Tcl.
 *
 * A command with outputs returns a list: its status, then the outputs. "" is none. Compiled as
 * C++, for one destructor. What may block (hub.i says what) blocks the interpreter.
 */
%module native

%define HUB_BLOCKS(name)
%enddef

%{
#include <sspi_hub.h>

#include "watcher.h"

/* Text of Tcl is nearly UTF-8: a NUL and what is beyond U+FFFF are written in another way. */
struct hub_held {
    Tcl_DString text;

    hub_held()
    {
        Tcl_DStringInit(&text);
    }
    ~hub_held()
    {
        Tcl_DStringFree(&text);
    }
};

/* A string with a letter beyond 255 is no bytes; Tcl would cut it down to some. */
static bool is_bytes(Tcl_Obj *object)
{
    if (object->bytes == NULL)
        return true; /* a byte array that nobody has looked at as text */
    for (const char *text = object->bytes; *text != 0;) {
        Tcl_UniChar letter;

        text += Tcl_UtfToUniChar(text, &letter);
        if (letter > 255)
            return false;
    }
    return true;
}

static bool hub_data_in(Tcl_Obj *object, hub_held *, const void **start, size_t *length)
{
    int size = 0;

    if (!is_bytes(object))
        return false;
    *start = Tcl_GetByteArrayFromObj(object, &size);
    *length = (size_t)size;
    if (size == 0)
        *start = NULL;
    return true;
}

static bool hub_text_in(Tcl_Obj *object, hub_held *held, const char **start, size_t *length)
{
    int size = 0;
    const char *text = Tcl_GetStringFromObj(object, &size);
    Tcl_Encoding utf8 = Tcl_GetEncoding(NULL, "utf-8");

    if (size != 0) {
        *start = Tcl_UtfToExternalDString(utf8, text, size, &held->text);
        *length = (size_t)Tcl_DStringLength(&held->text);
    }
    Tcl_FreeEncoding(utf8);
    return true;
}

static Tcl_Obj *hub_bytes_out(sspia_hub_bytes *bytes)
{
    Tcl_Obj *object =
        Tcl_NewByteArrayObj(static_cast<unsigned char *>(bytes->data), (int)bytes->size);

    sspia_hub_bytes_free(bytes->data);
    return object;
}

static Tcl_Obj *hub_text_out(sspia_hub_bytes *bytes)
{
    Tcl_DString text;
    Tcl_Encoding utf8 = Tcl_GetEncoding(NULL, "utf-8");

    Tcl_ExternalToUtfDString(utf8, static_cast<char *>(bytes->data), (int)bytes->size, &text);
    Tcl_Obj *object = Tcl_NewStringObj(Tcl_DStringValue(&text), Tcl_DStringLength(&text));
    Tcl_DStringFree(&text);
    Tcl_FreeEncoding(utf8);
    sspia_hub_bytes_free(bytes->data);
    return object;
}
%}

%init %{
    Tcl_CreateObjCommand(interp, SWIG_prefix "watch", watcher_watch, NULL, NULL);
%}

%include "../common/utl.i"
%include "../common/hub.i"
