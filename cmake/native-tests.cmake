# SPDX-License-Identifier: Apache-2.0
# GoogleTest suite of everything below native/addon, and stand-ins for libraries that a test machine lacks.
find_package(GTest REQUIRED)

# The kernels of native/ops as the host's code, and what runs them thread by thread. For the tests and for the stand-in
# driver; nothing of it is in the addon.
file(GLOB kernel_sources CONFIGURE_DEPENDS native/ops/*/*.cu)
file(GLOB emulator_sources CONFIGURE_DEPENDS native/test/emulator/*.cc)
set_source_files_properties(${kernel_sources} PROPERTIES LANGUAGE CXX)
add_library(trtn_emulated_kernels OBJECT ${kernel_sources} ${emulator_sources})
set_target_properties(trtn_emulated_kernels PROPERTIES UNITY_BUILD OFF)
target_include_directories(trtn_emulated_kernels PUBLIC native)
target_compile_definitions(trtn_emulated_kernels PRIVATE TRTN_EMULATE)
target_compile_options(trtn_emulated_kernels PRIVATE -O2 -ffp-contract=off -Wno-unknown-pragmas)

add_subdirectory(test/standin)
file(GLOB test_sources CONFIGURE_DEPENDS native/test/*_test.cc native/test/support/*.cc)
add_executable(trtn_tests ${test_sources})
target_link_libraries(trtn_tests PRIVATE trtn_core trtn_emulated_kernels GTest::gtest GTest::gtest_main)
target_compile_definitions(trtn_tests PRIVATE
  TRTN_TEST_SDK_DIR="${TRTN_SDK_DIR}"
  TRTN_TEST_STANDIN_DIR="${CMAKE_BINARY_DIR}/standin"
  TRTN_TEST_SOURCE_DIR="${CMAKE_CURRENT_SOURCE_DIR}")
add_dependencies(trtn_tests trtn_standins)
add_test(NAME trtn_tests COMMAND trtn_tests)
