# Packages for Debian and Ubuntu, by `cpack` in a build folder (./dev package does it):
#
#   libsspi-async1       the library, the compat library, the package modules
#   libsspi-async-dev    headers, CMake and pkg-config files, manual pages
#   python3-sspi-async   the Python package, over libsspi-async1; made if SSPI_ASYNC_PYTHON_TREE
#                        names a folder with a wheel's content

set(SSPI_ASYNC_PYTHON_TREE "" CACHE PATH "Folder with the content of our wheel, for cpack")

set(SSPI_ASYNC_MAN_TREE "" CACHE PATH "Folder with manual pages for C, as ./dev docs makes them")
if(SSPI_ASYNC_MAN_TREE)
  install(DIRECTORY ${SSPI_ASYNC_MAN_TREE}/
    DESTINATION ${CMAKE_INSTALL_MANDIR}/man3 COMPONENT development)
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME sspi-async)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "the sspi-async developers <sspi-async@localhost>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_COMPONENTS_ALL runtime development)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)

set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME libsspi-async1)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA
  ${CMAKE_CURRENT_SOURCE_DIR}/cmake/debian/triggers)
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION
  "Asynchronous SSPI: Kerberos, NTLM, Negotiate and TLS
 Queues security-context calls, tells when they are done, ends them at a deadline.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libsspi-async-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "libsspi-async1 (= ${PROJECT_VERSION})")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION
  "Asynchronous SSPI: headers
 What a C program needs to be built with libsspi-async.")

if(SSPI_ASYNC_PYTHON_TREE)
  install(DIRECTORY ${SSPI_ASYNC_PYTHON_TREE}/
    DESTINATION lib/python3/dist-packages COMPONENT python3 EXCLUDE_FROM_ALL
    USE_SOURCE_PERMISSIONS)
  list(APPEND CPACK_COMPONENTS_ALL python3)
  set(CPACK_DEBIAN_PYTHON3_PACKAGE_NAME python3-sspi-async)
  set(CPACK_DEBIAN_PYTHON3_PACKAGE_SECTION python)
  set(CPACK_DEBIAN_PYTHON3_PACKAGE_SHLIBDEPS OFF)
  set(CPACK_DEBIAN_PYTHON3_PACKAGE_DEPENDS
    "python3 (>= 3.9), libsspi-async1 (= ${PROJECT_VERSION})")
  set(CPACK_COMPONENT_PYTHON3_DESCRIPTION
    "Asynchronous SSPI: Python
 Kerberos, NTLM, Negotiate and TLS handshakes for asyncio, trio, and without a loop.")
endif()

include(CPack)
