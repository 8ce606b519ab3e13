// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "object.h"

namespace standin {

class HostMemory final : public nv::IHostMemory, public nv::apiv::VHostMemory, private Object {
 public:
  explicit HostMemory(std::string bytes) : Object("IHostMemory"), bytes_(std::move(bytes)) { mImpl = this; }

  void* data() const noexcept override { return const_cast<char*>(bytes_.data()); }
  std::size_t size() const noexcept override { return bytes_.size(); }
  nv::DataType type() const noexcept override { return nv::DataType::kUINT8; }

 private:
  const std::string bytes_;
};

}  // namespace standin
