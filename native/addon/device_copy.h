// SPDX-License-Identifier: Apache-2.0
//
// Single copies between the host and a device, on threads that are not a session's. They block.
#pragma once

#include <cstddef>
#include <memory>

#include "addon/device_tensor_wrap.h"
#include "cuda/device.h"

namespace trtn {

/// The device in use, or opened. Throws what Driver::Open(), Device::Open() and ThrowIfPoisoned() throw.
std::shared_ptr<cuda::Device> OpenDevice(const DeviceAddress& address);

/// Through a page-locked block of limited size: the device reaches plain memory in no other way, and
/// page-locking all of it costs more than the copy.
void CopyToHost(const std::shared_ptr<cuda::Device>& device, void* to, const void* from, size_t bytes);
void CopyToDevice(const std::shared_ptr<cuda::Device>& device, void* to, const void* from, size_t bytes);

}  // namespace trtn
