# SPDX-License-Identifier: Apache-2.0
# TRTN_SANITIZE=address,undefined | thread: instruments everything that this project compiles.
if(TRTN_SANITIZE)
  # Not vptr: it compares type names, and the namespaces of TensorRT's classes are renamed (CMakeLists.txt).
  add_compile_options(-fsanitize=${TRTN_SANITIZE} -fno-sanitize=vptr -fno-sanitize-recover=undefined
                      -fno-omit-frame-pointer -g)
  add_link_options(-fsanitize=${TRTN_SANITIZE})
endif()
