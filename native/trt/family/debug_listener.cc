// SPDX-License-Identifier: Apache-2.0
#include "trt/family/debug_listener.h"

#include "trt/family/tensor_description.h"

namespace trtn::trt::TRTN_FAMILY {

bool DebugTensorListener::processDebugTensor(void const* address, nv::TensorLocation location,
                                             nv::DataType type, nv::Dims const& shape, char const* name,
                                             cudaStream_t stream) {
  // TensorRT's code is above this on the stack: nothing may be thrown through it.
  try {
    TensorView view;
    view.type = ElementTypeOf(type);
    view.dims = ToVector(shape);
    view.data = const_cast<void*>(address);
    // 0 for types that this library has no name for: the listener is told all the same.
    view.bytes = ElementBits(view.type) == 0 ? 0 : TensorBytes(view.type, view.dims);
    view.place = location == nv::TensorLocation::kHOST ? MemoryPlace::kHost : MemoryPlace::kDevice;
    return listener_(name != nullptr ? name : "", view, stream);
  } catch (...) {
    return false;
  }
}

}  // namespace trtn::trt::TRTN_FAMILY
