# sspi_async_swig(OUTPUT file INTERFACE file.i OPTIONS option...)
#
# Has SWIG make a wrapper of the hub. PyPI's SWIG is a program of that name; FindSWIG would prefer
# a distribution's swig4.0.
find_program(SSPI_ASYNC_SWIG swig REQUIRED)
execute_process(COMMAND ${SSPI_ASYNC_SWIG} -version
  OUTPUT_VARIABLE swig_version RESULT_VARIABLE swig_result)
string(REGEX MATCH "SWIG Version ([0-9.]+)" swig_version "${swig_version}")
if(NOT swig_result EQUAL 0 OR CMAKE_MATCH_1 VERSION_LESS 4.3)
  message(FATAL_ERROR "SWIG 4.3 or newer is needed (pip install swig), not ${swig_version}")
endif()

function(sspi_async_swig)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "OUTPUT;INTERFACE" "OPTIONS")
  set(include_dir ${PROJECT_SOURCE_DIR}/core/include/sspi-async)
  get_filename_component(folder ${arg_INTERFACE} DIRECTORY)
  file(GLOB shared CONFIGURE_DEPENDS
    ${PROJECT_SOURCE_DIR}/bindings/common/*.i ${folder}/*.h)
  add_custom_command(OUTPUT ${arg_OUTPUT}
    COMMAND ${SSPI_ASYNC_SWIG} ${arg_OPTIONS} -DSWIGWORDSIZE64 -I${include_dir}
      -outdir ${CMAKE_CURRENT_BINARY_DIR} -o ${arg_OUTPUT} ${arg_INTERFACE}
    DEPENDS ${arg_INTERFACE} ${shared} ${include_dir}/sspi_hub.h
    VERBATIM)
endfunction()

include(${CMAKE_CURRENT_LIST_DIR}/install.cmake)
