# sspi_async_binding_install(COMPONENT name DESTINATION folder)
#
# Puts the library under its soname and its modules into a folder of a package, as they lie when
# installed: packages of most languages hold no symbolic links.
function(sspi_async_binding_install)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "COMPONENT;DESTINATION" "")
  install(PROGRAMS $<TARGET_FILE:sspi-async>
    RENAME libsspi-async.so.${PROJECT_VERSION_MAJOR}
    DESTINATION ${arg_DESTINATION} COMPONENT ${arg_COMPONENT})
  foreach(module IN LISTS SSPI_ASYNC_MODULES)
    install(TARGETS ${module}
      LIBRARY DESTINATION ${arg_DESTINATION}/sspi-async COMPONENT ${arg_COMPONENT})
  endforeach()
endfunction()
