// SPDX-License-Identifier: Apache-2.0
#include "registry.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <vector>

namespace standin {

namespace {

class LoggerFinder final : public nv::ILoggerFinder {
 public:
  nv::ILogger* findLogger() override { return CurrentLogger(); }
};

struct Registration {
  nv::IPluginCreatorInterface* creator;
  void* library;
  std::string name, version, space;
};

class PluginRegistry final : public nv::IPluginRegistry, private Object {
 public:
  PluginRegistry() : Object(nullptr) {}

  void setErrorRecorder(nv::IErrorRecorder* const recorder) noexcept override { SetRecorder(recorder); }
  nv::IErrorRecorder* getErrorRecorder() const noexcept override { return recorder(); }
  bool isParentSearchEnabled() const override { return true; }
  void setParentSearchEnabled(bool) override { NotImplemented("IPluginRegistry::setParentSearchEnabled"); }

  PluginLibraryHandle loadLibrary(nv::AsciiChar const* path) noexcept override {
    constexpr char kEntry[] = "IPluginRegistry::loadLibrary";
    if (Enter(kEntry)) return nullptr;
    void* library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    if (!library) {
      const char* why = dlerror();
      FailLoad(std::string("Unable to load library: ") + path + ": " + (why ? why : "unknown"));
      return nullptr;
    }
    using Creators = nv::IPluginCreatorInterface* const*(int32_t& count);
    auto* creators = reinterpret_cast<Creators*>(dlsym(library, "getCreators"));
    if (!creators) {
      FailLoad(std::string("Unable to find symbol getCreators in library: ") + path);
      dlclose(library);
      return nullptr;
    }
    if (auto* set = reinterpret_cast<void (*)(nv::ILoggerFinder*)>(dlsym(library, "setLoggerFinder"))) {
      set(&finder_);
    }
    int32_t count = 0;
    nv::IPluginCreatorInterface* const* list = creators(count);
    for (int32_t i = 0; i < count; ++i) Add(*list[i], "", library);
    return library;
  }

  void deregisterLibrary(PluginLibraryHandle handle) noexcept override {
    if (Enter("IPluginRegistry::deregisterLibrary") || !handle) return;
    std::lock_guard lock(mutex_);
    registered_.erase(std::remove_if(registered_.begin(), registered_.end(),
                                     [&](const Registration& entry) { return entry.library == handle; }),
                      registered_.end());
    dlclose(handle);
  }

  bool registerCreator(nv::IPluginCreatorInterface& creator,
                       nv::AsciiChar const* const space) noexcept override {
    return !Enter("IPluginRegistry::registerCreator") && Add(creator, space ? space : "", nullptr);
  }

  nv::IPluginCreatorInterface* const* getAllCreators(int32_t* const count) const noexcept override {
    trtn_standin_call("IPluginRegistry::getAllCreators");
    std::lock_guard lock(mutex_);
    all_.clear();
    for (const Registration& entry : registered_) all_.push_back(entry.creator);
    *count = static_cast<int32_t>(all_.size());
    return all_.data();
  }

  nv::IPluginCreatorInterface* getCreator(nv::AsciiChar const* const name, nv::AsciiChar const* const version,
                                          nv::AsciiChar const* const space) noexcept override {
    constexpr char kEntry[] = "IPluginRegistry::getCreator";
    if (Enter(kEntry)) return nullptr;
    std::lock_guard lock(mutex_);
    for (const Registration& entry : registered_) {
      if (entry.name == name && entry.version == version && entry.space == (space ? space : "")) {
        return entry.creator;
      }
    }
    Fail(kEntry, nv::ErrorCode::kINVALID_CONFIG, "API Usage Error",
         std::string("Cannot find plugin: ") + name + ", version: " + version +
             ", namespace:" + (space ? space : "") + ".");
    return nullptr;
  }

  bool deregisterCreator(nv::IPluginCreatorInterface const& creator) noexcept override {
    if (Enter("IPluginRegistry::deregisterCreator")) return false;
    std::lock_guard lock(mutex_);
    auto found = std::find_if(registered_.begin(), registered_.end(),
                              [&](const Registration& entry) { return entry.creator == &creator; });
    if (found == registered_.end()) return false;
    registered_.erase(found);
    return true;
  }

  nv::IPluginResource* acquirePluginResource(nv::AsciiChar const*, nv::IPluginResource*) noexcept override {
    NotImplemented("IPluginRegistry::acquirePluginResource");
    return nullptr;
  }
  int32_t releasePluginResource(nv::AsciiChar const*) noexcept override {
    NotImplemented("IPluginRegistry::releasePluginResource");
    return -1;
  }
  nv::IPluginCreatorInterface* const* getAllCreatorsRecursive(int32_t* const count) noexcept override {
    return getAllCreators(count);
  }

#if STANDIN_IS_10
  bool registerCreator(nv::IPluginCreator&, nv::AsciiChar const* const) noexcept override {
    NotImplemented("IPluginRegistry::registerCreator(IPluginCreator)");
    return false;
  }
  nv::IPluginCreator* const* getPluginCreatorList(int32_t* const count) const noexcept override {
    NotImplemented("IPluginRegistry::getPluginCreatorList");
    *count = 0;
    return nullptr;
  }
  nv::IPluginCreator* getPluginCreator(nv::AsciiChar const* const, nv::AsciiChar const* const,
                                       nv::AsciiChar const* const) noexcept override {
    NotImplemented("IPluginRegistry::getPluginCreator");
    return nullptr;
  }
  bool deregisterCreator(nv::IPluginCreator const&) noexcept override {
    NotImplemented("IPluginRegistry::deregisterCreator(IPluginCreator)");
    return false;
  }
#endif

 private:
  void FailLoad(const std::string& text) const {
    Fail("IPluginRegistry::loadLibrary", nv::ErrorCode::kFAILED_INITIALIZATION, "API Usage Error", text);
  }

  // Creators of the third kind only: the others need whole plugins.
  bool Add(nv::IPluginCreatorInterface& creator, const std::string& space, void* library) {
    if (std::strcmp(creator.getInterfaceInfo().kind, "PLUGIN CREATOR_V3ONE") != 0) return false;
    auto& one = static_cast<nv::IPluginCreatorV3One&>(creator);
    std::lock_guard lock(mutex_);
    registered_.push_back({&creator, library, one.getPluginName(), one.getPluginVersion(),
                           space.empty() ? one.getPluginNamespace() : space});
    return true;
  }

  mutable std::mutex mutex_;
  std::vector<Registration> registered_;
  mutable std::vector<nv::IPluginCreatorInterface*> all_;
  LoggerFinder finder_;
};

}  // namespace

nv::IPluginRegistry& Registry() {
  // Lives as long as the process: plugin libraries deregister from static destructors.
  static auto* registry = new PluginRegistry();
  return *registry;
}

bool HasPlugin(const std::string& name, const std::string& version) {
  return Registry().getCreator(name.c_str(), version.c_str(), "") != nullptr;
}

}  // namespace standin
