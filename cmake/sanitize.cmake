# SPDX-License-Identifier: Apache-2.0
# TRTN_SANITIZE=address,undefined | thread: instruments everything that this project compiles.
if(TRTN_SANITIZE)
  add_compile_options(-fsanitize=${TRTN_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined -g)
  add_link_options(-fsanitize=${TRTN_SANITIZE})
endif()
