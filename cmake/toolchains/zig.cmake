# SPDX-License-Identifier: Apache-2.0
# zig as a cross compiler for Linux: its clang, its libc++ linked statically, and symbol versions of a chosen glibc.
# TRTN_ZIG_TARGET is set by the file that includes this one; the environment's TRTN_ZIG names the program.
set(CMAKE_SYSTEM_NAME Linux)

# Part of the compiler's command, since cmake-js sets CMAKE_CXX_FLAGS itself. Not of the machine that builds: the
# target, a processor of the architecture's first years, no path in __FILE__. zig checks for undefined behaviour
# unless told not to.
get_filename_component(source_root "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)
set(required -target ${TRTN_ZIG_TARGET} -mcpu=baseline -fno-sanitize=undefined
    "-ffile-prefix-map=${source_root}/=")
set(CMAKE_C_COMPILER "${CMAKE_CURRENT_LIST_DIR}/zig/cc" ${required})
set(CMAKE_CXX_COMPILER "${CMAKE_CURRENT_LIST_DIR}/zig/cxx" ${required})
set(CMAKE_AR "${CMAKE_CURRENT_LIST_DIR}/zig/ar" CACHE FILEPATH "")
set(CMAKE_RANLIB "${CMAKE_CURRENT_LIST_DIR}/zig/ranlib" CACHE FILEPATH "")

# Asked of no test program: linking one would have zig build its C++ runtime once more, without optimisation.
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
foreach(language C CXX)
  set(CMAKE_${language}_COMPILER_ID_RUN TRUE)
  set(CMAKE_${language}_COMPILER_ID Clang)
  set(CMAKE_${language}_COMPILER_FRONTEND_VARIANT GNU)
  set(CMAKE_${language}_COMPILER_VERSION 22.1.8)
  set(CMAKE_${language}_EXTENSIONS_COMPUTED_DEFAULT ON)
endforeach()
set(CMAKE_C_STANDARD_COMPUTED_DEFAULT 17)
set(CMAKE_CXX_STANDARD_COMPUTED_DEFAULT 17)

set(CMAKE_C_FLAGS_RELEASE "-O2 -DNDEBUG -g0" CACHE STRING "")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG -g0" CACHE STRING "")
# Stripped, and every symbol found when the file is opened: what is missing is an error then, not in the middle of a run.
set(CMAKE_MODULE_LINKER_FLAGS_INIT "-s -Wl,-z,relro -Wl,-z,now")
