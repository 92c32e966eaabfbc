/* SPDX-License-Identifier: MIT */
/*
 * java.i - the class org.sspiasync.internal.Native: static functions over long, int, byte[] and
 * String. Futures, exceptions and objects are written in Java.
 *
 * A function returns its status. Its outputs are written to arrays that the caller passes: numbers
 * to a long[1], bytes and text (as UTF-8) to a byte[1][]. An outcome goes to an Object[2], whose
 * members are a long[7] that the caller put there and the token; completions go to a long[], id and
 * status of each. A thread inside a function keeps no other one from running.
 */
%module Native

%define HUB_BLOCKS(name)
%enddef

%{
#include <sspi_hub.h>
#include <stdlib.h>
#include <string.h>

/* A copy of an array of bytes, as it may hold a password: wiped when the function returns. */
static void *bytes_in(JNIEnv *env, jbyteArray array, size_t *length)
{
    jsize size;
    jbyte *copy;

    *length = 0;
    if (array == NULL)
        return NULL;
    size = (*env)->GetArrayLength(env, array);
    copy = malloc((size_t)size + 1);
    if (copy == NULL)
        return NULL;
    (*env)->GetByteArrayRegion(env, array, 0, size, copy);
    *length = (size_t)size;
    return copy;
}

static void bytes_let_go(void *copy, size_t length)
{
    if (copy != NULL)
        explicit_bzero(copy, length);
    free(copy);
}

static jbyteArray bytes_out(JNIEnv *env, sspia_hub_bytes *bytes)
{
    jbyteArray array = NULL;

    if (bytes->data != NULL && bytes->size <= INT32_MAX)
        array = (*env)->NewByteArray(env, (jsize)bytes->size);
    if (array != NULL)
        (*env)->SetByteArrayRegion(env, array, 0, (jsize)bytes->size, bytes->data);
    sspia_hub_bytes_free(bytes->data);
    return array;
}

static void outcome_out(JNIEnv *env, jobjectArray array, sspia_hub_outcome *outcome)
{
    const jlong numbers[] = {outcome->status,          outcome->attributes,
                             (jlong)outcome->credential, (jlong)outcome->context,
                             outcome->expiry,          outcome->extra,
                             outcome->missing};
    jbyteArray token = bytes_out(env, &outcome->token);

    if ((*env)->ExceptionCheck(env))
        return;
    (*env)->SetLongArrayRegion(env, (*env)->GetObjectArrayElement(env, array, 0), 0, 7, numbers);
    (*env)->SetObjectArrayElement(env, array, 1, token);
}

enum { LOT = 256 };

static void completions_out(JNIEnv *env, jlongArray array, const sspia_hub_completion *taken,
                            int32_t count)
{
    jlong numbers[2 * LOT];

    for (int32_t i = 0; i < count; i++) {
        numbers[2 * i] = (jlong)taken[i].id;
        numbers[2 * i + 1] = taken[i].status;
    }
    if (count > 0)
        (*env)->SetLongArrayRegion(env, array, 0, 2 * count, numbers);
}
%}

%pragma(java) jniclasscode=%{
    static { Loader.load(); }
%}

%include <stdint.i>

/* All of them are below 2^53. */
%apply long long { uint64_t, int64_t, size_t };

%typemap(jni) (const void *DATA, size_t SIZE), (const char *TEXT, size_t TEXT_SIZE) "jbyteArray"
%typemap(jtype) (const void *DATA, size_t SIZE), (const char *TEXT, size_t TEXT_SIZE) "byte[]"
%typemap(jstype) (const void *DATA, size_t SIZE) "byte[]"
%typemap(javain) (const void *DATA, size_t SIZE) "$javainput"
%typemap(jstype) (const char *TEXT, size_t TEXT_SIZE) "String"
%typemap(javain) (const char *TEXT, size_t TEXT_SIZE) "Text.toUtf8($javainput)"
%typemap(in) (const void *DATA, size_t SIZE) (size_t length),
             (const char *TEXT, size_t TEXT_SIZE) (size_t length) {
    $1 = ($1_ltype)bytes_in(jenv, $input, &length);
    if ($1 == NULL && $input != NULL) {
        SWIG_JavaThrowException(jenv, SWIG_JavaOutOfMemoryError, "$1_name");
        return $null;
    }
    $2 = length;
}
%typemap(freearg) (const void *DATA, size_t SIZE), (const char *TEXT, size_t TEXT_SIZE)
    "bytes_let_go((void *)$1, $2);"

/* The place of an output: an array with room for it. */
%define HUB_PLACE(Pattern, Jni, Java, Room)
%typemap(jni) Pattern "Jni"
%typemap(jtype) Pattern "Java"
%typemap(jstype) Pattern "Java"
%typemap(javain) Pattern "$javainput"
%typemap(check) Pattern {
    if ($input == NULL || (*jenv)->GetArrayLength(jenv, $input) < Room) {
        SWIG_JavaThrowException(jenv, SWIG_JavaIllegalArgumentException, "$1_name: no room");
        return $null;
    }
}
%enddef

%define HUB_BYTES_OUT(Type)
HUB_PLACE(sspia_hub_bytes *Type, jobjectArray, byte[][], 1)
%typemap(in) sspia_hub_bytes *Type (sspia_hub_bytes bytes)
    "bytes.data = NULL; bytes.size = 0; $1 = &bytes;"
%typemap(argout) sspia_hub_bytes *Type {
    jbyteArray made = bytes_out(jenv, $1);
    if (!(*jenv)->ExceptionCheck(jenv))
        (*jenv)->SetObjectArrayElement(jenv, $input, 0, made);
}
%enddef
HUB_BYTES_OUT(OUTPUT)
HUB_BYTES_OUT(TEXT)

/* What a failure leaves alone is 0. */
%define HUB_NUMBER_OUT(Type)
HUB_PLACE(Type *OUTPUT, jlongArray, long[], 1)
%typemap(in) Type *OUTPUT (Type number) "number = 0; $1 = &number;"
%typemap(argout) Type *OUTPUT {
    jlong found = (jlong)*$1;
    (*jenv)->SetLongArrayRegion(jenv, $input, 0, 1, &found);
}
%enddef
HUB_NUMBER_OUT(uint32_t)
HUB_NUMBER_OUT(size_t)
HUB_NUMBER_OUT(int64_t)
HUB_NUMBER_OUT(uint64_t)

HUB_PLACE(sspia_hub_outcome *OUTPUT, jobjectArray, Object[], 2)
%typemap(in) sspia_hub_outcome *OUTPUT (sspia_hub_outcome outcome) "$1 = &outcome;"
%typemap(argout) sspia_hub_outcome *OUTPUT "outcome_out(jenv, $input, $1);"

/* At most half as many as the array is long. */
%typemap(jni) (sspia_hub_completion *completions, uint32_t most) "jlongArray"
%typemap(jtype) (sspia_hub_completion *completions, uint32_t most) "long[]"
%typemap(jstype) (sspia_hub_completion *completions, uint32_t most) "long[]"
%typemap(javain) (sspia_hub_completion *completions, uint32_t most) "$javainput"
%typemap(in) (sspia_hub_completion *completions, uint32_t most)
    (sspia_hub_completion taken[LOT], jsize limit) {
    limit = $input == NULL ? 0 : (*jenv)->GetArrayLength(jenv, $input) / 2;
    if (limit < 1) {
        SWIG_JavaThrowException(jenv, SWIG_JavaIllegalArgumentException, "completions: too short");
        return $null;
    }
    $1 = taken;
    $2 = limit > LOT ? LOT : (uint32_t)limit;
}
%typemap(argout) (sspia_hub_completion *completions, uint32_t most)
    "completions_out(jenv, $input, $1, result);"

%include "../common/hub.i"
