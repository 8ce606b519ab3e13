// SPDX-License-Identifier: Apache-2.0
#include "ops/scores/row_kernels.h"
#include "ops/scores/sigmoid.h"

namespace trtn::ops::scores {

template <class Element>
TRTN_DEVICE void SigmoidOfAll(const SigmoidArguments& a) {
  const int64_t step = static_cast<int64_t>(trtn::gpu::GridSizeX()) * kRowThreads;
  const Element* in = static_cast<const Element*>(a.in);
  for (int64_t i = static_cast<int64_t>(trtn::gpu::BlockX()) * kRowThreads + trtn::gpu::ThreadX();
       i < a.count; i += step) {
    StoreScore(a.out, i, a.out_type, Sigmoid(ToFloat(in[i])));
  }
}

}  // namespace trtn::ops::scores

TRTN_KERNEL(sigmoid_f32)(trtn::ops::scores::SigmoidArguments arguments) {
  trtn::ops::scores::SigmoidOfAll<float>(arguments);
}
TRTN_KERNEL(sigmoid_f16)(trtn::ops::scores::SigmoidArguments arguments) {
  trtn::ops::scores::SigmoidOfAll<trtn::ops::Half>(arguments);
}
TRTN_KERNEL(sigmoid_bf16)(trtn::ops::scores::SigmoidArguments arguments) {
  trtn::ops::scores::SigmoidOfAll<trtn::ops::BFloat16>(arguments);
}
