// SPDX-License-Identifier: Apache-2.0
#include "dl/dynamic_library.h"

#include <dlfcn.h>
#include <link.h>
#include <sys/stat.h>

#include <utility>

namespace trtn {
namespace {

std::string PathOf(void* handle, const std::string& asked) {
  link_map* map = nullptr;
  if (dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0 && map != nullptr && map->l_name != nullptr &&
      *map->l_name != '\0') {
    return map->l_name;
  }
  return asked;
}

// A dependency that is missing gives the same words as a missing file, with the dependency's name before
// them.
bool IsMissing(const std::string& path, const std::string& error) {
  if (path.find('/') != std::string::npos) {
    struct stat info;
    return stat(path.c_str(), &info) != 0;
  }
  return error.rfind(path + ": cannot open shared object file", 0) == 0;
}

}  // namespace

DynamicLibrary::DynamicLibrary(void* handle, std::string path) : handle_(handle), path_(std::move(path)) {}

DynamicLibrary::~DynamicLibrary() {
  if (!keep_open_) dlclose(handle_);
}

DynamicLibrary::OpenResult DynamicLibrary::Open(const std::string& path) {
  OpenResult result;
  // dlopen("") means the program itself.
  if (path.empty()) {
    result.error = "No path of a library was given.";
    result.missing = true;
    return result;
  }
  dlerror();
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* text = dlerror();
    result.error = text != nullptr ? text : path + ": the loader gave no reason";
    result.missing = IsMissing(path, result.error);
    return result;
  }
  result.library.reset(new DynamicLibrary(handle, PathOf(handle, path)));
  return result;
}

void* DynamicLibrary::Symbol(const char* name) const { return dlsym(handle_, name); }

}  // namespace trtn
