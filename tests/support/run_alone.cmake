# SPDX-License-Identifier: MIT
#
# cmake -DBUILD=dir -DNAME=test -DARGUMENTS="words" -P run_alone.cmake
#
# Runs one test program with arguments of its own, in the environment that ctest gives it.
execute_process(
  COMMAND ctest --test-dir ${BUILD} --show-only=json-v1 -R "^${NAME}$"
  OUTPUT_VARIABLE json
  COMMAND_ERROR_IS_FATAL ANY)
string(JSON program GET "${json}" tests 0 command 0)
string(JSON last LENGTH "${json}" tests 0 properties)
math(EXPR last "${last} - 1")
foreach(i RANGE ${last})
  string(JSON name GET "${json}" tests 0 properties ${i} name)
  if(name STREQUAL "ENVIRONMENT")
    string(JSON count LENGTH "${json}" tests 0 properties ${i} value)
    math(EXPR count "${count} - 1")
    foreach(k RANGE ${count})
      string(JSON entry GET "${json}" tests 0 properties ${i} value ${k})
      list(APPEND environment ${entry})
    endforeach()
  endif()
endforeach()
separate_arguments(words UNIX_COMMAND "${ARGUMENTS}")
execute_process(
  COMMAND ${CMAKE_COMMAND} -E env ${environment} ${program} ${words}
  COMMAND_ERROR_IS_FATAL ANY)
