// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "object.h"

namespace standin {

/// The process's plugin registry.
nv::IPluginRegistry& Registry();

/// Whether a creator of that name and version is registered; logs what getCreator() logs if not.
bool HasPlugin(const std::string& name, const std::string& version);

}  // namespace standin
