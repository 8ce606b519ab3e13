# SPDX-License-Identifier: Apache-2.0
# The .node file. cmake-js sets CMAKE_JS_INC (node-api-headers and node-addon-api), CMAKE_JS_SRC and
# CMAKE_JS_LIB.
file(GLOB addon_sources CONFIGURE_DEPENDS native/addon/*.cc)
add_library(tensorrt_node MODULE ${addon_sources} ${CMAKE_JS_SRC})
set_target_properties(tensorrt_node PROPERTIES PREFIX "" SUFFIX ".node" UNITY_BUILD_BATCH_SIZE 16)
target_include_directories(tensorrt_node PRIVATE native)
target_include_directories(tensorrt_node SYSTEM PRIVATE ${CMAKE_JS_INC})
file(READ package.json package)
string(JSON version GET "${package}" version)
# Swallow: a worker may be terminated at any moment, also in the middle of a call of ours. Nothing can be thrown there
# any more, and without it node-addon-api ends the process.
target_compile_definitions(tensorrt_node PRIVATE
  NAPI_VERSION=8 NODE_ADDON_API_CPP_EXCEPTIONS_ALL NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS TRTN_VERSION="${version}")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS package.json)
target_link_libraries(tensorrt_node PRIVATE trtn_core ${CMAKE_JS_LIB})
# Every C++ exception, not Napi::Error alone, becomes one of JavaScript. Never unloaded: when a worker ends, Node
# closes its addons, while TensorRT and ONNX Runtime keep pointers to our loggers.
if(UNIX AND NOT APPLE)
  set(exports "${CMAKE_CURRENT_LIST_DIR}/exports.map")
  target_link_options(tensorrt_node PRIVATE -Wl,--version-script=${exports} -Wl,-z,nodelete)
  set_target_properties(tensorrt_node PROPERTIES LINK_DEPENDS "${exports}")
endif()
if(MSVC AND CMAKE_JS_NODELIB_DEF AND CMAKE_JS_NODELIB_TARGET)
  execute_process(COMMAND ${CMAKE_AR} /def:${CMAKE_JS_NODELIB_DEF} /out:${CMAKE_JS_NODELIB_TARGET}
                  ${CMAKE_STATIC_LINKER_FLAGS})
endif()
