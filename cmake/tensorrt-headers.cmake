# SPDX-License-Identifier: Apache-2.0
# Finds the headers of one TensorRT family. A user's SDK (TENSORRT_ROOT) comes first, then headers that the
# system has, then those of .sdk. NvInferVersion.h says which family a folder serves and how old it is; code is
# written for headers of at least 10.13, 11.0 or RTX 1.5: older libraries are served by newer headers and gates
# at run time. With TRTN_PINNED_HEADERS those of .sdk alone count.

# The number after "#define <name>" in `text`, or "".
function(trtn_defined_number text name out)
  if("${text}" MATCHES "#define[ \t]+${name}[ \t]+([0-9]+)")
    set(${out} "${CMAKE_MATCH_1}" PARENT_SCOPE)
  else()
    set(${out} "" PARENT_SCOPE)
  endif()
endfunction()

# Whether the headers in `dir` are of `family` and new enough.
function(trtn_headers_serve dir family out)
  set(${out} FALSE PARENT_SCOPE)
  if(NOT EXISTS "${dir}/NvInferVersion.h" OR NOT EXISTS "${dir}/NvInfer.h"
     OR NOT EXISTS "${dir}/NvOnnxParser.h")
    return()
  endif()
  file(READ "${dir}/NvInferVersion.h" text)
  trtn_defined_number("${text}" TRT_MAJOR_RTX rtx_major)
  trtn_defined_number("${text}" TRT_MINOR_RTX rtx_minor)
  trtn_defined_number("${text}" TRT_MAJOR_ENTERPRISE major)
  trtn_defined_number("${text}" TRT_MINOR_ENTERPRISE minor)
  if(family STREQUAL "rtx" AND rtx_major STREQUAL "1" AND rtx_minor GREATER_EQUAL 5)
    set(${out} TRUE PARENT_SCOPE)
  elseif(family STREQUAL "10" AND major STREQUAL "10" AND minor GREATER_EQUAL 13)
    set(${out} TRUE PARENT_SCOPE)
  elseif(family STREQUAL "11" AND major STREQUAL "11")
    set(${out} TRUE PARENT_SCOPE)
  endif()
endfunction()

# Sets `out` to the include folder of `family`, or to "".
function(trtn_find_headers family out)
  set(candidates)
  if(TENSORRT_ROOT AND NOT TRTN_PINNED_HEADERS)
    list(APPEND candidates "${TENSORRT_ROOT}/include"
         "${TENSORRT_ROOT}/include/${CMAKE_LIBRARY_ARCHITECTURE}")
  endif()
  if(NOT TRTN_PINNED_HEADERS)
    list(APPEND candidates "/usr/include/${CMAKE_LIBRARY_ARCHITECTURE}" /usr/include /usr/local/tensorrt/include)
  endif()
  list(APPEND candidates "${TRTN_SDK_DIR}/include/tensorrt-${family}")
  set(${out} "" PARENT_SCOPE)
  foreach(candidate IN LISTS candidates)
    trtn_headers_serve("${candidate}" ${family} serves)
    if(serves)
      set(${out} "${candidate}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
endfunction()
