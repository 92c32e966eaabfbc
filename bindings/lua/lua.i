/* SPDX-License-Identifier: MIT */
/*
 * lua.i - the module sspi_async.native for Lua 5.4: functions over integers and strings,
 * and poll.h beside it. Coroutines, errors and objects are written in Lua.
 *
 * SWIG's numbers are doubles here; ours are integers. A function returns its status, then its
 * outputs. An outcome is its eight members; completions are one table of id, status, id, status.
 */
%module native

%define HUB_BLOCKS(name)
%enddef

%{
#include <sspi_hub.h>

#include "poll.h"

static void push_bytes(lua_State *L, sspia_hub_bytes *bytes)
{
    if (bytes->data != NULL)
        lua_pushlstring(L, (const char *)bytes->data, bytes->size);
    else
        lua_pushnil(L);
    sspia_hub_bytes_free(bytes->data);
}

static void push_completions(lua_State *L, const sspia_hub_completion *taken, int32_t count)
{
    lua_createtable(L, count > 0 ? 2 * count : 0, 0);
    for (int32_t i = 0; i < count; i++) {
        lua_pushinteger(L, (lua_Integer)taken[i].id);
        lua_rawseti(L, -2, 2 * i + 1);
        lua_pushinteger(L, taken[i].status);
        lua_rawseti(L, -2, 2 * i + 2);
    }
}
%}

%include <stdint.i>

%typemap(in, checkfn="lua_isinteger") uint64_t, int64_t, size_t, uint32_t, int32_t, int
    "$1 = ($1_ltype)lua_tointeger(L, $input);"
%typemap(out) uint64_t, int64_t, size_t, uint32_t, int32_t, int
    "lua_pushinteger(L, (lua_Integer)$1); SWIG_arg++;"

/* What a failure leaves alone is 0. */
%typemap(in, numinputs=0) uint64_t *OUTPUT (uint64_t number), int64_t *OUTPUT (int64_t number),
                          size_t *OUTPUT (size_t number), uint32_t *OUTPUT (uint32_t number)
    "number = 0; $1 = &number;"
%typemap(argout) uint64_t *OUTPUT, int64_t *OUTPUT, size_t *OUTPUT, uint32_t *OUTPUT
    "lua_pushinteger(L, (lua_Integer)*$1); SWIG_arg++;"

%typemap(in, checkfn="SWIG_lua_isnilstring") (const void *DATA, size_t SIZE) (size_t length),
                                             (const char *TEXT, size_t TEXT_SIZE) (size_t length) {
    length = 0;
    $1 = ($1_ltype)lua_tolstring(L, $input, &length);
    $2 = length;
}

%typemap(in, numinputs=0) sspia_hub_bytes *OUTPUT (sspia_hub_bytes bytes),
                          sspia_hub_bytes *TEXT (sspia_hub_bytes bytes)
    "bytes.data = NULL; bytes.size = 0; $1 = &bytes;"
%typemap(argout) sspia_hub_bytes *OUTPUT, sspia_hub_bytes *TEXT
    "push_bytes(L, $1); SWIG_arg++;"

%typemap(in, numinputs=0) sspia_hub_outcome *OUTPUT (sspia_hub_outcome outcome) "$1 = &outcome;"
%typemap(argout) sspia_hub_outcome *OUTPUT {
    luaL_checkstack(L, 8, NULL);
    lua_pushinteger(L, $1->status);
    lua_pushinteger(L, $1->attributes);
    lua_pushinteger(L, (lua_Integer)$1->credential);
    lua_pushinteger(L, (lua_Integer)$1->context);
    lua_pushinteger(L, $1->expiry);
    lua_pushinteger(L, $1->extra);
    lua_pushinteger(L, $1->missing);
    push_bytes(L, &$1->token);
    SWIG_arg += 8;
}

%typemap(in, checkfn="lua_isinteger") (sspia_hub_completion *completions, uint32_t most)
    (sspia_hub_completion taken[256], lua_Integer limit) {
    limit = lua_tointeger(L, $input);
    $1 = taken;
    $2 = limit < 1 ? 1 : limit > 256 ? 256 : (uint32_t)limit;
}
%typemap(argout) (sspia_hub_completion *completions, uint32_t most)
    "push_completions(L, $1, result); SWIG_arg++;"

%include "../common/hub.i"
%include "poll.h"
