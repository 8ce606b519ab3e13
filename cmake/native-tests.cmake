# SPDX-License-Identifier: Apache-2.0
# GoogleTest suite of everything below native/addon, and stand-ins for libraries that a test machine lacks.
find_package(GTest REQUIRED)
add_subdirectory(test/standin)
file(GLOB test_sources CONFIGURE_DEPENDS native/test/*_test.cc native/test/support/*.cc)
add_executable(trtn_tests ${test_sources})
target_link_libraries(trtn_tests PRIVATE trtn_core GTest::gtest GTest::gtest_main)
target_compile_definitions(trtn_tests PRIVATE
  TRTN_TEST_SDK_DIR="${TRTN_SDK_DIR}"
  TRTN_TEST_STANDIN_DIR="${CMAKE_BINARY_DIR}/standin"
  TRTN_TEST_SOURCE_DIR="${CMAKE_CURRENT_SOURCE_DIR}")
add_dependencies(trtn_tests trtn_standins)
add_test(NAME trtn_tests COMMAND trtn_tests)
